"""Erasing an account whose deletion is due (R-66): what was personal goes, what law keeps stays under a bare number.

No viewer: a job erases, at the holder's own request. `personal_data` says what goes, table by table.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, false, update
from sqlmodel import Session, SQLModel, col, select

from portal.data.accounts import Account, AccountDeletion, Space
from portal.data.deletion import CLOSING_REASON, claim_deletion
from portal.data.holdings import Held, Owner
from portal.data.personal_data import HOLDINGS, owned
from portal.data.sessions import end_sessions_of

TOMBSTONE = "S{:09d}"  # ten characters, unique, and never ten digits: nobody signs in with it
SWEPT_FOR = timedelta(days=30)
# What staff did and saw at work is in the journals of others: its details have their own time (evidence-details).
OF_DUTY = frozenset({"evidence_detail"})


def erase_account(db: Session, deletion_id: int, now: datetime) -> tuple[int, str] | None:
    """Erases the account of a due request, whole, in the caller's transaction; its id and the address it had. None when
    the request was taken back meanwhile, or when another process is ahead: run it as often as you like."""
    account_id = claim_deletion(db, deletion_id, now)
    if account_id is None:
        return None
    email = db.get_one(Account, account_id, with_for_update=True).email
    empty_account(db, account_id, CLOSING_REASON, now)
    return account_id, email


def empty_account(db: Session, account_id: int, closing_reason: str, now: datetime) -> None:
    """Empties a closed account: what was personal goes, in the caller's transaction. `closing_reason`: what is written
    in place of the reason that its closing had."""
    end_sessions_of(db, account_id, now)
    is_of_desk = db.get_one(Account, account_id).space == Space.DESK
    for table in reversed(SQLModel.metadata.sorted_tables):
        if not (is_of_desk and table.name in OF_DUTY):
            _erase_rows(db, table.name, account_id, closing_reason)
    db.expire_all()


def sweep_details(db: Session, now: datetime) -> None:
    """Erases what the journal brought in after its account was erased: a read noted a moment before waits in a file."""
    evidence, details = (SQLModel.metadata.tables[name] for name in ("evidence", "evidence_detail"))
    lately = select(AccountDeletion.account_id).where(col(AccountDeletion.erased_at) > now - SWEPT_FOR)
    late = select(evidence.c.seq).where(evidence.c.actor.in_(lately))
    db.connection().execute(delete(details).where(details.c.seq.in_(late)))


def _erase_rows(db: Session, name: str, account_id: int, closing_reason: str) -> None:
    held = HOLDINGS.get(name)
    if held is None or not (held.owner is Owner.ACCOUNT or held.goes_with_case):
        return
    table = SQLModel.metadata.tables[name]
    if held.goes_with_case:
        rows = _of_cases(table, account_id)
    else:
        rows = owned(table, held, account_id) & ~_kept_by_practice(table, held)
    values = dict(held.blank) | _own_values(name, account_id, closing_reason)
    if held.is_deleted:
        db.connection().execute(delete(table).where(rows))
    elif values:
        db.connection().execute(update(table).where(rows).values(**values))


def _of_cases(table: Table, account_id: int) -> ColumnElement[bool]:
    cases = SQLModel.metadata.tables["case_file"].c
    return table.c.case_id.in_(select(cases.id).where(cases.account_id == account_id))


def _kept_by_practice(table: Table, held: Held) -> ColumnElement[bool]:
    """What was said for a practice is the practice's: its other users go on reading it, without the name."""
    if held.via is None or held.via[1] != "case_file":
        return false()
    cases = SQLModel.metadata.tables["case_file"].c
    return table.c[held.via[0]].in_(select(cases.id).where(cases.provider_id.is_not(None)))


def _own_values(name: str, account_id: int, closing_reason: str) -> dict[str, Any]:
    if name == "account":
        return {"identifier": TOMBSTONE.format(account_id)}
    return {"reason": closing_reason} if name == "account_closing" else {}
