"""Files of employees by the pages: checked, applied once, taken back, refused in words (R-30)."""

import io
import threading
from datetime import date, timedelta

import pytest
import xlsxwriter
from sqlmodel import select

from portal import staff_import_jobs
from portal.data.accounts import Role
from portal.data.employee_imports import ImportState
from portal.data.employees import Employee, EmployeeEvent, EmploymentPeriod
from portal.formatting import today
from portal.staff_import_jobs import work_on_imports
from tests.support import staff
from tests.support.employee_files import LIST, Payroll, newest, rows
from tests.support.swap import assert_swap_equals_reload

EFFECT = today().replace(day=1)
DAY = EFFECT.strftime("%d/%m/%Y")
NIR = "190049900134593"


def nir(serial: int) -> str:
    digits = f"1900499001{serial:03d}"
    return f"{digits}{97 - int(digits) % 97:02d}"


def arrival(serial: int, **cells: str) -> str:
    values = {"action": "A", "matricule": str(serial), "nir": nir(serial), "nom": "Essai", "nom_usage": ""}
    values |= {"prenom": "Paule", "date_naissance": "12/04/1990", "email": "", "categorie": "NONCADRES"}
    values |= {
        "date_effet": DAY,
        "option": "",
        "regime": "",
        "date_sortie": "",
        "motif_sortie": "",
        "dispense_code": "",
    }
    return ";".join((values | cells).values())


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


def workbook(*lines: list, merge: bool = False) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        for number, line in enumerate(lines):
            for at, cell in enumerate(line):
                sheet.write(number, at, cell, *([day] if isinstance(cell, date) else []))
        if merge:
            sheet.merge_range(3, 0, 4, 3, "A")
    return file.getvalue()


def bomb() -> bytes:
    """A workbook whose sheet unpacks to hundreds of megabytes."""
    import zipfile  # noqa: PLC0415

    file = io.BytesIO(workbook(["action"], ["A"]))
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/x.bin", b"\0" * 300_000_000)
    return file.getvalue()


def test_workbook_is_read_with_its_days_and_numbers_r_30(payroll, database) -> None:
    titles = ["action", "matricule", "nir", "nom", "prenom", "date_naissance", "categorie", "date_effet"]
    line = ["A", 12, int(nir(12)), "Essai", "Paule", date(1990, 4, 12), "NONCADRES", EFFECT]
    payroll.check(workbook(titles, line), "paie.xlsx")
    payroll.apply()
    assert employees(database) == ["12"]


HOSTILE_FILES = {
    "empty": (b"", "vide"),
    "spaces": (b" \n \n", "vide"),
    "titles alone": (rows(), "aucune ligne"),
    "mark alone": (b"\xef\xbb\xbf\n", "aucune ligne"),
    "nul": (b"action;nom\nA;\x00\n", "savons lire"),
    "binary": (bytes(range(256)) * 50, "savons lire"),
    "pdf": (b"%PDF-1.7\n\x00", "savons lire"),
    "old workbook": (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "ancien format"),
    "archive": (b"PK\x03\x04" + b"\0" * 600, "endommagé"),
    "huge cell": (rows("A;" + "x" * 200_000), "démesurée"),
    "quote left open": (rows('A;"' + "x;\n" * 60_000), "démesurée"),
    "a million rows": (b"action;nom\n" + b"A;x\n" * 1_000_000, "50\u00a0000 lignes"),
    "too heavy": (b"action;nom\n" + b"A;xxxxxxxxxxxxxx\n" * 730_000, "12\u00a0Mo"),
    "too wide": (b"action" + b";x" * 500 + b"\nA\n", "colonnes"),
    "zip bomb": (bomb, "anormalement lourd"),
}


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize("kind", HOSTILE_FILES)
def test_hostile_file_is_refused_in_words(payroll, client, kind) -> None:
    content, words = HOSTILE_FILES[kind]
    assert payroll.send(content() if callable(content) else content) == 422
    assert words in client.page.text


HOSTILE_ROWS = {
    "formula in a name": (arrival(1, nom="=cmd|' /C calc'!A0"), "contient une formule"),
    "formula as a number": (arrival(1, matricule="=1+1"), "sans formule"),
    "formula by plus": (arrival(1, prenom="+33"), "contient une formule"),
    "formula by at": (arrival(1, prenom="@SUM"), "contient une formule"),
    "unknown action": (arrival(1, action="X"), "A (ajout)"),
    "no action": (arrival(1, action=""), "A (ajout)"),
    "wrong key": (arrival(1, nir="190049900134500"), "sa clé est fausse"),
    "short number": (arrival(1, nir="12"), "15 caractères"),
    "letters for a number": (arrival(1, nir="ABCDEFGHIJKLMNO"), "15 caractères"),
    "no such day": (arrival(1, date_naissance="31/02/1990"), "n’existe pas"),
    "month thirteen": (arrival(1, date_effet="01/13/2026"), "n’existe pas"),
    "words for a day": (arrival(1, date_effet="demain"), "n’existe pas"),
    "year zero": (arrival(1, date_naissance="01/01/0000"), "n’existe pas"),
    "two-digit year": (arrival(1, date_naissance="12/04/90"), "nous avons lu 1990"),
    "day of a workbook's clock": (arrival(1, date_naissance="1990-04-12 00:00:00"), "additions? ?"),
    "years ahead": (arrival(1, date_effet="01/01/2090"), "trop lointain"),
    "years ago": (arrival(1, date_effet="01/01/1990"), "trop ancien"),
    "born later": (arrival(1, date_naissance="01/01/2090"), "postérieure"),
    "no name": (arrival(1, nom=""), "Il manque"),
    "no category": (arrival(1, categorie=""), "Il manque"),
    "unknown category": (arrival(1, categorie="DIEUX"), "pas dans votre contrat"),
    "category by its label": (arrival(1, categorie="Noncadres"), "a été lue"),
    "wrong e-mail": (arrival(1, email="pas une adresse"), "n’est pas reprise"),
    "unknown regime": (arrival(1, regime="martien"), "régime est inconnu"),
    "an option": (arrival(1, option="OR"), "L’option n’est pas reprise"),
    "exempt": (arrival(1, dispense_code="css"), "noté dispensé"),
    "wrong exemption": (arrival(1, dispense_code="<script>"), "illisible"),
    "exemption of no act": (arrival(1, dispense_code="temps-partiel"), "n’est pas ouvert"),
    "swapped columns": (arrival(1, nom=nir(1), nir="Essai"), "ordre des colonnes"),
    "script in a name": (arrival(1, nom="<script>alert(1)</script>"), "chiffres"),
    "huge name": (arrival(1, nom="x" * 900), "dépasse 80"),
    "broken signs": (arrival(1, nom="\ufffd\ufffd"), "illisible"),
    "stranger leaves": (f"R;stranger;;;;;;;;;;;{DAY};demission", "Aucun salarié de votre entreprise"),
    "nobody leaves": (
        arrival(1, action="R", matricule="", nir="", date_sortie=DAY, motif_sortie="demission"),
        "Donnez le matricule",
    ),
    "no reason": (f"R;1;;;;;;;;;;;{DAY};parti", "motif de sortie"),
    "no last day": ("R;1;;;;;;;;;;;;demission", "date de sortie manque"),
    "same person twice": (f"{arrival(1)}\n{arrival(2, nir=nir(1))}", "concerne déjà"),
    "same number twice": (f"{arrival(1)}\n{arrival(2, matricule='1')}", "concerne déjà"),
    "key left out": (arrival(1, nir=nir(1)[:13]), "nous l’avons calculée"),
}


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize("kind", HOSTILE_ROWS)
def test_hostile_row_is_told_in_words(payroll, client, kind) -> None:
    line, words = HOSTILE_ROWS[kind]
    payroll.check(rows(line))
    assert words.removesuffix("s? ?") in client.page.text


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
