"""Everything that the account holds, in one file (GDPR 15 and 20; R-16, R-70; security: C6, D4)."""

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import LargeBinary
from sqlmodel import SQLModel

from portal.data import tables
from portal.data.accounts import Role, Space
from portal.data.cases import CaseKind, begin_case
from portal.data.holdings import Owner
from portal.data.payments import PaymentDue
from portal.data.personal_data import HOLDINGS, NOT_HELD
from portal.data.representations import Capacity, Declaration
from portal.data.sessions import Stage
from portal.data.valuation_drafts import ValuationDraft
from portal.data.valued_lines import ValuedLine
from tests.support import factories
from tests.support.entry import ask, enter
from tests.support.terms import publish_version

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
CANARY = "canari-7f3a"
EXPORT = "/compte/donnees/export.json"
TABLES = SQLModel.metadata.tables


def exported(client) -> dict[str, list[dict]]:
    content = json.loads(ask(client, EXPORT).content)
    return {part["table"]: part["rows"] for part in content["data"]}


def test_every_table_is_exported_or_says_why_not() -> None:
    """A new table fails here until somebody decides what the export gives and what deletion erases."""
    assert set(tables.metadata.tables) == set(HOLDINGS) | set(NOT_HELD)
    assert set(HOLDINGS) & set(NOT_HELD) == set()
    assert all(NOT_HELD.values())


@pytest.mark.parametrize("name", HOLDINGS)
def test_decisions_name_real_columns_and_give_no_secret(name) -> None:
    held, columns = HOLDINGS[name], set(TABLES[name].columns.keys())
    assert set(held.withheld) | set(held.blank) | set(held.opened) <= columns
    assert held.column in (TABLES[held.via[1]].columns if held.via else columns)
    given = columns - set(held.withheld) - set(held.opened)
    assert not [column for column in given if isinstance(TABLES[name].c[column].type, LargeBinary)]
    secret = ("hash", "encrypted", "digest", "salt", "lookup", "token")
    tells_digests = name in {"evidence", "stored_file"}  # of what the holder may check: no secret
    assert tells_digests or not [column for column in given if any(word in column for word in secret)]
    assert held.is_deleted or held.kept_for
    assert not (held.is_deleted and held.blank)


@pytest.mark.parametrize("name", [name for name, held in HOLDINGS.items() if held.owner is Owner.ACCOUNT])
def test_tables_that_point_at_an_account_are_the_account_s(name) -> None:
    targets = {key.column.table.name for column in TABLES[name].columns for key in column.foreign_keys}
    parent = HOLDINGS[name].via
    assert "account" in targets or name in {"account", "evidence"} or (parent and parent[1] in targets)


def test_no_table_that_points_at_an_account_is_forgotten() -> None:
    """Of these, only what staff do, and are charged with, for the insurer is nobody's own."""
    pointing = {
        table.name
        for table in TABLES.values()
        if any(key.column.table.name == "account" for column in table.columns for key in column.foreign_keys)
    }
    written_by_staff = {"decision_proposal", "publication", "reply_template", "reply_version"}
    assert pointing - set(HOLDINGS) == {"maintenance", "service_switch", "work_item"} | written_by_staff


def test_holder_takes_everything_away_and_nobody_else_s(client, make, recorded) -> None:
    """D4: the spouse's and a stranger's lines stay out; so do secrets."""
    keyring = client.services.keyring
    with client.services.database.write() as db:
        family = factories.household(db, spouse="Paul")
        account = factories.member_account(
            db, keyring, family.member, email="anne@exemple.example", phone="01 02 03 04 05"
        )
        factories.paid_line(db, family.contract, label="Soin de la titulaire")
        factories.paid_line(db, family.contract, family["Paul"], label="Soin du conjoint")
        family.member.nir_encrypted = keyring.encrypt("1800599999999")
    make(factories.member_with_account, name="Autre")
    enter(client, account)
    answer = ask(client, EXPORT)
    assert answer.headers["content-disposition"].startswith('attachment; filename="mes-donnees-')
    found = exported(client)
    assert [(row["identifier"], row["email"], row["phone"]) for row in found["account"]] == [
        (account.identifier, "anne@exemple.example", "01 02 03 04 05")
    ]
    assert [row["label"] for row in found["benefit_line"]] == ["Soin de la titulaire"]
    assert [(row["last_name"], row["nir"]) for row in found["person"]] == [("Essai", "1800599999999")]
    assert {row["address"] for row in found["session"]} == {"192.0.2.1"}
    for secret in (account.password_hash, "Soin du conjoint", "Autre", "nir_lookup"):
        assert secret not in answer.text or secret == "nir_lookup"
    assert [row[:2] for row in recorded("data.")] == [("data.exported", "json")] * 2


def test_every_withheld_column_is_named_with_its_reason(client, holder) -> None:
    content = json.loads(ask(client, EXPORT).content)
    account = next(part for part in content["data"] if part["table"] == "account")
    assert account["withheld"]["password_hash"] == "secret qui protège le compte"
    assert (content["format"], content["account"]) == ("portal-account-export-2", holder.identifier)


def test_employer_takes_the_organisation_s_own_rows(client, make) -> None:
    account = make(factories.employer_account)
    enter(client, account)
    found = exported(client)
    assert "person" not in found
    assert "benefit_line" not in found
    assert found["account"][0]["identifier"] == account.identifier


def test_export_needs_a_recent_proof_of_identity(client, holder, grow_old, recorded) -> None:
    grow_old()
    assert client.get("/compte/donnees").text
    assert ask(client, EXPORT).headers["location"] == "/compte/confirmation?suite=%2Fcompte%2Fdonnees%2Fexport.json"
    assert recorded("data.") == []


def test_who_refuses_new_terms_still_takes_the_data_away(client, holder) -> None:
    """R-16: the page, without links that lead to what is closed, and the file."""
    with client.services.database.write() as db:
        publish_version(db)
    assert ask(client, "/compte").headers["location"].startswith("/conditions/acceptation")
    page = client.get("/compte/donnees")
    assert client.status == 200
    links = {node.attributes["href"] for node in page.css("main a")}
    assert "/compte/suppression" in links
    assert "/compte/journal" not in links
    assert exported(client)["account"]


def test_temporary_password_comes_before_any_export(client, make) -> None:
    account = make(factories.employer_account)
    enter(client, account, stage=Stage.CODE)
    assert ask(client, EXPORT).headers["location"].startswith("/connexion/code")


def test_representative_takes_the_account_s_data_away_and_not_the_child_s(client) -> None:
    """The account is the parent's; the child's data are the contract's, to be asked for at the desk."""
    with client.services.database.write() as db:
        family = factories.household(db, children={"Zoé": factories.MINOR_BIRTH})
        keyring = client.services.keyring
        account = factories.account(db, keyring, Space.MEMBER, Role.REPRESENTATIVE, of=family["Zoé"])
        factories.paid_line(db, family.contract, family["Zoé"], label="Soin de l’enfant")
    enter(client, account)
    found = exported(client)
    assert found["account"][0]["identifier"] == account.identifier
    assert not {"person", "benefit_line", "beneficiary"} & set(found)
    assert "Soin de l’enfant" not in ask(client, EXPORT).text


def settle(db, keyring, account, line, agent) -> None:
    """A claim of the account's that an agent valued into a line, with words and counters that tell of care."""
    viewer = factories.viewer_of(db, account)
    case = begin_case(db, viewer, CaseKind.CLAIM, NOON, member_id=line.member_id, person_id=line.person_id)
    secret = {"motive_encrypted": keyring.encrypt(CANARY), "used_cents": 7_310_731, "used_acts": 7_310_732}
    kept = {"case_id": case.id, "valued_at": NOON, "valued_by": agent.id} | secret
    db.add(ValuedLine(line_id=line.id, verdict="paid", granted_cents=line.supplementary_cents, **kept))
    db.add(ValuedLine(verdict="refused", reason=line.label, **kept))
    db.add(PaymentDue(line_id=line.id, member_id=line.member_id, due_on=NOON.date(), queued_at=NOON))
    draft = keyring.encrypt(f"{CANARY}-draft")
    db.add(ValuationDraft(case_id=case.id, content_encrypted=draft, saved_at=NOON, saved_by=agent.id))


@pytest.mark.parametrize(("shares", "given"), [(False, ["Soin d’Anne"]), (True, ["Soin d’Anne", "Soin de Paul"])])
def test_claimant_exports_no_care_of_an_adult_who_does_not_share_r72(client, shares, given) -> None:
    """What an agent valued of a spouse's claim is the spouse's; words, counters and drafts are nobody's to export."""
    keyring = client.services.keyring
    with client.services.database.write() as db:
        family = factories.household(db, spouse="Paul")
        account = factories.member_account(db, keyring, family.member)
        agent = factories.desk_account(db, keyring)
        own = factories.paid_line(db, family.contract, label="Soin d’Anne")
        other = factories.paid_line(
            db,
            family.contract,
            family["Paul"],
            label="Soin de Paul",
            spent_cents=2813,
            supplementary_cents=913,
            remaining_cents=0,
        )
        for line in (own, other):
            settle(db, keyring, account, line, agent)
        if shares:
            factories.sharing(db, family["Paul"], family.member)
        due = [own.id, other.id]
    enter(client, account)
    found, told = exported(client), ask(client, EXPORT).text
    assert [row["reason"] for row in found["valued_line"] if row["reason"]] == given
    assert [row["line_id"] for row in found["payment_due"]] == due[: len(given)]
    assert (913 in [row["granted_cents"] for row in found["valued_line"]]) is shares
    assert found["valuation_draft"] == []
    assert [word for word in (CANARY, "731073") if word in told] == []


def test_curator_exports_nothing_of_how_a_claim_was_valued_r72(client) -> None:
    """A curator reads totals alone, also of the claims that the curator sent."""
    keyring = client.services.keyring
    with client.services.database.write() as db:
        family = factories.household(db)
        account = factories.account(db, keyring, Space.MEMBER, Role.REPRESENTATIVE, of=family.member)
        db.add(Declaration(Capacity.CURATOR, acts=False, representative_name="Paul").row(account.id, NOON))
        line = factories.paid_line(db, family.contract, label="Soin d’Anne")
        settle(db, keyring, account, line, factories.desk_account(db, keyring))
    enter(client, account)
    found = exported(client)
    assert (found["valued_line"], found["valuation_draft"]) == ([], [])
    assert "Soin d’Anne" not in ask(client, EXPORT).text
