"""When each periodic job ran last, and who runs it now: a lease, so that two servers never run one at once.

No viewer: jobs are the house's own, not a person's.
"""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, or_, text, update
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.columns import UtcDateTime, instant


class JobRun(SQLModel, table=True):
    """`due_at`: not before. `claimed_until`: somebody runs it, or died running it. `error`: the class of the error by
    which the last run failed; never its words, which may quote a person's."""

    __tablename__ = "job_run"

    name: str = Field(primary_key=True)
    due_at: datetime = instant()
    claimed_until: datetime | None = instant(default=None)
    claimed_by: str = ""
    last_run_at: datetime | None = instant(default=None)
    failed_at: datetime | None = instant(default=None)
    error: str = ""


_ADD = text(
    "INSERT INTO job_run (name, due_at, claimed_by) VALUES (:name, :now, '') ON CONFLICT DO NOTHING"
).bindparams(bindparam("now", type_=UtcDateTime))


def is_job_due(db: Session, name: str, now: datetime) -> bool:
    """Whether the job waits to be run: never run yet, or due, and held by nobody."""
    row = db.get(JobRun, name, populate_existing=True)
    return row is None or (row.due_at <= now and (row.claimed_until is None or row.claimed_until <= now))


def claim_job(db: Session, name: str, worker: str, lease: timedelta, now: datetime) -> bool:
    """Whether `worker` may run the job now; if so nobody else may, until the lease ends."""
    db.connection().execute(_ADD, {"name": name, "now": now})
    free = or_(col(JobRun.claimed_until).is_(None), col(JobRun.claimed_until) <= now)
    query = select(JobRun).where(JobRun.name == name, JobRun.due_at <= now, free)
    row = db.exec(query.with_for_update(skip_locked=True)).first()
    if row is None:
        return False
    row.claimed_by, row.claimed_until = worker, now + lease
    db.flush()
    return True


def finish_job(db: Session, name: str, worker: str, now: datetime, due_at: datetime, *, error: str = "") -> None:
    """Frees the job, to be run again at `due_at`; nothing if the lease was lost meanwhile. `error`: the class of the
    error by which it failed."""
    outcome = {"failed_at": now} if error else {"failed_at": None, "last_run_at": now}
    held = update(JobRun).where(JobRun.name == name, JobRun.claimed_by == worker)
    db.exec(held.values(claimed_until=None, claimed_by="", due_at=due_at, error=error, **outcome))


def ask_for_job(db: Session, name: str, now: datetime) -> None:
    """Makes the job due now, to be run by the worker as soon as it comes by."""
    db.connection().execute(_ADD, {"name": name, "now": now})
    db.exec(update(JobRun).where(JobRun.name == name, JobRun.due_at > now).values(due_at=now))


def job_runs(db: Session) -> dict[str, JobRun]:
    """What is known of each job that ran once."""
    return {row.name: row for row in db.exec(select(JobRun))}
