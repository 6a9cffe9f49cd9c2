"""What was forgotten, when and how much (R-71): each run of the schedule, rule by rule. Numbers alone.

No viewer: supervisors read it; a run is the worker's, or an operator's at the server.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.columns import Index, instant


class RetentionRun(SQLModel, table=True):
    """One application of the schedule, whose table had this SHA-256. Without `ended_at` it is at work, or died."""

    __tablename__ = "retention_run"

    id: int | None = Field(default=None, primary_key=True)
    started_at: datetime = instant()
    ended_at: datetime | None = instant(default=None)
    schedule: str


class RetentionResult(SQLModel, table=True):
    """How many rows a rule forgot in a run; `has_failed` when it was stopped by a failure, to go on in the next run."""

    __tablename__ = "retention_result"
    __table_args__ = (Index("ix_retention_result_run", "run_id", "code", unique=True),)

    id: int | None = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="retention_run.id")
    code: str
    rows: int = 0
    has_failed: bool = False


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run with what each rule forgot, those that forgot nothing left out."""

    run: RetentionRun
    results: tuple[RetentionResult, ...]

    @property
    def rows(self) -> int:
        return sum(result.rows for result in self.results)

    @property
    def has_failed(self) -> bool:
        return any(result.has_failed for result in self.results)


def begin_run(db: Session, schedule: str, now: datetime) -> int:
    """Notes that the schedule begins to be applied; the run's number."""
    run = RetentionRun(started_at=now, schedule=schedule)
    db.add(run)
    db.flush()
    return run.id or 0


def add_result(db: Session, run_id: int, code: str, rows: int, *, has_failed: bool = False) -> None:
    """Adds rows to what a rule forgot in a run, in the transaction that forgets them."""
    one = (col(RetentionResult.run_id) == run_id, col(RetentionResult.code) == code)
    found = db.exec(select(RetentionResult).where(*one).with_for_update()).first()
    found = found or RetentionResult(run_id=run_id, code=code)
    found.rows += rows
    found.has_failed = found.has_failed or has_failed
    db.add(found)
    db.flush()


def end_run(db: Session, run_id: int, now: datetime) -> None:
    """Notes that a run came to its end."""
    db.exec(update(RetentionRun).where(col(RetentionRun.id) == run_id).values(ended_at=now))


def last_runs(db: Session, most: int) -> list[PastRun]:
    """The newest runs."""
    runs = db.exec(select(RetentionRun).order_by(col(RetentionRun.id).desc()).limit(most)).all()
    return [PastRun(run, _results(db, run)) for run in runs]


def _results(db: Session, run: RetentionRun) -> tuple[RetentionResult, ...]:
    query = select(RetentionResult).where(RetentionResult.run_id == run.id).order_by(col(RetentionResult.id))
    return tuple(db.exec(query))
