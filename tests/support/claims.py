"""Claims and quotes for tests: drafts with every answer, files in every slot, sent."""

from datetime import UTC, date, datetime
from typing import Any

from sqlmodel import Session

from portal.data.benefits import Family
from portal.data.case_desk import lock_for_desk
from portal.data.case_pieces import add_pieces
from portal.data.cases import Case, CaseKind
from portal.data.claim_drafts import Amount, set_amount, set_care, set_day, set_person, start_claim
from portal.data.claims import Asked, claim_of, claim_slots, covered_on, lock_claim, send_claim
from portal.data.sessions import Viewer
from portal.data.visibility import visible_scope
from portal.formatting import day_in_france
from tests.support.beneficiaries import new_file

NOW = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)
CARE_DAY = date(2026, 11, 2)
SESSION = Amount(6000)
LATER_DAY = date(2026, 12, 1)


def drafted(
    db: Session,
    viewer: Viewer,
    kind: CaseKind = CaseKind.CLAIM,
    *,
    day: date | None = None,
    family: Family = Family.ALTERNATIVE,
    amount: Amount = SESSION,
    person_id: int | None = None,
    now: datetime = NOW,
) -> Asked:
    """A draft with an answer to each question, without its documents."""
    asked, _ = start_claim(db, viewer, kind, now)
    chosen = day or (CARE_DAY if kind is CaseKind.CLAIM else LATER_DAY)
    set_day(db, viewer, asked, chosen, now)
    covered = covered_on(db, viewer, visible_scope(db, viewer, day_in_france(now)), chosen)
    set_person(db, asked, next(one for one in covered if person_id in {None, one.person_id}), now)
    set_care(db, asked, family, now)
    set_amount(db, asked, amount, now)
    return asked


def with_files(db: Session, viewer: Viewer, asked: Asked, now: datetime = NOW) -> Asked:
    """A file in every slot that waits for one."""
    for slot in claim_slots(db, asked.case):
        if not slot.is_held:
            add_pieces(db, viewer, asked.case, slot.code, [new_file()], now)
    return asked


def sent(db: Session, viewer: Viewer, kind: CaseKind = CaseKind.CLAIM, now: datetime = NOW, **what: Any) -> Asked:
    """A claim, complete and sent."""
    asked = with_files(db, viewer, drafted(db, viewer, kind, now=now, **what), now)
    send_claim(db, viewer, asked, now)
    return asked


def locked(db: Session, viewer: Viewer, asked: Asked) -> Asked:
    """The claim as its author locks it now."""
    found = claim_of(db, viewer, asked.case.id or 0)
    assert found is not None
    again = lock_claim(db, viewer, asked.case.id or 0, found.case.version)
    assert again is not None
    return again


def for_desk(db: Session, agent: Viewer, case: Case) -> Case:
    """The case as an agent locks it now."""
    found = lock_for_desk(db, agent, case.id or 0, case.version)
    assert found is not None
    return found
