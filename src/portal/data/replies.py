"""Reply templates of the desk: by kind of case and act, in versions; supervisors write them, agents start from them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.columns import Index, instant
from portal.data.sessions import Viewer

LONGEST_TITLE, LONGEST_TEXT = 80, 4000


class ReplyTemplate(SQLModel, table=True):
    """A template for one kind of case and one act; its texts are in `reply_version`."""

    __tablename__ = "reply_template"
    __table_args__ = (Index("ix_reply_template", "kind", "act"),)

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    act: str
    created_at: datetime = instant()
    withdrawn_at: datetime | None = instant(default=None)
    withdrawn_by: int | None = Field(default=None, foreign_key="account.id")


class ReplyVersion(SQLModel, table=True):
    """What a template says from an instant on: the last one counts. `written_by`: nobody for what came with the
    portal."""

    __tablename__ = "reply_version"
    __table_args__ = (Index("ix_reply_version", "template_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    template_id: int = Field(foreign_key="reply_template.id")
    title: str
    text: str
    written_at: datetime = instant()
    written_by: int | None = Field(default=None, foreign_key="account.id")


@dataclass(frozen=True, slots=True)
class Reply:
    """A template as it stands: its last version. `version`: the id of that one."""

    id: int
    kind: str
    act: str
    title: str
    text: str
    version: int
    written_at: datetime
    withdrawn_at: datetime | None


class ReplyMoved(Exception):
    """Somebody wrote another version meanwhile, or withdrew the template."""


def replies_for(db: Session, kind: str, act: str) -> list[Reply]:
    """The templates in use for an act on a kind of case, by title."""
    in_use = col(ReplyTemplate.withdrawn_at).is_(None)
    return _replies(db, col(ReplyTemplate.kind) == kind, col(ReplyTemplate.act) == act, in_use)


def all_replies(db: Session) -> list[Reply]:
    """Every template, in use or withdrawn, by kind, act and title."""
    return _replies(db)


def find_reply(db: Session, reply_id: int) -> Reply | None:
    """One template, or None."""
    return next(iter(_replies(db, col(ReplyTemplate.id) == reply_id)), None)


def versions_of(db: Session, reply_id: int) -> list[ReplyVersion]:
    """What a template said, the newest version first."""
    query = select(ReplyVersion).where(ReplyVersion.template_id == reply_id)
    return list(db.exec(query.order_by(col(ReplyVersion.id).desc())))


def add_reply(db: Session, viewer: Viewer, kind: str, act: str, title: str, text: str, now: datetime) -> Reply:
    """A new template."""
    row = ReplyTemplate(kind=kind, act=act, created_at=now)
    db.add(row)
    db.flush()
    return _write(db, viewer, row, title, text, now)


def write_reply(
    db: Session, viewer: Viewer, reply_id: int, version: int, title: str, text: str, now: datetime
) -> Reply | None:
    """Another version of a template in use; None without such a template. Raises `ReplyMoved` unless `version` is the
    last one. The same words make no version."""
    row = db.get(ReplyTemplate, reply_id, with_for_update=True, populate_existing=True)
    last = find_reply(db, reply_id)
    if row is None or last is None:
        return None
    if last.withdrawn_at is not None or last.version != version:
        raise ReplyMoved
    return last if (last.title, last.text) == (title, text) else _write(db, viewer, row, title, text, now)


def withdraw_reply(db: Session, viewer: Viewer, reply_id: int, now: datetime) -> bool | None:
    """Takes a template out of use; whether it was in use, None without such a template."""
    row = db.get(ReplyTemplate, reply_id, with_for_update=True, populate_existing=True)
    if row is None or row.withdrawn_at is not None:
        return None if row is None else False
    row.withdrawn_at, row.withdrawn_by = now, viewer.account_id
    db.add(row)
    db.flush()
    return True


def _write(db: Session, viewer: Viewer, row: ReplyTemplate, title: str, text: str, now: datetime) -> Reply:
    version = ReplyVersion(
        template_id=row.id or 0, title=title, text=text, written_at=now, written_by=viewer.account_id
    )
    db.add(version)
    db.flush()
    return _reply(row, version)


def _replies(db: Session, *conditions: ColumnElement[bool]) -> list[Reply]:
    any_version = aliased(ReplyVersion)
    last = select(func.max(any_version.id)).where(any_version.template_id == ReplyTemplate.id).scalar_subquery()
    query = (
        select(ReplyTemplate, ReplyVersion)
        .join(ReplyVersion, col(ReplyVersion.id) == last)
        .where(*conditions)
        .order_by(ReplyTemplate.kind, ReplyTemplate.act, ReplyVersion.title, col(ReplyTemplate.id))
    )
    return [_reply(row, version) for row, version in db.exec(query)]


def _reply(row: ReplyTemplate, version: ReplyVersion) -> Reply:
    return Reply(
        row.id or 0,
        row.kind,
        row.act,
        version.title,
        version.text,
        version.id or 0,
        version.written_at,
        row.withdrawn_at,
    )
