"""A wrong row is explained (line, column, value, reason), and never stops or spoils the others."""

import stat

import pytest

from portal.importing.problems import UnreadableFile
from tests.importing.samples import Importer, csv_text, row

LINE_FAULTS = [
    ({"spent": "31,00"}, "spent", "31,00", "19,00 + 9,00 + 0,00 + 2,00 = 30,00"),
    ({"flat_fee": "1,00"}, "base_net", "19,00", "21,00 − 1,00 − 0,00 = 20,00"),
    ({"spent": "12,345"}, "spent", "12,345", "plus de deux décimales"),
    ({"spent": "trente"}, "spent", "trente", "comme 12,48"),
    ({"spent": "99999999999"}, "spent", "99999999999", "dépasse"),
    ({"spent": ""}, "spent", "", "obligatoire"),
    ({"reference": ""}, "reference", "", "obligatoire"),
    ({"reference": "x" * 65}, "reference", "x" * 65, "64 caractères"),
    ({"care_date": "31/02/2025"}, "care_date", "31/02/2025", "n’existe pas"),
    ({"care_date": "2025-3-1"}, "care_date", "2025-3-1", "2026-03-31 ou 31/03/2026"),
    ({"posted_on": "9999-12-31"}, "posted_on", "9999-12-31", "l’année"),
    ({"status": "paid"}, "status", "paid", "payee"),
    ({"kind": "acte"}, "kind", "acte", "soin"),
    ({"source": "papier"}, "source", "papier", "noemie"),
    ({"family": "divers"}, "family", "divers", "pharmacie"),
    ({"care_path": "peut-être"}, "care_path", "peut-être", "oui ou non"),
    ({"quantity": "1,5"}, "quantity", "1,5", "entier"),
    ({"rate": "101"}, "rate", "101", "entre 0 et 100"),
    ({"note": "\x07"}, "note", "�", "illisibles"),
    ({"note": "x\x00y"}, "note", "x�y", "illisibles"),
    ({"act": ""}, "act", "", "code de son acte"),
    ({"contract": "C9"}, "contract", "C9", "inconnu"),
    ({"person": "P9"}, "person", "P9", "inconnu"),
    ({"person": "P2"}, "person", "P2", "n’est pas bénéficiaire du contrat C1"),
    ({"care_date": "2026-01-01"}, "care_date", "2026-01-01", "n’est pas couvert ce jour-là"),
    ({"payment": "V9"}, "payment", "V9", "inconnu"),
    ({"payment": "V2"}, "payment", "V2", "n’est pas au nom de l’adhérent"),
    ({"rule": "inconnue"}, "rule", "inconnue", "absente"),
]


@pytest.fixture
def household(importer: Importer) -> Importer:
    """All that the sample line refers to, and a stranger to its contract with a payment."""
    importer.before("benefit-lines")
    importer.one("persons", reference="P2", nir="")
    importer.one("payments", reference="V2", member="P2")
    return importer


def test_operator_imports_faulty_lines_and_each_fault_is_explained(household: Importer) -> None:
    good = row("benefit-lines", reference="L9")
    faulty = [row("benefit-lines", **changes) for changes, *_ in LINE_FAULTS]
    report = household("benefit-lines", csv_text("benefit-lines", *faulty, good))
    assert (report.created, report.rejected) == (1, len(LINE_FAULTS))
    for number, ((_, column, value, reason), problem) in enumerate(
        zip(LINE_FAULTS, household.problems(), strict=True), start=2
    ):
        assert problem[:3] == [str(number), column, value]
        assert reason in problem[3]
    assert household.stored("benefit-lines", "reference") == [("L9",)]


def test_operator_reads_every_fault_of_a_row_at_once(importer: Importer) -> None:
    assert importer.one("persons", last_name="", birth_date="hier", nir="1 23").rejected == 1
    assert [problem[1] for problem in importer.problems()] == ["last_name", "birth_date", "nir"]


@pytest.mark.parametrize(
    ("kind", "changes", "column"),
    [
        ("parameters", {"valid_to": "2024-01-01"}, "valid_to"),
        ("parameters", {"unit": "euros"}, "unit"),
        ("parameters", {"value": "2,00"}, "value"),
        ("act-tariffs", {"act": "ZZ"}, "act"),
        ("guarantees", {"percent": ""}, "percent"),
        ("guarantees", {"formula": "forfait"}, "amount"),
        ("guarantees", {"product": "X"}, "product"),
        ("persons", {"nir": "2 85 05 78 006 084 42"}, "nir"),
        ("contracts", {"member": "P9"}, "member"),
        ("contracts", {"product": "X"}, "product"),
        ("contracts", {"ends_on": "2024-12-31"}, "ends_on"),
        ("beneficiaries", {"valid_to": "2024-12-31"}, "valid_to"),
        ("beneficiaries", {"contract": "C9"}, "contract"),
        ("payments", {"member": "P9"}, "member"),
    ],
)
def test_operator_imports_a_contradiction_and_it_is_rejected(
    importer: Importer, kind: str, changes: dict[str, str], column: str
) -> None:
    importer.before(kind)
    report = importer.one(kind, **changes)
    assert (report.created, report.rejected) == (0, 1)
    assert [problem[:2] for problem in importer.problems()] == [["2", column]]


@pytest.mark.parametrize("kind", ["contracts", "payments"])
def test_operator_cannot_give_a_members_rows_to_somebody_else(household: Importer, kind: str) -> None:
    report = household.one(kind, member="P2")
    assert (report.updated, report.rejected) == (0, 1)
    assert "adhérent" in household.problems()[0][3]


def test_operator_gives_one_version_two_ends_and_the_second_is_rejected(importer: Importer) -> None:
    importer.before("guarantees")
    rows = row("guarantees"), row("guarantees", rule="analyses", valid_to="2025-12-31")
    assert importer("guarantees", csv_text("guarantees", *rows)).rejected == 1
    assert importer.problems()[0][:3] == ["3", "valid_to", "2025-12-31"]


def test_strict_import_of_a_faulty_row_commits_nothing(importer: Importer) -> None:
    text = csv_text("acts", row("acts"), row("acts", code="", label="x"))
    report = importer("acts", text, is_strict=True)
    assert (report.rejected, report.is_committed) == (1, False)
    assert importer.count("act") == 0
    assert importer.count("evidence") == 0


def test_dry_run_counts_and_commits_nothing(importer: Importer) -> None:
    report = importer("acts", csv_text("acts", row("acts"), row("acts", code="CS", family="x")), is_dry_run=True)
    assert (report.created, report.rejected, report.is_committed) == (1, 1, False)
    assert len(importer.problems()) == 1
    assert importer.count("act") == 0


def test_rejects_are_private_and_never_formulas(importer: Importer) -> None:
    importer.one("persons", birth_date="=HYPERLINK(1)")
    assert importer.problems()[0][2] == "'=HYPERLINK(1)"
    assert stat.S_IMODE(importer.rejects.stat().st_mode) == 0o600


def test_a_clean_import_removes_the_rejects_of_the_last_one(importer: Importer) -> None:
    importer.one("persons", birth_date="hier")
    importer.one("persons")
    assert not importer.rejects.exists()


def test_rejects_never_overwrite_another_file(importer: Importer) -> None:
    importer.rejects.write_text("a file of mine")
    with pytest.raises(UnreadableFile, match="n’est pas un fichier de rejets"):
        importer.one("persons", birth_date="hier")
    assert importer.rejects.read_text() == "a file of mine"


def test_thousands_of_rejects_are_all_written(importer: Importer) -> None:
    rows = [row("persons", reference=f"P{number}", nir="1") for number in range(6_000)]
    assert importer("persons", csv_text("persons", *rows)).rejected == 6_000
    assert [problem[0] for problem in importer.problems()] == [str(number) for number in range(2, 6_002)]
