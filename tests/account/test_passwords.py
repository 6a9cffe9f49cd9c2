"""Choosing one's password: at first sign-in, and later (R-11, security: B2, B7, C2, C5)."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from portal.data.columns import utc_now
from portal.data.sessions import Stage
from tests.support import factories
from tests.support.entry import ask, enter, leave, present, send, try_password
from tests.support.mail import letters

NEW = "tracteur lavande 9"
FIELD = "nouveau-mot-de-passe"
FIRST, CHANGE = "/mot-de-passe/premier", "/compte/securite/mot-de-passe"
COOKIE = "__Host-portal-session"


def newcomer(db, keyring, *, hours: int = 24, **values):
    """A member whose password was delivered, and works for so many hours yet."""
    until = utc_now() + timedelta(hours=hours)
    member = factories.household(db).member
    values = {"email": "anne@exemple.example", "password_temporary_until": until} | values
    return factories.member_account(db, keyring, member, **values)


@pytest.fixture
def new(make):
    return make(newcomer)


def names(client) -> list[str]:
    return [letter.name for letter in letters(client.services.database, client.services)]


def acts(client) -> list[tuple]:
    with client.services.database.read() as db:
        return [tuple(row) for row in db.execute(text("SELECT action, object, reason FROM evidence ORDER BY seq"))]


def open_sessions(client) -> int:
    with client.services.database.read() as db:
        return db.execute(text("SELECT count(*) FROM session WHERE ended_at IS NULL")).scalar_one()


class TestFirstPassword:
    def arrive(self, client, new) -> None:
        leave(client)
        client.sign_in(new.identifier, factories.PASSWORD)
        assert client.path.startswith(FIRST)

    def test_newcomer_chooses_a_password_and_enters(self, client, new) -> None:
        self.arrive(client, new)
        client.submit(f'form[action="{FIRST}"]', **{FIELD: NEW})
        assert (client.status, client.path) == (200, "/adherent")
        assert try_password(client, new.identifier, factories.PASSWORD).status_code == 422
        assert try_password(client, new.identifier, NEW).headers["location"] == "/accueil"
        assert names(client) == ["password-changed"]
        assert ("password.changed", "first", "") in acts(client)

    def test_newcomer_reaches_nothing_else_before(self, client, new) -> None:
        """B2: a delivered password opens the page that replaces it, and sign-out."""
        enter(client, new)
        for path in ("/adherent", "/adherent/prestations", "/compte", "/compte/donnees", "/accueil"):
            assert ask(client, path).headers["location"].startswith(FIRST), path
        assert ask(client, CHANGE).headers["location"] == FIRST

    def test_page_asked_for_is_reached_afterwards(self, client, new) -> None:
        enter(client, new)
        client.get("/adherent/releves", follow=True)
        client.submit(f'form[action="{FIRST}"]', **{FIELD: NEW})
        assert client.path == "/adherent/releves"

    def test_session_changes_its_token_with_the_password(self, client, new) -> None:
        """C2."""
        before = enter(client, new)
        answer = send(client, FIRST, {FIELD: NEW}, form_at=FIRST)
        assert answer.cookies[COOKIE] != before
        client.http.cookies.clear()
        client.http.cookies.set(COOKIE, before, domain="portal.test")
        assert ask(client, "/adherent").headers["location"].startswith("/connexion")

    @pytest.mark.parametrize(
        ("password", "reason"),
        [
            ("trop court", "au moins 15 caractères"),
            ("", "au moins 15 caractères"),
            (factories.PASSWORD, "que vous avez déjà"),
            ("jetaimebeaucoup", "listes que les pirates essaient"),
            ("Anne Essai 17051980", "faciles à deviner"),
            ("Mutuelle des Rives", "faciles à deviner"),
            ("m" * 129, "128 au plus"),
        ],
    )
    @pytest.mark.engines("sqlite")
    def test_password_that_does_not_do_is_told_why(self, client, new, password, reason) -> None:
        self.arrive(client, new)
        client.submit(f'form[action="{FIRST}"]', **{FIELD: password})
        assert client.status == 422
        assert reason in client.page.text
        assert client.page.first(f"#{FIELD}").attributes.get("value") is None
        assert names(client) == []

    def test_form_welcomes_password_managers(self, client, new) -> None:
        """B7: the identifier and the new password are named as managers expect; nothing hinders pasting."""
        self.arrive(client, new)
        assert client.page.one("[autocomplete=username]").attributes["value"] == new.identifier
        assert client.page.one("[autocomplete=new-password]").attributes["name"] == FIELD
        assert not client.page.css("[onpaste]")

    def test_delivered_password_that_came_too_late_is_explained(self, client, make) -> None:
        late = make(newcomer, hours=-1)
        answer = try_password(client, late.identifier, factories.PASSWORD)
        assert answer.status_code == 403
        assert "provisoire a expiré" in answer.text
        assert COOKIE not in answer.cookies
        assert try_password(client, late.identifier, "faux").status_code == 422
        assert ("session.refused", "password", "expired") in acts(client)

    def test_first_sign_in_sends_no_code_and_no_warning(self, client, new) -> None:
        self.arrive(client, new)
        assert names(client) == []


class TestChange:
    def test_holder_changes_the_password_and_other_devices_are_signed_out(self, client, anne) -> None:
        """C5, B14: other sessions end, this one gets a new token, a letter says so."""
        elsewhere = enter(client, anne)
        before = enter(client, anne)
        client.get(CHANGE)
        client.submit(f'form[action="{CHANGE}"]', **{FIELD: NEW})
        assert (client.status, client.path) == (200, f"{CHANGE}/change")
        assert client.http.cookies[COOKIE] not in {before, elsewhere}
        assert open_sessions(client) == 1
        assert names(client) == ["password-changed"]
        assert acts(client)[-1] == ("password.changed", "", "")

    def test_change_asks_for_identity_again_after_five_minutes(self, client, anne) -> None:
        """C6."""
        with client.services.database.write() as db:
            token = factories.session_token(db, anne)
            db.execute(text("UPDATE session SET confirmed_at = :then"), {"then": "2026-01-01 00:00:00"})
        present(client, token)
        for answer in (ask(client, CHANGE), send(client, CHANGE, {FIELD: NEW}, form_at="/adherent")):
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/compte/confirmation")

    def test_twelve_characters_do_beside_a_second_factor(self, client, employer) -> None:
        enter(client, employer)
        client.get(CHANGE)
        assert "12 caractères au moins" in client.page.text
        client.submit(f'form[action="{CHANGE}"]', **{FIELD: "kiwi du lund"})
        assert client.path == f"{CHANGE}/change"

    def test_twelve_do_not_beside_a_factor_that_can_be_dropped(self, client, anne) -> None:
        """B3: a member may drop the second factor the next day, and keep the password."""
        with client.services.database.write() as db:
            db.execute(text("UPDATE account SET totp_encrypted = :secret"), {"secret": b"a secret"})
        enter(client, anne)
        client.get(CHANGE)
        assert "15 caractères au moins" in client.page.text

    def test_first_page_sends_whoever_has_chosen_to_the_change(self, client, anne) -> None:
        """Without this, the first page would change a password without asking who one is."""
        enter(client, anne)
        assert ask(client, FIRST).headers["location"] == CHANGE
        assert send(client, FIRST, {FIELD: NEW}, form_at="/adherent").headers["location"] == CHANGE
        assert try_password(client, anne.identifier, NEW).status_code == 422

    def test_change_in_a_session_ended_meanwhile_changes_nothing(self, client, anne, monkeypatch) -> None:
        enter(client, anne)
        monkeypatch.setattr("portal.entry.second_factors.renew_session", lambda *_, **__: None)
        assert send(client, CHANGE, {FIELD: NEW}, form_at=CHANGE).status_code == 303
        assert names(client) == []
        assert try_password(client, anne.identifier, NEW).status_code == 422


def test_password_of_long_ago_still_signs_in(client, anne) -> None:
    """B7: no rotation."""
    with client.services.database.write() as db:
        db.execute(text("UPDATE account SET password_set_at = '2020-01-01 00:00:00'"))
    assert try_password(client, anne.identifier, factories.PASSWORD).status_code == 303


def test_pending_sessions_choose_no_password(client, anne, employer) -> None:
    for account, stage in ((anne, Stage.EMAIL_CODE), (employer, Stage.CODE)):
        enter(client, account, stage=stage)
        assert ask(client, FIRST).headers["location"].startswith("/connexion/code")
