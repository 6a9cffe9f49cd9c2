"""The lines of a call for contributions, from what each employee's months come to: pure arithmetic, no database.

Each line is people × months × unit price, so that anybody can check it. Regularisations name an employee only where an
act of the employer's explains them: what changed in a family is added up, and names nobody.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from portal.data.contribution_rules import Cause, Due, Gap
from portal.data.contributions import Structure
from portal.data.rules import add_months


class LineKind(StrEnum):
    """Values are stored."""

    HEADCOUNT = "effectif"
    REGULARISATION = "regularisation"


@dataclass(frozen=True, slots=True)
class LineDraft:
    """A line to be kept. `unit_cents`: a month's price for one person, or by how much it changed; `before_…`: what was
    called instead, None in a headcount and where nothing was; `category_id`: None where nothing is due any more."""

    kind: LineKind
    month: date
    months: int
    people: int
    category_id: int | None
    structure: Structure | None
    unit_cents: int
    unit_employer_cents: int
    before_category_id: int | None = None
    before_structure: Structure | None = None
    cause: Cause | None = None
    employee_id: int | None = None
    event_id: int | None = None

    @property
    def amount_cents(self) -> int:
        return self.people * self.months * self.unit_cents

    @property
    def employer_cents(self) -> int:
        return self.people * self.months * self.unit_employer_cents


class Explained(NamedTuple):
    """A gap and its cause; the employee and the event, where an act explains it."""

    gap: Gap
    cause: Cause
    employee_id: int | None
    event_id: int | None


class _Run(NamedTuple):
    month: date
    months: int
    people: int


def headcount_lines(counted: Counter[tuple[date, Due]]) -> list[LineDraft]:
    """The lines of a period. `counted`: how many people each month comes to each thing for."""
    by_due: dict[Due, dict[date, int]] = defaultdict(dict)
    for (month, due), people in counted.items():
        by_due[due][month] = people
    return [
        LineDraft(
            LineKind.HEADCOUNT,
            run.month,
            run.months,
            run.people,
            due.category_id,
            due.structure,
            due.month_cents,
            due.employer_cents,
        )
        for due, people in sorted(by_due.items())
        for run in _runs(people)
    ]


def regularisation_lines(explained: Iterable[Explained]) -> list[LineDraft]:
    """The lines that set right what was called before; months that change alike make one line."""
    counted: dict[tuple[object, ...], Counter[date]] = defaultdict(Counter)
    first: dict[tuple[object, ...], Explained] = {}
    for each in explained:
        if each.gap.cents or each.gap.employer_cents:
            key = (each.cause, each.employee_id, each.event_id, each.gap.before, each.gap.after)
            first.setdefault(key, each)
            counted[key][each.gap.month] += 1
    lines = [_regularisation(first[key], run) for key, months in counted.items() for run in _runs(months)]
    return sorted(lines, key=lambda line: (line.month, line.employee_id or 0, line.event_id or 0))


def _regularisation(each: Explained, run: _Run) -> LineDraft:
    before, after = each.gap.before, each.gap.after
    return LineDraft(
        LineKind.REGULARISATION,
        run.month,
        run.months,
        run.people,
        after.category_id if after else None,
        after.structure if after else None,
        each.gap.cents,
        each.gap.employer_cents,
        before.category_id if before else None,
        before.structure if before else None,
        each.cause,
        each.employee_id,
        each.event_id,
    )


def _runs(people: dict[date, int]) -> Iterator[_Run]:
    """Months in a row with as many people, the first one first."""
    run: _Run | None = None
    for month in sorted(people):
        if run and run.people == people[month] and add_months(run.month, run.months) == month:
            run = run._replace(months=run.months + 1)
            continue
        if run:
            yield run
        run = _Run(month, 1, people[month])
    if run:
        yield run
