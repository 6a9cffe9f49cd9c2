"""What the database knows of the portal's own work, for those who operate it: counts and instants, about nobody.

Each count is answered from an index alone: with 50 000 open cases and a million rows of evidence all of them together
take a few milliseconds (benchmarks/operations.py).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, text
from sqlmodel import Session, col, select

from portal.data.backup_runs import last_backup
from portal.data.cases import ENDS, WITH_INSURER, Case, CaseState
from portal.data.chain_passes import ChainState, chain_state
from portal.data.employee_imports import AT_WORK, EmployeeImport
from portal.data.evidence import head
from portal.data.import_runs import last_successes
from portal.data.job_runs import JobRun
from portal.data.outbox import refused_count, waiting_since
from portal.data.rights_freezes import RightsFreeze
from portal.data.sessions import SignedSession

# As long as the longest a session may be idle.
IN_USE = timedelta(minutes=20)
LATE_AFTER = timedelta(minutes=10)
_OPEN_CASES = [state for state in CaseState if state not in ENDS | {CaseState.DRAFT, CaseState.CLOSED}]


@dataclass(frozen=True, slots=True)
class Queue:
    """How many wait, and since when the one that has waited for longest (UTC)."""

    waiting: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Figures:
    """`open_cases`: by kind and state; `late_cases`: by kind, past the day when the insurer owes an answer. `failed`,
    `late`: jobs whose last run failed, that are due for long. `imported`: by kind, when a file was last committed."""

    queues: dict[str, Queue]
    failed: int
    late: int
    open_cases: dict[tuple[str, str], int]
    late_cases: dict[str, int]
    refused_letters: int
    imported: dict[str, datetime]
    evidence_rows: int
    chain: ChainState
    open_sessions: int
    frozen: int
    backup_at: datetime | None


def operation_figures(db: Session, now: datetime) -> Figures:
    """All of them, now."""
    backup = last_backup(db)
    return Figures(
        queues={"mail": Queue(*waiting_since(db)), "jobs": _due_jobs(db, now), "imports": _files_at_work(db)},
        failed=_count(db, select(func.count()).where(col(JobRun.failed_at).is_not(None))),
        late=_count(db, select(func.count()).where(*_due(now - LATE_AFTER, now))),
        open_cases=_open_cases(db),
        late_cases=_late_cases(db, now),
        refused_letters=refused_count(db),
        imported=last_successes(db),
        evidence_rows=head(db).seq,
        chain=chain_state(db),
        open_sessions=_open_sessions(db, now),
        frozen=_count(db, select(func.count()).where(col(RightsFreeze.lifted_at).is_(None))),
        backup_at=backup.made_at if backup else None,
    )


def database_bytes(db: Session) -> int:
    """How large the database is on its disk."""
    if db.get_bind().dialect.name == "postgresql":
        return int(db.connection().execute(text("SELECT pg_database_size(current_database())")).scalar_one())
    pages, size = (db.connection().execute(text(f)).scalar_one() for f in ("PRAGMA page_count", "PRAGMA page_size"))
    return int(pages) * int(size)


def _due(before: datetime, now: datetime) -> tuple[Any, ...]:
    free = or_(col(JobRun.claimed_until).is_(None), col(JobRun.claimed_until) <= now)
    return (JobRun.due_at <= before, free)


def _due_jobs(db: Session, now: datetime) -> Queue:
    return Queue(*db.exec(select(func.count(), func.min(JobRun.due_at)).where(*_due(now, now))).one())


def _files_at_work(db: Session) -> Queue:
    waiting = select(func.count(), func.min(EmployeeImport.sent_at)).where(col(EmployeeImport.state).in_(AT_WORK))
    return Queue(*db.exec(waiting).one())


def _open_cases(db: Session) -> dict[tuple[str, str], int]:
    counted = select(Case.kind, Case.state, func.count()).where(col(Case.state).in_(_OPEN_CASES))
    return {(kind, state): count for kind, state, count in db.exec(counted.group_by(Case.state, Case.kind))}


def _late_cases(db: Session, now: datetime) -> dict[str, int]:
    late = select(Case.kind, func.count()).where(col(Case.state).in_(WITH_INSURER), col(Case.due_at) < now)
    return dict(db.exec(late.group_by(Case.kind)).all())


def _open_sessions(db: Session, now: datetime) -> int:
    return _count(
        db,
        select(func.count())
        .select_from(SignedSession)
        .where(col(SignedSession.ended_at).is_(None), SignedSession.seen_at > now - IN_USE),
    )


def _count(db: Session, query: object) -> int:
    return int(db.exec(query).one())
