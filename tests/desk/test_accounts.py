"""The desk finds an account by exact marks and reads its sheet (R-05, R-51, R-72): few, noted, seen by the holder."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import text

from portal.data import desk_accounts
from portal.data.desk_accounts import LOOKUPS, MOST_FOUND
from portal.data.organisations import Company
from tests.desk.conftest import BORN
from tests.support import factories
from tests.support.entry import ask, enter, send
from tests.support.evidence_rows import Evidence
from tests.support.html import text_of

BLANK = dict.fromkeys(("identifiant", "nom", "naissance", "email", "organisation"), "")


def look_up(client, purpose: str = "demande", **marks: str):
    client.get("/gestion/comptes")
    return client.submit(**(BLANK | {"objet": purpose} | marks))


@pytest.mark.parametrize(
    "marks",
    [
        {"nom": "d'ete marchand", "naissance": BORN.strftime("%Y-%m-%d")},
        {"nom": "D’ÉTÉ-MARCHAND", "naissance": "1971-04-09"},
        {"email": "ZOE@Exemple.example"},
    ],
)
def test_agent_finds_an_account_however_its_marks_are_spelled(client, agent, member, marks) -> None:
    enter(client, agent)
    page = look_up(client, **marks)
    assert client.status == 200
    assert client.path == "/gestion/comptes"
    assert "1 compte trouvé" in text_of(page.one("main")).replace("\u00a0", " ")
    client.click(f"Ouvrir le compte {member.identifier}")
    assert member.identifier in text_of(client.page.one("main"))


def test_agent_finds_an_account_by_its_identifier_with_spaces(client, agent, member) -> None:
    enter(client, agent)
    look_up(client, identifiant=f" {member.identifier[:4]} {member.identifier[4:]} ")
    assert [text_of(node) for node in client.page.css(".documents strong")] == [member.display_name]


def test_agent_finds_the_users_of_an_organisation(client, agent, make) -> None:
    with client.services.database.write() as db:
        company = Company(siret="73282932000074", name="Ateliers Exemple")
        db.add(company)
        db.flush()
        keyring = client.services.keyring
        for _ in range(MOST_FOUND + 2):
            factories.employer_account(db, keyring, company_id=company.id)
    enter(client, agent)
    page = look_up(client, organisation="732 829 320 00074")
    assert len(page.css(".documents > li")) == MOST_FOUND
    assert "cherchez plutôt par identifiant" in text_of(page.one("main"))


@pytest.mark.parametrize(
    "marks",
    [
        {"nom": "D’Été", "naissance": "1971-04-09"},
        {"nom": "D’Été-Marchand", "naissance": "1971-04-10"},
        {"email": "oe@exemple.example"},
        {"email": "zoe@exemple.exampl"},
        {"organisation": "73282932000074"},
        {"nom": "%", "naissance": "1971-04-09"},
    ],
)
def test_nearly_right_finds_nothing_and_is_noted(client, agent, member, marks) -> None:
    evidence = Evidence(client)
    enter(client, agent)
    page = look_up(client, **marks)
    assert "Aucun compte" in text_of(page.one("main"))
    (act,) = evidence.fresh()
    assert (act.action, act.object, act.details["purpose"]) == ("account.read", "recherche", "demande")
    assert not {*marks.values()} & {*map(str, act.details.values())}


@pytest.mark.parametrize(
    ("marks", "field"),
    [
        ({}, "identifiant"),
        ({"email": "a@b.example", "nom": "X", "naissance": "1971-04-09"}, "identifiant"),
        ({"identifiant": "1234567890"}, "identifiant"),
        ({"identifiant": "1' OR '1'='1"}, "identifiant"),
        ({"nom": "Essai"}, "naissance"),
        ({"nom": "Essai", "naissance": "31/02/1980"}, "naissance"),
        ({"naissance": "1980-01-01"}, "nom"),
        ({"email": "zoe"}, "email"),
        ({"email": "zoe@exemple.example", "objet": "curiosite"}, "objet"),
        ({"email": "zoe@exemple.example", "objet": ""}, "objet"),
    ],
)
def test_look_up_that_is_incomplete_is_refused_and_keeps_what_was_typed(client, agent, marks, field) -> None:
    enter(client, agent)
    fields = BLANK | {"objet": "demande"} | marks
    answer = send(client, "/gestion/comptes", fields, form_at="/gestion/comptes")
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert all(f'value="{value}"' in answer.text for value in (marks.get("email"), marks.get("nom")) if value)


def test_marks_never_enter_a_url(client, agent, member) -> None:
    """A8: the form posts, its links hold opaque identifiers and the purpose alone."""
    enter(client, agent)
    page = look_up(client, email="zoe@exemple.example")
    assert page.one("main form").attributes["method"] == "post"
    hrefs = " ".join(node.attributes["href"] or "" for node in page.css("a[href]"))
    assert not [mark for mark in (member.identifier, "zoe@", "exemple.example", "Marchand", "1971") if mark in hrefs]


def test_hour_of_an_agent_holds_so_many_look_ups_and_no_more(client, agent, member, monkeypatch) -> None:
    """D5: the next one is refused, noted as refused, and shows nothing."""
    monkeypatch.setattr(desk_accounts, "LOOKUPS", replace(LOOKUPS, allowed=3))
    evidence = Evidence(client)
    enter(client, agent)
    for _ in range(3):
        look_up(client, email="zoe@exemple.example")
        assert client.status == 200
    page = look_up(client, email="zoe@exemple.example")
    assert client.status == 422
    assert member.display_name not in text_of(page.one("main"))
    assert [act.action for act in evidence.fresh()] == ["account.read"] * 4


def test_holder_sees_who_looked_and_agent_says_what_for(client, agent, member, sheet_url) -> None:
    """R-51: the row names the account, its person, and the purpose."""
    enter(client, agent)
    client.get(sheet_url(member) + "?objet=fraude")
    client.services.journal.flush()
    query = (
        "SELECT actor, acting_for, object, details FROM evidence JOIN evidence_detail"
        " ON evidence.seq = evidence_detail.seq WHERE action = 'account.read'"
    )
    with client.services.database.read() as db:
        (row,) = db.execute(text(query)).all()
    assert (row.actor, row.acting_for, row.object) == (agent.id, member.person_id, f"compte:{member.id}")
    assert json.loads(row.details)["purpose"] == "fraude"


def test_purpose_that_is_not_on_the_list_becomes_a_follow_up(client, agent, member, sheet_url) -> None:
    evidence = Evidence(client)
    enter(client, agent)
    client.get(sheet_url(member) + "?objet=%3Cscript%3E")
    assert evidence.fresh()[-1].details["purpose"] == "suivi"


def test_sheet_tells_states_and_never_secrets(client, agent, make, sheet_url) -> None:
    employer = make(factories.employer_account, email="rh@exemple.example")
    enter(client, employer)
    enter(client, agent)
    page = client.get(sheet_url(employer))
    shown = text_of(page.one("main"))
    for words in ("Actif", "Signataire", "en place", "rh@exemple.example", "Sessions ouvertes", "Ouverte le"):
        assert words in shown, words
    assert factories.TOTP_SECRET not in client.answer.text
    assert "argon2" not in client.answer.text


@pytest.mark.parametrize("persona", ["member", "employer", "provider"])
def test_nobody_else_reaches_the_desks_pages(client, make, member, sheet_url, persona) -> None:
    makers = {"employer": factories.employer_account, "provider": factories.provider_account}
    enter(client, member if persona == "member" else make(makers[persona]))
    paths = ("/gestion/comptes", sheet_url(member), sheet_url(member, "/suspension"), sheet_url(member, "/fermeture"))
    assert {ask(client, path).status_code for path in paths} == {403}


def test_desk_account_does_not_exist_for_an_agent(client, agent, supervisor, sheet_url) -> None:
    """R-72: colleagues are not clients."""
    enter(client, agent)
    assert ask(client, sheet_url(supervisor)).status_code == 404
    assert ask(client, sheet_url(agent)).status_code == 404
    page = look_up(client, identifiant=supervisor.identifier)
    assert "Aucun compte" in text_of(page.one("main"))
    enter(client, supervisor)
    assert ask(client, sheet_url(agent)).status_code == 200


@pytest.mark.parametrize("odd", ["x", "A" * 22, "1", "%00", "é"])
def test_identifier_that_conceals_no_account_does_not_exist(client, agent, odd) -> None:
    enter(client, agent)
    paths = [f"/gestion/comptes/{odd}{below}" for below in ("", "/suspension", "/actes/sessions")]
    assert {ask(client, path).status_code for path in paths} == {404}
