"""Accounts at the end of their time (R-64, R-71): emptied as those that their holders delete, without being asked.

No viewer: the worker's job. The bare number stays, which the evidence and the acceptances name.
"""

from datetime import datetime

from sqlmodel import Session

from portal.data.accounts import AccountClosing
from portal.data.case_erasure import forget_drafts
from portal.data.erasure import empty_account
from portal.data.retention_engine import Forgotten, Plan, keys_due
from portal.data.retention_schedule import Period

CLOSING_REASON = "Compte effacé au terme de sa durée de conservation."
BATCH = 20


def forget_accounts(db: Session, plan: Plan, period: Period, now: datetime) -> Forgotten:
    """Empties a few accounts that are past their time, in the caller's transaction."""
    found = [key for (key,) in keys_due(db, plan, period, now, BATCH)]
    contents = [name for account_id in found for name in _empty(db, account_id, now)]
    return Forgotten(len(found), tuple(contents))


def _empty(db: Session, account_id: int, now: datetime) -> list[str]:
    if db.get(AccountClosing, account_id) is None:
        db.add(AccountClosing(account_id=account_id, reason=CLOSING_REASON, closed_at=now))
        db.flush()
    empty_account(db, account_id, CLOSING_REASON, now)
    return forget_drafts(db, account_id)
