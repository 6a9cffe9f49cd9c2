"""Calls for contributions reconcile with the staff, whatever becomes known later (R-32)."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from portal.data import affiliating, departing
from portal.data.contribution_calls import ContributionMonth, ContributionPayment, all_calls, find_call, lines_of
from portal.data.contribution_facts import lives_of, prices_of
from portal.data.contribution_issuing import issue_call, next_period
from portal.data.contribution_lines import LineKind
from portal.data.contribution_rules import Cause, Period, due_of, months_between, tax_within
from portal.data.coverage import Contract
from portal.data.employee_acts import Refused, undo_event
from portal.data.employees import Employee, events_of
from portal.data.leaving_rules import LeavingReason
from portal.data.reversal import ChangedSince
from tests.support import factories, staff

JUNE = Period(date(2026, 6, 1), date(2026, 6, 30))
JULY = Period(date(2026, 7, 1), date(2026, 7, 31))


def at(month: int, day: int = 2) -> datetime:
    return datetime(2026, month, day, 9, tzinfo=UTC)


class Firm:
    def __init__(self, db: Session, keyring) -> None:
        self.db, self.keyring = db, keyring
        staff.figures(db)
        self.company = staff.company(db)
        self.contract = staff.group_contract(db, self.company)
        self.category = staff.category(db, self.contract)
        self.managers = staff.category(db, self.contract, "CADRES")
        self.account = staff.user(db, keyring, self.company)
        self.viewer = staff.viewer(self.account)

    def acting(self, now: datetime = staff.NOW):
        return staff.acting(self.keyring, self.account, now)

    def hire(self, now: datetime = staff.NOW, **values) -> Employee:
        return staff.employee(self.db, self.acting(now), self.contract, self.category, **values)

    def add_child(self, employee: Employee, since: date) -> None:
        child = factories.person(self.db, "Lou", born=date(2015, 1, 1))
        factories.cover(self.db, self.db.get_one(Contract, employee.contract_id), child, valid_from=since)

    def call(self, period: Period, now: datetime):
        call = issue_call(self.db, self.contract.id, period, now)
        return call, [line for line in lines_of(self.db, call) if line.kind == LineKind.REGULARISATION]

    def truth(self, first: date, last: date) -> int:
        prices = prices_of(self.db, self.contract)
        dues = (
            due_of(life, month, prices)
            for lives in lives_of(self.db, self.contract)
            for life in lives
            for month in months_between(first, last)
        )
        return sum(due.month_cents for due in dues if due)


@pytest.fixture
def firm(database, keyring):
    with database.write() as db:
        yield Firm(db, keyring)


def test_domain_example_makes_a_call_of_4217_22_euros(firm) -> None:
    """R-32: 42 alone and 18 families."""
    for at_ in range(60):
        employee = firm.hire(first_name=f"P{at_}")
        if at_ < 18:
            firm.add_child(employee, date(2026, 6, 1))
            firm.add_child(employee, date(2026, 6, 1))
    call, _ = firm.call(JUNE, at(7))
    lines = [(line.people, line.months, line.unit_cents, line.amount_cents) for line in lines_of(firm.db, call)]
    assert lines == [(18, 1, 12215, 219870), (42, 1, 4806, 201852)]
    assert (call.amount_cents, call.due_cents, call.due_on) == (421_722, 421_722, date(2026, 7, 15))
    assert call.tax_cents == tax_within(421_722, 1327) == 49_406


def test_call_is_issued_once_whatever_runs_it_again(firm) -> None:
    """R-32"""
    firm.hire()
    firm.call(JUNE, at(7))
    assert issue_call(firm.db, firm.contract.id, JUNE, at(7)) is None
    assert len(all_calls(firm.db, [firm.contract.id])) == 1
    assert next_period(firm.db, firm.contract.id, date(2026, 7, 31)) is None
    assert next_period(firm.db, firm.contract.id, date(2026, 8, 1)) == JULY


def test_backdated_entry_is_regularised_and_names_its_event(firm) -> None:
    """R-32"""
    firm.hire()
    firm.call(JUNE, at(7))
    late = firm.hire(at(7, 20), first_name="Tard")
    call, (line,) = firm.call(JULY, at(8))
    assert (line.cause, line.employee_id, line.event_id) == (Cause.ACT, late.id, events_of(firm.db, late)[0].id)
    assert (line.people, line.months, line.amount_cents) == (1, 1, 4806)
    assert call.due_cents == 4806 + 2 * 4806 + 4806


def test_backdated_exit_gives_a_month_back_and_portability_is_free(firm) -> None:
    """R-32, L911-8"""
    employee = firm.hire(hired_on=date(2026, 5, 1), starts_on=date(2026, 5, 1))
    firm.call(JUNE, at(7))
    departing.let_go(firm.db, firm.acting(at(7, 10)), employee, date(2026, 5, 20), LeavingReason.DISMISSAL)
    call, (line,) = firm.call(JULY, at(8))
    assert (line.cause, line.amount_cents, call.amount_cents) == (Cause.ACT, -4806, -4806)
    assert call.due_cents == 0


def test_act_taken_back_after_its_call_explains_what_is_called_again(firm) -> None:
    """R-32"""
    employee = firm.hire(hired_on=date(2026, 5, 1), starts_on=date(2026, 5, 1))
    _, event = departing.let_go(firm.db, firm.acting(at(6, 3)), employee, date(2026, 5, 20), LeavingReason.RESIGNATION)
    firm.call(JUNE, at(7))
    undo_event(firm.db, firm.acting(at(7, 5)), employee, event)
    _, (line,) = firm.call(JULY, at(8))
    assert (line.cause, line.event_id, line.amount_cents) == (Cause.UNDONE, event.id, 4806)


def test_change_in_a_family_is_regularised_without_naming_anybody(firm) -> None:
    """R-32: the employer learns of a structure, and of nobody in the family."""
    employee = firm.hire()
    firm.call(JUNE, at(7))
    firm.add_child(employee, date(2026, 6, 1))
    _, (line,) = firm.call(JULY, at(8))
    assert (line.cause, line.employee_id, line.event_id) == (Cause.FAMILY, None, None)
    assert line.amount_cents == 9131 - 4806


def test_month_wholly_within_leave_without_cover_is_not_due(firm) -> None:
    """R-32"""
    employee = firm.hire(hired_on=date(2026, 5, 1), starts_on=date(2026, 5, 1))
    departing.grant_leave(firm.db, firm.acting(), employee, date(2026, 6, 1), date(2026, 7, 15), keeps_cover=False)
    assert firm.call(JUNE, at(7))[0].amount_cents == 0
    assert firm.call(JULY, at(8))[0].amount_cents == 4806


def test_payments_received_are_shown_once_and_the_balance_follows(firm) -> None:
    """R-32"""
    firm.hire()
    first, _ = firm.call(JUNE, at(7))
    firm.db.add(
        ContributionPayment(
            group_contract_id=firm.contract.id,
            reference="P1",
            received_on=date(2026, 7, 15),
            amount_cents=4000,
            method="virement",
            call_id=first.id,
        )
    )
    firm.db.flush()
    second, _ = firm.call(JULY, at(8))
    assert (second.previous_cents, second.received_cents, second.due_cents) == (4806, 4000, 806 + 4806)


def test_call_of_another_company_does_not_exist(firm) -> None:
    """R-32"""
    firm.hire()
    call, _ = firm.call(JUNE, at(7))
    stranger = staff.viewer(staff.user(firm.db, firm.keyring, staff.company(firm.db)))
    assert find_call(firm.db, stranger, call.id) is None
    assert find_call(firm.db, firm.viewer, call.id) == call


ACTS = ("hire", "leave", "category", "absence", "undo", "child", "exempt")


def _act(firm: Firm, what: str, who: int, now: datetime, day: date) -> None:
    staffed = list(firm.db.exec(select(Employee).where(Employee.company_id == firm.company.id).order_by(Employee.id)))
    employee, acting = staffed[who % len(staffed)], firm.acting(now)
    if what == "hire":
        firm.hire(now, first_name=f"N{len(staffed)}", hired_on=day, starts_on=day)
    elif what == "leave":
        departing.let_go(firm.db, acting, employee, day, LeavingReason.RESIGNATION)
    elif what == "category":
        affiliating.change_category(firm.db, acting, employee, firm.managers, day)
    elif what == "absence":
        departing.grant_leave(firm.db, acting, employee, day, None, keeps_cover=False)
    elif what == "undo":
        undo_event(firm.db, acting, employee, next(e for e in events_of(firm.db, employee) if e.undone_at is None))
    elif what == "exempt":
        affiliating.exempt(firm.db, acting, employee, day, "css")
    elif employee.contract_id:
        firm.add_child(employee, day)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 5), st.integers(0, 85), st.integers(3, 27)), max_size=12)
)
def test_all_calls_together_come_to_what_the_months_come_to_in_the_end(database, keyring, acts) -> None:
    """R-32: whatever is done, and taken back, however late."""
    with database.write() as db:
        firm = Firm.__new__(Firm)
        if db.exec(select(Employee.id)).first() is None:
            staff.figures(db)
        firm.db, firm.keyring, firm.company = db, keyring, staff.company(db)
        firm.contract = staff.group_contract(db, firm.company)
        firm.category = staff.category(db, firm.contract)
        firm.managers = staff.category(db, firm.contract, "CADRES")
        firm.account = staff.user(db, keyring, firm.company)
        for name in ("Ana", "Bob", "Cléo"):
            firm.hire(first_name=name)
        issue_call(db, firm.contract.id, Period(date(2026, 5, 1), date(2026, 5, 31)), at(6))
        for month in range(6, 10):
            for what, who, back, on in acts[month - 6 :: 4]:
                now = at(month, on)
                day = date.fromordinal(now.date().toordinal() - back)
                try:
                    with db.begin_nested():
                        _act(firm, what, who, now, day)
                except (Refused, ChangedSince, StopIteration, IntegrityError):
                    db.expire_all()
            issue_call(db, firm.contract.id, next_period(db, firm.contract.id, date(2026, month + 1, 1)), at(month + 1))
        calls = all_calls(db, [firm.contract.id])
        assert sum(call.amount_cents for call in calls) == firm.truth(date(2026, 5, 1), date(2026, 9, 30))
        for call in calls:
            assert call.amount_cents == sum(line.amount_cents for line in lines_of(db, call))
        assert db.exec(select(ContributionMonth.id)).first() is not None
