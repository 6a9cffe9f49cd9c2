"""The statement's PDF/UA-1 and CSV, and what keeps a name from becoming code (R-22, R-50, R-81, security E4)."""

import csv
import io
import re
import shutil
import subprocess
import unicodedata
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pikepdf
import pytest

from portal.data.benefits import LineKind, Method
from portal.data.statement_content import Amounts, Content, Cover, PersonTotals, StatementLine, StatementPayment, add_up
from portal.data.statements import Draft
from portal.documents import (
    _DRAWN,
    _UNDRAWN_CATEGORIES,
    LINE_END,
    REPLACEMENT,
    SOURCES,
    breakable,
    printable,
    typeset,
)
from portal.insurer import Insurer
from portal.statement_documents import make_files, pdf_data, period_name, statement_csv, statement_pdf

INSURER = Insurer(
    name="Mutuelle des Rives", address="12 quai des Exemples", phone="01 99 00 00 00", email="a@b.example", network="K"
)
ISSUED = datetime(2026, 11, 2, 9, tzinfo=UTC)
HOSTILE = '#read("/etc/passwd") $x$ *y* _z_ @a [b] `c` \\d <e> "f" \' // --- '
HEADERS = ["Date de soin", "Bénéficiaire", "Acte", "Dépense", "Base", "Taux", "Régime obligatoire",
           "Part de la mutuelle", "Reste à votre charge"]  # fmt: skip


def line(number: int = 0, *, person_id: int = 1, label: str = "Consultation", **values) -> StatementLine:
    amounts = {"spent_cents": 123456, "base_cents": 3000, "base_rate": 70, "base_net_cents": 1900,
               "supplementary_cents": 900, "other_cover_cents": 0, "remaining_cents": 120656} | values  # fmt: skip
    day = date(2026, 10, 1 + number % 28)
    return StatementLine(day, person_id, "G", label, LineKind.CARE, "Dr Martin", **amounts)


def draft(*lines: StatementLine, name: str = "Anne", private: bool = False, replaces: str = "") -> Draft:
    rows = list(lines) or [line()]
    payments = [
        StatementPayment("V1", date(2026, 10, 5), Method.TRANSFER, "Anne", "FR76 •••• 42", 0, rows, add_up(rows))
    ]
    persons = [PersonTotals(1, name, len(rows), False, add_up(rows))]
    if private:
        persons.append(PersonTotals(2, "Paul", 3, True, Amounts(3000, 1900, 900, 0, 200)))
    content = Content(
        "mensuel",
        date(2026, 10, 1),
        date(2026, 10, 31),
        f"{name} Essai",
        [Cover("C000123", "A000456", "Formule")],
        payments,
        persons,
        add_up(person.totals for person in persons),
    )
    return Draft("R-2026-10-7K3QZM4", ISSUED, 2 if replaces else 1, replaces, content)


def opened(pdf: bytes) -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(pdf))


def elements(pdf: pikepdf.Pdf, tag: str) -> list[pikepdf.Dictionary]:
    """The structure elements of a kind."""
    objects = [each for each in pdf.objects if isinstance(each, pikepdf.Dictionary)]
    return [each for each in objects if str(each.get("/S", "")) == f"/{tag}"]


def text_in(pdf: bytes, tmp_path: Path, *options: str) -> str:
    """The selectable text, as a reader's software gets it."""
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext (poppler-utils) is not installed: the text of PDF files was not read")
    path = tmp_path / "document.pdf"
    path.write_bytes(pdf)
    run = subprocess.run(["pdftotext", *options, str(path), "-"], capture_output=True, check=True, text=True)
    return run.stdout


def flat(text: str) -> str:
    return " ".join(text.replace(LINE_END, "").split())


# --- PDF/UA-1 ---


def test_pdf_is_tagged_titled_and_french():
    pdf = opened(statement_pdf(draft(), INSURER))
    assert bool(pdf.Root.MarkInfo.Marked)
    assert str(pdf.Root.Lang) == "fr"
    assert "/StructTreeRoot" in pdf.Root
    assert bool(pdf.Root.ViewerPreferences.DisplayDocTitle)
    with pdf.open_metadata() as metadata:
        assert metadata["dc:title"] == "Relevé de prestations – octobre 2026 – n° R-2026-10-7K3QZM4"
        assert metadata["pdfuaid:part"] == "1"


def test_pdf_tables_have_real_headers():
    pdf = opened(statement_pdf(draft(line(1), line(2)), INSURER))
    tables, headers, rows = elements(pdf, "Table"), elements(pdf, "TH"), elements(pdf, "TR")
    assert len(tables) == 2
    assert len(headers) == len(HEADERS) + 1 + 6  # columns, the payment's own heading, columns of the totals
    assert len(rows) == 1 + 1 + 2 + 1 + 1 + 1 + 1  # header, payment, two lines, subtotal; header, person, total
    assert len(elements(pdf, "H1")) == 1
    assert len(elements(pdf, "H2")) == 4


OTHER_PAID = {"other_cover_cents": 500, "remaining_cents": 120156}


@pytest.mark.parametrize(
    ("lines", "columns"),
    [
        ([line(1), line(2)], 0),
        ([line(1), line(2, **OTHER_PAID)], 1),
        ([line(1, **OTHER_PAID), line(2, other_cover_cents=-500, remaining_cents=121156)], 1),
    ],
)
def test_pdf_has_a_column_for_another_body_only_where_one_paid(tmp_path, lines, columns):
    """A column of zeros on every statement asks a question that nobody has."""
    pdf = statement_pdf(draft(*lines), INSURER)
    headers = elements(opened(pdf), "TH")
    assert len(headers) == len(HEADERS) + 1 + 6 + 2 * columns
    assert ("Autre organisme" in flat(text_in(pdf, tmp_path))) == bool(columns)


def test_pdf_keeps_the_column_where_another_body_paid_for_a_private_person():
    one = draft(line())
    paid = PersonTotals(2, "Paul", 3, True, Amounts(3000, 1900, 900, 100, 100))
    content = msgspec.structs.replace(one.content, persons=[*one.content.persons, paid])
    headers = elements(opened(statement_pdf(replace(one, content=content), INSURER)), "TH")
    assert len(headers) == len(HEADERS) + 1 + 6 + 2


def test_pdf_embeds_every_font_with_its_characters():
    pdf = opened(statement_pdf(draft(), INSURER))
    objects = [each for each in pdf.objects if isinstance(each, pikepdf.Dictionary)]
    composite = [each for each in objects if str(each.get("/Subtype", "")) == "/Type0"]
    assert composite
    assert all("/ToUnicode" in font for font in composite)
    descriptors = [font.DescendantFonts[0].FontDescriptor for font in composite]
    assert all({"/FontFile2", "/FontFile3"} & set(descriptor.keys()) for descriptor in descriptors)


def test_pdf_has_the_same_bytes_every_time():
    assert statement_pdf(draft(), INSURER) == statement_pdf(draft(), INSURER)
    assert statement_pdf(draft(), INSURER) != statement_pdf(draft(name="Zoé"), INSURER)


def test_long_statement_numbers_its_pages(tmp_path):
    pdf = statement_pdf(draft(*map(line, range(60))), INSURER)
    pages = len(opened(pdf).pages)
    assert pages >= 3
    text = text_in(pdf, tmp_path)
    for number in range(1, pages + 1):
        assert f"page {number} / {pages}" in text
    assert text.count("Mutuelle des Rives – relevé n° R-2026-10-7K3QZM4") == pages


def test_statement_says_all_it_must(tmp_path):
    text = flat(text_in(statement_pdf(draft(private=True, replaces="R-2026-10-AAAAAA0"), INSURER), tmp_path))
    for words in (
        "Relevé de prestations", "octobre 2026", "Anne Essai", "A000456", "C000123", "2 novembre 2026",
        "01/10/2026 – 31/10/2026", "Virement du 5 octobre 2026", "1 234,56", "70 %", "12 quai des Exemples",
        "donnés à titre indicatif : seul votre contrat fait foi", "L. 221-11 du code de la mutualité", "deux ans",
        "Ce relevé remplace le relevé n° R-2026-10-AAAAAA0", "Base de remboursement", "Paul *",
        "vous n’en voyez que les totaux",
    ):  # fmt: skip
        assert words in text, words
    assert "Sous-total" not in text  # a payment of one line is its own subtotal
    assert [word for word in ("=>", "#", "table.", "strong-text") if word in text] == []  # nothing of the source shows


def test_reading_order_follows_the_table_rows(tmp_path):
    text = flat(text_in(statement_pdf(draft(line(2, label="Radiographie")), INSURER), tmp_path, "-layout"))
    assert "03/10/2026 Anne Radiographie 1 234,56 30,00 70 % 19,00 9,00 1 206,56" in text


# --- names that want to be code ---


def test_hostile_name_prints_literally(tmp_path):
    pdf = statement_pdf(draft(line(label=HOSTILE), name=HOSTILE), INSURER)
    text = flat(text_in(pdf, tmp_path)).replace(" ", "")
    assert text.count(HOSTILE.replace(" ", "")) >= 2
    assert "root:" not in text


def test_name_from_outside_the_fonts_is_replaced_and_marks_are_dropped():
    assert printable("\u202eAli\u200f\u0000 \U0001f600中") == f"Ali {REPLACEMENT}{REPLACEMENT}"
    assert printable({"a": ["e\u0301\n", 3, None]}) == {"a": ["é ", 3, None]}


def test_endless_name_stays_on_the_page(tmp_path):
    pdf = statement_pdf(draft(name="W" * 300), INSURER)
    text = text_in(pdf, tmp_path).replace("\n", "").replace(LINE_END, "").replace(" ", "")
    assert text.count("W") >= 900
    box = text_in(pdf, tmp_path, "-bbox")
    widths = [float(part.split('"')[1]) for part in box.split("xMax=")[1:]]
    assert max(widths) < 595


@pytest.mark.parametrize(
    "name", ["\u202egro.elpmaxe", "د" * 40, "\U0001f469\u200d\U0001f469", "\u0000", "\ufeff", "\ud800"]
)
def test_strangest_name_still_gives_a_document(name):
    assert statement_pdf(draft(name=name), INSURER).startswith(b"%PDF-1.7")


def test_every_character_that_counts_as_drawn_is_drawn():
    drawn = [chr(code) for first, last in _DRAWN for code in range(first, last + 1)]
    kept = [char for char in drawn if unicodedata.category(char) not in _UNDRAWN_CATEGORIES]
    text = " ".join(kept)
    assert printable(text).count(REPLACEMENT) == 0
    data = pdf_data(draft(), INSURER) | {"recipient": text}
    assert typeset("statement.typ", data, ISSUED).startswith(b"%PDF")


@pytest.mark.parametrize("source", sorted(SOURCES.glob("*.typ")), ids=lambda path: path.name)
def test_source_reads_its_input_and_nothing_else(source):
    """Beside it, the sheet that documents share: a file of the same folder, no package, no path out of it."""
    text = re.sub(r'#import "[a-z-]+\.typ"', "", source.read_text(encoding="utf8"))
    assert [word for word in ("#import", "#include", "read(", "@preview", "eval(") if word in text] == []


def test_long_words_get_line_ends_and_short_ones_stay():
    assert breakable("court et céramo-métallique", 18) == "court et céramo-métallique"
    assert breakable("A" * 20, 9).replace(LINE_END, "") == "A" * 20
    assert max(map(len, breakable("A" * 20, 9).split(LINE_END))) == 9


# --- CSV ---


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


def test_csv_holds_the_lines_and_the_private_totals():
    first, second, private = rows_of(statement_csv(draft(line(1), line(2), private=True)))
    assert first["Relevé n°"] == second["Relevé n°"] == "R-2026-10-7K3QZM4"
    assert (first["Date de soin"], first["Dépense"], first["Versé le"]) == ("02/10/2026", "1234,56", "05/10/2026")
    assert (private["Bénéficiaire"], private["Acte"]) == ("Paul", "Détail non affiché (3\u00a0soins)")
    assert (private["Date de soin"], private["Professionnel"], private["Base de remboursement"]) == ("", "", "")


def test_files_of_one_draft_tell_the_same_sum(tmp_path):
    files = make_files(draft(line(1), line(2)), INSURER)
    total = sum(int(row["Part de la mutuelle"].replace(",", "")) for row in rows_of(files.csv))
    assert total == 1800
    assert "18,00 €" in flat(text_in(files.pdf, tmp_path))


def test_period_names_are_french():
    assert period_name("annuel", date(2025, 1, 1), date(2025, 12, 31)) == "année 2025"
    assert period_name("periode", date(2025, 3, 1), date(2025, 4, 2)) == "du 1er mars 2025 au 2 avril 2025"
