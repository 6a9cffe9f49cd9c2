"""What an employer does about an employee, and what follows for the cover of the employee and of the family (R-30)."""

from datetime import date

import pytest
from sqlmodel import Session, col, select

from portal.data import affiliating, departing
from portal.data.contributions import Structure
from portal.data.coverage import Beneficiary, Contract, Relationship
from portal.data.departures import departure_of
from portal.data.employee_acts import Acting, Refused, undo_event
from portal.data.employee_entry import correct_entry
from portal.data.employee_history import undo_last, undoable
from portal.data.employees import Employee, EmployeeEvent, EventKind, PeriodKind, events_of, find_employee, periods_of
from portal.data.leaving_rules import LeavingReason, portability_of
from portal.data.persons import Person
from portal.data.reversal import ChangedSince
from portal.data.staff_categories import price_of, rate_on
from tests.support import factories, staff


def valid_nir(born: date = date(1990, 4, 12), serial: int = 345) -> str:
    number = f"1{born:%y%m}99001{serial:03d}"
    return f"{number}{97 - int(number) % 97:02d}"


@pytest.fixture
def db(database):
    with database.write() as session:
        yield session


@pytest.fixture
def firm(db: Session, keyring):
    class Firm:
        company = staff.company(db)
        contract = staff.group_contract(db, company)
        category = staff.category(db, contract)
        managers = staff.category(db, contract, "CADRES")
        acting = staff.acting(keyring, staff.user(db, keyring, company))

        def hire(self, **values) -> Employee:
            return staff.employee(db, self.acting, self.contract, self.category, **values)

    return Firm()


def covers(db: Session, employee: Employee) -> list[tuple[int, date, date | None]]:
    query = select(Beneficiary).join(Contract, col(Contract.id) == Beneficiary.contract_id)
    rows = db.exec(query.where(Contract.member_id == employee.person_id).order_by(col(Beneficiary.id)))
    return [(row.person_id, row.valid_from, row.valid_to) for row in rows]


def test_domain_example_is_priced_to_the_cent(db, firm) -> None:
    """R-32: 42 alone at 1,20 % and 18 families at 3,05 % of 4 005 € make 4 217,22 € a month."""
    prices = [
        price_of(rate_on(db, firm.category.id, structure, staff.TODAY), 400_500)
        for structure in (Structure.SINGLE, Structure.FAMILY)
    ]
    assert [price.month_cents for price in prices] == [4806, 12215]
    assert 42 * prices[0].month_cents + 18 * prices[1].month_cents == 421_722


def test_affiliated_employee_is_covered_from_the_first_day(db, firm) -> None:
    employee = firm.hire(nir=valid_nir(), matricule="0042")
    assert covers(db, employee) == [(employee.person_id, date(2026, 6, 1), None)]
    assert [event.kind for event in events_of(db, employee)] == [EventKind.AFFILIATED]


def test_somebody_the_insurer_knows_keeps_the_insurers_identity(db, firm, keyring) -> None:
    """What an employer declares never overwrites what the insurer knows."""
    known = factories.person(db, "Pauline", born=date(1990, 4, 12), last_name="Essai")
    known.nir_lookup, known.email = keyring.lookup(valid_nir()), "pauline@exemple.example"
    db.flush()
    employee = firm.hire(nir=valid_nir(), first_name="Paule", email="autre@exemple.example")
    assert employee.person_id == known.id
    assert (known.first_name, known.email) == ("Pauline", "pauline@exemple.example")
    assert employee.is_identity_doubtful is False


def test_nir_of_somebody_else_makes_a_new_person_for_the_desk_to_look_into(db, firm, keyring) -> None:
    known = factories.person(db, "Zora", born=date(1985, 1, 1), last_name="Autre")
    known.nir_lookup = keyring.lookup(valid_nir())
    db.flush()
    employee = firm.hire(nir=valid_nir())
    assert employee.person_id != known.id
    assert employee.is_identity_doubtful is True
    assert db.get_one(Person, employee.person_id).nir_lookup is None


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"starts_on": date(2026, 3, 14), "hired_on": date(2026, 3, 1)}, "too-early"),
        ({"starts_on": date(2027, 6, 16)}, "too-late"),
        ({"starts_on": date(2026, 6, 1), "hired_on": date(2026, 6, 2)}, "hired-later"),
        ({"birth_date": date(2026, 6, 1)}, "born-later"),
    ],
)
def test_impossible_day_is_refused_with_its_reason(firm, values, code) -> None:
    with pytest.raises(Refused) as refusal:
        firm.hire(**values)
    assert refusal.value.code == code


def test_same_person_is_not_affiliated_twice(firm) -> None:
    firm.hire(nir=valid_nir())
    with pytest.raises(Refused, match="already-there"):
        firm.hire(nir=valid_nir())


def test_number_of_the_company_names_one_employee(firm) -> None:
    firm.hire(matricule="7", nir=valid_nir())
    with pytest.raises(Refused, match="matricule-taken"):
        firm.hire(matricule="7", nir=valid_nir(serial=346))


def test_employee_of_another_company_does_not_exist(db, firm, keyring) -> None:
    other = staff.company(db)
    stranger = staff.viewer(staff.user(db, keyring, other))
    assert find_employee(db, stranger, firm.hire().id) is None


def test_dismissed_employee_keeps_cover_for_as_long_as_employed(db, firm) -> None:
    """L911-8: six months begun give six months; the family goes with the employee."""
    employee = firm.hire(hired_on=date(2026, 1, 5), starts_on=date(2026, 4, 1))
    child = factories.person(db, "Lou", born=date(2015, 1, 1))
    factories.cover(db, db.get_one(Contract, employee.contract_id), child, valid_from=date(2026, 4, 1))
    departure, _ = departing.let_go(db, firm.acting, employee, date(2026, 6, 10), LeavingReason.DISMISSAL)
    assert (departure.contract_months, departure.portability_months) == (6, 6)
    assert departure.portability_ends_on == date(2026, 12, 10)
    assert {until for _, _, until in covers(db, employee)} == {date(2026, 12, 10)}


@pytest.mark.parametrize("reason", [LeavingReason.RESIGNATION, LeavingReason.GROSS_MISCONDUCT])
def test_cover_of_whoever_has_no_portability_ends_with_the_employment(db, firm, reason) -> None:
    employee = firm.hire()
    departing.let_go(db, firm.acting, employee, date(2026, 6, 10), reason)
    assert covers(db, employee)[0][2] == date(2026, 6, 10)


def test_reinstated_employee_is_covered_as_before(db, firm) -> None:
    employee = firm.hire()
    before = covers(db, employee)
    departing.let_go(db, firm.acting, employee, date(2026, 6, 10), LeavingReason.RESIGNATION)
    departing.reinstate(db, firm.acting, employee)
    assert covers(db, employee) == before
    assert departure_of(db, employee) is None


def test_correction_after_a_departure_leaves_it_reinstatable_r30(db, firm) -> None:
    employee = firm.hire()
    before = covers(db, employee)
    departing.let_go(db, firm.acting, employee, date(2026, 6, 10), LeavingReason.RESIGNATION)
    affiliating.correct(db, firm.acting, employee, email="paule@exemple.example")
    assert departing.may_reinstate(db, employee)
    departing.reinstate(db, firm.acting, employee)
    assert (covers(db, employee), employee.email) == (before, "paule@exemple.example")


def test_whoever_was_hired_again_has_no_departure_to_take_back_r30(db, firm) -> None:
    employee = firm.hire(nir=valid_nir())
    departing.let_go(db, firm.acting, employee, date(2026, 6, 10), LeavingReason.RESIGNATION)
    firm.hire(nir=valid_nir(), hired_on=date(2026, 6, 15), starts_on=date(2026, 6, 15))
    assert not departing.may_reinstate(db, employee)
    with pytest.raises(Refused, match="not-left"):
        departing.reinstate(db, firm.acting, employee)


def test_number_given_later_is_no_act_that_is_taken_back_r30(db, firm) -> None:
    """A number stays once given: undoing goes on with the act before, and does not say that it took the number back."""
    employee = firm.hire()
    correct_entry(db, firm.acting, employee, valid_nir(), email="paule@exemple.example")
    undo_last(db, firm.acting, employee, undoable(db, employee, staff.NOW).id)
    told = [(event.kind, event.undone_at is None) for event in events_of(db, employee)]
    corrected = EventKind.CORRECTED
    assert told == [(corrected, True), (corrected, False), (EventKind.AFFILIATED, True)]
    assert (employee.email, employee.nir_lookup is None) == ("", False)


def test_whoever_was_hired_again_is_corrected_like_anybody_r30(db, firm) -> None:
    employee = firm.hire(nir=valid_nir())
    departing.let_go(db, firm.acting, employee, date(2026, 6, 10), LeavingReason.RESIGNATION)
    firm.hire(nir=valid_nir(), hired_on=date(2026, 6, 15), starts_on=date(2026, 6, 20))
    assert correct_entry(db, firm.acting, employee, "", first_name="Paula", hired_on=date(2026, 6, 18)) is not None
    with pytest.raises(Refused, match="hired-later"):
        correct_entry(db, firm.acting, employee, "", hired_on=date(2026, 6, 21))


def test_correction_keeps_birth_before_hiring_r30(db, firm) -> None:
    employee = firm.hire()
    with pytest.raises(Refused, match="born-later"):
        correct_entry(db, firm.acting, employee, "", birth_date=date(2012, 1, 1), hired_on=date(1999, 1, 1))


def test_whoever_is_hired_again_during_portability_is_covered_once_r30(db, firm) -> None:
    employee = firm.hire(nir=valid_nir())
    child = with_child(db, employee)
    departing.let_go(db, firm.acting, employee, date(2026, 6, 10), LeavingReason.DISMISSAL)
    before = covers(db, employee)
    firm.hire(nir=valid_nir(), hired_on=date(2026, 6, 20), starts_on=date(2026, 6, 20))
    assert covers(db, employee) == [
        (employee.person_id, date(2026, 6, 1), date(2026, 6, 19)),
        (child, date(2026, 6, 1), date(2026, 7, 10)),
        (employee.person_id, date(2026, 6, 20), None),
    ]
    undo_event(db, firm.acting, employee, events_of(db, employee)[0])
    assert covers(db, employee) == before


@pytest.mark.parametrize(
    ("hired", "left", "months", "until"),
    [
        (date(2026, 1, 5), date(2026, 1, 30), 1, date(2026, 2, 28)),
        (date(2026, 1, 31), date(2026, 2, 28), 2, date(2026, 4, 30)),
        (date(2024, 2, 29), date(2025, 2, 28), 12, date(2026, 2, 28)),
        (date(2026, 1, 31), date(2026, 3, 1), 2, date(2026, 5, 1)),
        (date(2026, 3, 10), date(2026, 3, 10), 1, date(2026, 4, 10)),
    ],
)
def test_portability_at_the_end_of_a_month_lasts_whole_months_l911_8(hired, left, months, until) -> None:
    right = portability_of(LeavingReason.DISMISSAL, hired, left, staff.FIGURES)
    assert (right.months, right.ends_on) == (months, until)


def test_category_of_another_contract_is_refused_as_such_r30(db, firm) -> None:
    other = staff.category(db, staff.group_contract(db, firm.company), "OUVRIERS")
    with pytest.raises(Refused, match="other-contract"):
        affiliating.change_category(db, firm.acting, firm.hire(), other, date(2026, 7, 1))


def test_change_of_category_moves_the_family_to_the_new_guarantees(db, firm) -> None:
    employee = firm.hire()
    child = factories.person(db, "Lou", born=date(2015, 1, 1))
    factories.cover(db, db.get_one(Contract, employee.contract_id), child, valid_from=date(2026, 6, 1))
    affiliating.change_category(db, firm.acting, employee, firm.managers, date(2026, 7, 1))
    rows = covers(db, employee)
    assert [(since, until) for _, since, until in rows] == [
        (date(2026, 6, 1), date(2026, 6, 30)),
        (date(2026, 6, 1), date(2026, 6, 30)),
        (date(2026, 7, 1), None),
        (date(2026, 7, 1), None),
    ]
    assert db.get_one(Contract, employee.contract_id).product_id == firm.managers.product_id


def test_unpaid_leave_without_cover_stops_it_and_takes_it_up_again(db, firm) -> None:
    employee = firm.hire()
    departing.grant_leave(db, firm.acting, employee, date(2026, 7, 1), date(2026, 8, 31), keeps_cover=False)
    assert [row[1:] for row in covers(db, employee)] == [
        (date(2026, 6, 1), date(2026, 6, 30)),
        (date(2026, 9, 1), None),
    ]


def test_unpaid_leave_without_an_end_ends_with_the_return(db, firm) -> None:
    employee = firm.hire()
    departing.grant_leave(db, firm.acting, employee, date(2026, 7, 1), None, keeps_cover=False)
    departing.end_leave(db, firm.acting, employee, date(2026, 9, 1))
    assert covers(db, employee)[-1][1:] == (date(2026, 9, 1), None)


def with_child(db: Session, employee: Employee, **values) -> int:
    child = factories.person(db, "Lou", born=date(2015, 1, 1))
    contract = db.get_one(Contract, employee.contract_id)
    factories.cover(db, contract, child, **({"valid_from": employee.hired_on} | values))
    return child.id


@pytest.mark.parametrize("until", [None, date(2026, 8, 31)])
def test_change_of_category_during_a_leave_covers_nobody_before_the_return_r30(db, firm, until) -> None:
    employee = firm.hire()
    child = with_child(db, employee)
    departing.grant_leave(db, firm.acting, employee, date(2026, 7, 1), until, keeps_cover=False)
    affiliating.change_category(db, firm.acting, employee, firm.managers, date(2026, 8, 1))
    if until is None:
        departing.end_leave(db, firm.acting, employee, date(2026, 9, 1))
    begun = [row for row in covers(db, employee) if row[1] > date(2026, 6, 1)]
    assert begun == [(employee.person_id, date(2026, 9, 1), None), (child, date(2026, 9, 1), None)]


def test_return_from_leave_gives_each_cover_its_own_end_back_r30(db, firm) -> None:
    """Who was covered until October stays so; who was no longer covered is not; who was to be, is."""
    employee = firm.hire()
    until_october = with_child(db, employee, valid_to=date(2026, 10, 31))
    gone = with_child(db, employee, valid_to=date(2026, 6, 30))
    coming = with_child(db, employee, valid_from=date(2026, 7, 15))
    departing.grant_leave(db, firm.acting, employee, date(2026, 7, 1), None, keeps_cover=False)
    departing.end_leave(db, firm.acting, employee, date(2026, 9, 1))
    resumed = {person: until for person, since, until in covers(db, employee) if since == date(2026, 9, 1)}
    assert resumed == {employee.person_id: None, until_october: date(2026, 10, 31), coming: None}
    assert gone not in resumed


@pytest.mark.parametrize("until", [None, date(2026, 8, 31)])
def test_whoever_is_dismissed_during_a_leave_gets_the_cover_that_is_told_l911_8(db, firm, until) -> None:
    employee = firm.hire(hired_on=date(2026, 1, 1), starts_on=date(2026, 4, 1))
    departing.grant_leave(db, firm.acting, employee, date(2026, 5, 1), until, keeps_cover=False)
    departure, event = departing.let_go(db, firm.acting, employee, date(2026, 6, 10), LeavingReason.DISMISSAL)
    assert covers(db, employee)[-1][1:] == (date(2026, 6, 11), departure.portability_ends_on)
    undo_event(db, firm.acting, employee, event)
    assert covers(db, employee)[-1][1:] == (
        (date(2026, 9, 1), None) if until else (date(2026, 4, 1), date(2026, 4, 30))
    )


@pytest.mark.parametrize("until", [None, date(2026, 8, 31)])
def test_return_sooner_than_said_takes_cover_up_again_that_day_r30(db, firm, until) -> None:
    employee = firm.hire()
    child = with_child(db, employee, valid_to=date(2026, 8, 20))
    departing.grant_leave(db, firm.acting, employee, date(2026, 7, 1), until, keeps_cover=False)
    departing.end_leave(db, firm.acting, employee, date(2026, 8, 1))
    begun = [row for row in covers(db, employee) if row[1] > date(2026, 6, 1)]
    expected = {(employee.person_id, date(2026, 8, 1), None), (child, date(2026, 8, 1), date(2026, 8, 20))}
    assert set(begun) == expected


@pytest.mark.parametrize(
    ("until", "day", "is_refused"),
    [
        (None, date(2026, 7, 1), True),
        (date(2026, 7, 31), date(2026, 6, 20), True),
        (date(2026, 7, 31), date(2026, 7, 31), True),
        (date(2026, 7, 31), date(2026, 8, 1), False),
    ],
)
def test_exempt_employee_is_not_affiliated_during_a_leave_without_cover_r30(db, firm, until, day, is_refused) -> None:
    """The leave stopped no cover, so nothing would suspend the one that begins."""
    employee = firm.hire()
    affiliating.exempt(db, firm.acting, employee, date(2026, 6, 10), "css")
    departing.grant_leave(db, firm.acting, employee, date(2026, 7, 1), until, keeps_cover=False)
    if not is_refused:
        affiliating.affiliate_declared(db, firm.acting, employee, firm.category, day)
        assert covers(db, employee)[-1][1] == day
        return
    with pytest.raises(Refused) as refused:
        affiliating.affiliate_declared(db, firm.acting, employee, firm.category, day)
    assert refused.value.code == "absent-uncovered"


@pytest.mark.parametrize(
    ("day", "code"),
    [
        (date(2025, 9, 1), "too-early"),
        (date(2999, 9, 1), "too-late"),
        (date(2026, 7, 1), "not-absent"),
        (date(2026, 9, 1), "not-absent"),
    ],
)
def test_impossible_day_of_return_is_refused_r30(db, firm, day, code) -> None:
    employee = firm.hire()
    departing.grant_leave(db, firm.acting, employee, date(2026, 7, 1), date(2026, 8, 31), keeps_cover=False)
    with pytest.raises(Refused, match=code):
        departing.end_leave(db, firm.acting, employee, day)


@pytest.mark.parametrize("act", ["leave", "category", "absence", "exempt"])
def test_each_act_taken_back_leaves_no_trace_in_the_cover(db, firm, act) -> None:
    employee = firm.hire()
    before, periods = covers(db, employee), [each.model_dump() for each in periods_of(db, employee)]
    acts = {
        "leave": lambda: departing.let_go(db, firm.acting, employee, date(2026, 6, 10), LeavingReason.DISMISSAL)[1],
        "category": lambda: affiliating.change_category(db, firm.acting, employee, firm.managers, date(2026, 7, 1)),
        "absence": lambda: departing.grant_leave(
            db, firm.acting, employee, date(2026, 7, 1), date(2026, 7, 31), keeps_cover=False
        ),
        "exempt": lambda: affiliating.exempt(db, firm.acting, employee, date(2026, 7, 1), "css"),
    }
    event = acts[act]()
    assert covers(db, employee) != before
    undo_event(db, firm.acting, employee, event)
    assert covers(db, employee) == before
    assert [each.model_dump() for each in periods_of(db, employee)] == periods


def test_affiliation_taken_back_leaves_neither_cover_nor_person(db, firm) -> None:
    employee = firm.hire(nir=valid_nir(), matricule="9")
    person_id = employee.person_id
    undo_event(db, firm.acting, employee, events_of(db, employee)[0])
    assert db.get(Person, person_id) is None
    assert periods_of(db, employee) == []
    assert firm.hire(nir=valid_nir(), matricule="9").id == employee.id


def test_affiliation_is_not_taken_back_once_the_employee_has_an_account(db, firm, keyring) -> None:
    employee = firm.hire(nir=valid_nir())
    factories.member_account(db, keyring, db.get_one(Person, employee.person_id))
    with pytest.raises(ChangedSince):
        undo_event(db, firm.acting, employee, events_of(db, employee)[0])
    db.rollback()


def test_reinstatement_is_not_taken_back(db, firm) -> None:
    """The departure that it took back is cancelled: letters may have told of that."""
    employee = firm.hire()
    departing.let_go(db, firm.acting, employee, date(2026, 6, 10), LeavingReason.RESIGNATION)
    event = departing.reinstate(db, firm.acting, employee)
    with pytest.raises(Refused, match="final"):
        undo_event(db, firm.acting, employee, event)


def test_act_is_not_taken_back_over_a_later_one(db, firm) -> None:
    employee = firm.hire()
    (first,) = events_of(db, employee)
    departing.let_go(db, firm.acting, employee, date(2026, 6, 10), LeavingReason.RESIGNATION)
    with pytest.raises(Refused, match="not-last"):
        undo_event(db, firm.acting, employee, first)


def test_act_is_not_taken_back_over_what_the_insurer_changed_since(db, firm) -> None:
    employee = firm.hire()
    _, event = departing.let_go(db, firm.acting, employee, date(2026, 6, 10), LeavingReason.RESIGNATION)
    contract = db.get_one(Contract, employee.contract_id)
    contract.ends_on = date(2026, 6, 30)
    db.flush()
    with pytest.raises(ChangedSince):
        undo_event(db, firm.acting, employee, event)


def test_exemption_that_ends_affiliates_from_that_day(db, firm) -> None:
    who = staff.new_employee()
    employee, _ = affiliating.declare(db, firm.acting, firm.contract, firm.category, who, PeriodKind.EXEMPT)
    assert covers(db, employee) == []
    affiliating.affiliate_declared(db, firm.acting, employee, firm.category, date(2026, 7, 1))
    assert covers(db, employee) == [(employee.person_id, date(2026, 7, 1), None)]
    assert [each.kind for each in periods_of(db, employee)] == [PeriodKind.EXEMPT, PeriodKind.AFFILIATED]


def test_whoever_left_and_returns_is_the_same_employee(db, firm) -> None:
    employee = firm.hire(nir=valid_nir())
    departing.let_go(db, firm.acting, employee, date(2026, 6, 10), LeavingReason.RESIGNATION)
    again = firm.hire(nir=valid_nir(), hired_on=date(2026, 6, 15), starts_on=date(2026, 6, 15))
    assert again.id == employee.id
    assert len(periods_of(db, again)) == 2
    assert all(event.by for event in db.exec(select(EmployeeEvent)))
    assert Relationship.MEMBER in {row.relationship for row in db.exec(select(Beneficiary))}
    assert isinstance(firm.acting, Acting)
