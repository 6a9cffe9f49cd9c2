"""The jobs behind bank details: changes whose 72 hours are over take effect; a company's that nobody approved lapse."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from portal.account_jobs import do_each
from portal.bank_notices import tell_of_bank_change, tell_of_company_change
from portal.data.bank_details import accounts_of, apply_bank_change, due_changes
from portal.data.company_bank import (
    CompanyBankDetails,
    apply_company_change,
    drop_lapsed_change,
    due_company_changes,
    lapsed_company_changes,
)
from portal.data.evidence import Action, record
from portal.web import Services


@dataclass(frozen=True, slots=True)
class Ending:
    """How a company's change ends, with which letter and which evidence."""

    end: Callable[[Session, int, int, datetime], CompanyBankDetails | None]
    letter: str
    done: Action
    object: str = "coordonnees-bancaires"


APPLIED = Ending(apply_company_change, "company-bank-changed", Action.COMPANY_BANK_CHANGED)
LAPSED = Ending(drop_lapsed_change, "company-bank-cancelled", Action.COMPANY_BANK_CHANGE_CANCELLED, "abandon")


def apply_due(services: Services, now: datetime) -> int:
    """Puts each due change into force, one transaction for each; how many. Raises an `ExceptionGroup` of what failed,
    once the others are done."""
    with services.database.read() as db:
        due = due_changes(db, now)
    return do_each(lambda one: _apply(services, *one, now), due)


def apply_due_of_companies(services: Services, now: datetime) -> int:
    """The same for companies, whose lapsed changes it gives up."""
    with services.database.read() as db:
        due, lapsed = due_company_changes(db, now), lapsed_company_changes(db, now)
    items = [*((APPLIED, *one) for one in due), *((LAPSED, *one) for one in lapsed)]
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


def _end(services: Services, ending: Ending, row_id: int, company_id: int, now: datetime) -> bool:
    with services.database.write() as db:
        row = ending.end(db, row_id, company_id, now)
        if row is None:
            return False
        tell_of_company_change(services, db, row, ending.letter, now)
        details = {"mandate": row.mandate}
        record(db, None, ending.done, object=ending.object, actor=row.asked_by, details=details, now=now)
    return True
