"""Files of employees that nobody should send: each is refused in plain words, or read row by row without harm (R-30).

Whatever is sent, the portal answers, nothing is written before the clerk applies, and a refused row changes nobody.
"""

import io
import zipfile
from collections.abc import Callable
from datetime import date, timedelta

import pytest
import xlsxwriter
from sqlmodel import func, select

from portal.data.employee_imports import EmployeeImport, EmployeeImportRow
from portal.data.employees import Employee, EmployeeEvent
from portal.data.persons import Person
from tests.support import staff
from tests.support.employee_files import (
    EFFECT,
    TITLES,
    Payroll,
    arrival,
    change,
    departure,
    nir,
    rows,
    workbook,
)

pytestmark = pytest.mark.engines("sqlite")

SHORT = ["action", "matricule", "nom", "prenom", "date_naissance", "categorie", "date_effet"]
PERSON = ["A", 1, "Essai", "Paule", date(1990, 4, 12), "NONCADRES", EFFECT]


@pytest.fixture
def payroll(client, database, settings) -> Payroll:
    """A clerk whose company employs « m7 »; another company employs « s9 »."""
    made = Payroll(client, database, settings)
    with database.write() as db:
        since = {"hired_on": EFFECT - timedelta(days=20), "starts_on": EFFECT - timedelta(days=20)}
        who = staff.acting(made.keyring, made.account, staff.datetime.now(staff.UTC))
        staff.employee(db, who, made.contract, made.category, matricule="m7", nir=nir(700), **since)
        other = staff.company(db)
        contract = staff.group_contract(db, other)
        stranger = staff.acting(made.keyring, staff.user(db, made.keyring, other), who.now)
        staff.employee(db, stranger, contract, staff.category(db, contract), matricule="s9", nir=nir(900), **since)
    return made


# --- workbooks, made wrong ---


def book(write: Callable[[xlsxwriter.Workbook], object]) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as made:
        write(made)
    return file.getvalue()


def patched(content: bytes, name: str, change_part: Callable[[bytes], bytes]) -> bytes:
    """A workbook with one of its parts written otherwise."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for each in old.infolist():
            part = old.read(each)
            new.writestr(each.filename, change_part(part) if each.filename == name else part)
    return file.getvalue()


def with_part(name: str, content: bytes) -> bytes:
    """A good workbook with one more part."""
    file = io.BytesIO(workbook(SHORT, PERSON))
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()


def with_entity(declared: bytes) -> bytes:
    """A workbook whose texts declare an entity, and use it for a name."""

    def declare(part: bytes) -> bytes:
        return part.replace(b"?>", b"?><!DOCTYPE x [" + declared + b"]>", 1).replace(b"Essai", b"&a;")

    return patched(workbook(SHORT, PERSON), "xl/sharedStrings.xml", declare)


def zip_bomb() -> bytes:
    return with_part("xl/media/x.bin", b"\0" * 300_000_000)


def million_rows() -> bytes:
    cells = b"<row><c t='inlineStr'><is><t>x</t></is></c></row>" * 1_000_000
    return patched(
        workbook(SHORT, PERSON),
        "xl/worksheets/sheet1.xml",
        lambda part: part.replace(b"</sheetData>", cells + b"</sheetData>"),
    )


def far_cell(made: xlsxwriter.Workbook) -> None:
    sheet = made.add_worksheet()
    sheet.write_row(0, 0, SHORT)
    sheet.write(1_048_575, 16_383, "x")


def not_a_workbook() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("word/document.xml", "<document/>")
    return file.getvalue()


def test_workbook_of_this_file_is_read(payroll, database) -> None:
    payroll.check(workbook(SHORT, PERSON), "paie.xlsx")
    payroll.apply()
    assert employed(database) == ["1", "m7"]


HOSTILE_FILES: dict[str, tuple[bytes | Callable[[], bytes], str]] = {
    "empty": (b"", "vide"),
    "spaces": (b" \n \n", "vide"),
    "titles alone": (rows(), "aucune ligne"),
    "titles and separators": (rows(";" * 14, ";" * 14), "aucune ligne"),
    "mark alone": (b"\xef\xbb\xbf\n", "aucune ligne"),
    "NUL bytes": (b"action;nom\nA;\x00\n", "savons lire"),
    "binary": (bytes(range(256)) * 50, "savons lire"),
    "PDF": (b"%PDF-1.7\n\x00", "savons lire"),
    "PDF without NUL": (b"%PDF-1.7\n1 0 obj\n", "savons lire"),
    "page of the web": (b"<html><table><tr><td>action</td></tr></table>\n", "savons lire"),
    "data of a program": (b'[{"action": "A"},\n{"action": "M"}]', "savons lire"),
    "formatted text": (b"{\\rtf1 action;nom\nA;x}", "savons lire"),
    "UTF-16 without a mark": ("action;nom\nA;x\n".encode("utf-16-le"), "savons lire"),
    "UTF-32": ("action;nom\nA;x\n".encode("utf-32"), "savons lire"),
    "old workbook": (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "ancien format"),
    "broken archive": (b"PK\x03\x04" + b"\0" * 600, "endommagé"),
    "archive of something else": (not_a_workbook, "endommagé"),
    "workbook cut off": (lambda: workbook(SHORT, PERSON)[:2000], "endommagé"),
    "workbook without a row": (lambda: book(lambda made: made.add_worksheet()), "aucune ligne"),
    "entity that names a file": (lambda: with_entity(b'<!ENTITY a SYSTEM "file:///etc/passwd">'), "endommagé"),
    "entity that names a site": (lambda: with_entity(b'<!ENTITY a SYSTEM "http://127.0.0.1/">'), "endommagé"),
    "entities that multiply": (
        lambda: with_entity(b'<!ENTITY b "bbbbbbbbbb"><!ENTITY a "&b;&b;&b;&b;&b;&b;">'),
        "endommagé",
    ),
    "zip bomb": (zip_bomb, "anormalement lourd"),
    "workbook of a million rows": (million_rows, "50\u00a0000 lignes"),
    "cell at the far end": (lambda: book(far_cell), "anormalement lourd"),
    "workbook of 10 000 columns": (lambda: workbook(["action"] + ["x"] * 9_999, ["A"]), "200 colonnes"),
    "10 000 columns": (b"action" + b";x" * 10_000 + b"\nA\n", "200 colonnes"),
    "cell of a megabyte": (rows("A;" + "x" * 1_000_000), "démesurée"),
    "quote left open to the end": (rows('A;"' + "x;\n" * 60_000), "démesurée"),
    "quote left open over rows": (rows('A;"1', arrival(2), arrival(3)), "Sur la ligne 2, des guillemets"),
    "quote left open in a note": (
        f'{TITLES};note\n{arrival(1)};"oublié\n{arrival(2)};"\n{arrival(3)};\n'.encode(),
        "Sur la ligne 2, des guillemets",
    ),
    "a million rows": (b"action;nom\n" + b"A;x\n" * 1_000_000, "50\u00a0000 lignes"),
    "too heavy": (b"action;nom\n" + b"A;xxxxxxxxxxxxxx\n" * 730_000, "12\u00a0Mo"),
}


@pytest.mark.parametrize("kind", HOSTILE_FILES)
def test_hostile_file_is_refused_in_words(payroll, client, database, kind) -> None:
    content, words = HOSTILE_FILES[kind]
    assert payroll.send(content() if callable(content) else content) == 422
    assert words in client.page.text
    with database.read() as db:
        assert db.exec(select(func.count()).select_from(EmployeeImport)).one() == 0


# --- files that are odd, and taken ---

ODD_FILES: dict[str, bytes | Callable[[], bytes]] = {
    "two marks": b"\xef\xbb\xbf\xef\xbb\xbf" + rows(arrival(1)),
    "CR alone": rows(arrival(1)).replace(b"\n", b"\r"),
    "mixed ends of lines": rows(arrival(1), departure("?")).replace(b"\n", b"\r\n", 1),
    "separators at the end": f"{TITLES};;;;\n{arrival(1)};;;;\n".encode(),
    "empty rows above": b"\n\n;;;\n" + rows(arrival(1)),
    "separator said": b"sep=;\r\n" + rows(arrival(1)),
    "vertical bars": rows(arrival(1)).replace(b";", b"|"),
    "end of file of DOS": rows(arrival(1)) + b"\n\x1a",
    "quotes everywhere": ("\n".join(
        ";".join(f'"{cell}"' for cell in line.split(";")) for line in (TITLES, arrival(1))
    )).encode(),
    "two encodings": rows(arrival(1, prenom="Élodie")) + b"\n" + arrival(2, prenom="Ana\u00efs").encode("cp1252"),
    "macros": lambda: with_part("xl/vbaProject.bin", b"x" * 1_000),
    "links to other workbooks": lambda: with_part("xl/externalLinks/externalLink1.xml", b"<externalLink/>"),
    "part outside of the archive": lambda: with_part("../../../../tmp/x", b"x"),
    "days without a format": lambda: workbook(SHORT, ["A", 1, "Essai", "Paule", 32_975, "NONCADRES", EFFECT]),
    "accents apart": rows(arrival(1, prenom="E\u0301lodie")),
}  # fmt: skip


@pytest.mark.parametrize("kind", ODD_FILES)
def test_odd_file_is_read_all_the_same(payroll, database, kind) -> None:
    content = ODD_FILES[kind]
    payroll.check(content() if callable(content) else content)
    payroll.apply()
    with database.read() as db:
        found = db.exec(select(Employee).where(Employee.matricule == "1")).one()
    assert (found.last_name, found.birth_date) == ("Essai", date(1990, 4, 12))
    assert found.first_name in {"Paule", "Élodie"}


# --- rows ---

# Name: the rows, what the page says, how many of them are taken.
HOSTILE_ROWS: dict[str, tuple[str, str, int]] = {
    "formula in a name": (arrival(1, nom="=cmd|' /C calc'!A0"), "contient une formule", 0),
    "formula as a number": (arrival(1, matricule="=1+1"), "sans formule", 0),
    "formula by minus": (arrival(1, matricule="-2+3+cmd|' /C calc'!A0"), "sans formule", 0),
    "formula in wide signs": (arrival(1, matricule="＝1+1"), "sans formule", 0),
    "formula by plus": (arrival(1, prenom="+33"), "contient une formule", 0),
    "formula by at": (arrival(1, prenom="@SUM"), "contient une formule", 0),
    "formula behind an apostrophe": (arrival(1, nom="'=1+1"), "contient une formule", 0),
    "formula as an e-mail": (arrival(1, email="=HYPERLINK(1)"), "n’est pas reprise", 1),
    "error of a workbook": (arrival(1, nom="#REF!"), "signes qu’un nom n’a pas", 0),
    "unknown action": (arrival(1, action="X"), "A (ajout)", 0),
    "no action": (arrival(1, action=""), "A (ajout)", 0),
    "action in another alphabet": (arrival(1, action="А"), "A (ajout)", 0),
    "wrong key": (arrival(1, nir="190049900134500"), "sa clé est fausse", 0),
    "short number": (arrival(1, nir="12"), "15 caractères", 0),
    "letters for a number": (arrival(1, nir="ABCDEFGHIJKLMNO"), "15 caractères", 0),
    "digits of another alphabet": (arrival(1, nir="١٩٠٠٤٩٩٠٠١٣٤٥٩٣"), "15 caractères", 0),
    "rounded number": (arrival(1, nir="1,85E+14"), "Le tableur a arrondi", 0),
    "number with its spaces": (arrival(1, nir=" ".join(nir(1))), "1 addition", 1),
    "key left out": (arrival(1, nir=nir(1)[:13]), "nous l’avons calculée", 1),
    "somebody else’s number": (change("m7", nir=nir(5), nom="Autre"), "n’est pas celui du salarié", 0),
    "a number known elsewhere": (arrival(1, nir=nir(900)), "1 addition", 1),
    "another company’s employee": (departure("s9"), "Aucun salarié de votre entreprise", 0),
    "another company’s number": (departure("", nir=nir(900)), "Aucun salarié de votre entreprise", 0),
    "zeros lost": (departure("7"), "Vérifiez aussi les zéros", 0),
    "no such day": (arrival(1, date_naissance="31/02/1990"), "n’existe pas", 0),
    "months first": (arrival(1, date_naissance="04/31/1990"), "n’existe pas", 0),
    "month thirteen": (arrival(1, date_effet="01/13/2026"), "n’existe pas", 0),
    "words for a day": (arrival(1, date_effet="demain"), "n’existe pas", 0),
    "digits of another alphabet for a day": (arrival(1, date_naissance="١٢/٠٤/١٩٩٠"), "n’existe pas", 0),
    "year zero": (arrival(1, date_naissance="01/01/0000"), "n’existe pas", 0),
    "two-digit year": (arrival(1, date_naissance="12/04/90"), "nous avons lu 1990", 1),
    "days counted by a workbook": (arrival(1, date_naissance="32975"), "venait d’un tableur\u00a0: 12/04/1990", 1),
    "day of a workbook's clock": (arrival(1, date_naissance="1990-04-12 00:00:00"), "1 addition", 1),
    "years ahead": (arrival(1, date_effet="01/01/2090"), "trop lointain", 0),
    "years ago": (arrival(1, date_effet="01/01/1990"), "trop ancien", 0),
    "born later": (arrival(1, date_naissance="01/01/2090"), "postérieure", 0),
    "no name": (arrival(1, nom=""), "Il manque", 0),
    "no category": (arrival(1, categorie=""), "Il manque", 0),
    "unknown category": (arrival(1, categorie="DIEUX"), "pas dans votre contrat", 0),
    "category by its label": (arrival(1, categorie="Noncadres"), "a été lue", 1),
    "category in another alphabet": (arrival(1, categorie="NОNCADRES"), "pas dans votre contrat", 0),
    "wrong e-mail": (arrival(1, email="pas une adresse"), "n’est pas reprise", 1),
    "unknown regime": (arrival(1, regime="martien"), "régime est inconnu", 1),
    "an option": (arrival(1, option="OR"), "L’option n’est pas reprise", 1),
    "exempt": (arrival(1, dispense_code="css"), "noté dispensé, code css", 1),
    "exempt in capitals": (arrival(1, dispense_code="CSS"), "noté dispensé, code CSS", 1),
    "wrong exemption": (arrival(1, dispense_code="<script>"), "illisible", 0),
    "exemption of no act": (arrival(1, dispense_code="temps-partiel"), "n’est pas ouvert", 0),
    "exemption that is none": (arrival(1, dispense_code="amusement"), "au bas de la page des dispenses", 0),
    "swapped columns": (arrival(1, nom=nir(1), nir="Essai"), "ordre des colonnes", 0),
    "script in a name": (arrival(1, nom="<script>alert(1)</script>"), "chiffres", 0),
    "script without digits": (arrival(1, nom="<img src=x>"), "signes qu’un nom n’a pas", 0),
    "name of a database’s table": (arrival(1, nom="Robert') DROP TABLE employee --"), "signes", 0),
    "emoji": (arrival(1, prenom="Paule 😀"), "signes qu’un nom n’a pas", 0),
    "direction turned over": (arrival(1, nom="Es\u202esai"), "illisible", 0),
    "space without width": (arrival(1, nom="Es\u200bsai"), "illisible", 0),
    "look-alike letter": (arrival(1, nom="Еssаi"), "signes qu’un nom n’a pas", 0),
    "heap of accents": (arrival(1, nom="E" + "\u0336\u0322" * 20), "signes qu’un nom n’a pas", 0),
    "twice encoded": (arrival(1, prenom="Élodie".encode().decode("cp1252")), "signes qu’un nom n’a pas", 0),
    "huge name": (arrival(1, nom="x" * 900), "dépasse 80", 0),
    "cell of 100 000 signs": (arrival(1, nom="x" * 100_000), "dépasse 80", 0),
    "broken signs": (arrival(1, nom="\ufffd\ufffd"), "illisible", 0),
    "stranger leaves": (departure("stranger"), "Aucun salarié de votre entreprise", 0),
    "nobody leaves": (departure(""), "Donnez le matricule", 0),
    "no reason": (departure("m7", motif_sortie="parti"), "motif de sortie", 0),
    "no last day": (departure("m7", date_sortie=""), "date de sortie manque", 0),
    "leaves before coming": (departure("m7", date_sortie="01/01/2001"), "trop ancien", 0),
    "same person twice": (f"{arrival(1)}\n{arrival(2, nir=nir(1))}", "concerne déjà", 1),
    "same number twice": (f"{arrival(1)}\n{arrival(2, matricule='1')}", "concerne déjà", 1),
    "same row a hundred times": ("\n".join([arrival(1)] * 100), "concerne déjà", 1),
    "somebody who is there": (arrival(1, nir=nir(700)), "figure déjà dans votre liste", 0),
    "number that is taken": (arrival(1, matricule="m7"), "celui d’un autre salarié", 0),
    "fewer cells than titles": ("A;1", "Il manque", 0),
    "more cells than titles": (arrival(1) + ";x" * 100, "1 addition", 1),
    "separator within quotes": (arrival(1, nom='"Essai;Autre"'), "signes qu’un nom n’a pas", 0),
}


@pytest.mark.parametrize("kind", HOSTILE_ROWS)
def test_hostile_row_is_told_in_words_and_harms_nobody(payroll, client, database, kind) -> None:
    lines, words, taken = HOSTILE_ROWS[kind]
    before = employed(database)
    payroll.check(rows(lines))
    assert words in client.page.text
    assert employed(database) == before
    if taken:
        payroll.apply()
    assert len(employed(database)) == len(before) + taken
    with database.read() as db:
        refused = select(func.count()).where(EmployeeImportRow.result == 3)
        assert db.exec(refused).one() == lines.count("\n") + 1 - taken
        assert len(db.exec(select(EmployeeEvent)).all()) == 2 + taken


def employed(database) -> list[str]:
    """The numbers of those whom the clerk's company employs."""
    with database.read() as db:
        named = db.exec(select(Employee).where(Employee.matricule != "s9"))
        return sorted(each.matricule or "" for each in named)


def test_merged_cells_leave_rows_without_an_action_which_is_told(payroll, client, database) -> None:
    payroll.check(workbook(SHORT, PERSON, merge="A3:B6"), "paie.xlsx")
    assert "Il manque" in client.page.text
    payroll.apply()
    assert employed(database) == ["1", "m7"]


def test_columns_of_one_title_are_told_apart(payroll, client) -> None:
    payroll.send(b"action;matricule;nom;nom\nR;m7;Essai;Autre\n")
    assert "nom, colonne 3" in client.page.text
    assert client.form("main form", "Contrôler le fichier").values["colonne-nom"] == ["2"]


def test_file_without_titles_asks_for_its_columns_and_takes_no_guess(payroll, client) -> None:
    payroll.send(f"{arrival(1)}\n{arrival(2)}\n".encode())
    client.submit("main form")
    assert client.status == 422
    assert "Choisissez la colonne qui dit A, M ou R." in client.page.text


@pytest.mark.parametrize(
    "name", ["=cmd|' /C calc'!A0.csv", "../../../etc/passwd", '"><script>x</script>.csv', "\u202evsc.exe"]
)
def test_hostile_name_of_a_file_is_made_harmless(payroll, client, name) -> None:
    payroll.check(rows(arrival(1)), name)
    heading = client.page.one("h1").text()
    assert not heading.startswith(("=", "."))
    assert not set("<>/\u202e") & set(heading)


def test_formulas_come_back_as_text_in_the_refused_rows(payroll, client) -> None:
    payroll.check(rows(arrival(1, nom="=cmd|' /C calc'!A0", email="@SUM(1)")))
    client.click("Télécharger les lignes refusées (CSV)", audit=False)
    cells = client.answer.content.decode("utf-8-sig").splitlines()[1].split(";")
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def test_number_known_elsewhere_tells_the_employer_nothing(payroll, client, database) -> None:
    """Whether the insurer knows somebody is not learnt by declaring that person (ADR 19)."""
    payroll.check(rows(arrival(1, nir=nir(900)), arrival(2)))
    known, unknown = (0, "[]"), (0, "[]")
    with database.read() as db:
        told = [(each.result, each.reasons) for each in db.exec(select(EmployeeImportRow))]
        assert told == [known, unknown]
        before = len(db.exec(select(Person)).all())
    payroll.apply()
    assert "doute" not in client.page.text
    with database.read() as db:
        assert len(db.exec(select(Person)).all()) == before + 1
