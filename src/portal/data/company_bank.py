"""The account from which a company's contributions are debited, with the SEPA mandate that allows it (R-31).

Changed with the brakes of `bank_changes`, by those who signed the contract alone. Where the company chose so, another
signatory must approve, within `APPROVAL_WITHIN`; the 72 hours then count from the approval.
"""

import secrets
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, UniqueConstraint, and_, or_
from sqlmodel import Field, Session, col, select

from portal.data.accounts import Account
from portal.data.bank_changes import (
    EFFECT_AFTER,
    AccountBlocked,
    BankColumns,
    Given,
    NewDetails,
    added,
    cancel_pending,
    history_of,
    is_due,
    is_one_blocked,
    live_rows,
    put_in_force,
    refuse_needless,
    rows_of,
    sealed,
    waits,
)
from portal.data.columns import Index, instant
from portal.data.company_bank_rules import NobodyApproves, is_approval_required, other_signatories
from portal.data.organisations import Company
from portal.data.sessions import Viewer
from portal.data.standing import closed
from portal.data.waiting import Waiting
from portal.formatting import day_in_france
from portal.security import Keyring

APPROVAL_WITHIN = timedelta(days=7)


class CompanyBankDetails(BankColumns, table=True):
    """A company's account. `mandate`: the unique reference (RUM) of the SEPA mandate that was signed with it at
    `asked_at`; none for what the insurer's files report. `signer_encrypted`: the name of whoever signed."""

    __tablename__ = "company_bank_details"
    __table_args__ = (UniqueConstraint("company_id", "reported_on"), Index("ix_company_bank_due", "takes_effect_at"))

    id: int | None = Field(default=None, primary_key=True)
    company_id: int = Field(foreign_key="company.id")
    bic: str = ""
    mandate: str | None = Field(default=None, unique=True, max_length=35)
    signer_encrypted: bytes | None = None
    asked_by: int | None = Field(default=None, foreign_key="account.id", index=True)
    needs_approval: bool = False
    approved_at: datetime | None = instant(default=None)
    approved_by: int | None = Field(default=None, foreign_key="account.id")

    @property
    def awaits_approval(self) -> bool:
        return self.is_pending and self.takes_effect_at is None

    @property
    def approval_until(self) -> datetime | None:
        """Until when somebody may approve it; None for what needs no approval."""
        return self.asked_at + APPROVAL_WITHIN if self.needs_approval and self.asked_at else None


class ChangeMoved(Exception):
    """The change was cancelled, approved or replaced meanwhile."""


class OwnChange(Exception):
    """Nobody approves the change that they asked for."""


def company_bank_history(db: Session, viewer: Viewer, keyring: Keyring) -> list[Given[CompanyBankDetails]]:
    """The bank details of the viewer's company, the newest first."""
    return history_of(keyring, _rows(db, viewer.company_id or 0))


def signed_mandate(db: Session, viewer: Viewer, row_id: int) -> CompanyBankDetails | None:
    """A row of the viewer's company whose mandate was signed here; None for another company's."""
    whose = (CompanyBankDetails.id == row_id, CompanyBankDetails.company_id == viewer.company_id)
    return db.exec(select(CompanyBankDetails).where(*whose, col(CompanyBankDetails.mandate).is_not(None))).first()


def ask_company_change(
    db: Session, viewer: Viewer, keyring: Keyring, new: NewDetails, now: datetime
) -> CompanyBankDetails:
    """Signs a mandate on another account; a change still pending is given up. An account that the insurer's files
    reported may be signed for again. Raises `AccountBlocked`, `AlreadyThere`, `TooManyChanges`, `NobodyApproves`."""
    company = _locked(db, viewer)
    rows = _rows(db, company.id or 0)
    refuse_needless(keyring, rows, [row for row in live_rows(rows) if row.mandate], new, now)
    needs_approval = is_approval_required(db, viewer, now)
    if needs_approval and not other_signatories(db, viewer):
        raise NobodyApproves
    cancel_pending(db, rows, now)
    row = CompanyBankDetails(
        company_id=company.id or 0,
        bic=new.bic,
        mandate=_new_mandate(company),
        signer_encrypted=keyring.encrypt(viewer.display_name),
        asked_at=now,
        asked_by=viewer.account_id,
        needs_approval=needs_approval,
        takes_effect_at=None if needs_approval else now + EFFECT_AFTER,
        **sealed(keyring, new),
    )
    return added(db, row)


def change_to_approve(db: Session, viewer: Viewer, _: date) -> Waiting | None:
    """The change that somebody else of the company's asked for, and that waits for the viewer to approve it."""
    rows = _rows(db, viewer.company_id or 0)
    row = next((each for each in rows if each.awaits_approval and each.asked_by != viewer.account_id), None)
    if row is None or row.approval_until is None:
        return None
    return Waiting(1, day_in_france(row.approval_until), row_id=row.id)


def approve_company_change(db: Session, viewer: Viewer, row_id: int, now: datetime) -> CompanyBankDetails:
    """Approves the change that the viewer has read: that one, and no other that took its place. Raises
    `AccountBlocked`, `ChangeMoved`, `OwnChange`."""
    company = _locked(db, viewer)
    row = next((one for one in _rows(db, company.id or 0) if one.id == row_id and one.awaits_approval), None)
    if row is None or now >= (row.approval_until or now):
        raise ChangeMoved
    if row.asked_by == viewer.account_id:
        raise OwnChange
    row.approved_at, row.approved_by, row.takes_effect_at = now, viewer.account_id, now + EFFECT_AFTER
    return added(db, row)


def cancel_company_change(db: Session, company_id: int, now: datetime) -> CompanyBankDetails | None:
    """Gives up the company's pending change; None when there is none (any more). The caller knows whose it is: one of
    its signatories, or whoever came by the link of a letter about it."""
    db.get_one(Company, company_id, with_for_update=True)
    return cancel_pending(db, _rows(db, company_id), now)


def company_change_behind(db: Session, account_id: int, subject: str) -> CompanyBankDetails | None:
    """The pending change that a letter's link to this account names; None once it is over."""
    company_id = db.exec(select(Account.company_id).where(Account.id == account_id)).first()
    named = (CompanyBankDetails.id == int(subject), CompanyBankDetails.company_id == company_id)
    return db.exec(select(CompanyBankDetails).where(*named, waits(CompanyBankDetails))).first()


def due_company_changes(db: Session, now: datetime) -> list[tuple[int, int]]:
    """Changes whose time has come: their ids, and their companies'. A change waits as long as whoever asked for it, or
    approved it, is frozen or suspended."""
    query = select(CompanyBankDetails.id, CompanyBankDetails.company_id).where(_due(now))
    return [(row_id or 0, company_id) for row_id, company_id in db.exec(query)]


def apply_company_change(db: Session, row_id: int, company_id: int, now: datetime) -> CompanyBankDetails | None:
    """Puts a change whose time has come into force; None when it was cancelled, or applied, meanwhile."""
    db.get_one(Company, company_id, with_for_update=True)
    return put_in_force(db, CompanyBankDetails, _due(now), row_id, now)


def lapsed_company_changes(db: Session, now: datetime) -> list[tuple[int, int]]:
    """Changes that nobody approved in time, or of which the author's or the approver's account was closed: their ids,
    and their companies'."""
    query = select(CompanyBankDetails.id, CompanyBankDetails.company_id).where(_lapsed(now))
    return [(row_id or 0, company_id) for row_id, company_id in db.exec(query)]


def drop_lapsed_change(db: Session, row_id: int, company_id: int, now: datetime) -> CompanyBankDetails | None:
    """Gives up such a change; None when that was done, or is wrong by now."""
    db.get_one(Company, company_id, with_for_update=True)
    query = select(CompanyBankDetails).where(CompanyBankDetails.id == row_id, _lapsed(now))
    row = db.exec(query.execution_options(populate_existing=True)).first()
    return cancel_pending(db, [row], now) if row else None


def _locked(db: Session, viewer: Viewer) -> Company:
    """The viewer's company, held; raises `AccountBlocked`."""
    company = db.get_one(Company, viewer.company_id, with_for_update=True)
    if is_one_blocked(db, Account.id == viewer.account_id):
        raise AccountBlocked
    return company


def _rows(db: Session, company_id: int) -> list[CompanyBankDetails]:
    return rows_of(db, CompanyBankDetails, col(CompanyBankDetails.company_id) == company_id)


def _new_mandate(company: Company) -> str:
    """A RUM: at most 35 characters, unique, and counting nobody's mandates."""
    return f"{company.siret}-{secrets.token_hex(6).upper()}"


def _actors() -> ColumnElement[bool]:
    return or_(Account.id == CompanyBankDetails.asked_by, Account.id == CompanyBankDetails.approved_by)


def _due(now: datetime) -> ColumnElement[bool]:
    return is_due(CompanyBankDetails, now, _actors())


def _lapsed(now: datetime) -> ColumnElement[bool]:
    unapproved: Any = and_(
        col(CompanyBankDetails.takes_effect_at).is_(None), col(CompanyBankDetails.asked_at) <= now - APPROVAL_WITHIN
    )
    orphan = select(Account.id).where(_actors(), closed).exists()
    return and_(waits(CompanyBankDetails), or_(unapproved, orphan))
