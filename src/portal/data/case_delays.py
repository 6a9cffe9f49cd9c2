"""How long the insurer takes to decide, as measured of late: told on each form. About nobody."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from sqlmodel import Session, col, select

from portal.data.cases import DECISIONS, Case, CaseKind

MEASURED_OVER = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Delay:
    """How long the insurer took of late: the median in days, over `count` decisions."""

    days: int
    count: int


def measured_delay(db: Session, kind: CaseKind, now: datetime) -> Delay | None:
    """How long decisions of the last 30 days took, from sending; None when none was taken. About nobody."""
    query = select(Case.sent_at, Case.decided_at).where(
        Case.kind == kind, col(Case.state).in_(DECISIONS), col(Case.decided_at) >= now - MEASURED_OVER
    )
    days = [(decided - sent).days for sent, decided in db.exec(query) if sent and decided]
    return Delay(round(median(days)), len(days)) if days else None
