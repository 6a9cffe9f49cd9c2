"""Whether a company wants two signatories for each change of its bank details: its own choice, dated (R-31).

Asking for it counts at once. Giving it up counts `EFFECT_AFTER`, told to every signatory: whoever stole one account
must not get round the second one within a minute.
"""

from datetime import datetime, timedelta

from sqlalchemy import func, or_
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.accounts import Account, Role
from portal.data.bank_changes import EFFECT_AFTER, MOST_A_DAY, AccountBlocked, TooManyChanges, is_one_blocked
from portal.data.columns import Index, instant
from portal.data.organisations import Company
from portal.data.sessions import Viewer
from portal.data.standing import closed, suspended


class CompanyBankRule(SQLModel, table=True):
    """What a signatory chose, and from when it counts; the last one that counts does."""

    __tablename__ = "company_bank_rule"
    __table_args__ = (Index("ix_company_bank_rule", "company_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    company_id: int = Field(foreign_key="company.id")
    needs_approval: bool
    chosen_at: datetime = instant()
    counts_from: datetime = instant()
    chosen_by: int = Field(foreign_key="account.id", index=True)


class NobodyApproves(Exception):
    """The company has no other signatory who could approve a change."""


def other_signatories(db: Session, viewer: Viewer) -> int:
    """How many others of the company's signatories can act now."""
    others = (Account.company_id == viewer.company_id, Account.role == Role.SIGNATORY, Account.id != viewer.account_id)
    return len(db.exec(select(Account.id).where(*others, ~or_(suspended, closed))).all())


def chosen_rule(db: Session, viewer: Viewer) -> CompanyBankRule | None:
    """The company's last choice, whether it counts already or not; None when it never chose."""
    return _last(db, viewer)


def is_approval_required(db: Session, viewer: Viewer, now: datetime) -> bool:
    """Whether a change asked for now needs another signatory."""
    rule = _last(db, viewer, now)
    return rule is not None and rule.needs_approval


def choose_rule(db: Session, viewer: Viewer, *, needs_approval: bool, now: datetime) -> CompanyBankRule | None:
    """Chooses; None when that is the last choice already. Raises `AccountBlocked`, `TooManyChanges`,
    and `NobodyApproves` when that would let no change through."""
    company = db.get_one(Company, viewer.company_id, with_for_update=True)
    if is_one_blocked(db, Account.id == viewer.account_id):
        raise AccountBlocked
    last = _last(db, viewer)
    if needs_approval is (last is not None and last.needs_approval):
        return None
    if needs_approval and not other_signatories(db, viewer):
        raise NobodyApproves
    if _chosen_since(db, viewer, now - timedelta(days=1)) >= MOST_A_DAY:
        raise TooManyChanges
    counts_from = now if needs_approval else now + EFFECT_AFTER
    values = {"needs_approval": needs_approval, "chosen_at": now, "counts_from": counts_from}
    rule = CompanyBankRule(company_id=company.id or 0, chosen_by=viewer.account_id, **values)
    db.add(rule)
    db.flush()
    return rule


def _chosen_since(db: Session, viewer: Viewer, then: datetime) -> int:
    recent = (CompanyBankRule.company_id == viewer.company_id, col(CompanyBankRule.chosen_at) > then)
    return db.exec(select(func.count()).select_from(CompanyBankRule).where(*recent)).one()


def _last(db: Session, viewer: Viewer, now: datetime | None = None) -> CompanyBankRule | None:
    query = select(CompanyBankRule).where(CompanyBankRule.company_id == viewer.company_id)
    counting = query if now is None else query.where(col(CompanyBankRule.counts_from) <= now)
    return db.exec(counting.order_by(col(CompanyBankRule.id).desc()).limit(1)).first()
