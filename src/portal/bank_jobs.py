"""The job behind bank details: changes whose 72 hours are over take effect."""

from datetime import datetime

from portal.account_jobs import do_each
from portal.bank_notices import tell_of_bank_change
from portal.data.bank_details import accounts_of, apply_bank_change, due_changes
from portal.data.evidence import Action, record
from portal.web import Services


def apply_due(services: Services, now: datetime) -> int:
    """Puts each due change into force, one transaction for each; how many. Raises an `ExceptionGroup` of what failed,
    once the others are done."""
    with services.database.read() as db:
        due = due_changes(db, now)
    return do_each(lambda one: _apply(services, *one, now), due)


def _apply(services: Services, row_id: int, person_id: int, now: datetime) -> bool:
    with services.database.write() as db:
        row = apply_bank_change(db, row_id, person_id, now)
        if row is None:
            return False
        tell_of_bank_change(services, db, row, "bank-changed", now)
        for account in accounts_of(db, person_id):
            record(db, None, Action.BANK_CHANGED, object="coordonnees-bancaires", actor=account.id, now=now)
    return True
