"""The headcount over time: what was called, set right by regularisations, and today's (R-02, R-32)."""

from datetime import UTC, date, datetime

import pytest

from portal.data.affiliating import change_category
from portal.data.contribution_issuing import issue_call
from portal.data.contribution_rules import Period, last_day_of
from portal.data.contributions import Structure
from portal.data.coverage import Contract, Relationship
from portal.data.departing import grant_leave, let_go
from portal.data.headcount import MONTHS, Group, Headcount, headcounts
from portal.data.leaving_rules import LeavingReason
from portal.data.rules import add_months
from portal.headcount_chart import OTHERS, TONES, chart_of
from tests.support import factories, staff

DAY = date(2026, 8, 20)
MAY, JUNE, JULY = (date(2026, month, 1) for month in (5, 6, 7))


@pytest.fixture
def firm(db, keyring):
    class Firm:
        pass

    made = Firm()
    staff.figures(db)
    made.company = staff.company(db)
    made.contract = staff.group_contract(db, made.company)
    made.category, made.managers = staff.category(db, made.contract), staff.category(db, made.contract, "CADRES")
    made.clerk = staff.user(db, keyring, made.company)
    made.viewer = staff.viewer(made.clerk)

    def acting(day: date):
        return staff.acting(keyring, made.clerk, datetime(day.year, day.month, day.day, 9, tzinfo=UTC))

    def hire(name: str, day: date, declared: date | None = None):
        who, born = acting(declared or day), {"hired_on": day, "starts_on": day}
        return staff.employee(db, who, made.contract, made.category, last_name=name, **born)

    def call(month: date):
        issued = add_months(month, 1)
        at = datetime(issued.year, issued.month, 2, 9, tzinfo=UTC)
        return issue_call(db, made.contract.id, Period(month, last_day_of(month)), at)

    made.acting, made.hire, made.call = acting, hire, call
    return made


def totals(db, firm, day: date = DAY) -> list[tuple[date, int]]:
    return [(each.month, each.total) for each in headcounts(db, firm.viewer, day)]


def test_company_without_calls_has_today_alone(db, firm) -> None:
    assert headcounts(db, firm.viewer, DAY) == [Headcount(date(2026, 8, 1), is_today=True)]
    firm.hire("Essai", JULY)
    (only,) = headcounts(db, firm.viewer, DAY)
    assert only.people == {Group(firm.category.id, Structure.SINGLE): 1}


def test_late_declaration_sets_right_the_month_that_was_called(db, firm) -> None:
    """The call of July regularises June: June counts two, as if both had been known."""
    firm.hire("Premier", MAY)
    firm.call(MAY)
    firm.call(JUNE)
    assert totals(db, firm)[:2] == [(MAY, 1), (JUNE, 1)]
    firm.hire("Tard", JUNE, declared=date(2026, 7, 9))
    firm.call(JULY)
    assert totals(db, firm) == [(MAY, 1), (JUNE, 2), (JULY, 2), (date(2026, 8, 1), 2)]


def test_change_of_category_and_departure_move_between_groups(db, firm) -> None:
    first, second = firm.hire("Premier", MAY), firm.hire("Second", MAY)
    for month in (MAY, JUNE):
        firm.call(month)
    change_category(db, firm.acting(date(2026, 7, 3)), first, firm.managers, JUNE)
    let_go(db, firm.acting(date(2026, 7, 3)), second, date(2026, 5, 31), LeavingReason.RESIGNATION)
    firm.call(JULY)
    told = {each.month: each for each in headcounts(db, firm.viewer, DAY)}
    assert [told[month].total for month in (MAY, JUNE, JULY)] == [2, 1, 1]
    assert told[JULY].by_category == {firm.managers.id: 1}
    assert told[date(2026, 8, 1)].by_category == {firm.managers.id: 1}


def test_family_makes_a_structure_and_an_absence_without_cover_leaves(db, firm) -> None:
    head, absent, covered = (firm.hire(name, JUNE) for name in ("Un", "Deux", "Trois"))
    contract = db.get(Contract, head.contract_id)
    for name in ("Ana", "Zoé"):
        factories.cover(db, contract, factories.person(db, name), Relationship.CHILD, valid_from=JULY)
    grant_leave(db, firm.acting(JULY), absent, JULY, None, keeps_cover=False)
    grant_leave(db, firm.acting(JULY), covered, JULY, None, keeps_cover=True)
    (now,) = headcounts(db, firm.viewer, DAY)
    assert now.by_structure == {Structure.FAMILY: 1, Structure.SINGLE: 1}


def test_another_company_and_months_too_old_are_not_counted(db, firm, keyring) -> None:
    firm.hire("Essai", MAY)
    firm.call(MAY)
    stranger = staff.viewer(staff.user(db, keyring, staff.company(db)))
    assert [each.total for each in headcounts(db, stranger, DAY)] == [0]
    at_the_end = add_months(MAY, MONTHS - 1)
    assert totals(db, firm, at_the_end)[0] == (MAY, 1)
    assert len(totals(db, firm, add_months(at_the_end, 1))) == 1


# --- the picture ---


def drawn(*counts: dict[str, int]):
    months = [Headcount(add_months(MAY, at)) for at in range(len(counts))]
    return chart_of(months, counts)


def test_columns_stack_from_the_bottom_and_add_up() -> None:
    chart = drawn({"Cadres": 1, "Autres catégories": 2}, {"Cadres": 4, "Autres catégories": 4})
    assert chart.top == 8
    last = [bar for bar in chart.bars if bar.x > 10]
    assert sum(bar.height for bar in last) == 100
    assert min(bar.y for bar in last) == 0
    assert {bar.y + bar.height for bar in chart.bars if bar.tone == "base"} == {100}


def test_months_that_were_not_called_leave_their_place_empty() -> None:
    months = [Headcount(MAY), Headcount(add_months(MAY, 3))]
    chart = chart_of(months, [{"A": 1}, {"A": 1}])
    assert [bar.x for bar in chart.bars] == [1, 31]
    assert chart.width == 40


def test_more_categories_than_tones_make_one_series_of_others() -> None:
    counts = {f"C{number}": 10 - number for number in range(7)}
    chart = drawn(counts)
    assert [each.label for each in chart.series] == ["C0", "C1", "C2", OTHERS]
    assert sum(each.today for each in chart.series) == sum(counts.values())
    assert [each.tone for each in chart.series] == list(TONES)


@pytest.mark.parametrize(("most", "top"), [(0, 2), (1, 2), (7, 8), (61, 62), (99, 100), (431, 440), (10_432, 12_000)])
def test_top_of_the_scale_has_an_easy_half(most, top) -> None:
    assert drawn({"A": most}).top == top


def test_category_called_others_is_drawn_as_itself() -> None:
    few = chart_of([Headcount(MAY, is_today=True)], [{"Cadres": 2, OTHERS: 5}])
    assert [(each.label, each.today) for each in few.series] == [(OTHERS, 5), ("Cadres", 2)]
    many = chart_of([Headcount(MAY, is_today=True)], [{OTHERS: 9, "A": 8, "B": 7, "C": 6, "D": 5}])
    assert [(each.label, each.today) for each in many.series] == [("A", 8), ("B", 7), ("C", 6), (OTHERS, 14)]


def test_change_of_category_to_come_leaves_todays_structure(db, firm) -> None:
    """Cover under the guarantees of today counts until the day of the change."""
    employee = firm.hire("Essai", JULY)
    child = factories.person(db, "Zoé")
    factories.cover(db, db.get_one(Contract, employee.contract_id), child, Relationship.CHILD, valid_from=JULY)
    change_category(db, firm.acting(DAY), employee, firm.managers, date(2026, 9, 1))
    today = headcounts(db, firm.viewer, DAY)[-1]
    assert today.people == {Group(firm.category.id, Structure.PAIR): 1}


def test_family_left_in_portability_does_not_count_with_whoever_is_hired_again(db, firm) -> None:
    """The family keeps the cover of before, under a contract of its own; no contribution is called for it."""
    values = {"nir": "290049900134517", "birth_date": date(1990, 4, 12)}
    who = firm.acting(JUNE)
    employee = staff.employee(db, who, firm.contract, firm.category, hired_on=MAY, starts_on=MAY, **values)
    contract = db.get(Contract, employee.contract_id)
    factories.cover(db, contract, factories.person(db, "Zoé"), Relationship.CHILD, valid_from=MAY)
    let_go(db, firm.acting(JULY), employee, JULY, LeavingReason.DISMISSAL)
    staff.employee(db, firm.acting(DAY), firm.contract, firm.category, hired_on=DAY, starts_on=DAY, **values)
    (now,) = headcounts(db, firm.viewer, DAY)
    assert now.people == {Group(firm.category.id, Structure.SINGLE): 1}
