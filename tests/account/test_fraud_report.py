"""Reporting a fraud, signed in and signed out (R-13): frozen at once, sessions ended, a case, letters, no mail-bomb."""

import re
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from portal.data.fraud import LONGEST_TEXT
from portal.data.sessions import Stage
from portal.entry.fraud_reports import LETTERS, REPORTS
from portal.security import new_identifier
from tests.support import factories
from tests.support.entry import address, ask, enter, leave, send, told_in, try_password
from tests.support.mail import letters

REPORT, CONFIRM = "/signaler-une-fraude", "/signaler-une-fraude/confirmation"
TEXT = "Une connexion de Toulouse, à trois heures du matin."
COOKIE = "__Host-portal-session"

pytestmark = pytest.mark.usefixtures("_no_beat")


@pytest.fixture
def _no_beat(monkeypatch) -> None:
    monkeypatch.setattr("portal.pacing.BEAT_SECONDS", 0.001)


def received(client, to: str | None = None) -> list:
    return letters(client.services.database, client.services, to)


def report(client, identifier: str, email: str, **more: str):
    leave(client)
    return send(client, REPORT, {"identifiant": identifier, "adresse": email} | more, form_at=REPORT)


def is_frozen(client, account) -> bool:
    with client.services.database.read() as db:
        query = text("SELECT count(*) FROM account_suspension WHERE account_id = :id AND kind = 'fraude'")
        return bool(db.execute(query, {"id": account.id}).scalar_one())


def cases(client) -> list[str]:
    with client.services.database.read() as db:
        return list(db.execute(text("SELECT channel FROM fraud_report ORDER BY id")).scalars())


def follow_letter(client, account) -> None:
    url = next(url for url in received(client, account.email)[-1].links if "/lien/" in url)
    leave(client)
    client.get(urlsplit(url).path, follow=True)


class TestSignedIn:
    def test_holder_freezes_the_account_and_every_session_ends(self, client, anne) -> None:
        elsewhere = enter(client, anne)
        enter(client, anne)
        client.get(REPORT)
        client.submit(f'form[action="{REPORT}"]', constat=TEXT)
        assert (client.status, client.path) == (200, f"{REPORT}/fait")
        assert COOKIE not in client.http.cookies
        assert is_frozen(client, anne)
        assert cases(client) == ["connecte"]
        client.http.cookies.set(COOKIE, elsewhere, domain="portal.test")
        assert ask(client, "/adherent").headers["location"].startswith("/connexion")
        assert [letter.name for letter in received(client)] == ["fraud-frozen"]
        assert try_password(client, anne.identifier, factories.PASSWORD).status_code == 403

    def test_text_too_long_is_told_and_kept(self, client, anne) -> None:
        enter(client, anne)
        client.get(REPORT)
        client.submit(f'form[action="{REPORT}"]', constat="a" * (LONGEST_TEXT + 1))
        assert client.status == 422
        assert len(client.page.one("#constat").text()) == LONGEST_TEXT + 1
        assert not is_frozen(client, anne)

    def test_half_signed_in_person_reports_like_a_stranger(self, client, employer) -> None:
        """Whoever knows the password alone may be the thief."""
        enter(client, employer, stage=Stage.CODE)
        client.get(REPORT)
        assert client.page.first("#adresse")
        assert send(client, REPORT, {}, form_at=REPORT).status_code == 422
        assert not is_frozen(client, employer)

    def test_account_of_the_first_sign_in_can_be_frozen(self, client, make) -> None:
        """Each role and step: the desk's own staff too."""
        agent = make(factories.desk_account)
        enter(client, agent)
        client.get(REPORT)
        client.submit(f'form[action="{REPORT}"]')
        assert is_frozen(client, agent)


class TestSignedOut:
    def test_identifier_and_address_freeze_the_account_at_once(self, client, anne) -> None:
        enter(client, anne)
        answer = report(client, anne.identifier, " ANNE@exemple.example", constat=TEXT)
        assert answer.headers["location"] == f"{REPORT}/recu"
        assert is_frozen(client, anne)
        assert cases(client) == ["identifiant"]
        assert [letter.name for letter in received(client)] == ["fraud-frozen"]

    def test_answer_is_the_same_whatever_is_right(self, client, anne, member) -> None:
        """B10: right, wrong address, unknown, malformed, an account without an address."""
        tries = [
            (anne.identifier, anne.email),
            (anne.identifier, "autre@exemple.example"),
            (new_identifier(), anne.email),
            ("n’importe quoi", anne.email),
            (member.identifier, anne.email),
        ]
        answers = [report(client, *each) for each in tries]
        assert {answer.status_code for answer in answers} == {303}
        assert len({str(told_in(answer)) for answer in answers}) == 1
        assert not is_frozen(client, member)

    def test_identifier_alone_sends_the_holder_a_link_that_freezes(self, client, anne) -> None:
        report(client, anne.identifier, "autre@exemple.example")
        assert not is_frozen(client, anne)
        assert received(client, "autre@exemple.example") == []
        follow_letter(client, anne)
        assert client.path == CONFIRM
        client.submit(f'form[action="{CONFIRM}"]', constat=TEXT)
        assert client.path == f"{REPORT}/fait"
        assert is_frozen(client, anne)
        assert cases(client) == ["lien"]

    def test_link_opened_by_a_scanner_freezes_nothing_and_serves_once(self, client, anne) -> None:
        report(client, anne.identifier, "autre@exemple.example")
        follow_letter(client, anne)
        assert not is_frozen(client, anne)
        client.submit(f'form[action="{CONFIRM}"]')
        url = next(url for letter in received(client) for url in letter.links if "/lien/" in url)
        leave(client)
        client.get(urlsplit(url).path)
        assert client.status == 404

    def test_page_without_a_link_is_dead(self, client) -> None:
        client.get(CONFIRM)
        assert client.status == 404
        assert send(client, CONFIRM, {}, form_at=REPORT).status_code == 404

    def test_nobody_is_mail_bombed(self, client, anne) -> None:
        for number in range(REPORTS.allowed + 5):
            with address(client, f"192.0.2.{number}"):
                report(client, anne.identifier, "autre@exemple.example")
        assert len(received(client)) == LETTERS.allowed

    def test_wrong_tries_of_others_never_keep_the_holder_from_freezing(self, client, anne) -> None:
        """They stop counting, and writing; what is right is heard all the same, with the same answer."""
        for number in range(REPORTS.allowed + 2):
            report(client, anne.identifier, f"essai{number}@exemple.example")
        assert not is_frozen(client, anne)
        assert len(received(client)) == LETTERS.allowed
        assert report(client, anne.identifier, anne.email).headers["location"] == f"{REPORT}/recu"
        assert is_frozen(client, anne)

    def test_visitor_sending_nothing_is_told(self, client) -> None:
        client.get(REPORT)
        client.submit(f'form[action="{REPORT}"]', constat=TEXT)
        assert client.status == 422
        assert set(client.page.one("#erreurs").css("a")) != set()
        assert client.page.one("#constat").text() == TEXT

    def test_account_frozen_already_gets_no_second_case(self, client, anne) -> None:
        for _ in range(3):
            report(client, anne.identifier, anne.email)
        assert cases(client) == ["identifiant"]
        assert len(received(client)) == 1


def test_every_report_is_on_record(client, anne) -> None:
    report(client, anne.identifier, "autre@exemple.example", constat=TEXT)
    report(client, anne.identifier, anne.email, constat=TEXT)
    with client.services.database.read() as db:
        rows = db.execute(text("SELECT actor, outcome FROM evidence WHERE action = 'fraud.reported'")).all()
        details = str(db.execute(text("SELECT details FROM evidence_detail")).all())
    assert [tuple(row) for row in rows] == [(anne.id, "refused"), (anne.id, "ok")]
    assert not re.search("Toulouse|exemple.example", details)
