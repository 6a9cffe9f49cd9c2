"""Files of employees by the pages: checked, applied once, taken back, refused in words (R-30)."""

import threading
from datetime import date, timedelta

import pytest
from sqlmodel import select

from portal import staff_import_jobs
from portal.data.accounts import Role
from portal.data.employee_imports import ImportState
from portal.data.employees import Employee, EmployeeEvent, EmploymentPeriod
from portal.staff_import_jobs import work_on_imports
from tests.support import staff
from tests.support.employee_files import DAY, EFFECT, LIST, Payroll, arrival, newest, nir, rows, workbook
from tests.support.swap import assert_swap_equals_reload


@pytest.fixture
def payroll(client, database, settings) -> Payroll:
    return Payroll(client, database, settings)


def employees(database) -> list[str]:
    with database.read() as db:
        return sorted(each.matricule for each in db.exec(select(Employee)))


def test_clerk_previews_applies_and_takes_back_a_file_r_30(payroll, database, client) -> None:
    with database.write() as db:
        who = staff.acting(payroll.keyring, payroll.account)
        values = {"hired_on": EFFECT - timedelta(days=20), "starts_on": EFFECT - timedelta(days=20)}
        for number in ("70", "71"):
            who = staff.Acting(who.viewer, who.keyring, staff.datetime.now(staff.UTC), staff.FIGURES)
            staff.employee(db, who, payroll.contract, payroll.category, matricule=number, **values)
    content = rows(
        *(arrival(serial) for serial in (1, 2, 3)),
        f"M;70;;;;;;;CADRES;{DAY}",
        f"R;71;;;;;;;;;;;{DAY};demission",
        "R;99;;;;;;;;;;;;demission",
    )
    payroll.check(content)
    assert "3 additions, 1 changement, 1 sortie" in client.page.text
    assert employees(database) == ["70", "71"]
    payroll.apply()
    assert employees(database) == ["1", "2", "3", "70", "71"]
    client.submit("main form", button="Annuler ce fichier")
    payroll.work()
    assert "Tout ce que ce fichier avait fait est défait" in client.page.text
    with database.read() as db:
        periods = [(period.category_id, period.ends_on) for period in db.exec(select(EmploymentPeriod))]
    assert periods == [(payroll.category.id, None)] * 2


def test_same_file_or_a_double_click_does_nothing_twice_r_30(payroll, database, client) -> None:
    payroll.check(rows(arrival(1)))
    form = client.form("main form")
    client.send(form)
    client.send(form)
    payroll.work()
    first = client.path
    assert payroll.send(rows(arrival(1))) == 200
    assert client.path == first
    with database.read() as db:
        assert len(db.exec(select(EmployeeEvent)).all()) == 1


def test_refused_rows_come_back_with_their_reasons_to_be_sent_again_r_30(payroll, client) -> None:
    payroll.check(rows(arrival(1), arrival(2, nir="190049900134500"), arrival(3, date_naissance="31/02/1990")))
    payroll.apply()
    client.click("Télécharger les lignes refusées (CSV)", audit=False)
    text = client.answer.content.decode("utf-8-sig")
    assert [line.partition(";")[0] for line in text.splitlines()] == ["action", "A", "A"]
    assert "motif_du_refus" in text
    assert "sa clé est fausse" in text
    assert "La date de naissance n’existe pas" in text


def test_columns_that_the_company_chose_are_remembered_r_30(payroll, client) -> None:
    content = b"Quoi;Qui;Nom;Pr\xe9nom;N\xe9 le;College;Effet\nA;1;Essai;Paule;12.04.90;noncadres;" + DAY.encode()
    payroll.send(content)
    form = client.form("main form", "Contrôler le fichier")
    assert form.values["colonne-action"] == [""]
    assert form.values["colonne-date_naissance"] == ["4"]
    client.submit("main form")
    assert client.status == 422
    client.submit("main form", **{"colonne-action": "0", "colonne-matricule": "1"})
    payroll.work()
    assert "1 – Acceptée avec correction" in client.page.text
    payroll.send(content + b"\n")
    assert client.form("main form", "Contrôler le fichier").values["colonne-matricule"] == ["1"]


def test_progress_by_htmx_equals_the_page_reloaded_r_30(payroll, client) -> None:
    payroll.send(rows(arrival(1)))
    client.submit("main form", button="Contrôler le fichier")
    assert client.page.one("progress")
    assert_swap_equals_reload(client, "#actualiser")


def test_workbook_is_read_with_its_days_and_numbers_r_30(payroll, database) -> None:
    titles = ["action", "matricule", "nir", "nom", "prenom", "date_naissance", "categorie", "date_effet"]
    line = ["A", 12, int(nir(12)), "Essai", "Paule", date(1990, 4, 12), "NONCADRES", EFFECT]
    payroll.check(workbook(titles, line), "paie.xlsx")
    payroll.apply()
    assert employees(database) == ["12"]


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_french_signs_come_through_in_any_encoding(payroll, database, encoding, separator) -> None:
    content = rows(arrival(1, nom="Élœgance")).decode().replace(";", separator).encode(encoding)
    payroll.check(content)
    payroll.apply()
    with database.read() as db:
        assert [each.last_name for each in db.exec(select(Employee))] == ["Élœgance"]


def test_another_company_finds_neither_the_file_nor_the_employee(payroll, client, database, settings) -> None:
    payroll.check(rows(arrival(1)))
    path = client.path_of_page
    payroll.apply()
    with database.write() as db:
        other = staff.company(db)
        staff.category(db, staff.group_contract(db, other))
        stranger = staff.user(db, payroll.keyring, other)
    from tests.support.entry import enter  # noqa: PLC0415

    enter(client, stranger)
    client.get(path)
    assert client.status == 404
    payroll.check(rows(f"R;1;;;;;;;;;;;{DAY};demission"))
    assert "Aucun salarié de votre entreprise" in client.page.text


@pytest.mark.engines("sqlite")
def test_reader_is_not_let_in(client, database, settings) -> None:
    Payroll(client, database, settings, Role.READER)
    client.get(LIST)
    assert client.status == 403


def test_work_cut_off_half_way_goes_on_as_if_it_never_stopped_r_30(payroll, database, client, monkeypatch) -> None:
    monkeypatch.setattr(staff_import_jobs, "APPLIED_AT_ONCE", 2)
    payroll.check(rows(*(arrival(serial) for serial in range(1, 8))))
    client.submit("main form")
    real, calls = staff_import_jobs._apply_rows, []

    def dying(*arguments) -> None:
        real(*arguments)
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(staff_import_jobs, "_apply_rows", dying)
    with pytest.raises(KeyboardInterrupt):
        work_on_imports(client.services)
    assert employees(database) == ["1", "2"]
    work_on_imports(client.services, threading.Event())
    assert employees(database) == [str(serial) for serial in range(1, 8)]
    with database.read() as db:
        assert newest(db).state == ImportState.APPLIED
        assert len(db.exec(select(EmployeeEvent)).all()) == 7
