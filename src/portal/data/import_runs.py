"""What became of each file that the insurer loaded: kept whether it was committed or not. About nobody's data."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Text, func
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.columns import Index, instant


class RunState(StrEnum):
    """RUNNING: at work, or killed at it. STRICT: nothing was kept since a row was rejected. UNREADABLE: the file as a
    whole could not be imported. FAILED: the portal's own fault."""

    RUNNING = "en-cours"
    DONE = "termine"
    DRY_RUN = "essai"
    STRICT = "refuse"
    UNREADABLE = "illisible"
    FAILED = "echec"


class ImportRun(SQLModel, table=True):
    """One file: `made_by` is the operator's name on the server. `reason`: why it failed, in French for an unreadable
    file, else the class of the error. `sha256` is empty for a file that could not be read to its end."""

    __tablename__ = "import_run"
    __table_args__ = (Index("ix_import_run_kind", "kind", "state", "ended_at"),)

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    file_name: str
    made_by: str = ""
    state: str = RunState.RUNNING
    begun_at: datetime = instant()
    ended_at: datetime | None = instant(default=None)
    sha256: str = ""
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    merged: int = 0
    ignored: int = 0
    older: int = 0
    reason: str = Field(default="", sa_type=Text)


LISTED = 50


def begin_run(db: Session, kind: str, file_name: str, made_by: str, now: datetime) -> int:
    """The number of a new report, at work."""
    run = ImportRun(kind=kind, file_name=file_name, made_by=made_by, begun_at=now)
    db.add(run)
    db.flush()
    return run.id or 0


def end_run(
    db: Session, run_id: int, state: RunState, now: datetime, counts: Mapping[str, int], sha256: str, reason: str = ""
) -> None:
    """What became of it. `counts`: by the columns' names."""
    run = db.get_one(ImportRun, run_id)
    run.state, run.ended_at, run.sha256, run.reason = state, now, sha256, reason
    for name, count in counts.items():
        setattr(run, name, count)
    db.flush()


def last_runs(db: Session, most: int = LISTED) -> list[ImportRun]:
    """The newest reports."""
    return list(db.exec(select(ImportRun).order_by(col(ImportRun.id).desc()).limit(most)))


def last_successes(db: Session) -> dict[str, datetime]:
    """When a file of each kind was last committed (UTC)."""
    done = select(ImportRun.kind, func.max(ImportRun.ended_at)).where(ImportRun.state == RunState.DONE)
    return dict(db.exec(done.group_by(ImportRun.kind)).all())
