"""Public pages: open to all, plain, indicative, and the way in (R-50, R-60, R-62, R-73)."""

import pytest

from tests.support import factories
from tests.support.entry import enter
from tests.support.evidence_rows import Evidence
from tests.support.html import text_of

PAGES = {
    "/": "Votre espace santé en ligne",
    "/aide": "Aide et contact",
    "/accessibilite": "Accessibilité",
    "/confidentialite": "Confidentialité et cookies",
    "/conditions": "Conditions d’utilisation",
}


@pytest.fixture
def member(client):
    with client.services.database.write() as db:
        account = factories.member_with_account(db, client.services.keyring)[1]
    enter(client, account)


@pytest.mark.parametrize("path", PAGES)
def test_anyone_reads_the_public_pages(client, path) -> None:
    page = client.get(path)
    assert client.status == 200
    assert text_of(page.one("h1")) == PAGES[path]
    assert "seul votre contrat fait foi" in text_of(page.one("footer"))
    assert "set-cookie" not in client.answer.headers


@pytest.mark.parametrize("path", PAGES)
def test_signed_in_member_reads_the_public_pages(client, member, path) -> None:
    client.get(path)
    assert client.status == 200


def test_reading_public_pages_leaves_no_evidence(client, member) -> None:
    evidence = Evidence(client)
    for path in PAGES:
        client.get(path)
    assert evidence.fresh() == []


def test_stranger_is_led_to_sign_in(client) -> None:
    client.get("/")
    client.click("Se connecter")
    assert client.path == "/connexion"
    client.get("/accueil", follow=True)
    assert client.path == "/connexion"


def test_signed_in_member_is_led_to_the_members_space(client, member) -> None:
    client.get("/")
    client.click("Aller à mon espace")
    assert client.path == "/adherent"


def test_insurer_is_the_one_of_the_settings(client) -> None:
    insurer = client.services.settings.insurer
    shown = text_of(client.get("/aide").one("main"))
    assert insurer.phone in shown
    assert insurer.email in shown
    assert insurer.address in shown


def test_demonstration_is_named_nowhere_outside_it(client) -> None:
    client.get("/demonstration")
    assert client.status == 404
    assert "démonstration" not in client.get("/connexion").text.lower()
