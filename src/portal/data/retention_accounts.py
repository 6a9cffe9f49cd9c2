"""Accounts at the end of their time (R-64, R-71): emptied as those that their holders delete, without being asked.

No viewer: the worker's job. The bare number stays, which the evidence and the acceptances name.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlmodel import Session, SQLModel

from portal.data.accounts import AccountClosing
from portal.data.case_erasure import forget_drafts
from portal.data.erasure import empty_account
from portal.data.retention_engine import Forgotten, Key, Plan, still_due
from portal.data.retention_schedule import Period
from portal.data.standing import cover_ends_on

CLOSING_REASON = "Compte effacé au terme de sa durée de conservation."
BATCH = 20

_table, _closings = SQLModel.metadata.tables["account"], SQLModel.metadata.tables["account_closing"]
_accounts = _table.c
_EMPTIED = {"identifier": "S…"}  # what is emptied is said by data/personal_data.py


def _account(start: ColumnElement[Any]) -> Plan:
    is_whole = _accounts.identifier.not_like("S%")
    whose = {"account": _accounts.id, "person": _accounts.person_id}
    return Plan(_table, start, when=(is_whole,), blank=_EMPTIED, **whose)


_closed_at = (
    select(_closings.c.closed_at).where(_closings.c.account_id == _accounts.id).correlate(_table).scalar_subquery()
)

ACCOUNTS: dict[str, Plan] = {
    "accounts-unopened": _account(_accounts.password_temporary_until),
    "accounts-ended": _account(cover_ends_on),
    "accounts-left": _account(_accounts.access_ends_on),
    "accounts-closed": _account(_closed_at),
}


def forget_accounts(db: Session, plan: Plan, period: Period, now: datetime, keys: list[Key]) -> Forgotten:
    """Empties those accounts, found by `keys_due`, that are past their time still, in the caller's transaction."""
    found = [key for (key,) in still_due(db, plan, period, now, keys)]
    contents = [name for account_id in found for name in _empty(db, account_id, now)]
    return Forgotten(len(found), tuple(contents))


def _empty(db: Session, account_id: int, now: datetime) -> list[str]:
    if db.get(AccountClosing, account_id) is None:
        db.add(AccountClosing(account_id=account_id, reason=CLOSING_REASON, closed_at=now))
        db.flush()
    empty_account(db, account_id, CLOSING_REASON, now)
    return forget_drafts(db, account_id)
