"""Every kind of file: stored as written, unchanged the second time, amended when it changed (R-20, R-21)."""

import pytest
from pydantic import SecretStr

from portal.data.persons import id_by_nir
from portal.security import Keyring
from portal.settings import Settings
from tests.importing.samples import SAMPLES, TABLES, Importer, csv_text, json_lines, row

CHANGES = {
    "parameters": {"value": "300"},
    "acts": {"label": "Consultation"},
    "act-tariffs": {"heavy": "oui"},
    "act-rules": {"sector": ""},
    "example-cares": {"price": "31,00"},
    "products": {"name": "Confort plus"},
    "guarantees": {"percent": "200"},
    "contribution-prices": {"month": "182,40"},
    "card-terms": {"csr": "02"},
    "card-columns": {"value": "PEC"},
    "profession-care": {"valid_to": "2027-01-01"},
    "options": {"description": "Rembourse encore mieux."},
    "contract-options": {"ends_on": "31/12/2026"},
    "bank-details": {"iban": "FR14 2004 1010 0505 0001 3M02 606"},
    "remote-links": {"state": "active", "cause": ""},
    "persons": {"nir": ""},
    "contracts": {"ends_on": "31/12/2026"},
    "beneficiaries": {"valid_to": ""},
    "companies": {"email": ""},
    "group-contracts": {"responsible": "non"},
    "company-bank-details": {"iban": "FR14 2004 1010 0505 0001 3M02 606"},
    "staff-categories": {"label": "Cadres et assimilés"},
    "category-rates": {"employer_percent": "60"},
    "contract-amendments": {"signed_on": ""},
    "payroll-settings": {"delegate_code": "DG12"},
    "payroll-codes": {"option_code": ""},
    "employees": {"matricule": "0043"},
    "employment-periods": {"ends_on": "31/12/2026"},
    "exemption-grounds": {"most_months": "11"},
    "opened-exemptions": {"valid_to": "31/12/2026"},
    "providers": {"email": "optique@exemple.example"},
    "agreements": {"ends_on": ""},
    "agreement-amendments": {"signed_on": ""},
    "provider-addresses": {"city": "Saint-Etienne"},
    "provider-bank-details": {"iban": "FR14 2004 1010 0505 0001 3M02 606"},
    "directory": {"hours": "lu-sa 9h-19h"},
    "payments": {"amount": "29,00"},
    "benefit-lines": {"note": ""},
    "reject-codes": {"label": "Ordonnance expirée"},
    "invoices": {"engagement": ""},
    "transfers": {"paid_on": "2026-03-07"},
    "remittance-lines": {"label": "Acompte"},
}


@pytest.mark.parametrize("kind", SAMPLES)
def test_operator_imports_a_row_twice_and_nothing_changes(importer: Importer, kind: str) -> None:
    importer.before(kind)
    first, second = importer.one(kind), importer.one(kind)
    assert importer.problems() == []
    assert (first.created, first.updated, first.unchanged) == (1, 0, 0)
    assert (second.created, second.updated, second.unchanged) == (0, 0, 1)
    assert importer.count(TABLES[kind]) == 1


@pytest.mark.parametrize("kind", SAMPLES)
def test_operator_imports_an_amended_row_and_it_is_updated_once(importer: Importer, kind: str) -> None:
    importer.before(kind)
    importer.one(kind)
    changed, again = importer.one(kind, **CHANGES[kind]), importer.one(kind, **CHANGES[kind])
    assert (changed.created, changed.updated, changed.unchanged) == (0, 1, 0)
    assert (again.updated, again.unchanged) == (0, 1)
    assert importer.count(TABLES[kind]) == 1


@pytest.mark.parametrize("kind", SAMPLES)
def test_operator_imports_json_lines_and_csv_alike(importer: Importer, kind: str) -> None:
    importer.before(kind)
    assert importer(kind, json_lines(row(kind))).created == 1
    assert importer.one(kind).unchanged == 1


def test_operator_imports_a_line_and_every_column_is_stored(importer: Importer) -> None:
    importer.before("benefit-lines")
    importer.one("benefit-lines")
    columns = (
        "reference, label, provider, spent_cents, base_cents, base_rate, base_gross_cents, flat_fee_cents, "
        "franchise_cents, base_net_cents, supplementary_cents, other_cover_cents, remaining_cents, note, search"
    )
    amounts = 3000, 3000, 70, 2100, 200, 0, 1900, 900, 0, 200
    search = "consultation generaliste dr oeuvrard g medecin traitant"
    assert importer.stored("benefit-lines", columns) == [
        ("L1", "Consultation généraliste", "Dr Œuvrard", *amounts, "Médecin traitant", search)
    ]
    days = importer.stored("benefit-lines", "care_date, posted_on")[0]
    assert [str(day) for day in days] == ["2025-03-03", "2025-03-05"]


def test_operator_imports_a_line_and_it_is_linked_to_what_it_names(importer: Importer) -> None:
    importer.before("benefit-lines")
    importer.one("benefit-lines")
    assert importer.query(
        "SELECT payment.reference, member.reference, contract.number, person.reference, guarantee_rule.code, "
        "in_care_path FROM benefit_line JOIN payment ON payment.id = payment_id "
        "JOIN person AS member ON member.id = benefit_line.member_id JOIN person ON person.id = person_id "
        "JOIN contract ON contract.id = contract_id JOIN guarantee_rule ON guarantee_rule.id = rule_id"
    ) == [("V1", "P1", "C1", "P1", "consultations", True)]


def test_operator_imports_a_nir_and_it_is_only_stored_encrypted(importer: Importer) -> None:
    importer.one("persons")
    ((sealed, lookup),) = importer.stored("persons", "nir_encrypted, nir_lookup")
    assert importer.keyring.decrypt(bytes(sealed)) == "285057800608441"
    assert lookup == importer.keyring.lookup("285057800608441")


def test_person_is_found_by_nir_while_the_data_keys_rotate(importer: Importer, settings: Settings) -> None:
    """The insurer's next import rewrites what the old key made; until then the old key finds it."""
    nir = "285057800608441"
    old = importer.keyring
    importer.one("persons")
    rotated = Keyring(settings.model_copy(update={"data_keys": [SecretStr("n" * 32), *settings.data_keys]}))
    assert found_by(importer, rotated.lookups(nir)) is not None
    assert found_by(importer, [rotated.lookup(nir)]) is None
    importer.keyring = rotated
    assert importer.one("persons").updated == 1
    assert importer.one("persons").unchanged == 1
    ((sealed, lookup),) = importer.stored("persons", "nir_encrypted, nir_lookup")
    assert lookup == rotated.lookup(nir) != old.lookup(nir)
    alone = Keyring(settings.model_copy(update={"data_keys": [SecretStr("n" * 32)]}))
    assert alone.decrypt(bytes(sealed)) == nir
    assert found_by(importer, alone.lookups(nir)) is not None
    assert found_by(importer, rotated.lookups("154127500203317")) is None


def found_by(importer: Importer, lookups: list[str]) -> int | None:
    with importer.database.read() as db:
        return id_by_nir(db, lookups)


def test_operator_renames_a_person_and_the_ciphertext_still_opens(importer: Importer) -> None:
    importer.one("persons")
    assert importer.one("persons", last_name="Autre").updated == 1
    assert importer.keyring.decrypt(bytes(importer.stored("persons", "nir_encrypted")[0][0])) == "285057800608441"


def test_operator_closes_a_guarantee_version_and_its_rules_count_as_updated(importer: Importer) -> None:
    importer.before("guarantees")
    rules = row("guarantees"), row("guarantees", rule="analyses")
    importer("guarantees", csv_text("guarantees", *rules))
    closed = [rule | {"valid_to": "2025-12-31"} for rule in rules]
    assert importer("guarantees", csv_text("guarantees", *closed)).updated == 2
    assert importer("guarantees", csv_text("guarantees", *closed)).unchanged == 2
    assert importer.count("guarantee_version") == 1


def test_operator_imports_two_versions_and_each_line_gets_the_rule_of_its_day(importer: Importer) -> None:
    importer.before("benefit-lines")
    importer.one("guarantees", valid_from="2025-06-01", percent="300")
    later = row("benefit-lines", reference="L2", care_date="2025-06-01")
    importer("benefit-lines", csv_text("benefit-lines", row("benefit-lines"), later))
    assert importer.query(
        "SELECT reference, percent FROM benefit_line JOIN guarantee_rule ON guarantee_rule.id = rule_id ORDER BY 1"
    ) == [("L1", 150), ("L2", 300)]


def test_operator_imports_more_than_one_batch_and_each_row_counts_once(importer: Importer) -> None:
    rows = [row("persons", reference=f"P{number}", nir="") for number in range(4_500)]
    text = csv_text("persons", *rows, rows[0], rows[4_000])
    for expected in ((4_500, 0), (0, 4_500)):
        report = importer("persons", text)
        assert (report.created, report.unchanged, report.updated, report.rejected) == (*expected, 0, 2)
    assert [problem[:2] for problem in importer.problems()] == [["4502", "reference"], ["4503", "reference"]]


def test_operator_repeats_a_key_with_other_words_and_the_first_one_stands(importer: Importer) -> None:
    text = csv_text("acts", row("acts"), row("acts", label="Autre"))
    for _ in range(2):
        assert importer("acts", text).rejected == 1
        assert importer.stored("acts", "label") == [("Consultation généraliste",)]
