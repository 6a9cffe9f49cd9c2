"""The year's complaints as the supervisor of insurers asks for them: numbers by category, origin, contract; delays;
outcomes (ACPR recommendation 2022-R-01; R-26).

Years and days are those of France. Received: sent in the year. Closed: answered or withdrawn in it, whenever sent.
Open: sent before its end, and closed later, or not at all. Delays are those of what was acknowledged, or answered, in
the year. Nobody is named, and no text is read.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from statistics import median_low
from typing import Any, NamedTuple

from sqlalchemy import and_, or_
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from portal.data.accounts import Role
from portal.data.cases import Case, CaseState, CaseStep
from portal.data.complaint_rules import Clock, Outcome, clock_of, is_working_day
from portal.data.complaints import KIND, Complaint
from portal.data.coverage import Contract
from portal.data.sessions import Viewer
from portal.formatting import day_in_france, start_of_day_in_france

WITHOUT_ACCOUNT = "sans_compte"
NO_CONTRACT = "aucun"
_COUNTS = ("received", "closed", "open", "withdrawn", "mediated", "acknowledged_in_time", "answered_in_time")
_COLUMNS = columns(
    col(Complaint.category),
    col(Case.account_id),
    col(Case.space),
    col(Contract.kind),
    col(Case.sent_at),
    col(Complaint.acknowledged_at),
    col(Complaint.answered_at),
    col(CaseStep.at),
    col(Complaint.outcome),
    col(Complaint.mediator_on),
)


class Row(NamedTuple):
    """What counts of a complaint; days in France. `family`: the kind of the contract that it names."""

    category: str
    origin: str
    family: str
    sent_on: date
    acknowledged_on: date | None
    answered_on: date | None
    withdrawn_on: date | None
    outcome: str | None
    mediator_on: date | None

    @property
    def closed_on(self) -> date | None:
        return self.answered_on or self.withdrawn_on


@dataclass(slots=True)
class Tally:
    """Counts of complaints in a year. `acknowledged_days`: working days (Monday to Saturday) of each acknowledgment;
    `answered_days`: days of each answer. In time: as the law asks, within ten working days and two months."""

    received: int = 0
    closed: int = 0
    open: int = 0
    withdrawn: int = 0
    mediated: int = 0
    outcomes: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    acknowledged_days: list[int] = field(default_factory=list)
    acknowledged_in_time: int = 0
    answered_days: list[int] = field(default_factory=list)
    answered_in_time: int = 0

    @property
    def median_acknowledged(self) -> int | None:
        return median_low(self.acknowledged_days) if self.acknowledged_days else None

    @property
    def median_answered(self) -> int | None:
        return median_low(self.answered_days) if self.answered_days else None

    @property
    def acknowledged_share(self) -> int | None:
        """In percent, rounded down: a hundred is everything."""
        return 100 * self.acknowledged_in_time // len(self.acknowledged_days) if self.acknowledged_days else None

    @property
    def answered_share(self) -> int | None:
        """In percent, rounded down."""
        return 100 * self.answered_in_time // len(self.answered_days) if self.answered_days else None


@dataclass(frozen=True, slots=True)
class Report:
    """A year's complaints, all together and by what tells them apart."""

    year: int
    total: Tally
    by_category: Mapping[str, Tally]
    by_origin: Mapping[str, Tally]
    by_family: Mapping[str, Tally]


def report_of(db: Session, viewer: Viewer, year: int) -> Report:
    """The report of a civil year; `PermissionError` for anybody but a supervisor."""
    if viewer.role != Role.SUPERVISOR:
        raise PermissionError
    return report_from(rows_of(db, year), year)


def years_of(db: Session, viewer: Viewer, today: date) -> list[int]:
    """The years of which there is something to report, the newest first, the present one always."""
    if viewer.role != Role.SUPERVISOR:
        raise PermissionError
    first = db.exec(
        select(Case.sent_at).where(Case.kind == KIND.value, col(Case.sent_at).is_not(None)).order_by(col(Case.sent_at))
    ).first()
    return list(range(today.year, (day_in_france(first).year if first else today.year) - 1, -1))


def rows_of(db: Session, year: int) -> list[Row]:
    """What a year's report counts: what was sent before its end and not closed before it began, or mediated in it."""
    start, end = start_of_day_in_france(date(year, 1, 1)), start_of_day_in_france(date(year + 1, 1, 1))
    withdrawn = and_(col(CaseStep.case_id) == Case.id, CaseStep.state == CaseState.CANCELLED)
    counts = or_(
        and_(
            or_(col(Complaint.answered_at).is_(None), col(Complaint.answered_at) >= start),
            or_(col(CaseStep.at).is_(None), col(CaseStep.at) >= start),
        ),
        col(Complaint.mediator_on).between(date(year, 1, 1), date(year, 12, 31)),
    )
    query = (
        _COLUMNS.join_from(Case, Complaint, col(Complaint.case_id) == Case.id)
        .join(Contract, col(Contract.id) == Complaint.contract_id, isouter=True)
        .join(CaseStep, withdrawn, isouter=True)
        .where(Case.kind == KIND.value, col(Case.sent_at) < end, counts)
    )
    day = _days_in_france()
    return [_row(each, day) for each in db.connection().execute(query)]


def report_from(rows: Iterable[Row], year: int) -> Report:
    """The report of rows that count in a year, whatever other ones are among them."""
    apart: dict[tuple[str, ...], Tally] = defaultdict(Tally)
    for row in rows:
        _add(apart[row[:3]], row, year)
    by_category, by_origin, by_family = (_by(apart, at) for at in range(3))
    return Report(year, _sum(apart.values()), by_category, by_origin, by_family)


def _by(apart: Mapping[tuple[str, ...], Tally], at: int) -> dict[str, Tally]:
    keys = sorted({key[at] for key in apart})
    return {key: _sum(tally for each, tally in apart.items() if each[at] == key) for key in keys}


def _sum(parts: Iterable[Tally]) -> Tally:
    total = Tally()
    for part in parts:
        for name in _COUNTS:
            setattr(total, name, getattr(total, name) + getattr(part, name))
        for outcome, count in part.outcomes.items():
            total.outcomes[outcome] += count
        total.acknowledged_days += part.acknowledged_days
        total.answered_days += part.answered_days
    return total


def _row(each: Any, day: Callable[[datetime | None], date | None]) -> Row:
    category, account_id, space, family, sent, acknowledged, answered, withdrawn, outcome, mediator_on = each
    origin = space if account_id else WITHOUT_ACCOUNT
    days = (day(acknowledged), day(answered), day(withdrawn))
    return Row(category, origin, family or NO_CONTRACT, day(sent) or date.min, *days, outcome, mediator_on)


def _add(tally: Tally, row: Row, year: int) -> None:
    is_closed = row.closed_on is not None and row.closed_on.year <= year
    tally.received += row.sent_on.year == year
    tally.closed += row.closed_on is not None and row.closed_on.year == year
    tally.open += row.sent_on.year <= year and not is_closed
    tally.withdrawn += row.answered_on is None and row.withdrawn_on is not None and row.withdrawn_on.year == year
    tally.mediated += row.mediator_on is not None and row.mediator_on.year == year
    if row.acknowledged_on is not None and row.acknowledged_on.year == year:
        tally.acknowledged_days.append(_working_days(row.sent_on, row.acknowledged_on))
        tally.acknowledged_in_time += row.acknowledged_on <= _clock(row.sent_on).acknowledge_by
    if row.answered_on is not None and row.answered_on.year == year:
        tally.answered_days.append((row.answered_on - row.sent_on).days)
        tally.answered_in_time += row.answered_on <= _clock(row.sent_on).answer_by
        if row.outcome:
            tally.outcomes[Outcome(row.outcome)] += 1


@cache
def _clock(sent_on: date) -> Clock:
    return clock_of(sent_on)


@cache
def _working_days(start: date, end: date) -> int:
    return sum(is_working_day(date.fromordinal(day)) for day in range(start.toordinal() + 1, end.toordinal() + 1))


def _days_in_france() -> Callable[[datetime | None], date | None]:
    """Days of instants, each instant of many complaints turned once."""
    known: dict[datetime, date] = {}

    def day(at: datetime | None) -> date | None:
        if at is None:
            return None
        hour = at.replace(minute=0, second=0, microsecond=0)
        if hour not in known:
            known[hour] = day_in_france(hour)
        return known[hour]

    return day


def tallies(groups: Mapping[str, Tally]) -> Sequence[tuple[str, Tally]]:
    """The groups of a report, those with most complaints first."""
    return sorted(groups.items(), key=lambda each: (-each[1].received, -each[1].closed, each[0]))
