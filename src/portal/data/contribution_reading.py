"""What the employer reads of its calls for contributions: where each stands, and what two periods differ by (R-32)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from portal.data.contribution_balance import CallState, Owed, Paid, Settlement, settle, state_of
from portal.data.contribution_calls import ContributionCall, ContributionLine, all_calls, lines_of, payments_of
from portal.data.contribution_disputes import open_disputes
from portal.data.contribution_lines import LineKind
from portal.data.employees import Employee, EmployeeEvent
from portal.data.sessions import Viewer
from portal.data.staff_categories import group_contracts, staff_categories
from portal.data.waiting import Waiting


@dataclass(frozen=True, slots=True)
class Standing:
    """A call, what was paid of it, and its state on a day."""

    call: ContributionCall
    settlement: Settlement
    state: CallState


@dataclass(frozen=True, slots=True)
class Account:
    """All of a company's calls. `balance_cents`: what is owed in all; negative when the company is owed."""

    standings: dict[int, Standing]
    balance_cents: int

    @property
    def next_due(self) -> Standing | None:
        """The unpaid call that is due first, or None."""
        left = [each for each in self.standings.values() if each.settlement.left_cents]
        return min(left, key=lambda each: (each.call.due_on, each.call.id or 0), default=None)


@dataclass(frozen=True, slots=True)
class Compared:
    """People of a category and structure at a price, in two periods; what more people, and another price, change."""

    category_id: int | None
    structure: str | None
    people: tuple[int, int]
    unit_cents: tuple[int, int]
    amount_cents: tuple[int, int]

    @property
    def delta_cents(self) -> int:
        return self.amount_cents[1] - self.amount_cents[0]

    @property
    def price_effect_cents(self) -> int:
        """What another price changes, for as many people as in the second period; nothing where one is missing."""
        return self.delta_cents - self.people_effect_cents

    @property
    def people_effect_cents(self) -> int:
        """What more people, or fewer, change at the first period's price."""
        if not self.unit_cents[0] or not self.unit_cents[1]:
            return self.delta_cents
        return (self.people[1] - self.people[0]) * self.unit_cents[0]


def account_of(db: Session, viewer: Viewer, day: date) -> Account:
    """Where each call of the viewer's company stands on a day."""
    contract_ids = [contract.id or 0 for contract in group_contracts(db, viewer)]
    calls, payments = all_calls(db, contract_ids), payments_of(db, contract_ids)
    disputes = open_disputes(db, [call.id or 0 for call in calls])
    standings: dict[int, Standing] = {}
    for contract_id in contract_ids:
        own = [call for call in calls if call.group_contract_id == contract_id]
        paid = [Paid(each.amount_cents, each.call_id) for each in payments if each.group_contract_id == contract_id]
        settled = settle([Owed(call.id or 0, call.amount_cents) for call in own], paid)
        for call in own:
            settlement = settled[call.id or 0]
            state = state_of(settlement, call.due_on, day, is_disputed=call.id in disputes)
            standings[call.id or 0] = Standing(call, settlement, state)
    balance = sum(call.amount_cents for call in calls) - sum(each.amount_cents for each in payments)
    return Account(standings, balance)


def late_calls(db: Session, viewer: Viewer, day: date) -> Waiting | None:
    """Calls of the viewer's company of which something is left after the due day; a contested one stays due."""
    standings = account_of(db, viewer, day).standings.values()
    late = [each for each in standings if each.settlement.left_cents and each.call.due_on < day]
    if not late:
        return None
    first = min(late, key=lambda each: (each.call.due_on, each.call.id or 0)).call
    return Waiting(len(late), first.due_on, sum(each.settlement.left_cents for each in late), first.id)


def category_labels(db: Session, viewer: Viewer) -> dict[int, str]:
    """The labels of the company's categories, by id."""
    return {category.id or 0: category.label for category in staff_categories(db, viewer)}


def employees_named(db: Session, viewer: Viewer, lines: Iterable[ContributionLine]) -> dict[int, Employee]:
    """The employees whom lines name, by id; the viewer's own company's alone."""
    ids = {line.employee_id for line in lines if line.employee_id is not None}
    query = select(Employee).where(col(Employee.id).in_(ids), Employee.company_id == viewer.company_id)
    return {employee.id or 0: employee for employee in db.exec(query)}


def events_named(db: Session, lines: Iterable[ContributionLine]) -> dict[int, EmployeeEvent]:
    """The events that explain lines whose call the caller has reached, by id."""
    ids = {line.event_id for line in lines if line.event_id is not None}
    return {event.id or 0: event for event in db.exec(select(EmployeeEvent).where(col(EmployeeEvent.id).in_(ids)))}


def compare_calls(db: Session, first: ContributionCall, second: ContributionCall) -> list[Compared]:
    """What two calls' headcounts differ by, row by row; the caller has reached both."""
    sums = [_by_structure(lines_of(db, call)) for call in (first, second)]
    keys = sorted({*sums[0], *sums[1]}, key=lambda key: (key[0] or 0, key[1] or ""))
    nothing = (0, 0, 0)
    pairs = ((key, sums[0].get(key, nothing), sums[1].get(key, nothing)) for key in keys)
    return [Compared(*key, (a[0], b[0]), (a[1], b[1]), (a[2], b[2])) for key, a, b in pairs]


def regularised_cents(db: Session, call: ContributionCall) -> int:
    """What a call's regularisations come to."""
    return sum(line.amount_cents for line in lines_of(db, call) if line.kind == LineKind.REGULARISATION)


def _by_structure(
    lines: Sequence[ContributionLine],
) -> dict[tuple[int | None, str | None], tuple[int, int, int]]:
    """People × months, the last unit price and the amount, by category and structure."""
    found: dict[tuple[int | None, str | None], tuple[int, int, int]] = {}
    for line in lines:
        if line.kind == LineKind.HEADCOUNT:
            people, _, cents = found.get((line.category_id, line.structure), (0, 0, 0))
            key = line.category_id, line.structure
            found[key] = (people + line.people * line.months, line.unit_cents, cents + line.amount_cents)
    return found
