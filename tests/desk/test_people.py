"""Persons at the desk (R-05, R-72): found by exact marks, with an account or without; nothing of their care."""

from dataclasses import replace

import pytest

from portal.data import desk_accounts
from portal.data.coverage import Relationship
from tests.desk.conftest import BORN
from tests.support import factories
from tests.support.entry import ask, enter, send
from tests.support.evidence_rows import Evidence
from tests.support.html import text_of

NIR = "285057800608441"
CARE = "Couronne céramique"
BLANK = dict.fromkeys(("objet", "nom", "naissance", "nir", "contrat"), "")


@pytest.fixture
def family(client):
    """A member without an account, her son, and a contract with care that nobody here may read."""
    with client.services.database.write() as db:
        who = factories.person(db, "Zoé", last_name="D’Été-Marchand", born=BORN)
        keyring = client.services.keyring
        who.nir_encrypted, who.nir_lookup = keyring.encrypt(NIR), keyring.lookup(NIR)
        son = factories.person(db, "Léo", last_name="D’Été-Marchand")
        under = factories.contract(db, who)
        factories.cover(db, under, son, Relationship.CHILD)
        factories.line(db, under, label=CARE)
        return who, son, under


def look_up(client, **marks):
    client.get("/gestion/personnes")
    return client.submit(objet="demande", **marks)


@pytest.fixture
def person_url(client):
    def path(person, below: str = "") -> str:
        (key,) = client.services.keyring.conceal("person", [person.id])
        return f"/gestion/personnes/{key}{below}"

    return path


def test_agent_finds_a_person_without_an_account_by_each_exact_mark(client, agent, family) -> None:
    who, _, under = family
    enter(client, agent)
    marks = ({"nom": "d'ete marchand", "naissance": "09/04/1971"}, {"nir": NIR[:13]}, {"nir": "2 85 05 78 006 084 41"})
    for mark in marks:
        found = text_of(look_up(client, **mark).one("main"))
        assert "1 personne trouvée" in found.replace("\u00a0", " ")
        assert who.last_name in found
    by_contract = text_of(look_up(client, contrat=under.number).one("main"))
    assert "Léo" in by_contract
    assert "Zoé" in by_contract


@pytest.mark.parametrize(
    "marks",
    [
        {"nom": "D’Été", "naissance": "1971-04-09"},
        {"nom": "D’Été-Marchand", "naissance": "1971-04-10"},
        {"nir": "1 85 05 78 006 084"},
        {"contrat": "%"},
        {"contrat": "' OR 1=1 --"},
    ],
)
def test_nearly_right_mark_finds_nobody_and_is_noted(client, agent, family, marks) -> None:
    evidence = Evidence(client)
    enter(client, agent)
    assert "Personne ne répond" in text_of(look_up(client, **marks).one("main"))
    (act,) = evidence.fresh()
    assert (act.action, act.object, act.details["purpose"]) == ("person.read", "recherche", "demande")
    assert not {*marks.values()} & {*map(str, act.details.values())}


@pytest.mark.parametrize(
    ("marks", "field"),
    [
        ({}, "nom"),
        ({"nir": NIR, "contrat": "1"}, "nom"),
        ({"nir": "2850578006084"[:12]}, "nir"),
        ({"nir": "285057800608400"}, "nir"),
        ({"nom": "Essai"}, "naissance"),
        ({"naissance": "1980-01-01"}, "nom"),
        ({"contrat": "12", "objet": "curiosite"}, "objet"),
    ],
)
def test_look_up_that_is_incomplete_is_refused_and_loses_nothing(client, agent, marks, field) -> None:
    enter(client, agent)
    answer = send(client, "/gestion/personnes", BLANK | {"objet": "demande"} | marks, form_at="/gestion/personnes")
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert all(f'value="{marks[name]}"' in answer.text for name in ("nir", "contrat", "nom") if marks.get(name))


def test_sheet_tells_cover_and_relatives_but_nothing_of_care(client, agent, family, person_url) -> None:
    who, son, under = family
    enter(client, agent)
    shown = text_of(client.get(person_url(who)).one("main"))
    assert all(word in shown for word in (who.last_name, under.number, "Léo", "Pas de compte"))
    assert NIR not in client.answer.text.replace("\u00a0", "")
    assert CARE not in client.answer.text
    of_son = text_of(client.get(person_url(son)).one("main"))
    assert "Zoé" not in of_son  # a child's sheet names the contract, never its parents


def test_reading_stands_in_the_persons_own_activity_with_its_reason(client, agent, member, person_url) -> None:
    """R-72: in plain French, without who."""
    evidence = Evidence(client)
    enter(client, agent)
    with client.services.database.read() as db:
        person = db.get_one(factories.Person, member.person_id)
    client.get(person_url(person, "?objet=reclamation"))
    (act,) = evidence.fresh()
    assert (act.action, act.details["purpose"]) == ("person.read", "reclamation")
    enter(client, member)
    told = text_of(client.get("/compte/journal").one("main"))
    assert "Votre fiche a été consultée par un gestionnaire de l’assureur\u00a0: réclamation" in told
    assert agent.display_name not in told


def test_marks_never_enter_an_address(client, agent, family) -> None:
    enter(client, agent)
    page = look_up(client, nir=NIR)
    hrefs = " ".join(node.attributes["href"] or "" for node in page.css("a[href]"))
    assert not [mark for mark in (NIR, "Marchand", "1971") if mark in hrefs]


def test_look_ups_of_persons_and_of_accounts_share_the_hours_limit(client, agent, family, monkeypatch) -> None:
    """D5."""
    monkeypatch.setattr(desk_accounts, "LOOKUPS", replace(desk_accounts.LOOKUPS, allowed=1))
    enter(client, agent)
    look_up(client, nir=NIR)
    fields = BLANK | {"objet": "demande", "nir": NIR}
    answer = send(client, "/gestion/personnes", fields, form_at="/gestion/personnes")
    assert answer.status_code == 422
    assert "nombre de recherches permis" in answer.text
    assert "Marchand" not in answer.text


def test_person_that_does_not_exist_is_not_found(client, agent, family, person_url) -> None:
    enter(client, agent)
    (nobody,) = client.services.keyring.conceal("person", [999_999])
    (account,) = client.services.keyring.conceal("account", [agent.id])
    for key in (nobody, account, "1"):
        assert ask(client, f"/gestion/personnes/{key}").status_code == 404
