"""Any sequence of acts on an employee: cover always makes sense, and taking back all of it leaves nothing behind."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from portal.data import affiliating, departing
from portal.data.coverage import Beneficiary, Contract
from portal.data.departures import departure_of
from portal.data.employee_acts import Acting, Refused, undo_event
from portal.data.employees import Employee, EmployeeEvent, PeriodKind, absences_of, events_of, periods_of
from portal.data.leaving_rules import LeavingReason
from tests.support import factories, staff

FIRST = date(2026, 4, 1)
ONE_DAY = timedelta(days=1)
DAYS = st.integers(0, 300).map(lambda days: FIRST + timedelta(days=days))

pytestmark = pytest.mark.engines("sqlite")

Act = Callable[[Session, Acting, Employee], object]


def category(db: Session, employee: Employee, code: str):
    rows = select(affiliating.StaffCategory).where(
        affiliating.StaffCategory.group_contract_id == employee.group_contract_id,
        affiliating.StaffCategory.code == code,
    )
    return db.exec(rows).one()


def moved(code: str, day: date) -> Act:
    return lambda db, acting, who: affiliating.change_category(db, acting, who, category(db, who, code), day)


def left(day: date, reason: LeavingReason) -> Act:
    return lambda db, acting, who: departing.let_go(db, acting, who, day, reason)


def absent(day: date, length: int | None, *, keeps: bool) -> Act:
    until = None if length is None else day + timedelta(days=length)
    return lambda db, acting, who: departing.grant_leave(db, acting, who, day, until, keeps_cover=keeps)


def back(day: date) -> Act:
    return lambda db, acting, who: departing.end_leave(db, acting, who, day)


def exempted(day: date) -> Act:
    return lambda db, acting, who: affiliating.exempt(db, acting, who, day, "css")


def affiliated(code: str, day: date) -> Act:
    return lambda db, acting, who: affiliating.affiliate_declared(db, acting, who, category(db, who, code), day)


CODES = st.sampled_from(["NONCADRES", "CADRES"])
ACTS = st.one_of(
    st.builds(moved, CODES, DAYS),
    st.builds(left, DAYS, st.sampled_from(LeavingReason)),
    st.builds(absent, DAYS, st.none() | st.integers(0, 90), keeps=st.booleans()),
    st.builds(back, DAYS),
    st.builds(exempted, DAYS),
    st.builds(affiliated, CODES, DAYS),
)


def covers(db: Session, employee: Employee) -> list[tuple[int, int, date, date | None]]:
    query = select(Beneficiary).join(Contract, col(Contract.id) == Beneficiary.contract_id)
    rows = db.exec(query.where(Contract.member_id == employee.person_id))
    return sorted((row.person_id, row.contract_id, row.valid_from, row.valid_to) for row in rows) if rows else []


def snapshot(db: Session, employee: Employee) -> object:
    contracts = db.exec(select(Contract).where(Contract.member_id == employee.person_id))
    return (
        sorted(map(str, covers(db, employee))),
        sorted((contract.number, str(contract.ends_on)) for contract in contracts),
        [(row.kind, row.category_id, row.starts_on, row.ends_on) for row in periods_of(db, employee)],
        [(row.starts_on, row.ends_on) for row in absences_of(db, employee)],
        employee.contract_id,
    )


def assert_sound(db: Session, employee: Employee) -> None:
    """Periods follow each other; nobody is covered twice on a day, nor outside an affiliation and its portability."""
    periods = periods_of(db, employee)
    assert all(one.ends_on is not None and one.ends_on < two.starts_on for one, two in pairwise(periods))
    by_person: dict[int, list[tuple[date, date]]] = {}
    for person_id, _, since, until in covers(db, employee):
        by_person.setdefault(person_id, []).append((since, until or date.max))
    for spans in by_person.values():
        assert all(one[1] < two[0] for one, two in pairwise(sorted(spans)))
        for since, _ in spans:
            assert _is_free(db, employee, since) or any(
                period.holds_on(since) and period.kind == PeriodKind.AFFILIATED for period in periods
            )


def _is_free(db: Session, employee: Employee, day: date) -> bool:
    """Whether portability holds that day: it gives back the cover that a leave had suspended."""
    departure = departure_of(db, employee)
    first = departure.portability_starts_on if departure else None
    return departure is not None and first is not None and first <= day <= (departure.portability_ends_on or day)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(ACTS, max_size=6))
@example([absent(FIRST + ONE_DAY, None, keeps=False), exempted(FIRST + ONE_DAY), back(FIRST + 2 * ONE_DAY)])
@example(
    [
        absent(FIRST, None, keeps=False),
        exempted(FIRST),
        affiliated("NONCADRES", FIRST + 2 * ONE_DAY),
        back(FIRST + ONE_DAY),
    ]
)
def test_any_sequence_of_acts_keeps_cover_sound_and_can_be_taken_back(database, keyring, acts: list[Act]) -> None:
    """R-30: « undo » is exact, whatever was done; an act that cannot be done changes nothing."""
    with database.write() as db:
        firm = staff.company(db)
        contract = staff.group_contract(db, firm)
        staff.category(db, contract, "CADRES")
        acting = staff.acting(keyring, staff.user(db, keyring, firm))
        started = {"hired_on": FIRST, "starts_on": FIRST}
        employee = staff.employee(db, acting, contract, staff.category(db, contract), **started)
        child = factories.person(db, "Lou", born=date(2015, 1, 1))
        factories.cover(db, db.get_one(Contract, employee.contract_id), child, valid_from=FIRST)
        states = [snapshot(db, employee)]
        for act in acts:
            try:
                act(db, acting, employee)
            except Refused:
                assert snapshot(db, employee) == states[-1]
            else:
                states.append(snapshot(db, employee))
                assert_sound(db, employee)
        take_all_back(db, acting, employee, states)
        db.rollback()


def take_all_back(db: Session, acting: Acting, employee: Employee, states: list[object]) -> None:
    later: list[EmployeeEvent] = events_of(db, employee)[:-1]
    assert len(later) == len(states) - 1
    for event, before in zip(later, reversed(states[:-1]), strict=True):
        undo_event(db, acting, employee, event)
        assert snapshot(db, employee) == before
