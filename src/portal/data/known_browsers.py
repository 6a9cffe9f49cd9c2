"""Browsers that an account has been used from: a keyed hash of family, system and neighbourhood of the network.

It tells a stranger's browser from the usual one, no more: it is a reason to ask or to warn, never a proof. No viewer
here: these functions run while somebody signs in.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.columns import instant

FORGOTTEN_AFTER = timedelta(days=400)


class KnownBrowser(SQLModel, table=True):
    """`mark`: the keyed hash. Nothing of the browser or its network can be read back."""

    __tablename__ = "known_browser"

    account_id: int = Field(primary_key=True, foreign_key="account.id", sa_column_kwargs={"autoincrement": False})
    mark: str = Field(primary_key=True)
    first_seen_at: datetime = instant()
    seen_at: datetime = instant()


class Browsers(NamedTuple):
    """Whether this browser is one of an account's; how many of its browsers are new."""

    is_known: bool
    new: int


def is_known(db: Session, account_id: int, marks: list[str]) -> bool:
    """Whether the account was used from this browser; `marks`: its hash under each key in use."""
    return _found(db, account_id, marks) is not None


def new_browsers(db: Session, account_id: int, marks: Collection[str], since: datetime) -> Browsers:
    """Whether the account was used from this browser, and from how many it was for the first time after `since`."""
    query = select(KnownBrowser.mark, KnownBrowser.first_seen_at).where(KnownBrowser.account_id == account_id)
    rows = db.exec(query).all()
    return Browsers(any(mark in marks for mark, _ in rows), sum(first > since for _, first in rows))


def remember(db: Session, account_id: int, marks: list[str], now: datetime) -> bool:
    """Notes that the account is used from this browser; whether it was not known before."""
    known = _found(db, account_id, marks)
    if known is not None:
        known.seen_at = now
    else:
        db.add(KnownBrowser(account_id=account_id, mark=marks[0], first_seen_at=now, seen_at=now))
    db.flush()
    return known is None


def forget_browsers(db: Session, account_id: int) -> None:
    """Forgets them all: after a fraud, none can be trusted."""
    db.exec(delete(KnownBrowser).where(col(KnownBrowser.account_id) == account_id))


def purge(db: Session, now: datetime) -> int:
    """Forgets browsers not seen for `FORGOTTEN_AFTER`; how many."""
    return int(db.exec(delete(KnownBrowser).where(col(KnownBrowser.seen_at) < now - FORGOTTEN_AFTER)).rowcount)


def _found(db: Session, account_id: int, marks: list[str]) -> KnownBrowser | None:
    query = select(KnownBrowser).where(KnownBrowser.account_id == account_id, col(KnownBrowser.mark).in_(marks))
    return db.exec(query).first()
