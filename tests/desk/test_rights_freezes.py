"""A freeze of checks of rights at the desk: read, given back with a reason, or turned into a frozen account (R-62)."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from portal.data.rights_freezes import freeze_checks
from portal.data.rights_patterns import Pattern
from portal.rights_words import told_to_desk
from tests.support import factories
from tests.support.entry import ask, enter, send, try_password
from tests.support.evidence_rows import Evidence
from tests.support.html import text_of
from tests.support.mail import letters
from tests.support.rights import practice

SEEN = {Pattern.MISSES: 15, Pattern.NEIGHBOURS: 1}
NOTE = "Appelé au numéro de la convention, formation d’une stagiaire."


@pytest.fixture
def pharmacist(client, make):
    account = make(practice)
    with client.services.database.write() as db:
        db.get_one(type(account), account.id).email = "officine@exemple.example"
    return account


def frozen(client, account) -> str:
    """The path of the case."""
    keyring = client.services.keyring
    with client.services.database.write() as db:
        viewer = factories.viewer_of(db, account)
        made = freeze_checks(db, viewer, keyring, SEEN, told_to_desk(SEEN), datetime.now(UTC))
    return f"/gestion/fraudes/{keyring.conceal('fraud', [made.report_id])[0]}"


def step(client, path: str, name: str, note: str = NOTE) -> int:
    return send(client, f"{path}/etape", {"etape": name, "note": note}, form_at="/gestion").status_code


def words(client) -> str:
    return " ".join(text_of(client.page.first("main")).replace("\xa0", " ").split())


@pytest.mark.parametrize("who", ["agent", "supervisor"])
def test_desk_reads_what_was_seen_and_gives_the_checks_back(client, request, pharmacist, who) -> None:
    handler, path = request.getfixturevalue(who), frozen(client, pharmacist)
    evidence = Evidence(client)
    enter(client, handler)
    client.get("/gestion/fraudes")
    assert "Vérifications de droits gelées le" in words(client)
    client.get(path)
    said = words(client)
    assert "15 vérifications sans résultat en 24 heures ; 1 numéro proches" in said
    assert "Gelées" in said
    assert step(client, path, "verifications") == 303
    client.get(path)
    assert "Rendues" in words(client)
    assert NOTE in words(client)
    acts = [act for act in evidence.fresh() if act.action in {"rights.freeze-lifted", "fraud.case-moved"}]
    assert [act.action for act in acts] == ["rights.freeze-lifted", "fraud.case-moved"]
    assert acts[0].object == f"compte:{pharmacist.id}"
    (letter,) = letters(client.services.database, client.services)
    assert (letter.name, letter.links) == ("rights-restored", ["https://portal.test/professionnel/droits"])
    assert step(client, path, "clos") == 303
    enter(client, pharmacist)
    assert ask(client, "/professionnel/droits").status_code == 200


def test_checks_are_not_given_back_without_a_reason(client, agent, pharmacist) -> None:
    path = frozen(client, pharmacist)
    enter(client, agent)
    for name in ("verifications", "gel-du-compte"):
        assert step(client, path, name, "ok") == 422
    with client.services.database.read() as db:
        assert db.execute(text("SELECT lifted_at FROM rights_freeze")).scalar() is None


def test_case_whose_checks_are_frozen_cannot_be_settled(client, agent, pharmacist) -> None:
    path = frozen(client, pharmacist)
    enter(client, agent)
    assert step(client, path, "clos") == 422


def test_fraud_freezes_the_account_and_ends_its_sessions(client, agent, pharmacist) -> None:
    """R-13: then the usual way of a fraud: the account is given back with a link, and the checks apart."""
    path = frozen(client, pharmacist)
    cookie = enter(client, pharmacist)
    enter(client, agent)
    evidence = Evidence(client)
    assert step(client, path, "gel-du-compte") == 303
    assert step(client, path, "gel-du-compte") == 303
    acts = [act.action for act in evidence.fresh()]
    assert acts.count("account.suspended") == 1
    (letter,) = letters(client.services.database, client.services)
    assert letter.name == "rights-account-frozen"
    assert [step(client, path, name) for name in ("verifications", "clos")] == [303, 422]
    assert [step(client, path, name) for name in ("compte-rendu", "clos")] == [303, 303]
    with client.services.database.read() as db:
        assert db.execute(text("SELECT count(*) FROM account_suspension WHERE ended_at IS NULL")).scalar() == 0
    assert try_password(client, pharmacist.identifier, factories.PASSWORD).status_code == 422
    assert cookie


def test_steps_of_a_frozen_check_are_not_those_of_a_report(client, agent, pharmacist, member) -> None:
    from tests.desk.test_fraud import reported  # noqa: PLC0415

    report = reported(client, member)
    enter(client, agent)
    for name in ("verifications", "gel-du-compte"):
        assert step(client, report, name) == 422
    assert "Rendre les vérifications" not in client.get(f"{report}/etape").text
    assert "Rendre les vérifications" in client.get(f"{frozen(client, pharmacist)}/etape").text


def test_professionals_and_members_reach_no_case(client, pharmacist, member) -> None:
    path = frozen(client, pharmacist)
    for account in (pharmacist, member):
        enter(client, account)
        assert ask(client, path).status_code == 403
        assert ask(client, f"{path}/etape").status_code == 403


def test_practice_that_is_frozen_is_told_to_be_by_its_case(client, agent, make, pharmacist) -> None:
    frozen(client, pharmacist)
    path = frozen(client, make(factories.provider_account, provider_id=pharmacist.provider_id))
    enter(client, agent)
    client.get(path)
    assert "personne de la structure ne vérifie plus de droits" in words(client)
    assert step(client, path, "verifications") == 303
    (letter, *_) = letters(client.services.database, client.services)
    assert "rendues à toute la structure" in letter.text
