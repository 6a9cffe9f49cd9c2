"""Measures in how many working days requests were answered of late, by kind and space. About nobody.

From the day of the sending to the day of the answer, in France: the decision, or the insurer's first words for a
message. The time that a person took to complete a request counts: what they lived through is told, not what flatters.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Any, NamedTuple

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from portal.data.answer_delays import EVERY_SPACE, MeasuredDelay, Period
from portal.data.case_states import DECISIONS, CaseKind, CaseState
from portal.data.cases import Case, CaseStep
from portal.data.office_days import office_days_between
from portal.formatting import day_in_france

# From how many days before now, to how many.
SPANS = {Period.MONTH: (30, 0), Period.MONTH_BEFORE: (60, 30), Period.QUARTER: (90, 0)}
LONGEST = timedelta(days=90)


class Answered(NamedTuple):
    """A request that was answered: when it was sent, and answered."""

    kind: str
    space: str
    sent_at: datetime
    answered_at: datetime


def measured(db: Session, now: datetime) -> list[MeasuredDelay]:
    """The delays of each kind in each space, and in all of them together, over each period that has answers."""
    groups: dict[tuple[str, str, Period], list[int]] = defaultdict(list)
    for each in answered_since(db, now - LONGEST):
        days = office_days_between(day_in_france(each.sent_at), day_in_france(each.answered_at))
        for period in _periods_of(now - each.answered_at):
            for space in (each.space, EVERY_SPACE):
                groups[each.kind, space, period].append(days)
    return [_row(*key, sorted(days), now) for key, days in groups.items()]


def renew_measures(db: Session, rows: Iterable[MeasuredDelay]) -> None:
    """Keeps what was measured in the place of what was kept before."""
    db.exec(delete(MeasuredDelay))
    db.add_all(rows)
    db.flush()


def answered_since(db: Session, since: datetime) -> list[Answered]:
    """The requests answered since then: decided, or a message's first answer."""
    decided = select(Case.kind, Case.space, Case.sent_at, Case.decided_at).where(
        Case.kind != CaseKind.MESSAGE, col(Case.state).in_(DECISIONS), col(Case.decided_at) >= since
    )
    return [Answered(*row) for query in (decided, _first_answers(since)) for row in db.exec(query) if row[2] and row[3]]


def within(days: Sequence[int], percent: int) -> int:
    """The fewest days within which at least that share of the answers came; `days` sorted, not empty."""
    return days[ceil(len(days) * percent / 100) - 1]


def _first_answers(since: datetime) -> Any:
    first = func.min(CaseStep.at, type_=col(CaseStep.at).type)
    return (
        select(Case.kind, Case.space, Case.sent_at, first)
        .join(CaseStep, col(CaseStep.case_id) == Case.id)
        .where(Case.kind == CaseKind.MESSAGE, CaseStep.state == CaseState.ANSWERED, Case.changed_at >= since)
        .group_by(col(Case.id), col(Case.kind), col(Case.space), col(Case.sent_at))
        .having(first >= since)
    )


def _periods_of(age: timedelta) -> list[Period]:
    return [period for period, (oldest, newest) in SPANS.items() if timedelta(newest) <= age <= timedelta(oldest)]


def _row(kind: str, space: str, period: Period, days: Sequence[int], now: datetime) -> MeasuredDelay:
    return MeasuredDelay(
        kind=kind,
        space=space,
        period=period,
        count=len(days),
        half_days=within(days, 50),
        most_days=within(days, 80),
        nearly_all_days=within(days, 90),
        measured_at=now,
    )
