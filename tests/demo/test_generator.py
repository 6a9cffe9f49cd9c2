"""The demonstration's files: reproducible, fictitious, coherent (payments, periods, worked examples)."""

import csv
import gzip
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from stdnum.fr import nir

from portal.commands.demo_data import command
from portal.data.persons import age_on
from portal.demo.generator import Options, write_demo_data
from portal.demo.reference import TABLES, accounts, cents
from portal.demo.writing import HEADERS
from tests.support.demonstration import TODAY

OPTIONS = Options(members=80, history=3, seed=5, today=TODAY)
FILES = (*TABLES, *HEADERS, "contract-options", "national-directory")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("demo")
    write_demo_data(OPTIONS, path)
    return path


def read(folder: Path, table: str) -> list[dict[str, str]]:
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def amount(text: str) -> int:
    return -cents(text[1:]) if text.startswith("-") else cents(text)


def test_same_options_write_the_same_bytes(folder, tmp_path):
    write_demo_data(OPTIONS, tmp_path)
    for name in FILES:
        assert (tmp_path / f"{name}.csv").read_bytes() == (folder / f"{name}.csv").read_bytes(), name


def test_another_seed_writes_other_lines(folder, tmp_path):
    write_demo_data(Options(members=4, history=3, seed=6, today=TODAY), tmp_path)
    assert read(tmp_path, "benefit-lines")[0] != read(folder, "benefit-lines")[0]


def test_a_household_does_not_depend_on_how_many_there_are(folder, tmp_path):
    write_demo_data(Options(members=9, history=3, seed=5, today=TODAY), tmp_path)
    fewer = read(tmp_path, "benefit-lines")
    assert fewer == read(folder, "benefit-lines")[: len(fewer)]
    assert read(tmp_path, "persons") == read(folder, "persons")[: len(read(tmp_path, "persons"))]


def test_compressed_files_hold_the_same_bytes_and_no_date(folder, tmp_path):
    for name in ("first", "second"):
        write_demo_data(OPTIONS, tmp_path / name, compress=True)
    for name in FILES:
        packed = (tmp_path / "first" / f"{name}.csv.gz").read_bytes()
        assert packed == (tmp_path / "second" / f"{name}.csv.gz").read_bytes()
        assert gzip.decompress(packed) == (folder / f"{name}.csv").read_bytes()


def test_every_line_adds_up(folder):
    for line in read(folder, "benefit-lines"):
        parts = [amount(line[name]) for name in ("base_net", "supplementary", "other_cover", "remaining")]
        assert amount(line["spent"]) == sum(parts), line
        withheld = amount(line["flat_fee"]) + amount(line["franchise"])
        assert amount(line["base_net"]) == amount(line["base_gross"]) - withheld, line


def test_a_payment_is_the_sum_of_its_lines_supplementary_shares(folder):
    sums: dict[str, int] = defaultdict(int)
    for line in read(folder, "benefit-lines"):
        if line["payment"]:
            sums[line["payment"]] += amount(line["supplementary"])
    payments = {row["reference"]: amount(row["amount"]) for row in read(folder, "payments")}
    assert payments == sums
    assert min(payments.values()) > 0


def test_lines_are_paid_on_their_payment_s_day_and_unpaid_ones_have_none(folder):
    days = {row["reference"]: row["paid_on"] for row in read(folder, "payments")}
    for line in read(folder, "benefit-lines"):
        if line["payment"]:
            assert line["posted_on"] == days[line["payment"]]
        if line["status"] in {"en_cours", "en_attente_piece", "refusee"}:
            assert line["payment"] == ""
        assert line["care_date"] <= line["posted_on"] <= TODAY.isoformat()


def test_care_falls_within_each_person_s_cover(folder):
    periods = {row["person"]: (row["valid_from"], row["valid_to"] or "9999") for row in read(folder, "beneficiaries")}
    for line in read(folder, "benefit-lines"):
        start, end = periods[line["person"]]
        assert start <= line["care_date"] <= end, line


def test_persons_are_fictitious_with_a_never_issued_nir_of_right_key(folder):
    numbers = [row["nir"] for row in read(folder, "persons")]
    assert all(nir.is_valid(number) and number[5:7] == "99" and int(number[7:10]) < 99 for number in numbers)
    assert len(set(numbers)) == len(numbers)
    for row in read(folder, "persons"):
        assert row["nir"][1:5] == f"{date.fromisoformat(row['birth_date']):%y%m}"


def test_every_state_kind_and_family_shows_up(folder):
    lines = read(folder, "benefit-lines")
    assert {line["status"] for line in lines} == {
        "en_cours",
        "payee",
        "en_attente_piece",
        "refusee",
        "annulee",
        "regularisee",
    }
    assert {line["kind"] for line in lines} == {"soin", "retenue", "regularisation"}
    assert len({line["family"] for line in lines}) >= 11
    assert all(line["note"] for line in lines if line["status"] in {"en_attente_piece", "refusee"})
    assert any(line["care_path"] == "0" for line in lines)


def test_some_people_reach_their_yearly_caps_and_none_exceeds_them(folder):
    fees: Counter = Counter()
    for line in read(folder, "benefit-lines"):
        year = line["care_date"][:4]
        fees["fee", line["person"], year] += amount(line["flat_fee"])
        fees["franchise", line["person"], year] += amount(line["franchise"])
    assert max(fees.values()) == 5000
    assert any(total == 5000 for (kind, *_), total in fees.items() if kind == "franchise")


def test_some_people_use_up_their_osteopathy_sessions(folder):
    lines = [line for line in read(folder, "benefit-lines") if line["act"] == "OST" and line["rule"]]
    assert any(amount(line["supplementary"]) == 0 and line["status"] == "payee" for line in lines)


def test_worked_examples_stand_among_the_family_s_lines(folder):
    lines = [line for line in read(folder, "benefit-lines") if line["person"] in {"P-000001-1", "P-000002-1"}]
    shown = {
        (line["act"], line["spent"], line["base_gross"], line["base_net"], line["supplementary"], line["remaining"])
        for line in lines
    }
    assert {
        ("G", "30,00", "21,00", "19,00", "9,00", "2,00"),
        ("CS", "60,00", "22,05", "20,05", "37,95", "2,00"),
        ("CS", "80,00", "16,10", "14,10", "18,40", "47,50"),
        ("PH7", "12,48", "8,11", "6,11", "4,37", "2,00"),
        ("AMK", "16,13", "9,68", "8,68", "6,45", "1,00"),
        ("B", "27,00", "16,20", "14,20", "10,80", "2,00"),
        ("FJ", "69,00", "0,00", "0,00", "69,00", "0,00"),
        ("FPU", "23,00", "0,00", "0,00", "23,00", "0,00"),
        ("PAU", "950,00", "240,00", "240,00", "710,00", "0,00"),
        ("CZ0", "500,00", "72,00", "72,00", "428,00", "0,00"),
        ("ICO", "850,00", "72,00", "72,00", "288,00", "490,00"),
        ("LUN", "430,00", "0,09", "0,09", "299,91", "130,00"),
        ("OST", "60,00", "0,00", "0,00", "40,00", "20,00"),
    } <= shown


def test_fixed_accounts_are_persons_of_the_files_whatever_the_size(tmp_path):
    write_demo_data(Options(members=3, history=1, seed=1, today=TODAY), tmp_path)
    persons = {row["reference"]: row for row in read(tmp_path, "persons")}
    fixed = {account.identifier: account.person for account in accounts() if account.space == "adherent"}
    assert set(fixed) == {"1000000016", "1000000024", "1000000032", "1000000040", "1000000057", "1000000065"}
    assert set(fixed.values()) <= set(persons)
    family = [row for row in persons.values() if row["reference"].startswith("P-000001-")]
    ages = sorted(age_on(date.fromisoformat(row["birth_date"]), TODAY) for row in family)
    assert len(family) == 4
    assert ages[1] < 18 <= ages[2]
    owners = {line["person"] for line in read(tmp_path, "benefit-lines")}
    assert set(fixed.values()) <= owners


def test_the_leaver_s_contract_ended_thirteen_months_ago(folder):
    ended = next(row["ends_on"] for row in read(folder, "contracts") if row["number"] == "C-000003")
    assert ended == "2025-10-24"


def test_a_child_turned_eighteen_while_covered(folder):
    covered = {row["person"]: row for row in read(folder, "beneficiaries") if row["relationship"] == "enfant"}
    born = {row["reference"]: date.fromisoformat(row["birth_date"]) for row in read(folder, "persons")}
    grown = [
        person
        for person, row in covered.items()
        if age_on(born[person], date.fromisoformat(row["valid_from"])) < 18 <= age_on(born[person], TODAY)
    ]
    assert grown


@pytest.mark.parametrize("day", ["2024-02-29", "2025-12-31", "2026-01-01"])
def test_data_can_end_on_any_day(tmp_path, day):
    today = date.fromisoformat(day)
    summary = write_demo_data(Options(members=12, history=6, seed=2, today=today), tmp_path)
    assert summary.lines == len(read(tmp_path, "benefit-lines"))
    assert max(line["posted_on"] for line in read(tmp_path, "benefit-lines")) <= day


def test_operator_writes_files_with_the_command(tmp_path):
    arguments = ["--members", "5", "--history", "1", "--today", "2026-11-24", "--gzip", "--output", str(tmp_path / "x")]
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 0, result.output
    assert "5 households" in result.output
    assert sorted(path.name for path in (tmp_path / "x").iterdir()) == sorted(f"{name}.csv.gz" for name in FILES)


@pytest.mark.parametrize("wrong", [["--members", "2"], ["--history", "0"], ["--today", "hier"]])
def test_operator_is_told_about_wrong_options(tmp_path, wrong):
    result = CliRunner().invoke(command, ["--output", str(tmp_path), *wrong])
    assert result.exit_code == 2
    assert wrong[0] in result.output
