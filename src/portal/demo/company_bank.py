"""The demonstration's company account: reported, replaced by a signed mandate, and a change that waits for approval."""

from datetime import datetime, timedelta

from sqlmodel import Session

from portal.bank_words import bic_of, details_of, iban_of
from portal.data.bank_changes import EFFECT_AFTER
from portal.data.columns import utc_now
from portal.data.company_bank import COMPANY
from portal.data.organisation_bank import apply_change, ask_change, cancel_change, organisation_history
from portal.data.organisation_bank_rules import choose_rule
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
        if any(given.row.mandate for given in organisation_history(db, viewer, COMPANY, keyring)):
            return
        row_id, then = _ask(db, keyring, FIRST_SIGNATORY, IN_FORCE, now - timedelta(days=200))
        apply_change(db, COMPANY, row_id, viewer.company_id or 0, then + EFFECT_AFTER)
        _, then = _ask(db, keyring, FIRST_SIGNATORY, GIVEN_UP, now - timedelta(days=40))
        cancel_change(db, COMPANY, viewer.company_id or 0, then + timedelta(hours=5))
        choose_rule(db, viewer, COMPANY, needs_approval=True, now=now - timedelta(days=39))
        _ask(db, keyring, SECOND_SIGNATORY, WAITING, now - timedelta(hours=20))


def _ask(db: Session, keyring: Keyring, who: str, typed: str, then: datetime) -> tuple[int, datetime]:
    viewer, iban = viewer_of(db, who), iban_of(typed)
    new = details_of(iban, viewer.organisation, bic_of("", iban))
    return ask_change(db, viewer, COMPANY, keyring, new, then).id or 0, then
