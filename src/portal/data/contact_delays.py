"""In how many working days the insurer answers practices: as measured of late, or as the insurer states (R-41)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import func
from sqlmodel import Session, col, select

from portal.data.accounts import Space
from portal.data.cases import Case, CaseKind, CaseState, CaseStep
from portal.data.figures import parameters_on
from portal.data.office_days import office_day_after, office_days_between
from portal.formatting import day_in_france, end_of_day_in_france

MEASURED_OVER = timedelta(days=30)
# Below this many answers a median says more about one question than about the desk.
FEWEST_ANSWERS = 5
STATED = "delai_reponse_professionnel_jours"


@dataclass(frozen=True, slots=True)
class AnswerDelay:
    """Working days until an answer: the median of `count` answers of the last 30 days, or stated when `count` is 0."""

    days: int
    count: int

    @property
    def is_measured(self) -> bool:
        return self.count > 0


def answer_delay(db: Session, now: datetime) -> AnswerDelay | None:
    """What to expect of a question sent now; None when nothing was measured, nor stated. About nobody."""
    days = [office_days_between(day_in_france(sent), day_in_france(answered)) for sent, answered in _answered(db, now)]
    if len(days) >= FEWEST_ANSWERS:
        return AnswerDelay(max(round(median(days)), 1), len(days))
    stated = parameters_on(db, day_in_france(now)).get(STATED)
    return AnswerDelay(stated[1], 0) if stated else None


def answer_due(db: Session, now: datetime) -> datetime | None:
    """By when a question sent now should be answered: the end of that day in France."""
    delay = answer_delay(db, now)
    return end_of_day_in_france(office_day_after(day_in_france(now), delay.days)) if delay else None


def _answered(db: Session, now: datetime) -> list[tuple[datetime, datetime]]:
    """When practices' questions were sent, and first answered, of those first answered of late."""
    first = func.min(CaseStep.at, type_=col(CaseStep.at).type)
    query = (
        select(Case.sent_at, first)
        .join(CaseStep, col(CaseStep.case_id) == Case.id)
        .where(Case.kind == CaseKind.MESSAGE, Case.space == Space.PROVIDER, CaseStep.state == CaseState.ANSWERED)
        .group_by(col(Case.id), col(Case.sent_at))
        .having(first >= now - MEASURED_OVER)
    )
    return [(sent, answered) for sent, answered in db.exec(query) if sent]
