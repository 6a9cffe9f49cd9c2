"""All one's data in one ZIP: to read, to print, to count, to hand on (R-70; GDPR 15 and 20; security: C6, D4, E5)."""

import csv
import io
import json
from datetime import UTC, date, datetime
from zipfile import ZipFile

import pytest
from fhir.resources.R4B.bundle import Bundle
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import SQLModel

from portal.data.accounts import Role, Space
from portal.data.benefits import BenefitLine, Family, LineKind, Source, Status
from portal.data.coverage import Autonomy, Beneficiary, Contract, Relationship
from portal.data.evidence import Action, record
from portal.data.export_subjects import Care, Cover
from portal.data.personal_data import HOLDINGS
from portal.data.persons import Person
from portal.exported_tables import column_words, csv_of
from portal.fhir import NIR_SYSTEM, Record, write_bundle
from portal.reading_limits import EXPORTS
from tests.support import factories
from tests.support.entry import ask, enter
from tests.support.html import Html

ARCHIVE = "/compte/donnees/archive.zip"
NIR = "285057312345670"
FORMULA = "=HYPERLINK(1)"
NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)


def archive_of(client) -> ZipFile:
    answer = ask(client, ARCHIVE)
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].endswith('.zip"')
    return ZipFile(io.BytesIO(answer.content))


def text(archive: ZipFile, name: str) -> str:
    return archive.read(name).decode()


def rows(archive: ZipFile, name: str) -> list[dict[str, str]]:
    content = text(archive, name)
    assert content.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(content[1:]), delimiter=";"))


def everything(archive: ZipFile) -> str:
    return "".join(text(archive, name) for name in archive.namelist() if not name.endswith(".pdf"))


@pytest.fixture
def anne(client):
    """Anne, her spouse, a minor of hers and one granted autonomy, each with care; and strangers."""
    services = client.services
    born = factories.MINOR_BIRTH
    with services.database.write() as db:
        family = factories.household(db, spouse="Paul", children={"Zoé": born, "Max": born})
        account = factories.member_account(db, services.keyring, family.member, email="anne@a.example")
        family.member.nir_encrypted = services.keyring.encrypt(NIR)
        factories.paid_line(db, family.contract, label=FORMULA)
        for name in ("Paul", "Zoé", "Max"):
            factories.paid_line(db, family.contract, family[name], label=f"Soin de {name}")
        db.add(Autonomy(person_id=family["Max"].id, started_at=account.created_at))
        other = factories.household(db, name="Ailleurs")
        factories.cover(db, other.contract, family["Zoé"], Relationship.CHILD)
        factories.paid_line(db, other.contract, family["Zoé"], label="Soin de Zoé chez l’autre parent")
    enter(client, account)
    return account


def test_holder_takes_a_readable_folder_away_at_once_r70(client, anne, recorded) -> None:
    archive = archive_of(client)
    assert archive.testzip() is None
    names = set(archive.namelist())
    assert {"lisez-moi.html", "mes-donnees.pdf", "mes-donnees.json", "fhir/bundle.json", "csv/person.csv"} <= names
    assert archive.read("mes-donnees.pdf").startswith(b"%PDF")
    assert [row[:2] for row in recorded("data.")] == [("data.exported", "zip")]


def test_page_of_the_folder_reads_alone_and_runs_nothing_r70(client, anne) -> None:
    """No script, no address of ours, no outside file; a heading for each table; nothing typed becomes markup."""
    with client.services.database.write() as db:
        db.get_one(Person, anne.person_id).first_name = "<script>alert(1)</script>"
    content = text(archive_of(client), "lisez-moi.html")
    page = Html(content)
    assert page.css("script, link, img, iframe, form") == []
    assert "&lt;script&gt;" in content
    assert {node.attributes["href"][0] for node in page.css("a")} == {"#"}
    anchors = {node.attributes["id"] for node in page.css("[id]")}
    assert {node.attributes["href"][1:] for node in page.css("a")} <= anchors
    assert page.css("html")[0].attributes["lang"] == "fr"
    assert all(node.attributes.get("scope") == "col" for node in page.css("th"))
    assert "30,00" in content
    assert "benefit_line" not in page.css("main")[0].text()


def test_spreadsheets_are_french_and_run_no_formula_r70(client, anne) -> None:
    archive = archive_of(client)
    line = rows(archive, "csv/benefit_line.csv")[0]
    assert (line["Libellé"], line["Dépense"], line["Statut"]) == (f"'{FORMULA}", "30,00", "Payée")
    assert line["Date de soin"] == factories.CARE_DAY.strftime("%d/%m/%Y")
    assert rows(archive, "csv/person.csv")[0]["Numéro de Sécurité sociale"] == NIR


def test_folder_covers_minors_by_one_s_own_contract_and_no_adult_s_care_r70(client, anne) -> None:
    """D4, R-72: neither the spouse's, nor an autonomous minor's, nor what another parent's contract paid."""
    archive = archive_of(client)
    said = everything(archive)
    assert "Soin de Zoé" in said
    for kept in ("Soin de Paul", "Soin de Max", "l’autre parent", "Ailleurs", anne.password_hash):
        assert kept not in said
    content = json.loads(text(archive, "mes-donnees.json"))
    assert [minor["name"] for minor in content["minors"]] == ["Zoé Essai"]
    assert "csv/enfant-1-zoe-essai/benefit_line.csv" in archive.namelist()


def test_bundle_is_fhir_r4_and_tells_the_same_benefits_r70(client, anne) -> None:
    found = json.loads(text(archive_of(client), "fhir/bundle.json"))
    bundle = Bundle.model_validate(found)
    assert bundle.type == "collection"
    kinds = [entry["resource"]["resourceType"] for entry in found["entry"]]
    assert [kinds.count(kind) for kind in ("Patient", "Coverage", "ExplanationOfBenefit")] == [2, 2, 2]
    patient = found["entry"][0]["resource"]
    assert (patient["identifier"][0]["system"], patient["identifier"][0]["value"]) == (NIR_SYSTEM, NIR)
    benefit = next(e["resource"] for e in found["entry"] if e["resource"]["resourceType"] == "ExplanationOfBenefit")
    assert benefit["item"][0]["net"] == {"value": 30.0, "currency": "EUR"}
    known = {entry["fullUrl"] for entry in found["entry"]}
    assert {benefit["patient"]["reference"], benefit["insurance"][0]["coverage"]["reference"]} <= known


def test_professional_and_employer_take_theirs_without_fhir_r70(client, make) -> None:
    for maker in (factories.employer_account, factories.provider_account, factories.desk_account):
        enter(client, make(maker))
        archive = archive_of(client)
        assert "csv/account.csv" in archive.namelist()
        assert "fhir/bundle.json" not in archive.namelist()


def test_representative_takes_the_account_s_data_and_nothing_of_the_child_r70(client) -> None:
    with client.services.database.write() as db:
        family = factories.household(db, children={"Zoé": factories.MINOR_BIRTH})
        account = factories.account(db, client.services.keyring, Space.MEMBER, Role.REPRESENTATIVE, of=family["Zoé"])
        factories.paid_line(db, family.contract, family["Zoé"], label="Soin de l’enfant")
    enter(client, account)
    archive = archive_of(client)
    assert "Soin de l’enfant" not in everything(archive)
    assert not {"fhir/bundle.json", "csv/person.csv"} & set(archive.namelist())


def test_folder_needs_a_recent_proof_and_is_not_taken_without_end_r70(client, anne, grow_old) -> None:
    for _ in range(EXPORTS.account[0].reads):
        assert ask(client, ARCHIVE).status_code == 200
    refused = ask(client, ARCHIVE)
    assert refused.status_code == 429
    assert "annuaire" not in refused.text
    grow_old()
    assert ask(client, ARCHIVE).headers["location"].startswith("/compte/confirmation?suite=")


def test_every_column_that_an_export_gives_has_a_french_name_r70() -> None:
    """A new column fails here until it is named in wordlists/columns.csv."""
    columns = {table: set(SQLModel.metadata.tables[table].columns.keys()) for table in HOLDINGS}
    given = {
        held.opened.get(name, name) for table, held in HOLDINGS.items() for name in columns[table] - set(held.withheld)
    }
    withheld = {name.removesuffix("_encrypted") for held in HOLDINGS.values() for name in held.withheld}
    assert (given | withheld) - set(column_words()) == set()
    assert all(column_words().values())


@settings(deadline=None)
@given(st.text(max_size=30), st.integers(-(10**9), 10**9), st.none() | st.dates())
def test_any_row_becomes_one_line_that_a_spreadsheet_reads_back_r70(label, cents, day) -> None:
    row = {"label": label, "amount_cents": cents, "paid_on": day, "is_responsible": True}
    content = b"".join(csv_of({"table": "payment", "rows": [row, row]})).decode()
    read = list(csv.reader(io.StringIO(content[1:], newline=""), delimiter=";"))
    assert [len(line) for line in read] == [4, 4, 4]
    assert not read[1][0].startswith(("=", "+", "-", "@"))
    assert read[1][1].replace(",", "") == f"{'-' if cents < 0 else ''}{abs(cents):03}"
    assert read[1][3] == "oui"


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Z")), min_size=1, max_size=20)


@settings(deadline=None, max_examples=60)
@given(NAMES, st.sampled_from(Relationship), st.sampled_from(Status), st.sampled_from(Family), st.integers(0, 10**8))
def test_any_benefit_makes_a_valid_bundle_r70(name, relationship, status, family, cents) -> None:
    person = Person(id=1, reference="P1", last_name=name, first_name=name, birth_date=date(1980, 2, 29))
    contract = Contract(
        id=1, number="C1", kind="individuel", member_id=1, product_id=1, member_number="A1", starts_on=date(2020, 1, 1)
    )
    period = Beneficiary(id=1, contract_id=1, person_id=1, relationship=relationship, valid_from=date(2020, 1, 1))
    amounts = dict.fromkeys(("base_cents", "base_rate", "base_gross_cents", "base_net_cents", "supplementary_cents"), 0)
    line = BenefitLine(
        id=1, reference="L1", member_id=1, contract_id=1, person_id=1, posted_on=date(2026, 1, 2),
        care_date=date(2026, 1, 1), act_code="G", label=name, family=family, kind=LineKind.CARE, status=status,
        source=Source.NOEMIE, spent_cents=cents, remaining_cents=cents, search="", note=name, **amounts,
    )  # fmt: skip
    record = Record(person, "", [Cover(period, contract, name)], [Care(line, date(2026, 1, 3)), Care(line, None)])
    file = io.BytesIO()
    write_bundle(file, [record], "Mutuelle", "https://portal.test", NOON)
    Bundle.model_validate(json.loads(file.getvalue()))


def test_folder_tells_who_read_the_holder_s_data_by_function_alone_r70_r51(client, anne) -> None:
    """What was done and read, in words: staff by their function, colleagues and practices as the journal says; the
    details of what others did stay theirs."""
    services = client.services
    with services.database.write() as db:
        agent = factories.desk_account(db, services.keyring)
        agent.display_name = "Agathe Gestionnaire"
        record(
            db,
            factories.viewer_of(db, agent),
            Action.PERSON_READ,
            object="fiche",
            acting_for=anne.person_id,
            details={"purpose": "suivi", "address": "203.0.113.9"},
            now=NOON,
        )
    archive = archive_of(client)
    read = next(row for row in rows(archive, "csv/historique.csv") if "fiche" in row["Quoi"])
    assert (read["Qui"], read["Adresse"], read["Résultat"]) == ("un gestionnaire de l’assureur", "", "fait")
    content = text(archive, "lisez-moi.html")
    assert "Ce qui a été fait et consulté" in content
    assert read["Quoi"] in content
    assert read["Quoi"] in [act["Quoi"] for act in json.loads(text(archive, "mes-donnees.json"))["history"]]
    assert "Agathe" not in everything(archive)
    assert "203.0.113.9" not in everything(archive)


def test_stranger_s_folder_tells_nothing_that_was_done_on_anne_s_data_r70(client, anne, make) -> None:
    services = client.services
    with services.database.write() as db:
        agent = factories.viewer_of(db, factories.desk_account(db, services.keyring))
        record(db, agent, Action.PERSON_READ, object="fiche", acting_for=anne.person_id, details={}, now=NOON)
    enter(client, make(factories.employer_account))
    assert [row for row in rows(archive_of(client), "csv/historique.csv") if "fiche" in row["Quoi"]] == []
