"""Whether an organisation wants two signatures for each change of its bank details: its own choice, dated (R-31).

Asking for it counts at once. Giving it up counts `EFFECT_AFTER`, told to all who sign: whoever stole one account must
not get round the second one within a minute.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from portal.data.accounts import Account
from portal.data.bank_changes import EFFECT_AFTER, MOST_A_DAY, AccountBlocked, TooManyChanges, is_one_blocked
from portal.data.organisation_banks import BankOwner, BankRuleColumns
from portal.data.sessions import Viewer
from portal.data.standing import closed, suspended


class NobodyApproves(Exception):
    """The organisation has no other signatory who could approve a change."""


def other_signatories(db: Session, viewer: Viewer, owner: BankOwner[Any]) -> int:
    """How many others of those who sign for the viewer's organisation can act now."""
    others = (owner.account_key == owner.id_of(viewer), Account.role == owner.signs, Account.id != viewer.account_id)
    return len(db.exec(select(Account.id).where(*others, ~or_(suspended, closed))).all())


def chosen_rule(db: Session, viewer: Viewer, owner: BankOwner[Any]) -> BankRuleColumns | None:
    """The organisation's last choice, whether it counts already or not; None when it never chose."""
    return _last(db, viewer, owner)


def is_approval_required(db: Session, viewer: Viewer, owner: BankOwner[Any], now: datetime) -> bool:
    """Whether a change asked for now needs another signatory."""
    rule = _last(db, viewer, owner, now)
    return rule is not None and rule.needs_approval


def choose_rule(
    db: Session, viewer: Viewer, owner: BankOwner[Any], *, needs_approval: bool, now: datetime
) -> BankRuleColumns | None:
    """Chooses; None when that is the last choice already. Raises `AccountBlocked`, `TooManyChanges`,
    and `NobodyApproves` when that would let no change through."""
    organisation = owner.lock(db, owner.id_of(viewer))
    if is_one_blocked(db, Account.id == viewer.account_id):
        raise AccountBlocked
    last = _last(db, viewer, owner)
    if needs_approval is (last is not None and last.needs_approval):
        return None
    if needs_approval and not other_signatories(db, viewer, owner):
        raise NobodyApproves
    if _chosen_since(db, viewer, owner, now - timedelta(days=1)) >= MOST_A_DAY:
        raise TooManyChanges
    counts_from = now if needs_approval else now + EFFECT_AFTER
    values = {"needs_approval": needs_approval, "chosen_at": now, "counts_from": counts_from}
    rule: BankRuleColumns = owner.rule(**{owner.key: organisation.id}, chosen_by=viewer.account_id, **values)
    db.add(rule)
    db.flush()
    return rule


def _chosen_since(db: Session, viewer: Viewer, owner: BankOwner[Any], then: datetime) -> int:
    recent = (getattr(owner.rule, owner.key) == owner.id_of(viewer), col(owner.rule.chosen_at) > then)
    return db.exec(select(func.count()).select_from(owner.rule).where(*recent)).one()


def _last(db: Session, viewer: Viewer, owner: BankOwner[Any], now: datetime | None = None) -> BankRuleColumns | None:
    query = select(owner.rule).where(getattr(owner.rule, owner.key) == owner.id_of(viewer))
    counting = query if now is None else query.where(col(owner.rule.counts_from) <= now)
    found: BankRuleColumns | None = db.exec(counting.order_by(col(owner.rule.id).desc()).limit(1)).first()
    return found
