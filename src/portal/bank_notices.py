"""Letters about bank details: to every address by which the member can be reached, each with its own way to cancel."""

from datetime import datetime

from sqlmodel import Session

from portal.data.accounts import Account
from portal.data.bank_details import BankDetails, accounts_of, addresses_of
from portal.data.links import LinkPurpose, make_link
from portal.web import Services


def tell_of_bank_change(
    services: Services, db: Session, row: BankDetails, letter: str, now: datetime, *, can_cancel: bool = False
) -> None:
    """Writes about a change, in its transaction; masked digits alone. `can_cancel`: each letter has a link for it."""
    for account in accounts_of(db, row.person_id):
        for email in addresses_of(db, account, now):
            href = _cancel_url(services, db, account, row, now) if can_cancel else _page_url(services)
            said = {"masked": row.masked, "takes_effect_at": row.takes_effect_at, "href": href}
            services.mail.post(db, letter, email, account_id=account.id, **said)


def _cancel_url(services: Services, db: Session, account: Account, row: BankDetails, now: datetime) -> str:
    return services.link_url(make_link(db, account.id or 0, LinkPurpose.BANK_CHANGE, now, str(row.id)))


def _page_url(services: Services) -> str:
    return services.settings.origin + services.urls("member.bank")
