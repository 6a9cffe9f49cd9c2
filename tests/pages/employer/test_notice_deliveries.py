"""Proof that the notice was given to each employee (loi Évin, article 12): recorded, read, taken back (R-32, R-51)."""

from datetime import date, timedelta

import pytest
from sqlalchemy import text

from portal.data.employees import Employee
from portal.data.organisations import Company
from portal.formatting import today
from portal.pages.employer.contract import KIND
from portal.pages.employer.contract_category import VERSION
from portal.pages.employer.notice_deliveries import NOTHING_DONE
from tests.support import factories, staff
from tests.support.entry import ask, enter, send
from tests.support.evidence_rows import done

SENT = {"jour": today().isoformat(), "moyen": "main", "qui": "tous", "geste": "remettre"}


@pytest.fixture
def notice(client, firm):
    """Two employees of a category, the notice of one version of its guarantees, and where its list is."""
    keyring = client.services.keyring
    with client.services.database.write() as db:
        product = db.get_one(type(factories.product(db)), firm.category.product_id)
        version = factories.guarantees(db, product, factories.rule(), valid_from=date(2019, 1, 1))
    names = keyring.conceal(KIND, [firm.category.id])[0], keyring.conceal(VERSION, [version.id])[0]
    firm.list = "/employeur/contrat/categories/{}/notices/{}/remise".format(*names)
    firm.first, firm.second = firm.hire("Un", "Ana"), firm.hire("=Deux", "Bo")
    return firm


def given(client) -> list[tuple]:
    with client.services.database.read() as db:
        rows = db.execute(text("SELECT employee_id, given_on, means FROM notice_delivery ORDER BY employee_id"))
        return [(row[0], str(row[1]), row[2]) for row in rows]


def test_clerk_records_for_everybody_once_and_the_second_time_changes_nothing_r32(client, notice) -> None:
    assert send(client, notice.list, SENT, form_at=notice.list).status_code == 303
    told = [(each.id, today().isoformat(), "main") for each in (notice.first, notice.second)]
    assert given(client) == told
    again = send(client, notice.list, SENT | {"moyen": "email"}, form_at=notice.list)
    assert (again.status_code, NOTHING_DONE in again.text) == (422, True)
    assert given(client) == told
    assert done(client, "notice.given") == 1


def test_clerk_records_for_one_then_takes_it_back_r51(client, notice) -> None:
    one = {"salarie": notice.name("employee", notice.second)}
    assert send(client, notice.list, SENT | one | {"qui": "choisis"}, form_at=notice.list).status_code == 303
    assert [row[0] for row in given(client)] == [notice.second.id]
    assert "À remettre" in client.get(notice.list).text
    assert send(client, notice.list, one | {"geste": "effacer"}, form_at=notice.list).status_code == 303
    assert given(client) == []
    assert done(client, "notice.taken-back") == 1
    assert send(client, notice.list, one | {"geste": "effacer"}, form_at=notice.list).status_code == 422


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"jour": ""}, "jour"),
        ({"jour": "31/02/2026"}, "jour"),
        ({"jour": (today() + timedelta(days=1)).isoformat()}, "jour"),
        ({"jour": "0001-01-01"}, "jour"),
        ({"moyen": "pigeon"}, "moyen"),
        ({"qui": ""}, "qui"),
        ({"qui": "choisis"}, "qui"),
        ({"geste": "effacer"}, "qui"),
    ],
)
def test_form_badly_filled_is_explained_and_keeps_what_was_ticked_r32(client, notice, wrong, field) -> None:
    answer = send(client, notice.list, SENT | wrong, form_at=notice.list)
    assert (answer.status_code, f'id="{field}-erreur"' in answer.text) == (422, True)
    assert given(client) == []


def test_ticks_beside_everybody_prove_nothing_until_it_is_clear_r32(client, notice) -> None:
    """Proof that somebody was given the notice is never made up from a choice that was left as it was."""
    one = {"salarie": notice.name("employee", notice.second)}
    answer = send(client, notice.list, SENT | one, form_at=notice.list)
    assert (answer.status_code, 'id="qui-erreur"' in answer.text) == (422, True)
    assert given(client) == []


def test_employee_of_another_company_or_category_is_passed_over_r72(client, notice) -> None:
    with client.services.database.write() as db:
        company = db.get_one(Company, notice.other.company_id)
        contract = staff.group_contract(db, company)
        doing = staff.acting(client.services.keyring, notice.other)
        foreign = staff.employee(db, doing, contract, staff.category(db, contract))
        assert db.get_one(Employee, foreign.id).company_id != notice.company.id
    one = {"salarie": notice.name("employee", foreign), "qui": "choisis"}
    assert send(client, notice.list, SENT | one, form_at=notice.list).status_code == 422
    assert send(client, notice.list, SENT | {"salarie": "x", "qui": "choisis"}, form_at=notice.list).status_code == 404
    assert given(client) == []


def test_reader_sees_the_list_and_changes_nothing_r72(client, notice) -> None:
    enter(client, notice.reader)
    assert client.get(notice.list).css("form[action$=remise]") == []
    assert send(client, notice.list, SENT, form_at="/employeur").status_code == 403
    assert given(client) == []


def test_list_as_csv_holds_names_as_texts_and_the_day_r32(client, notice) -> None:
    one = {"salarie": notice.name("employee", notice.second), "qui": "choisis"}
    send(client, notice.list, SENT | one, form_at=notice.list)
    lines = ask(client, f"{notice.list}/csv").text.splitlines()
    assert lines[2].startswith("'=Deux Bo;")
    assert lines[2].endswith(f"{today():%d/%m/%Y};En main propre")
    assert lines[1].endswith(";;")


def test_long_list_is_read_page_by_page_and_recorded_whole_r32(client, notice) -> None:
    for number in range(50):
        notice.hire(f"Nom{number}")
    page = client.get(notice.list)
    assert len(page.css("tbody tr")) == 50
    following = client.get(page.one("#suite a").attributes["href"])
    assert len(following.css("tbody tr")) == 2
    client.submit('form[action*="/remise"]', jour="", qui="choisis", geste="remettre")
    assert client.answer.status_code == 422
    assert len(client.page.css("tbody tr")) == 2, "what was wrong is corrected on the page it was on"
    send(client, notice.list, SENT, form_at=notice.list)
    assert len(given(client)) == 52
