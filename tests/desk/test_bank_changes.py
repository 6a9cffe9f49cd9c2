"""Changes of bank details at the desk: seen masked, stopped with a reason, never hastened (ADR 14, R-13, R-72)."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.data.bank_changes import EFFECT_AFTER, NewDetails
from portal.data.bank_desk import Whose, pending_changes, stop_change
from portal.data.bank_details import BankDetails, apply_bank_change, ask_bank_change
from portal.data.company_bank import COMPANY
from portal.data.organisation_bank import ask_change
from portal.data.organisations import Company
from portal.data.work_items import Duty
from tests.support import factories
from tests.support.entry import enter, send
from tests.support.evidence_rows import Evidence
from tests.support.html import text_of
from tests.support.mail import letters
from tests.support.valuing import IBAN

LIST = "/gestion/coordonnees-bancaires"
WHY = "Vous nous avez appelés ce matin\u00a0: ce changement n’est pas de vous."
NEW = NewDetails(IBAN, "Anne Essai", "Banque Exemple", "AGRIFRPP")
MASKED = "FR76 •••• 189"


@pytest.fixture
def anne(client):
    """A member who asked for another account just now."""
    with client.services.database.write() as db:
        family = factories.household(db)
        account = factories.member_account(db, client.services.keyring, family.member, email="anne@exemple.example")
        viewer = factories.viewer_of(db, account)
        return account, ask_bank_change(db, viewer, client.services.keyring, NEW, datetime.now(UTC)).id


@pytest.fixture
def firm(client):
    """A company whose signatory gave another account just now."""
    with client.services.database.write() as db:
        company = Company(siret=f"{factories.next_number():014}", name="Ateliers Exemple")
        db.add(company)
        db.flush()
        account = factories.employer_account(
            db, client.services.keyring, company_id=company.id, email="rh@exemple.example"
        )
        viewer = factories.viewer_of(db, account)
        ask_change(db, viewer, COMPANY, client.services.keyring, NEW, datetime.now(UTC))
        return account


def row(client, row_id: int) -> BankDetails:
    with client.services.database.read() as db:
        return db.get_one(BankDetails, row_id)


def test_agent_sees_changes_under_way_masked(client, agent, anne, firm) -> None:
    enter(client, agent)
    shown = text_of(client.get(LIST).one("main"))
    assert shown.count(MASKED) >= 2
    assert "Ateliers Exemple" in shown
    assert IBAN not in client.page.text


def test_agent_stops_a_change_and_its_holder_is_told(client, agent, anne) -> None:
    """The letter and the person's journal say it, with the reason."""
    account, row_id = anne
    evidence = Evidence(client)
    enter(client, agent)
    client.get(LIST)
    client.get(client.page.one(".documents a").attributes["href"])
    client.submit(raison=WHY)
    assert client.path == LIST
    assert "Aucun changement en cours" in text_of(client.page.one("main"))
    assert row(client, row_id).cancelled_at is not None
    (letter,) = letters(client.services.database, client.services, to="anne@exemple.example")
    assert letter.name == "bank-change-stopped"
    assert "ce changement n’est pas de vous." in " ".join(letter.text.split())
    assert "bank-details.change-cancelled" in [act.action for act in evidence.fresh()]
    enter(client, account)
    assert "Votre changement de compte bancaire a été arrêté" in text_of(client.get("/compte/journal").one("main"))


def test_agent_stops_a_companys_change_and_who_signs_is_told(client, agent, firm) -> None:
    enter(client, agent)
    client.get(LIST)
    client.get(client.page.one(".documents a").attributes["href"])
    client.submit(raison=WHY)
    (letter,) = letters(client.services.database, client.services, to="rh@exemple.example")
    assert letter.name == "bank-change-stopped"
    assert "Ateliers Exemple" in letter.text


def test_agent_without_a_reason_stops_nothing(client, agent, anne) -> None:
    _, row_id = anne
    enter(client, agent)
    client.get(LIST)
    client.get(client.page.one(".documents a").attributes["href"])
    form = client.form("main form")
    form.fill({"raison": "non"})
    client.send(form)
    assert client.status == 422
    assert client.page.one("#raison").attributes["value"] == "non"
    assert row(client, row_id).cancelled_at is None


def test_agent_never_hastens_a_change(client, agent, anne) -> None:
    """Whatever is sent, the 72 hours stand."""
    _, row_id = anne
    before = row(client, row_id).takes_effect_at
    enter(client, agent)
    path = client.get(LIST).one(".documents a").attributes["href"]
    send(client, path, {"raison": "", "takes_effect_at": "2020-01-01"}, form_at=path)
    assert row(client, row_id).takes_effect_at == before
    assert row(client, row_id).effective_at is None


def test_agent_of_other_duties_sees_and_stops_no_change(client, make, agent, anne) -> None:
    """R-72."""
    enter(client, agent)
    path = client.get(LIST).one(".documents a").attributes["href"]
    enter(client, make(factories.desk_account, duties=set(Duty) - {Duty.CONTRACTS}))
    assert "ne vous sont pas confiés" in text_of(client.get(LIST).one("main"))
    assert send(client, path, {"raison": WHY}, form_at=LIST).status_code == 303
    assert row(client, anne[1]).cancelled_at is None
    client.get(path, failing=True)
    assert client.status == 404


def test_agent_neither_sees_nor_stops_their_own_change(client, anne) -> None:
    with client.services.database.read() as db:
        person = db.get_one(BankDetails, anne[1]).person_id
    with client.services.database.write() as db:
        account = factories.desk_account(db, client.services.keyring)
        account.person_id = person
        db.flush()
        agent = factories.viewer_of(db, account)
        assert pending_changes(db, agent) == []
        assert stop_change(db, agent, Whose.MEMBER, anne[1], datetime.now(UTC)) is None


def test_change_in_force_meanwhile_is_not_stopped(client, agent, anne) -> None:
    """The job and the agent wait for each other: one of them finds nothing."""
    _, row_id = anne
    enter(client, agent)
    client.get(LIST)
    path = client.page.one(".documents a").attributes["href"]
    with client.services.database.write() as db:
        later = datetime.now(UTC) + EFFECT_AFTER + timedelta(minutes=1)
        person_id = db.get_one(BankDetails, row_id).person_id
        assert apply_bank_change(db, row_id, person_id, later) is not None
    assert send(client, path, {"raison": WHY}, form_at=LIST).status_code == 303
    assert row(client, row_id).cancelled_at is None
    assert not letters(client.services.database, client.services, to="anne@exemple.example")


def test_agent_meets_nothing_under_another_kind_of_holder(client, agent, anne) -> None:
    enter(client, agent)
    path = client.get(LIST).one(".documents a").attributes["href"]
    for other in ("entreprise", "professionnel", "personne"):
        client.get(path.replace("/adherent/", f"/{other}/"), failing=True)
        assert client.status == 404


def test_change_that_takes_effect_leaves_the_list(client, agent, anne) -> None:
    with client.services.database.write() as db:
        person_id = db.get_one(BankDetails, anne[1]).person_id
        apply_bank_change(db, anne[1], person_id, datetime.now(UTC) + EFFECT_AFTER)
        assert pending_changes(db, factories.viewer_of(db, agent)) == []
