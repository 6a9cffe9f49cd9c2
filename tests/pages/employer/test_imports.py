"""Files of employees by the pages: checked, applied once, taken back, refused in words (R-30)."""

import threading
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event
from sqlmodel import select

from portal import staff_import_jobs
from portal.data.accounts import Role
from portal.data.affiliating import correct
from portal.data.coverage import Contract
from portal.data.employee_imports import (
    AppliedAlready,
    EmployeeImport,
    EmployeeImportRow,
    ImportState,
    WrongImportState,
    find_import,
    start_applying,
)
from portal.data.employees import Employee, EmployeeEvent, EmploymentPeriod, EventKind, PeriodKind
from portal.data.exemption_grounds import ExemptionGround
from portal.data.exemptions import Exemption, Origin
from portal.staff_import_jobs import work_on_imports
from tests.support import staff
from tests.support.employee_files import (
    DAY,
    EFFECT,
    LIST,
    Payroll,
    arrival,
    change,
    departure,
    newest,
    nir,
    rows,
    workbook,
)
from tests.support.entry import enter
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


# --- between the check and the application ---


def hired(payroll, *numbers: str, **values) -> None:
    """Employees of the company, hired last month."""
    since = {"hired_on": EFFECT - timedelta(days=20), "starts_on": EFFECT - timedelta(days=20)}
    with payroll.database.write() as db:
        who = staff.acting(payroll.keyring, payroll.account, staff.datetime.now(staff.UTC))
        for number in numbers:
            staff.employee(db, who, payroll.contract, payroll.category, matricule=number, **since, **values)


def named(db, matricule: str) -> Employee:
    return db.exec(select(Employee).where(Employee.matricule == matricule)).one()


def test_row_on_an_employee_changed_by_hand_meanwhile_is_told_not_overwritten_r_30(payroll, database, client) -> None:
    hired(payroll, "70", "71")
    payroll.check(rows(change("70", email="fichier@exemple.example"), change("71", email="fichier@exemple.example")))
    with database.write() as db:
        who = staff.acting(payroll.keyring, payroll.account, staff.datetime.now(staff.UTC))
        correct(db, who, named(db, "70"), email="main@exemple.example")
    payroll.apply()
    assert "Le dossier de ce salarié a changé depuis le contrôle" in client.page.text
    with database.read() as db:
        assert named(db, "70").email == "main@exemple.example"
        assert named(db, "71").email == "fichier@exemple.example"


def test_row_on_somebody_declared_by_hand_meanwhile_is_refused_r_30(payroll, database, client) -> None:
    payroll.check(rows(arrival(1), arrival(2)))
    hired(payroll, "autre", nir=nir(1))
    payroll.apply()
    assert "figure déjà dans votre liste" in client.page.text
    assert employees(database) == ["2", "autre"]


def test_row_that_a_colleague_made_needless_meanwhile_says_so_r_30(payroll, database, client) -> None:
    hired(payroll, "70")
    payroll.check(rows(change("70", categorie="NONCADRES", nom="Essai"), departure("70")))
    assert "rien ne change" in client.page.text
    assert "La ligne 2 concerne déjà cette personne" in client.page.text


def test_change_that_is_taken_in_part_does_the_rest_r_30(payroll, database, client) -> None:
    hired(payroll, "70")
    line = change("70", categorie="CADRES", date_effet=DAY, email="pas une adresse", option="OR", nir=nir(5))
    payroll.check(rows(line))
    payroll.apply()
    assert "2 – Prise en partie" in client.page.text
    assert "L’adresse e-mail est incorrecte" in client.page.text
    with database.read() as db:
        found = named(db, "70")
        held = select(EmploymentPeriod.category_id).where(EmploymentPeriod.employee_id == found.id)
        assert list(db.exec(held.order_by(EmploymentPeriod.starts_on))) == [payroll.category.id, payroll.managers.id]
        assert (found.email, found.nir_lookup) == ("", None)


def test_exemption_of_a_row_enters_the_register_r_30(payroll, database) -> None:
    payroll.check(rows(arrival(1, dispense_code="css")))
    payroll.apply()
    with database.read() as db:
        assert db.exec(select(EmployeeEvent)).one().kind == EventKind.EXEMPTED
        kept = db.exec(select(Exemption)).one()
        assert (kept.origin, db.get_one(ExemptionGround, kept.ground_id).code) == (Origin.FILE, "css")
        assert db.exec(select(EmploymentPeriod)).one().kind == PeriodKind.EXEMPT


def test_legal_cases_are_read_once_however_many_rows_name_one_r_30(payroll, database) -> None:
    asked = []
    for engine in (database.reader, database.writer):
        event.listen(engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    payroll.check(rows(*[arrival(each, dispense_code="css") for each in range(1, 13)]))
    payroll.apply()
    assert sum("FROM exemption_ground" in each and "opened_exemption" in each for each in asked) <= 3
    with database.read() as db:
        assert len(db.exec(select(Exemption)).all()) == 12


def test_rows_that_lean_on_each_other_end_the_same_together_as_one_by_one_r_30(payroll, database, monkeypatch) -> None:
    """A number freed by a row is given by the next; who left comes back: one batch reads what its own rows wrote."""
    ends = []
    for first, at_once in ((10, 40), (30, 1)):
        monkeypatch.setattr(staff_import_jobs, "APPLIED_AT_ONCE", at_once)
        hired(payroll, f"a{first}", nir=nir(first))
        freed = change(f"z{first}", nir=nir(first))
        lines = [freed, arrival(first + 1, matricule=f"b{first}"), arrival(first + 2, matricule=f"z{first}")]
        payroll.check(rows(*lines, departure(f"b{first}"), arrival(first + 3, categorie="CADRES")))
        payroll.apply()
        with database.read() as db:
            told = [(row.line, row.action, row.result) for row in db.exec(rows_told(newest(db)))]
            noted = select(EmployeeEvent.kind).where(EmployeeEvent.batch == newest(db).id)
            events = list(db.exec(noted.order_by(EmployeeEvent.id)))
        ends.append((told, events))
    assert ends[0] == ends[1]


def rows_told(of):
    return select(EmployeeImportRow).where(EmployeeImportRow.import_id == of.id).order_by(EmployeeImportRow.line)


# --- who, and until when ---


def test_file_names_who_sent_applied_and_took_it_back_r_30(payroll, client, database) -> None:
    """Three colleagues: an event is by the one who applied, its undoing by the one who took it back."""
    with database.write() as db:
        others = [staff.user(db, payroll.keyring, payroll.company, display_name=name) for name in ("Zoé", "Yann")]
    payroll.check(rows(arrival(1)))
    path = client.path_of_page
    for colleague, button in zip(others, ("Appliquer\u00a0: 1 addition", "Annuler ce fichier"), strict=True):
        enter(client, colleague)
        client.get(path)
        client.submit("main form", button=button)
        payroll.work()
    assert payroll.account.display_name in client.page.text
    assert "Application demandée par Zoé" in client.page.text
    assert "Annulation demandée par Yann" in client.page.text
    with database.read() as db:
        event = db.exec(select(EmployeeEvent)).one()
        assert (event.by, event.undone_by) == tuple(each.id for each in others)


PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("applied", "last"),
    [
        (datetime(2026, 6, 15, 9, tzinfo=PARIS), datetime(2026, 6, 15, 23, 59, 59, tzinfo=PARIS)),
        (datetime(2026, 6, 15, 0, 0, tzinfo=PARIS), datetime(2026, 6, 15, 23, 59, 59, tzinfo=PARIS)),
        (datetime(2026, 1, 15, 23, 59, 58, tzinfo=PARIS), datetime(2026, 1, 15, 23, 59, 59, tzinfo=PARIS)),
        (datetime(2026, 3, 29, 1, tzinfo=PARIS), datetime(2026, 3, 29, 23, 59, 59, tzinfo=PARIS)),
        (datetime(2026, 10, 25, 0, 30, tzinfo=PARIS), datetime(2026, 10, 25, 23, 59, 59, tzinfo=PARIS)),
    ],
    ids=["summer", "since midnight", "winter", "a day of 23 hours", "a day of 25 hours"],
)
def test_file_may_be_undone_until_midnight_in_france_to_the_second_r_30(applied, last) -> None:
    values = {"company_id": 1, "account_id": 1, "file_name": "paie", "digest": "x", "rows": 2}
    found = EmployeeImport(**values, state=ImportState.APPLIED, applied_at=applied.astimezone(UTC))
    found.sent_at = found.applied_at
    assert found.may_be_undone(last.astimezone(UTC))
    assert not found.may_be_undone(last.astimezone(UTC) + timedelta(seconds=1))


def test_two_clerks_who_apply_one_file_at_once_do_it_once_r_30(payroll, client, database) -> None:
    payroll.check(rows(*(arrival(serial) for serial in range(1, 90))))
    barrier, outcomes = threading.Barrier(2), []
    with database.read() as db:
        number = newest(db).id

    def press() -> None:
        viewer = staff.viewer(payroll.account)
        barrier.wait()
        try:
            with database.write() as db:
                start_applying(db, viewer, find_import(db, viewer, number, lock=True))
            outcomes.append("started")
        except (WrongImportState, AppliedAlready):
            outcomes.append("refused")
        work_on_imports(client.services)

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    work_on_imports(client.services)
    assert sorted(outcomes) == ["refused", "started"]
    with database.read() as db:
        assert newest(db).state == ImportState.APPLIED
        assert len(db.exec(select(EmployeeEvent)).all()) == 89
        assert len(db.exec(select(Contract)).all()) == 89
