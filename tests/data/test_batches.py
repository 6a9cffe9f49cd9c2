"""Many acts in one transaction: the same rows as one by one, read and written together (R-30)."""

from datetime import date

import pytest
from sqlalchemy import event
from sqlmodel import select

from portal.data.batches import added, batched, forget, read_ahead, rows_of
from portal.data.coverage import Beneficiary, Contract, Relationship
from portal.data.employees import Employee, EmploymentPeriod
from portal.data.persons import Person
from tests.support import factories, staff

SINCE = date(2026, 6, 1)


@pytest.fixture
def employed(db, keyring) -> Employee:
    staff.figures(db)
    company = staff.company(db)
    contract = staff.group_contract(db, company)
    who = staff.acting(keyring, staff.user(db, keyring, company))
    return staff.employee(db, who, contract, staff.category(db, contract), matricule="1")


def statements(db) -> list[str]:
    """The statements from here on."""
    said: list[str] = []
    event.listen(db.get_bind(), "before_cursor_execute", lambda *told: said.append(told[2]))
    return said


def test_rows_are_written_after_those_they_refer_to_whatever_their_order_r_30(db, employed) -> None:
    product = factories.product(db)
    with batched(db):
        person = added(db, Person(reference="P-1", last_name="Essai", first_name="Paule", birth_date=SINCE))
        values = {"number": "C-1", "kind": "collectif-obligatoire", "member_number": "1", "regime": "general"}
        contract = added(db, Contract(member_id=person.id, product_id=product.id, starts_on=SINCE, **values))
        cover = {"relationship": Relationship.MEMBER, "valid_from": SINCE}
        row = added(db, Beneficiary(contract_id=contract.id, person_id=person.id, **cover))
        assert None not in {person.id, contract.id, row.id}
    assert db.exec(select(Beneficiary.contract_id).where(Beneficiary.id == row.id)).one() == contract.id


def test_numbers_given_ahead_are_nobody_elses_r_30(db, employed) -> None:
    def period(day: int) -> EmploymentPeriod:
        return EmploymentPeriod(employee_id=employed.id, category_id=1, kind="affilie", starts_on=date(2027, 1, day))

    category = db.exec(select(EmploymentPeriod.category_id)).one()
    made = []
    for first in (1, 3):
        with batched(db):
            made += [added(db, EmploymentPeriod(**period(day).model_dump(exclude={"id", "category_id"}),
                                                category_id=category)) for day in (first, first + 1)]  # fmt: skip
        alone = period(first + 10)
        alone.category_id = category
        made.append(added(db, alone))
    assert len({each.id for each in made}) == 6


def test_question_sees_what_waits_to_be_written_r_30(db, employed) -> None:
    category = db.exec(select(EmploymentPeriod.category_id)).one()
    with batched(db):
        read_ahead(db, EmploymentPeriod, "employee_id", [employed.id], lock=False)
        new = EmploymentPeriod(
            employee_id=employed.id, category_id=category, kind="affilie", starts_on=date(2027, 1, 1)
        )
        added(db, new)
        found = rows_of(db, EmploymentPeriod, employee_id=employed.id)
    assert [each.starts_on for each in found] == [SINCE, date(2027, 1, 1)]


def test_answer_read_ahead_asks_nothing_until_its_row_changes_r_30(db, employed) -> None:
    key = {"group_contract_id": employed.group_contract_id}
    with batched(db):
        read_ahead(db, Employee, "matricule", ["1", "2"], lock=False, **key)
        said = statements(db)
        assert rows_of(db, Employee, matricule="1", **key) == [employed]
        assert rows_of(db, Employee, matricule="2", **key) == []
        assert said == []
        employed.matricule = "2"
        forget(db, employed)
        assert rows_of(db, Employee, matricule="2", **key) == [employed]
        assert said


def test_answer_read_without_a_lock_locks_nobody_and_is_asked_anew_r_30(db, employed) -> None:
    with batched(db):
        read_ahead(db, Employee, "id", [employed.id], lock=False)
        said = statements(db)
        assert rows_of(db, Employee, lock=True, id=employed.id) == [employed]
        assert said


def test_batch_that_fails_writes_nothing_and_leaves_the_session_as_it_was_r_30(db, employed) -> None:
    category = db.exec(select(EmploymentPeriod.category_id)).one()
    new = EmploymentPeriod(employee_id=employed.id, category_id=category, kind="affilie", starts_on=date(2027, 1, 1))
    with pytest.raises(ZeroDivisionError):
        _add_and_fail(db, new)
    assert len(rows_of(db, EmploymentPeriod, employee_id=employed.id)) == 1


def _add_and_fail(db, row) -> None:
    with batched(db):
        added(db, row)
        raise ZeroDivisionError
