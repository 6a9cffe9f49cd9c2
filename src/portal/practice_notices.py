"""Letters about the changes that a practice asks for: to all who sign for it, wherever they can be reached, since
whoever stole an account would ask for them too (R-51)."""

from datetime import datetime

from sqlmodel import Session

from portal.data.accounts import Account
from portal.data.cases import Case, CaseKind
from portal.data.organisation_bank_contacts import organisation_addresses
from portal.data.practice_bank import PRACTICE
from portal.data.practice_changes import PracticeChange
from portal.practice_words import KIND_LABELS, asked_in_words
from portal.web import Services


def tell_of_practice_change(
    services: Services, db: Session, case: Case, row: PracticeChange, letter: str, now: datetime
) -> None:
    """Writes that a change was asked for (`practice-change-asked`), or took effect (`practice-change-applied`)."""
    said = {
        "kind": KIND_LABELS[CaseKind(case.kind)],
        "reference": case.reference,
        "what": asked_in_words(row),
        "day": row.takes_effect_on or row.wanted_on,
        "href": services.settings.origin + services.urls("provider.agreement"),
    }
    for account, email in _recipients(db, row, now):
        services.mail.post(db, letter, email, account_id=account.id, **said)


def _recipients(db: Session, row: PracticeChange, now: datetime) -> list[tuple[Account, str]]:
    return organisation_addresses(db, PRACTICE, row.provider_id, now)
