"""The filters of the queue that an agent keeps under a name."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.accounts import Account
from portal.data.columns import instant
from portal.data.sessions import Viewer

MOST_VIEWS = 6
LONGEST_NAME = 40


class WorkView(SQLModel, table=True):
    """`query`: the query string of the list, as the page read it."""

    __tablename__ = "work_view"
    __table_args__ = (UniqueConstraint("account_id", "name", name="uq_work_view_name"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    name: str
    query: str
    kept_at: datetime = instant()


class TooManyViews(Exception):
    """The agent keeps `MOST_VIEWS` already."""


def views_of(db: Session, viewer: Viewer) -> list[WorkView]:
    """What the viewer keeps, the oldest first."""
    return list(db.exec(select(WorkView).where(WorkView.account_id == viewer.account_id).order_by(col(WorkView.id))))


def keep_view(db: Session, viewer: Viewer, name: str, query: str, now: datetime) -> None:
    """Keeps a filter under a name; the one of that name is replaced. Raises `TooManyViews`."""
    db.get_one(Account, viewer.account_id, with_for_update={"key_share": True})
    kept = {view.name: view for view in views_of(db, viewer)}
    if name not in kept and len(kept) >= MOST_VIEWS:
        raise TooManyViews
    view = kept.get(name) or WorkView(account_id=viewer.account_id, name=name, query=query, kept_at=now)
    view.query, view.kept_at = query, now
    db.add(view)
    db.flush()


def drop_view(db: Session, viewer: Viewer, view_id: int) -> bool:
    """Forgets one of the viewer's filters; False when there is none."""
    view = db.exec(select(WorkView).where(WorkView.id == view_id, WorkView.account_id == viewer.account_id)).first()
    if view is not None:
        db.delete(view)
        db.flush()
    return view is not None
