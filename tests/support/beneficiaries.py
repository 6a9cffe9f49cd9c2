"""Figures, prices and forms for tests of changes of beneficiaries."""

import hashlib
from datetime import UTC, date, datetime
from typing import Any

from sqlmodel import Session

from portal.data.beneficiary_changes import Change, Details, Start, Typed, fill_change, lock_change, start_change
from portal.data.beneficiary_figures import CODES
from portal.data.beneficiary_rules import Deadlines, Reason
from portal.data.beneficiary_sending import change_slots, send_change
from portal.data.case_desk import lock_for_desk
from portal.data.case_pieces import add_pieces
from portal.data.cases import Case, CaseKind
from portal.data.contributions import ContributionPrice, Structure
from portal.data.coverage import Contract, Relationship
from portal.data.files import NewFile
from portal.data.parameters import Parameter
from portal.data.sessions import Viewer
from portal.security import Keyring
from tests.support import factories

DEADLINES = Deadlines(birth=3, birth_free=3, event=1, notice=2, change=3, change_effect=1, student_age=26)
PRICES = {Structure.SINGLE: 4806, Structure.PAIR: 9120, Structure.FAMILY: 12215}
SINCE = date(2000, 1, 1)
NOW = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)
BORN = date(2026, 10, 20)


def figures(db: Session) -> None:
    """The deadlines, in force for long."""
    for field, value in DEADLINES._asdict().items():
        db.add(Parameter(code=CODES[field], label=field, unit="nombre", value=value, valid_from=SINCE))
    db.flush()


def prices(db: Session, under: Contract, **more: Any) -> None:
    """The prices of a contract's product."""
    for structure, cents in PRICES.items():
        row = {"structure": structure, "valid_from": SINCE, "month_cents": cents} | more
        db.add(ContributionPrice(product_id=under.product_id, **row))
    db.flush()


def nir_of(born: date, *, sex: int = 1, order: int = 1) -> str:
    """A NIR that nobody was given, with its key."""
    number = f"{sex}{born:%y%m}99000{order:03}"
    return f"{number}{97 - int(number) % 97:02}"


def new_file(number: int = 1) -> NewFile:
    """A file that lies in no storage: enough for the rules about pieces."""
    name = f"{factories.next_number():08}"
    return NewFile("piece.pdf", "application/pdf", 1000, 1, hashlib.sha256(name.encode()).hexdigest(), name)


def drafted(
    db: Session, viewer: Viewer, keyring: Keyring, under: Contract, *, reason: Reason = Reason.BIRTH, **who: Any
) -> Change:
    """The draft of a child to add, filled in, without its pieces."""
    start = Start(CaseKind.BENEFICIARY_ADDED, under.id or 0, Relationship.CHILD, reason)
    case, _ = start_change(db, viewer, start, NOW)
    change = locked(db, viewer, keyring, case)
    details = Details(**({"last_name": "Essai", "first_name": "Lou", "birth_date": BORN} | who))
    return fill_change(db, viewer, keyring, change, Typed(details, reason), NOW)


def locked(db: Session, viewer: Viewer, keyring: Keyring, case: Case) -> Change:
    """The change of a case, locked, whatever its version."""
    change = lock_change(db, viewer, keyring, case.id or 0, None)
    assert change is not None
    return change


def with_pieces(db: Session, viewer: Viewer, change: Change) -> Change:
    """A file in every slot that waits for one."""
    for slot in change_slots(db, change.case):
        if not slot.is_held:
            add_pieces(db, viewer, change.case, slot.code, [new_file()], NOW)
    return change


def sent(db: Session, viewer: Viewer, keyring: Keyring, under: Contract, **who: Any) -> Change:
    """A child's addition, complete and sent."""
    change = with_pieces(db, viewer, drafted(db, viewer, keyring, under, **who))
    send_change(db, viewer, keyring, change, NOW)
    return change


def for_desk(db: Session, agent: Viewer, case: Case) -> Case:
    """The case as an agent locks it now."""
    found = lock_for_desk(db, agent, case.id or 0, case.version)
    assert found is not None
    return found
