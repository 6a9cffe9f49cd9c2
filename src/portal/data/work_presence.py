"""Who has a request open right now: told to colleagues, so that two never answer it unknowingly (the soft lock).

A browser says so every `EVERY` while the page is open; whoever has not for `GONE_AFTER` is gone. It forbids nothing:
the version of a case does (`CaseMoved`).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.accounts import Account
from portal.data.columns import Index, instant
from portal.data.sessions import Viewer
from portal.data.work_items import WorkItem
from portal.data.work_reach import items_for
from portal.security import Keyring

EVERY = timedelta(seconds=20)
GONE_AFTER = timedelta(seconds=60)
MOST_TOLD = 20


class WorkPresence(SQLModel, table=True):
    """That an agent had a request open at this instant."""

    __tablename__ = "work_presence"
    __table_args__ = (Index("ix_work_presence_item", "item_id", "seen_at"), Index("ix_work_presence_seen", "seen_at"))

    account_id: int = Field(primary_key=True, foreign_key="account.id")
    item_id: int = Field(primary_key=True, foreign_key="work_item.id")
    seen_at: datetime = instant()


def be_present(db: Session, viewer: Viewer, item: WorkItem, now: datetime) -> None:
    """The viewer has it open. What they had open before, and no longer, is forgotten."""
    db.get_one(Account, viewer.account_id, with_for_update={"key_share": True})  # two tabs take turns
    gone = delete(WorkPresence).where(
        col(WorkPresence.account_id) == viewer.account_id, col(WorkPresence.seen_at) < now - GONE_AFTER
    )
    db.exec(gone)
    row = db.get(WorkPresence, (viewer.account_id, item.id))
    row = row or WorkPresence(account_id=viewer.account_id, item_id=item.id or 0, seen_at=now)
    row.seen_at = now
    db.add(row)
    db.flush()


def others_at(db: Session, viewer: Viewer, item: WorkItem, now: datetime) -> list[str]:
    """The names of the colleagues who have it open, the longest-standing account first."""
    return [name for _, name in _present(db, viewer, now, [item.id or 0])]


def present_at(db: Session, viewer: Viewer, items: Iterable[int], now: datetime) -> dict[int, list[str]]:
    """Which of these items colleagues have open, and who. The caller has found the items."""
    found: dict[int, list[str]] = {}
    for item_id, name in _present(db, viewer, now, list(items)):
        found.setdefault(item_id, []).append(name)
    return found


def open_now(db: Session, viewer: Viewer, keyring: Keyring, now: datetime) -> list[tuple[WorkItem, str]]:
    """What colleagues have open now, among what the viewer may read; the newest first, `MOST_TOLD` at most."""
    seen = _seen_lately(db, viewer, now)
    if not seen:
        return []
    # In two steps: in one, a planner that knows few of these rows went through every request that waits.
    among = col(WorkItem.id).in_({item_id for item_id, _ in seen})
    items = {item.id: item for item in db.exec(select(WorkItem).where(among, items_for(db, viewer, keyring)))}
    return [(items[item_id], name) for item_id, name in seen if item_id in items][:MOST_TOLD]


def _seen_lately(db: Session, viewer: Viewer, now: datetime) -> list[tuple[int, str]]:
    query = (
        select(WorkPresence.item_id, Account.display_name)
        .join(Account, col(Account.id) == WorkPresence.account_id)
        .where(WorkPresence.seen_at >= now - GONE_AFTER, WorkPresence.account_id != viewer.account_id)
        .order_by(col(WorkPresence.seen_at).desc(), col(WorkPresence.item_id))
    )
    return [(item_id, name) for item_id, name in db.exec(query)]


def _present(db: Session, viewer: Viewer, now: datetime, items: list[int]) -> list[tuple[int, str]]:
    query = (
        select(WorkPresence.item_id, Account.display_name)
        .join(Account, col(Account.id) == WorkPresence.account_id)
        .where(col(WorkPresence.item_id).in_(items), WorkPresence.seen_at >= now - GONE_AFTER)
        .where(WorkPresence.account_id != viewer.account_id)
        .order_by(col(WorkPresence.account_id))
    )
    return [(item_id, name) for item_id, name in db.exec(query)]
