"""Fraud reports at the desk (R-13): from the report to the account given back, each step in the record."""

from datetime import UTC, datetime

import pytest
from sqlmodel import col, delete, select

from portal.data.accounts import AccountSuspension
from portal.data.fraud import FraudChannel, freeze
from portal.data.passkeys import Passkey
from portal.data.sessions import Stage
from tests.support import factories
from tests.support.entry import ask, enter, present, send, try_password
from tests.support.evidence_rows import Evidence
from tests.support.html import text_of
from tests.support.mail import letters

TOLD = "Je ne reconnais pas une connexion de cette nuit."


@pytest.fixture
def report(client, member):
    """The member's account, frozen after a report; the case's opaque identifier."""
    return reported(client, member)


def reported(client, account) -> str:
    keyring = client.services.keyring
    with client.services.database.write() as db:
        made = freeze(db, keyring, account.id, FraudChannel.SIGNED_IN, TOLD, datetime.now(UTC))
    (key,) = keyring.conceal("fraud", [made.report.id])
    return f"/gestion/fraudes/{key}"


def step(client, path: str, name: str, note: str = "Appel à 14 h, identité vérifiée.") -> int:
    return send(client, f"{path}/etape", {"etape": name, "note": note}, form_at="/gestion").status_code


def test_agent_reads_the_case_from_the_list(client, agent, member, report) -> None:
    evidence = Evidence(client)
    enter(client, agent)
    client.get("/gestion/fraudes")
    client.click(f"Ouvrir le dossier de {member.display_name}, {member.identifier}")
    shown = text_of(client.page.one("main"))
    assert TOLD in shown
    assert "depuis son compte" in shown
    assert [(act.action, act.object) for act in evidence.fresh()] == [("account.read", f"compte:{member.id}")] * 2


def test_agent_handles_the_case_to_its_end(client, agent, member, report) -> None:
    """R-13: taken, called, given back with a link and without the old password, settled."""
    evidence = Evidence(client)
    enter(client, agent)
    client.get(report)
    client.click("Ajouter une étape")
    client.submit(etape="prise-en-charge")
    assert client.path == report
    assert "En cours" in text_of(client.page.one("main"))
    assert [step(client, report, name) for name in ("appel", "compte-rendu")] == [303, 303]
    (letter,) = letters(client.services.database, client.services, to=member.email)
    assert letter.name == "fraud-restored"
    assert [link for link in letter.links if "/lien/" in link]
    with client.services.database.write() as db:
        token = factories.session_token(db, member, stage=Stage.FULL)
    present(client, token)
    assert ask(client, "/adherent").status_code == 200
    assert try_password(client, member.identifier, factories.PASSWORD).status_code == 422
    enter(client, agent)
    assert step(client, report, "clos") == 303
    assert "Aucun signalement" in text_of(client.get("/gestion/fraudes").one("main"))
    moved = [act.details["step"] for act in evidence.fresh() if act.action == "fraud.case-moved"]
    assert moved == ["prise-en-charge", "appel", "compte-rendu", "clos"]


def test_case_whose_account_is_frozen_cannot_be_settled(client, agent, report) -> None:
    """Nothing else would ever open the account again."""
    enter(client, agent)
    assert step(client, report, "clos") == 422
    assert ask(client, f"{report}/etape").status_code == 200


def test_case_of_a_closed_account_can_be_settled(client, supervisor, member, report, sheet_url) -> None:
    enter(client, supervisor)
    reason = {"categorie": "protection", "motif": "Le titulaire ne veut plus de compte."}
    closing = reason | {"confirmation": member.identifier}
    assert send(client, sheet_url(member, "/fermeture"), closing, form_at="/gestion").status_code == 303
    assert step(client, report, "clos") == 303


def test_settled_case_takes_no_more_steps(client, agent, report) -> None:
    enter(client, agent)
    assert [step(client, report, name) for name in ("compte-rendu", "clos")] == [303, 303]
    assert ask(client, f"{report}/etape").status_code == 404
    evidence = Evidence(client)
    typed = {"etape": "appel", "note": "Elle n’a rien demandé."}
    late = send(client, f"{report}/etape", typed, form_at="/gestion")
    assert late.status_code == 422
    assert typed["note"] in late.text
    assert "Un collègue a clos ce dossier" in late.text
    assert [act for act in evidence.fresh() if act.action == "fraud.case-moved"] == []


@pytest.mark.parametrize(
    ("name", "note"), [("", ""), ("effacer", "Pourquoi pas."), ("appel", ""), ("clos", "ok"), ("appel", "x" * 501)]
)
def test_step_that_tells_nothing_is_refused(client, agent, report, name, note) -> None:
    enter(client, agent)
    assert step(client, report, name, note) == 422


def test_nobody_handles_their_own_report_and_agents_no_colleagues(client, agent, supervisor, make) -> None:
    colleague = make(factories.desk_account)
    theirs, own = reported(client, colleague), reported(client, supervisor)
    enter(client, agent)
    assert ask(client, theirs).status_code == 404
    assert step(client, theirs, "compte-rendu") == 404
    assert "Aucun signalement" in text_of(client.get("/gestion/fraudes").one("main"))
    with client.services.database.write() as db:
        db.exec(delete(AccountSuspension))
    enter(client, supervisor)
    assert ask(client, own).status_code == 404
    assert ask(client, f"{own}/etape").status_code == 404
    assert step(client, own, "compte-rendu") == 404
    assert step(client, theirs, "compte-rendu") == 303


@pytest.mark.parametrize("email", ["ZOE@exemple.example", "paul@exemple.example"])
def test_agent_neither_reads_nor_settles_the_report_of_their_own_household(
    client, agent, member, report, make, email
) -> None:
    """R-72: staff who are insured here are known by their address, and so are their relatives."""
    with client.services.database.write() as db:
        spouse = factories.person(db, "Paul")
        spouse.email = "paul@exemple.example"
        under = db.exec(select(factories.Contract).where(factories.Contract.member_id == member.person_id)).one()
        factories.cover(db, under, spouse)
    evidence = Evidence(client)
    enter(client, make(factories.desk_account, is_supervisor=True, email=email))
    assert "Aucun signalement" in text_of(client.get("/gestion/fraudes").one("main"))
    assert [ask(client, each).status_code for each in (report, f"{report}/etape")] == [404, 404]
    assert step(client, report, "compte-rendu") == 404
    assert evidence.fresh() == []
    enter(client, agent)
    assert step(client, report, "compte-rendu") == 303


@pytest.mark.parametrize("odd", ["x", "A" * 22, "1"])
def test_case_that_is_none_does_not_exist(client, agent, odd) -> None:
    enter(client, agent)
    assert ask(client, f"/gestion/fraudes/{odd}").status_code == 404
    assert step(client, f"/gestion/fraudes/{odd}", "appel") == 404


def test_account_given_back_keeps_no_factor_of_whoever_got_in(client, agent, member, report) -> None:
    """R-13: a passkey alone opens the account; one that a thief added must not outlive the case."""
    with client.services.database.write() as db:
        db.add(Passkey(account_id=member.id, credential_id=b"voleur", public_key=b"x", name="Clé du voleur"))
    enter(client, agent)
    assert step(client, report, "compte-rendu") == 303
    with client.services.database.read() as db:
        kept = db.exec(select(Passkey.id).where(Passkey.account_id == member.id, col(Passkey.removed_at).is_(None)))
        assert kept.all() == []


def test_settled_case_does_not_open_an_account_frozen_since(client, agent, member, report) -> None:
    enter(client, agent)
    assert [step(client, report, name) for name in ("compte-rendu", "clos")] == [303, 303]
    reported(client, member)
    assert step(client, report, "compte-rendu") == 422
    assert try_password(client, member.identifier, factories.PASSWORD).status_code != 303
    with client.services.database.read() as db:
        frozen = select(AccountSuspension.id).where(col(AccountSuspension.ended_at).is_(None))
        assert len(db.exec(frozen).all()) == 1
