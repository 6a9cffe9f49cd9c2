"""The evidence record (R-51): who did what, when, from where. Append-only, hash-chained, written with the act itself.

Personal details (address, browser, filters…) stand apart: a row keeps only a salted commitment to them, so that they
can be erased while the chain still verifies. Record last in a transaction: on PostgreSQL the chain is locked from
there to the commit.
"""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from sqlalchemy import Text, func, insert, select, text
from sqlmodel import Field, Session, SQLModel

from portal.data.columns import BIG, Index, instant, utc_now
from portal.data.evidence_actions import Action, Outcome
from portal.data.evidence_chain import GENESIS, HASHED_FIELDS, canonical_instant, commitment_of, json_bytes, row_hash
from portal.data.evidence_persons import INSERT_PERSON, index_rows
from portal.data.prepared import Prepared
from portal.data.sessions import Viewer

__all__ = ["Action", "Entry", "Evidence", "EvidenceDetail", "Head", "JournalPosition", "Outcome"]

SESSION_PREFIX = 16
CHAIN_LOCK = 0x65766964  # any number that nothing else in the database locks
ABOUT_ACCOUNT = text("object LIKE 'compte:%'")  # acts of others on an account (data/activity.py)


class Evidence(SQLModel, table=True):
    """One link of the chain. `seq` starts at 1 and has no gap; `commitment` is empty when there were no details."""

    __tablename__ = "evidence"
    __table_args__ = (
        Index("ix_evidence_actor", "actor", "seq"),
        Index("ix_evidence_acting_for", "acting_for", "seq"),
        Index("ix_evidence_account", "object", "seq", sqlite_where=ABOUT_ACCOUNT, postgresql_where=ABOUT_ACCOUNT),
    )

    seq: int = Field(primary_key=True, sa_type=BIG, sa_column_kwargs={"autoincrement": False})
    at: datetime = instant()
    actor: int | None = Field(default=None, sa_type=BIG)
    acting_for: int | None = Field(default=None, sa_type=BIG)
    session: str | None = None
    action: str
    object: str = Field(default="", sa_type=Text)
    outcome: str
    reason: str = Field(default="", sa_type=Text)
    commitment: str = ""
    prev_hash: str
    hash: str


class EvidenceDetail(SQLModel, table=True):
    """The personal details of a row, as JSON text. May be erased, never changed."""

    __tablename__ = "evidence_detail"

    seq: int = Field(
        primary_key=True, foreign_key="evidence.seq", sa_type=BIG, sa_column_kwargs={"autoincrement": False}
    )
    salt: str
    details: str = Field(sa_type=Text)


class JournalPosition(SQLModel, table=True):
    """How many bytes of a spool are in the chain already (see `portal.evidence.journal`)."""

    __tablename__ = "journal_position"

    spool: str = Field(primary_key=True)
    consumed: int = Field(sa_type=BIG)


Id = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """An act to record. `at` is in UTC; `session` a prefix of the session's hash; `details` anything JSON can hold, of
    which `persons` is the list of the ids of those whose data was shown."""

    at: datetime
    action: str
    actor: Id | None = None
    acting_for: Id | None = None
    session: str | None = None
    object: str = ""
    outcome: Outcome = Outcome.OK
    reason: str = ""
    details: dict[str, Any] | None = None


class Head(msgspec.Struct, frozen=True):
    """The chain's last row; `seq` 0 and the hash of nothing when it is empty."""

    seq: int = 0
    hash: str = GENESIS
    action: str = ""


def entry_of(
    viewer: Viewer | None,
    action: Action,
    *,
    object: str = "",  # noqa: A002  (the column's name, as every caller reads it)
    outcome: Outcome = Outcome.OK,
    reason: str = "",
    details: dict[str, Any] | None = None,
    actor: int | None = None,
    acting_for: int | None = None,
    now: datetime | None = None,
) -> Entry:
    """The entry for an act by `viewer`. Without a viewer (a refused sign-in), `actor` is the account it concerns."""
    if viewer is not None:
        actor, session = viewer.account_id, viewer.session_hash[:SESSION_PREFIX]
    else:
        session = None
    return Entry(now or utc_now(), action, actor, acting_for, session, object, outcome, reason, details)


def record(db: Session, viewer: Viewer | None, action: Action, **what: Any) -> int:
    """Appends one act inside the caller's transaction and returns its `seq`. Keywords: those of `entry_of`."""
    return record_many(db, [entry_of(viewer, action, **what)])


def record_many(db: Session, entries: Sequence[Entry]) -> int:
    """Appends acts in the order given, inside the caller's writing transaction; returns the last `seq`."""
    if not entries:
        return head(db).seq
    _lock_chain(db)
    last = head(db)
    rows, details = _linked(last, entries)
    connection = db.connection()
    connection.execute(_INSERT_ROW, _one_or_many(rows))
    if details:
        connection.execute(_INSERT_DETAIL, _one_or_many(details))
    if shown := index_rows((seq, entry.details) for seq, entry in enumerate(entries, start=last.seq + 1)):
        connection.execute(INSERT_PERSON, _one_or_many(shown))
    return int(rows[-1]["seq"])


def head(db: Session) -> Head:
    """The last row of the chain."""
    row = _HEAD.first(db, {})
    return Head(*row) if row else Head()


def hash_at(db: Session, seq: int) -> str | None:
    """The hash of one row, or None when there is no such row."""
    return db.connection().execute(select(_rows.c.hash).where(_rows.c.seq == seq)).scalar()


def position_of(db: Session, spool: str) -> int:
    """Bytes of the spool already in the chain. Waits for the commit of a process that died while moving them."""
    position = db.get(JournalPosition, spool, with_for_update=True, populate_existing=True)
    return position.consumed if position else 0


def keep_position(db: Session, spool: str, consumed: int) -> None:
    """Stores how far the spool is in the chain, with the rows themselves: so each line enters exactly once."""
    position = db.get(JournalPosition, spool)
    if position is None:
        db.add(JournalPosition(spool=spool, consumed=consumed))
    else:
        position.consumed = consumed
    db.flush()


def forget_position(db: Session, spool: str) -> None:
    """Forgets a spool whose file is gone for good."""
    position = db.get(JournalPosition, spool)
    if position is not None:
        db.delete(position)
        db.flush()


def _lock_chain(db: Session) -> None:
    if db.get_bind().dialect.name == "postgresql":
        _LOCK.rows(db, {})


def _one_or_many(rows: list[dict[str, Any]]) -> list[dict[str, Any]] | dict[str, Any]:
    """A list makes the driver prepare for a batch, which costs a single row more than it gains."""
    return rows if len(rows) > 1 else rows[0]


def _linked(last: Head, entries: Iterable[Entry]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    details: list[dict[str, Any]] = []
    previous = last.hash
    for seq, entry in enumerate(entries, start=last.seq + 1):
        commitment = ""
        if entry.details is not None:
            salt, text = secrets.token_hex(16), json_bytes(entry.details, "sorted").decode()
            commitment = commitment_of(salt, text)
            details.append({"seq": seq, "salt": salt, "details": text})
        row = _row(seq, entry, commitment, previous)
        rows.append(row)
        previous = row["hash"]
    return rows, details


def _row(seq: int, entry: Entry, commitment: str, previous: str) -> dict[str, Any]:
    values = (
        seq,
        canonical_instant(entry.at),
        entry.actor,
        entry.acting_for,
        _storable(entry.session),
        _storable(entry.action),
        _storable(entry.object),
        str(entry.outcome),
        _storable(entry.reason),
        commitment,
        previous,
    )
    return dict(zip(HASHED_FIELDS, values, strict=True)) | {"at": entry.at, "hash": row_hash(values)}


def _storable(text: str | None) -> str | None:
    """PostgreSQL has no NUL and UTF-8 no lone surrogate: better a replaced character than an act nobody can record."""
    return text and text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


_rows = SQLModel.metadata.tables["evidence"]
_LOCK = Prepared(select(func.pg_advisory_xact_lock(CHAIN_LOCK)))
_INSERT_ROW = insert(_rows)
_INSERT_DETAIL = insert(SQLModel.metadata.tables["evidence_detail"])
_HEAD = Prepared(select(_rows.c.seq, _rows.c.hash, _rows.c.action).order_by(_rows.c.seq.desc()).limit(1))
