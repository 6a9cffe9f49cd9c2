"""Everything that the account holds, in one file (GDPR 15 and 20; R-16, R-70; security: C6, D4)."""

import json

import pytest
from sqlalchemy import LargeBinary
from sqlmodel import SQLModel

from portal.data import tables
from portal.data.accounts import Role, Space
from portal.data.holdings import Owner
from portal.data.personal_data import HOLDINGS, NOT_HELD
from portal.data.sessions import Stage
from tests.support import factories
from tests.support.entry import ask, enter
from tests.support.terms import publish_version

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
