"""The jobs behind bank details: changes whose 72 hours are over take effect; an organisation's that nobody approved
lapse."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from portal.account_jobs import do_each
from portal.bank_areas import BANK_AREAS, OBJECT, BankArea
from portal.bank_notices import tell_of_bank_change, tell_of_organisation_change
from portal.data.bank_details import accounts_of, apply_bank_change, due_changes
from portal.data.evidence import Action, record
from portal.data.organisation_bank import apply_change, drop_lapsed, due_changes_of, lapsed_changes
from portal.data.organisation_banks import BankOwner, OrganisationBankColumns
from portal.web import Services


@dataclass(frozen=True, slots=True)
class Ending:
    """How an organisation's change ends: which do, how, and the step that letters and evidence name."""

    find: Callable[[Session, BankOwner[OrganisationBankColumns], datetime], list[tuple[int, int]]]
    end: Callable[[Session, BankOwner[OrganisationBankColumns], int, int, datetime], OrganisationBankColumns | None]
    step: str
    object: str


APPLIED = Ending(due_changes_of, apply_change, "changed", OBJECT)
LAPSED = Ending(lapsed_changes, drop_lapsed, "cancelled", "abandon")


def apply_due(services: Services, now: datetime) -> int:
    """Puts each due change into force, one transaction for each; how many. Raises an `ExceptionGroup` of what failed,
    once the others are done."""
    with services.database.read() as db:
        due = due_changes(db, now)
    return do_each(lambda one: _apply(services, *one, now), due)


def apply_due_of_organisations(services: Services, now: datetime) -> int:
    """The same for companies and practices, whose lapsed changes it gives up."""
    with services.database.read() as db:
        items = [
            (area, ending, *one)
            for area in BANK_AREAS
            for ending in (APPLIED, LAPSED)
            for one in ending.find(db, area.owner, now)
        ]
    return do_each(lambda item: _end(services, *item, now), items)


def _apply(services: Services, row_id: int, person_id: int, now: datetime) -> bool:
    with services.database.write() as db:
        row = apply_bank_change(db, row_id, person_id, now)
        if row is None:
            return False
        tell_of_bank_change(services, db, row, "bank-changed", now)
        for account in accounts_of(db, person_id):
            record(db, None, Action.BANK_CHANGED, object="coordonnees-bancaires", actor=account.id, now=now)
    return True


def _end(services: Services, area: BankArea, ending: Ending, row_id: int, organisation_id: int, now: datetime) -> bool:
    with services.database.write() as db:
        row = ending.end(db, area.owner, row_id, organisation_id, now)
        if row is None:
            return False
        tell_of_organisation_change(services, db, row, ending.step, now)
        done: Action = getattr(area.acts, ending.step)
        record(db, None, done, object=ending.object, actor=row.asked_by, details=row.proof, now=now)
    return True
