"""Files as they come: encodings, delimiters, archives; and files that are not import files at all."""

import gzip
import tracemalloc
from pathlib import Path

import pytest

from portal.importing.problems import UnreadableFile
from portal.importing.registry import KINDS
from portal.importing.run import Request, run_import
from tests.importing.samples import Importer, csv_text, json_lines, row

ACTS = csv_text("acts", row("acts"))


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("packed", [False, True])
def test_operator_imports_any_usual_form_of_a_file(
    importer: Importer, delimiter: str, encoding: str, *, packed: bool
) -> None:
    content = csv_text("acts", row("acts"), delimiter=delimiter).encode(encoding)
    assert importer("acts", gzip.compress(content) if packed else content).created == 1
    assert importer.stored("acts", "label") == [("Consultation généraliste",)]


def test_windows_1252_is_recognised_when_only_the_last_line_has_an_accent(importer: Importer) -> None:
    plain = [row("acts", code=f"A{number}", label="Acte", description="") for number in range(3_000)]
    content = csv_text("acts", *plain, row("acts", label="Généraliste à 30 €", description="")).encode("cp1252")
    assert importer("acts", content).created == 3_001
    assert importer.stored("acts", "label")[-1] == ("Généraliste à 30 €",)


def test_one_stray_byte_spoils_its_own_line_only(importer: Importer) -> None:
    lines = [row("acts", code=code) for code in ("G", "CS", "V")]
    content = csv_text("acts", *lines).encode().replace(b"CS;Consultation g\xc3\xa9", b"CS;Consultation g\xe9")
    assert importer("acts", content).rejected == 1
    assert importer.problems()[0][0] == "3"
    assert importer.stored("acts", "code, label") == [
        ("G", "Consultation généraliste"),
        ("V", "Consultation généraliste"),
    ]


def test_decomposed_accents_are_composed(importer: Importer) -> None:
    importer.one("acts", label="Ge\u0301ne\u0301raliste")
    assert importer.stored("acts", "label") == [("Généraliste",)]


def test_columns_may_come_in_any_order_and_lines_end_anyhow(importer: Importer) -> None:
    text = 'Family;"description"; code ;LABEL\r\n\r\nsoins_courants;;G;"Dit ""le généraliste"" ; cabinet"\r\n;;;\r\n'
    assert importer("acts", text).created == 1
    assert importer.stored("acts", "code, label") == [("G", 'Dit "le généraliste" ; cabinet')]


def test_an_unbalanced_quote_spoils_its_own_line_only(importer: Importer) -> None:
    text = 'code;label;family;description\nA;"ouvert;dentaire;\nB;bon;dentaire;\nC;"x"y;dentaire;\nD;bon;dentaire;\n'
    assert importer("acts", text).rejected == 2
    assert [problem[0] for problem in importer.problems()] == ["2", "4"]
    assert importer.stored("acts", "code") == [("B",), ("D",)]


def test_a_line_with_too_few_or_too_many_cells_is_rejected(importer: Importer) -> None:
    text = "code;label;family;description\nA;a;dentaire\nB;b;dentaire;;\nC;c;dentaire;\n"
    assert importer("acts", text).rejected == 2
    assert "3 cellules, l’en-tête en a 4" in importer.problems()[0][3]
    assert importer.stored("acts", "code") == [("C",)]


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_ten_megabyte_cell_is_rejected_in_flat_memory(importer: Importer, quote: str) -> None:
    text = f"code;label;family;description\nA;{quote}{'x' * 10_000_000}{quote};dentaire;\nB;bon;dentaire;\n"
    content = gzip.compress(text.encode())
    del text
    tracemalloc.start()
    report = importer("acts", content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (report.created, report.rejected) == (1, 1)
    assert importer.problems()[0][0] == "2"
    assert peak < 8_000_000


JSON_FAULTS = [
    '{"code": ["G"], "label": "x", "family": "dentaire"}',
    '{"code": {"a": 1}, "label": "x", "family": "dentaire"}',
    '{"code": true, "label": "x", "family": "dentaire"}',
    '{"code": "\\ud800", "label": "x", "family": "dentaire"}',
    '{"code": "a\\u0000b", "label": "x", "family": "dentaire"}',
    '{"code": "Z", "label": "x", "family": "dentaire", "price": 3}',
    '{"code": "Z", "label": "x", ',
    '["Z", "x", "dentaire"]',
    "null",
    "[" * 30_000,
    '{"a":' * 10_000,
]


def test_hostile_json_lines_are_rejected_and_the_others_stored(importer: Importer) -> None:
    good = json_lines({"code": "G", "label": "bon", "family": "dentaire"})
    report = importer("acts", good + "\n" + "\n".join(JSON_FAULTS) + "\n" + good.replace("G", "H"))
    assert (report.created, report.rejected) == (2, len(JSON_FAULTS))
    assert importer.stored("acts", "code, label") == [("G", "bon"), ("H", "bon")]


def test_json_numbers_keep_their_digits(importer: Importer) -> None:
    importer.one("acts")
    tariffs = [
        row("act-tariffs", base=base, rate=70, valid_from=f"2025-01-0{day}")
        for day, base in enumerate((12.48, 30, 0.1, 1e30, float("nan"), 12.345, True), start=1)
    ]
    assert importer("act-tariffs", json_lines(*tariffs)).rejected == 4
    assert importer.stored("act-tariffs", "valid_from, base_cents")[0][1] == 1248
    assert [cents for _, cents in importer.stored("act-tariffs", "valid_from, base_cents")] == [1248, 3000, 10]


def test_json_says_heavy_acts_by_true_and_false(importer: Importer) -> None:
    importer.before("act-tariffs")
    said = {"2025-01-01": True, "2025-01-02": False, "2025-01-03": None, "2025-01-04": "oui"}
    rows = [row("act-tariffs", valid_from=day, heavy=heavy) for day, heavy in said.items()]
    assert importer("act-tariffs", json_lines(*rows)).rejected == 0
    stored = importer.stored("act-tariffs", "valid_from, may_be_heavy")
    assert [heavy for _, heavy in stored] == [True, False, False, True]


def test_json_booleans_are_welcome_where_they_mean_something(importer: Importer) -> None:
    importer.before("contracts")
    rows = row("contracts", responsible=False), row("contracts", number="C2", responsible=True)
    assert importer("contracts", json_lines(*rows)).created == 2
    assert importer.stored("contracts", "number, is_responsible") == [("C1", False), ("C2", True)]


NO_IMPORT_FILES = {
    "empty": (b"", "vide"),
    "blank": (b"\n \n", "aucune ligne"),
    "empty archive": (gzip.compress(b""), "aucune ligne"),
    "workbook": (b"PK\x03\x04rest", "classeur"),
    "pdf": (b"%PDF-1.7", "PDF"),
    "utf-16": ("code;label".encode("utf-16"), "UTF-16"),
    "truncated archive": (gzip.compress(ACTS.encode() * 100)[:-20], "gzip"),
    "false archive": (b"\x1f\x8bnot really", "gzip"),
    "program": (b"\x7fELF" + b"\x00\xff\xfe" * 5_000, "en-tête"),
    "endless line": (b"x" * 200_000, "aucune ligne"),
    "missing column": (b"code;label;family\n", "colonnes manquantes : description"),
    "unknown column": (b"code;label;family;description;prix\n", "colonnes inconnues : prix"),
    "repeated column": (b"code;label;family;description;code\n", "colonnes en double : code"),
    "array": (b"[1, 2]\n", "en-tête"),
}


@pytest.mark.parametrize("name", NO_IMPORT_FILES)
def test_a_file_that_is_no_import_file_is_refused_with_its_reason(importer: Importer, name: str) -> None:
    content, words = NO_IMPORT_FILES[name]
    with pytest.raises(UnreadableFile, match=f"(?i){words}"):
        importer("acts", content)
    assert importer.count("act") == 0


@pytest.mark.parametrize("name", [".", "absent", "absent/absent", "/dev/zero", "a\x00b"])
def test_a_path_that_is_no_file_is_refused(importer: Importer, name: str) -> None:
    path = importer.folder / name
    with pytest.raises(UnreadableFile):
        run_import(importer.database, importer.keyring, Request(KINDS["acts"], path, Path(importer.rejects)))


def test_a_header_alone_imports_nothing(importer: Importer) -> None:
    report = importer("acts", "code;label;family;description")
    assert report.is_committed
    assert set(report.counts.values()) == {0}


def test_a_file_that_changes_during_the_import_is_not_recorded(importer: Importer) -> None:
    def meddle(_done: int, _size: int) -> None:
        with (importer.folder / "file").open("a") as file:
            file.write("x")

    with pytest.raises(UnreadableFile, match="a changé"):
        importer("acts", ACTS, progress=meddle)
    assert importer.count("act") == 0
