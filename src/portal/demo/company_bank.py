"""The demonstration's company account: reported, replaced by a signed mandate, and a change that waits for approval."""

from datetime import datetime, timedelta

from sqlmodel import Session

from portal.bank_words import bic_of, details_of, iban_of
from portal.data.bank_changes import EFFECT_AFTER
from portal.data.columns import utc_now
from portal.data.company_bank import (
    apply_company_change,
    ask_company_change,
    cancel_company_change,
    company_bank_history,
)
from portal.data.company_bank_rules import choose_rule
from portal.database import Database
from portal.demo.viewers import viewer_of
from portal.security import Keyring

FIRST_SIGNATORY, SECOND_SIGNATORY = "2000000014", "2000000030"
IN_FORCE, GIVEN_UP, WAITING = "FR1420041010050500013M02606", "ES9121000418450200051332", "DE89370400440532013000"


def show_company_bank(database: Database, keyring: Keyring) -> None:
    """Adds the changes, unless they are there."""
    now = utc_now()
    with database.write() as db:
        viewer = viewer_of(db, FIRST_SIGNATORY)
        if any(given.row.mandate for given in company_bank_history(db, viewer, keyring)):
            return
        row_id, then = _ask(db, keyring, FIRST_SIGNATORY, IN_FORCE, now - timedelta(days=200))
        apply_company_change(db, row_id, viewer.company_id or 0, then + EFFECT_AFTER)
        _, then = _ask(db, keyring, FIRST_SIGNATORY, GIVEN_UP, now - timedelta(days=40))
        cancel_company_change(db, viewer.company_id or 0, then + timedelta(hours=5))
        choose_rule(db, viewer, needs_approval=True, now=now - timedelta(days=39))
        _ask(db, keyring, SECOND_SIGNATORY, WAITING, now - timedelta(hours=20))


def _ask(db: Session, keyring: Keyring, who: str, typed: str, then: datetime) -> tuple[int, datetime]:
    viewer, iban = viewer_of(db, who), iban_of(typed)
    new = details_of(iban, viewer.organisation, bic_of("", iban))
    return ask_company_change(db, viewer, keyring, new, then).id or 0, then
