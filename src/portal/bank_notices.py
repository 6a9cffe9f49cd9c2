"""Letters about bank details: to every address by which their owner can be reached, each with its own way to cancel."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlmodel import Session

from portal.bank_areas import BankArea, bank_area_of, organisation_of
from portal.data.accounts import Account
from portal.data.bank_details import BankDetails, accounts_of, member_addresses
from portal.data.links import LinkPurpose, make_link
from portal.data.organisation_bank_contacts import organisation_addresses
from portal.data.organisation_banks import BankRuleColumns, OrganisationBankColumns
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


def tell_of_organisation_change(
    services: Services, db: Session, row: OrganisationBankColumns, step: str, now: datetime, *, can_cancel: bool = False
) -> None:
    """The same about a company's or a practice's, to all who sign for it. `step`: what happened (« asked »)."""
    area = bank_area_of(row)
    to = organisation_addresses(db, area.owner, organisation_of(row), now)
    letter = f"{area.name}-{step}"
    said = {
        "masked": row.masked,
        "organisation": to[0][0].organisation if to else "",
        "takes_effect_at": row.takes_effect_at,
        "approval_until": row.approval_until,
        **row.proof,
    }
    if can_cancel:
        _write_with_link(services, db, letter, to, (area.link, str(row.id)), now, **said)
    else:
        _write(services, db, letter, to, area.page, **said)


def tell_of_stopped_change(
    services: Services,
    db: Session,
    row: BankDetails | OrganisationBankColumns,
    name: str,
    reason: str,
    now: datetime,
) -> None:
    """Writes to all whom letters about a change reach that an agent stopped it, and why. `name`: the organisation's."""
    said = {"masked": row.masked, "reason": reason}
    if isinstance(row, BankDetails):
        accounts = accounts_of(db, row.person_id)
        to = [(account, email) for account in accounts for email in member_addresses(db, account, now)]
        _write(services, db, "bank-change-stopped", to, "member.bank", organisation="", **said)
        return
    area = bank_area_of(row)
    signing = organisation_addresses(db, area.owner, organisation_of(row), now)
    _write(services, db, "bank-change-stopped", signing, area.page, organisation=name, **said)


def tell_of_bank_rule(
    services: Services, db: Session, area: BankArea, rule: BankRuleColumns, who: str, now: datetime
) -> None:
    """Tells all who sign that one of them, `who`, asked for two signatures, or gave that up."""
    to = organisation_addresses(db, area.owner, getattr(rule, area.owner.key), now)
    said = {"needs_approval": rule.needs_approval, "counts_from": rule.counts_from, "who": who}
    _write(services, db, f"{area.name}-rule", to, area.page, **said)


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
