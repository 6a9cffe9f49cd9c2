"""Letters about bank details: to every address by which their owner can be reached, each with its own way to cancel."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlmodel import Session

from portal.data.accounts import Account
from portal.data.bank_details import BankDetails, accounts_of, member_addresses
from portal.data.company_bank import CompanyBankDetails
from portal.data.company_bank_contacts import company_addresses
from portal.data.company_bank_rules import CompanyBankRule
from portal.data.links import LinkPurpose, make_link
from portal.web import Services

Recipients = Iterable[tuple[Account, str]]


def tell_of_bank_change(
    services: Services, db: Session, row: BankDetails, letter: str, now: datetime, *, can_cancel: bool = False
) -> None:
    """Writes about a change, in its transaction; masked digits alone. `can_cancel`: each letter has a link for it."""
    accounts = accounts_of(db, row.person_id)
    to = [(account, email) for account in accounts for email in member_addresses(db, account, now)]
    said = {"masked": row.masked, "takes_effect_at": row.takes_effect_at}
    if can_cancel:
        _write_with_link(services, db, letter, to, (LinkPurpose.BANK_CHANGE, str(row.id)), now, **said)
    else:
        _write(services, db, letter, to, "member.bank", **said)


def tell_of_company_change(
    services: Services, db: Session, row: CompanyBankDetails, letter: str, now: datetime, *, can_cancel: bool = False
) -> None:
    """The same about a company's, to all of its signatories."""
    to = company_addresses(db, row.company_id, now)
    said = {
        "masked": row.masked,
        "company": to[0][0].organisation if to else "",
        "mandate": row.mandate,
        "takes_effect_at": row.takes_effect_at,
        "approval_until": row.approval_until,
    }
    if can_cancel:
        _write_with_link(services, db, letter, to, (LinkPurpose.COMPANY_BANK_CHANGE, str(row.id)), now, **said)
    else:
        _write(services, db, letter, to, "employer.bank", **said)


def tell_of_bank_rule(services: Services, db: Session, rule: CompanyBankRule, who: str, now: datetime) -> None:
    """Tells the signatories that one of them, `who`, asked for two signatories, or gave that up."""
    to = company_addresses(db, rule.company_id, now)
    said = {"needs_approval": rule.needs_approval, "counts_from": rule.counts_from, "who": who}
    _write(services, db, "company-bank-rule", to, "employer.bank", **said)


def _write(services: Services, db: Session, letter: str, to: Recipients, page: str, **said: Any) -> None:
    href = services.settings.origin + services.urls(page)
    for account, email in to:
        services.mail.post(db, letter, email, account_id=account.id, href=href, **said)


def _write_with_link(
    services: Services,
    db: Session,
    letter: str,
    to: Recipients,
    link: tuple[LinkPurpose, str],
    now: datetime,
    **said: Any,
) -> None:
    purpose, subject = link
    for account, email in to:
        href = services.link_url(make_link(db, account.id or 0, purpose, now, subject))
        services.mail.post(db, letter, email, account_id=account.id, href=href, **said)
