"""Codes of an application (security B12): set up with proof, replaced, removed, and never the last where one is due."""

import re
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
import zxingcpp
from PIL import Image

from portal.data.sessions import Stage
from portal.security import OneTimeCode
from tests.support import factories
from tests.support.entry import ask, enter, present, send
from tests.support.second_factors import (
    APP,
    CODES,
    FIRST,
    acts,
    enrol,
    letter_names,
    rows,
    shown_codes,
    shown_secret,
    start,
    use_session,
)

pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture
def newcomer(make):
    """An employer who has no second factor yet."""
    return make(factories.employer_account, with_code=False, email="rh@exemple.example")


class TestEnrolment:
    def test_newcomer_sets_an_application_up_and_reads_ten_codes_once(self, client, newcomer) -> None:
        enter(client, newcomer)
        client.get("/employeur", follow=True)
        assert client.path == f"{FIRST}?suite=%2Femployeur"
        enrol(client)
        assert client.path == CODES
        codes = shown_codes(client)
        assert len(set(codes)) == 10
        assert all(re.fullmatch(r"[A-Z2-7]{4}(-[A-Z2-7]{4}){3}", code) for code in codes)  # 80 bits
        client.submit(f'form[action="{CODES}"]')
        assert client.path == "/employeur"
        client.get(CODES, follow=True)
        assert client.path == f"{CODES}/nouveaux"
        assert acts(client) == [("factor.added", "ok"), ("recovery-codes.made", "ok")]
        assert letter_names(client) == ["factor-added"]

    def test_codes_are_downloaded_as_text_while_they_are_shown(self, client, newcomer) -> None:
        enter(client, newcomer)
        enrol(client)
        codes = shown_codes(client)
        client.get(f"{CODES}.txt", audit=False)
        assert client.answer.headers["content-disposition"] == 'attachment; filename="codes-de-secours.txt"'
        assert all(code in client.answer.text for code in codes)
        client.get(CODES)
        client.submit(f'form[action="{CODES}"]')
        client.get(f"{CODES}.txt")
        assert client.status == 303

    def test_secret_is_in_the_picture_and_in_no_address(self, client, anne) -> None:
        enter(client, anne)
        secret = start(client)
        assert len(secret) == 32  # 160 bits in Base32
        client.get(f"{APP}/image", audit=False)
        assert client.answer.headers["content-type"] == "image/svg+xml"
        uri = read_picture(client.answer.text)
        assert pyotp.parse_uri(uri).secret == secret
        assert anne.identifier in uri
        client.get(APP)
        addresses = [
            node.attributes.get(name) or ""
            for name in ("href", "src", "action")
            for node in client.page.css(f"[{name}]")
        ]
        assert not any(secret in address or "otpauth" in address for address in addresses)

    def test_nothing_of_the_secrets_is_readable_in_the_database(self, client, anne) -> None:
        enter(client, anne)
        secret = enrol(client)
        code = shown_codes(client)[0]
        dump = str([rows(client, f"SELECT * FROM {table}") for table in ("account", "pending_secret", "recovery_code")])
        assert secret not in dump
        assert code not in dump
        assert code.replace("-", "") not in dump

    def test_wrong_code_turns_nothing_on_and_keeps_the_same_secret(self, client, anne) -> None:
        enter(client, anne)
        secret = start(client)
        wrong = next(
            code
            for code in map("{:06}".format, range(9))
            if OneTimeCode(secret).step_of(code, datetime.now(UTC)) is None
        )
        for code in (wrong, "", "abc", "１２３４５６"):
            client.submit(f'form[action="{APP}"]', code=code)
            assert client.status == 422
        assert shown_secret(client) == secret
        assert rows(client, "SELECT id FROM account WHERE totp_encrypted IS NOT NULL") == []

    def test_code_that_proved_the_application_does_not_sign_in(self, client, newcomer) -> None:
        """B12: its step is used up."""
        enter(client, newcomer)
        secret = start(client)
        code = OneTimeCode(secret).now()
        client.submit(f'form[action="{APP}"]', code=code)
        enter(client, newcomer, stage=Stage.CODE)
        assert send(client, "/connexion/code", {"code": code}, form_at="/connexion/code").status_code == 422

    def test_secret_of_one_session_is_unknown_to_another(self, client, anne) -> None:
        first = enter(client, anne)
        secret = start(client)
        enter(client, anne)
        client.get(APP)
        assert client.page.css(".secret") == []
        assert ask(client, f"{APP}/image").status_code == 404
        answer = send(client, APP, {"code": OneTimeCode(secret).now()}, form_at=APP)
        assert answer.status_code == 422
        assert "Le temps prévu est écoulé" in answer.text
        use_session(client, first)
        assert secret[:4] in ask(client, APP).text

    def test_secret_expires_after_a_quarter_of_an_hour(self, client, anne, monkeypatch) -> None:
        enter(client, anne)
        secret = start(client)
        later = datetime.now(UTC) + timedelta(minutes=15)
        monkeypatch.setattr("portal.web.PortalRequest.now", property(lambda _: later))
        client.get(APP)
        assert client.page.css(".secret") == []
        answer = send(client, APP, {"code": OneTimeCode(secret).at(later)}, form_at=APP)
        assert answer.status_code == 422

    def test_new_factor_renews_the_token_and_ends_other_sessions(self, client, anne) -> None:
        """C2, C5."""
        other = enter(client, anne)
        before = enter(client, anne)
        enrol(client)
        assert client.http.cookies["__Host-portal-session"] not in {before, other}
        for old in (before, other):
            use_session(client, old)
            assert ask(client, "/adherent").headers["location"].startswith("/connexion?")

    def test_session_ended_meanwhile_changes_nothing(self, client, anne, monkeypatch) -> None:
        """C4: the sign-out that lands in the middle wins."""
        enter(client, anne)
        secret = start(client)
        monkeypatch.setattr("portal.entry.second_factors.renew_session", lambda *_, **__: None)
        answer = send(client, APP, {"code": OneTimeCode(secret).now()}, form_at=APP)
        assert answer.status_code == 303
        assert rows(client, "SELECT id FROM account WHERE totp_encrypted IS NOT NULL") == []
        assert rows(client, "SELECT id FROM recovery_code") == []
        assert letter_names(client) == []


class TestChanging:
    def test_new_application_replaces_the_old_one_and_leaves_the_codes(self, client, employer) -> None:
        enter(client, employer)
        secret = start(client)
        client.submit(f'form[action="{APP}"]', code=OneTimeCode(secret).now())
        enter(client, employer, stage=Stage.CODE)
        old = OneTimeCode(factories.TOTP_SECRET).at(datetime.now(UTC) + timedelta(seconds=30))
        new = OneTimeCode(secret).at(datetime.now(UTC) + timedelta(seconds=30))
        assert send(client, "/connexion/code", {"code": old}, form_at="/connexion/code").status_code == 422
        assert send(client, "/connexion/code", {"code": new}, form_at="/connexion/code").status_code == 303

    def test_member_removes_it_and_its_recovery_codes(self, client, anne) -> None:
        enter(client, anne)
        enrol(client)
        client.get(APP)
        client.submit(f'form[action="{APP}/retrait"]')
        assert "Inactive" in client.page.text
        assert rows(client, "SELECT id FROM recovery_code WHERE dropped_at IS NULL") == []
        assert letter_names(client) == ["factor-added", "factor-removed"]
        assert acts(client)[-1] == ("factor.removed", "ok")

    def test_employer_keeps_the_last_factor(self, client, employer) -> None:
        enter(client, employer)
        client.get(APP)
        assert client.page.css(f'form[action="{APP}/retrait"]') == []
        answer = send(client, f"{APP}/retrait", form_at=APP)
        assert answer.status_code == 422
        assert "votre seule seconde protection" in answer.text
        assert rows(client, "SELECT id FROM account WHERE totp_encrypted IS NOT NULL") != []


class TestFirstStep:
    def test_stage_reaches_nothing_but_its_own_pages(self, client, newcomer) -> None:
        """No way around: every page leads to the choice of a factor, every fragment is refused."""
        enter(client, newcomer)
        for path in ("/employeur", "/compte", "/compte/securite", CODES, "/adherent"):
            assert ask(client, path).headers["location"].startswith(FIRST), path
        for path in (APP, "/compte/securite/cles", "/compte/confirmation", FIRST):
            assert ask(client, path).status_code == 200, path
        answer = ask(client, "/fragments/adherent/prestations")
        assert (answer.status_code, answer.headers["hx-redirect"]) == (401, FIRST)

    def test_late_newcomer_confirms_with_the_password_first(self, client, newcomer) -> None:
        """C6, also before the first factor: a browser left open for a while enrols nobody's telephone."""
        with client.services.database.write() as db:
            token = factories.session_token(db, newcomer, now=datetime.now(UTC) - timedelta(minutes=6))
        present(client, token)
        client.get(APP, follow=True)
        assert client.path == "/compte/confirmation?suite=%2Fcompte%2Fsecurite%2Fapplication"
        client.submit('form[action="/compte/confirmation"]', **{"mot-de-passe": factories.PASSWORD})
        assert client.path == APP


def wrong_code(secret: str) -> str:
    now = datetime.now(UTC)
    return next(code for code in map("{:06}".format, range(9)) if OneTimeCode(secret).step_of(code, now) is None)


def read_picture(svg: str) -> str:
    """What a telephone reads in the QR code: the drawing's squares, painted, then decoded."""
    size = int(re.search(r'width="(\d+)"', svg)[1])
    picture = Image.new("L", (size, size), 255)
    for path in re.findall(r' d="([^"]+)"', svg):
        for x, y, width, height in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)h-\d+Z", path):
            picture.paste(0, (int(x), int(y), int(x) + int(width), int(y) + int(height)))
    painted = picture.tobytes()  # kept: the view does not own it
    return zxingcpp.read_barcode(zxingcpp.ImageView(painted, size, size, zxingcpp.ImageFormat.Lum)).text
