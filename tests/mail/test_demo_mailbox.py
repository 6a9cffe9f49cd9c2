"""The demonstration's mailbox: letters and e-mailed codes to be read in the browser, under `portal demo` only."""

import shutil
from dataclasses import replace

import pytest
from litestar.testing import TestClient

from portal.database import Database
from portal.demo.site import demo_help, demo_settings
from portal.mailing.delivery import Delivery
from portal.mailing.folder import FolderCarrier, filed_letters
from tests.mail.conftest import SECRET
from tests.support.applications import application_on
from tests.support.client import AuditingClient
from tests.support.entry import ask

ORIGIN = "https://portal.test"


@pytest.fixture
def visitor(tmp_path, sqlite_template):
    """A visitor of a demonstration that holds nobody yet."""
    settings = demo_settings(tmp_path / "demo", ORIGIN)
    shutil.copy(sqlite_template, settings.data_folder / "portal.sqlite3")
    nobody_to_sign_up = replace(demo_help(), sign_ups=())
    app = application_on(settings, Database(settings.resolved_database_url), nobody_to_sign_up)
    with TestClient(app, base_url=ORIGIN, raise_server_exceptions=False) as http:
        yield AuditingClient(http)


@pytest.fixture
def filed(services, post, visitor, clock):
    """Two letters in the demonstration's folder."""
    folder = visitor.services.settings.mail_folder
    post("paul@exemple.example", name="Paul")
    post("claire@exemple.example", name="Claire")
    Delivery(services.database, services.keyring, FolderCarrier(folder), clock).send_due()
    return filed_letters(folder)


@pytest.mark.engines("sqlite")
def test_visitor_reads_a_letter_from_the_mailbox(visitor, filed) -> None:
    visitor.get("/demonstration")
    visitor.click("le courrier de la démonstration")
    assert {node.text() for node in visitor.page.css("tbody a")} == {"Bienvenue Claire", "Bienvenue Paul"}
    visitor.click("Bienvenue Claire")
    words = visitor.page.one("main").text()
    assert "À claire@exemple.example" in words or "à claire@exemple.example" in words
    assert SECRET in words
    visitor.click("https://portal.test/")
    assert visitor.path == "/"


@pytest.mark.engines("sqlite")
def test_visitor_sees_the_latest_codes_beside_the_accounts(visitor, filed) -> None:
    words = visitor.get("/demonstration").one("main").text()
    assert words.count("123 456") == len(filed) == 2


@pytest.mark.engines("sqlite")
def test_empty_mailbox_says_when_letters_come(visitor) -> None:
    assert "Aucun message" in visitor.get("/demonstration/courrier").one("main").text()
    page = visitor.get("/connexion")
    assert [node for node in page.css("a") if node.attributes["href"] == "/demonstration/courrier"]


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize("name", ["x", "..%2f..%2fkeys", "20260301T120000-" + "0" * 24])
def test_letter_that_does_not_exist_is_not_found(visitor, name) -> None:
    visitor.get(f"/demonstration/courrier/{name}")
    assert visitor.status == 404


def test_portal_that_is_no_demonstration_has_no_mailbox(client) -> None:
    assert ask(client, "/demonstration/courrier").status_code == 404


@pytest.mark.engines("sqlite")
def test_demonstration_never_sends_to_a_real_server(tmp_path, monkeypatch) -> None:
    for name, value in {"HOST": "smtp.example", "USER": "qui", "PASSWORD": "quoi"}.items():
        monkeypatch.setenv(f"PORTAL_MAIL_{name}", value)
    monkeypatch.setenv("PORTAL_WORKER", "separate")
    settings = demo_settings(tmp_path / "demo", ORIGIN)
    assert (settings.mail_host, settings.mail_user, settings.worker) == ("", "", "embedded")
