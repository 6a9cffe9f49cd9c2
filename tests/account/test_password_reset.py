"""A password or an identifier lost (R-12, security: A8, B10, B11): letters tell, pages do not."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from portal.data import throttling
from portal.data.columns import utc_now
from portal.data.passwords import set_password
from portal.entry.password_changes import RESET_LETTERS, RESET_NETWORK
from portal.security import hash_password, new_identifier
from tests.support import factories
from tests.support.entry import SAME_ORIGIN, address, ask, enter, leave, send, token_in, told_in, try_password
from tests.support.mail import letters

NEW = "tracteur lavande 9"
FIELD = "nouveau-mot-de-passe"
FORGOTTEN, RESET, REMINDER = "/mot-de-passe-oublie", "/mot-de-passe/nouveau", "/identifiant-oublie"
COOKIE, LINK_COOKIE = "__Host-portal-session", "__Host-portal-link"

pytestmark = pytest.mark.usefixtures("_no_beat")


@pytest.fixture
def _no_beat(monkeypatch) -> None:
    monkeypatch.setattr("portal.pacing.BEAT_SECONDS", 0.001)


def received(client, to: str | None = None) -> list:
    return letters(client.services.database, client.services, to)


def ask_link(client, identifier: str):
    leave(client)
    return send(client, FORGOTTEN, {"identifiant": identifier}, form_at=FORGOTTEN)


def follow(client, url: str) -> None:
    """Opens a letter's link in a browser that knows nothing of us."""
    leave(client)
    client.get(urlsplit(url).path, follow=True)


def link_for(client, account) -> str:
    ask_link(client, account.identifier)
    return next(url for url in received(client, account.email)[-1].links if "/lien/" in url)


def choose(client, password: str = NEW) -> None:
    client.submit(f'form[action="{RESET}"]', **{FIELD: password})


def plain(answer) -> str:
    return re.sub(r'name="jeton" value="[^"]+"', "", answer.text)


def acts(client) -> list[tuple]:
    with client.services.database.read() as db:
        query = "SELECT action, outcome, actor FROM evidence WHERE action LIKE 'password.%' ORDER BY seq"
        return [tuple(row) for row in db.execute(text(query))]


def test_holder_resets_a_lost_password_by_letter(client, anne) -> None:
    """The whole way: asked, letter, link, new password, nobody signed in, sign-in with the new one."""
    stolen = enter(client, anne)
    follow(client, link_for(client, anne))
    assert client.path == RESET
    assert client.page.one("[autocomplete=username]").attributes["value"] == anne.identifier
    choose(client)
    assert (client.status, client.path) == (200, f"{RESET}/fait")
    assert COOKIE not in client.http.cookies
    assert LINK_COOKIE not in client.http.cookies
    client.http.cookies.set(COOKIE, stolen, domain="portal.test")
    assert ask(client, "/adherent").headers["location"].startswith("/connexion")
    assert try_password(client, anne.identifier, factories.PASSWORD).status_code == 422
    assert try_password(client, anne.identifier, NEW).headers["location"] == "/accueil"
    assert [letter.name for letter in received(client)] == ["password-reset", "password-changed"]
    assert acts(client) == [("password.reset-asked", "ok", anne.id), ("password.reset", "ok", anne.id)]


def test_answer_is_the_same_whether_the_account_exists_or_not(client, anne, make) -> None:
    """B10: known, unknown, malformed, without an address, suspended."""
    silent = make(factories.member_with_account)[1]
    suspended = make(
        lambda db, keyring: factories.member_account(db, keyring, factories.household(db).member, email="s@x.example")
    )
    with client.services.database.write() as db:
        factories.suspend(db, suspended)
    typed = [anne.identifier, new_identifier(), "n’importe quoi", silent.identifier, suspended.identifier]
    answers = [ask_link(client, identifier) for identifier in typed]
    assert {answer.status_code for answer in answers} == {303}
    assert {answer.headers["location"] for answer in answers} == {f"{FORGOTTEN}/envoye"}
    assert len({str(told_in(answer)) for answer in answers}) == 1
    assert [(letter.name, letter.to) for letter in received(client)] == [
        ("password-reset", anne.email),
        ("account-blocked", "s@x.example"),
    ]


def test_link_is_opened_by_a_scanner_without_being_used(client, anne) -> None:
    url = link_for(client, anne)
    follow(client, url)
    follow(client, url)
    choose(client)
    assert client.path == f"{RESET}/fait"


def test_link_leaves_the_address_bar_at_once(client, anne) -> None:
    """A8."""
    leave(client)
    answer = ask(client, urlsplit(link_for(client, anne)).path)
    assert answer.headers["location"] == RESET
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_link_replayed_is_dead(client, anne) -> None:
    """B11."""
    url = link_for(client, anne)
    follow(client, url)
    kept = client.http.cookies[LINK_COOKIE]
    choose(client)
    follow(client, url)
    assert (client.status, "ne fonctionne plus" in client.page.text) == (404, True)
    client.http.cookies.set(LINK_COOKIE, kept, domain="portal.test")
    client.get(RESET)
    assert client.status == 404


def test_link_is_dead_after_an_hour(client, anne, monkeypatch) -> None:
    url = link_for(client, anne)
    for seconds, status in ((3540, 200), (3601, 404)):
        later = utc_now() + timedelta(seconds=seconds)
        with monkeypatch.context() as patched:
            patched.setattr("portal.web.PortalRequest.now", property(lambda _, later=later: later))
            follow(client, url)
        assert client.status == status


def test_link_made_before_a_change_of_password_or_address_is_dead(client, anne) -> None:
    url = link_for(client, anne)
    with client.services.database.write() as db:
        set_password(db, anne.id, hash_password("autre chose encore"), utc_now())
    follow(client, url)
    assert client.status == 404
    url = link_for(client, anne)
    with client.services.database.write() as db:
        db.execute(text("UPDATE account SET email = 'autre@exemple.example'"))
    follow(client, url)
    assert client.status == 404


@pytest.mark.parametrize("token", ["x", "a" * 43, "{signed}x"])
def test_forged_token_is_dead(client, anne, token) -> None:
    """A link that we did not sign, or a signed one that was tampered with."""
    forged = token.format(signed=link_for(client, anne).rsplit("/", 1)[1])
    leave(client)
    assert ask(client, f"/lien/{forged}").status_code == 404


def test_page_without_a_link_is_dead(client) -> None:
    client.get(RESET)
    assert client.status == 404
    assert send(client, RESET, {FIELD: NEW}, form_at="/connexion").status_code == 404


def test_link_used_by_two_browsers_at_once_serves_one(client, anne) -> None:
    """B11: the update of the link's row decides."""
    follow(client, link_for(client, anne))
    token, cookies = token_in(ask(client, RESET)), dict(client.http.cookies)
    header = "; ".join(f"{name}={value}" for name, value in cookies.items())

    def take(password: str) -> str:
        body = {FIELD: password, "jeton": token}
        headers = SAME_ORIGIN | {"cookie": header}
        answer = client.http.post(RESET, data=body, headers=headers, follow_redirects=False)
        return password if answer.status_code == 303 else ""

    with ThreadPoolExecutor(4) as threads:
        taken = [*filter(None, threads.map(take, [f"{NEW} numéro {number}" for number in range(4)]))]
    assert len(taken) == 1
    assert try_password(client, anne.identifier, taken[0]).status_code == 303


def test_reset_asks_for_the_second_factor_as_ever(client, make) -> None:
    """B11."""
    employer = make(factories.employer_account, email="patronne@exemple.example")
    follow(client, link_for(client, employer))
    choose(client)
    answer = try_password(client, employer.identifier, NEW)
    assert answer.headers["location"] == "/connexion/code"


def test_reset_ends_a_delay_and_the_lock_of_a_hundred_failures(client, anne, monkeypatch) -> None:
    """B9: an attacker never locks anybody out for good."""
    with client.services.database.write() as db:
        name = client.services.keyring.lookup(anne.identifier)
        for _ in range(100):
            throttling.count_failures(
                db, [(throttling.ACCOUNT_PASSWORD, name), (throttling.ACCOUNT_LOCK, str(anne.id))], utc_now()
            )
    assert try_password(client, anne.identifier, factories.PASSWORD).status_code == 422
    follow(client, link_for(client, anne))
    choose(client)
    assert try_password(client, anne.identifier, NEW).status_code == 303


def test_password_that_does_not_do_is_told_and_the_link_still_works(client, anne) -> None:
    follow(client, link_for(client, anne))
    choose(client, "trop court")
    assert client.status == 422
    choose(client)
    assert client.path == f"{RESET}/fait"


def test_letters_stop_after_a_few_an_hour_and_the_answer_stays(client, anne) -> None:
    for number in range(RESET_LETTERS.allowed + 3):
        with address(client, f"192.0.2.{number}"):
            assert ask_link(client, anne.identifier).headers["location"] == f"{FORGOTTEN}/envoye"
    assert len(received(client)) == RESET_LETTERS.allowed


@pytest.mark.engines("sqlite")
def test_one_network_asks_for_so_many_links_and_no_more(client, make) -> None:
    with address(client, "192.0.2.1"):
        for _ in range(RESET_NETWORK.allowed + 5):
            ask_link(client, new_identifier())
        anne = make(
            lambda db, keyring: factories.member_account(
                db, keyring, factories.household(db).member, email="late@exemple.example"
            )
        )
        ask_link(client, anne.identifier)
    assert received(client) == []
    assert len(acts(client)) == RESET_NETWORK.allowed


def test_suspended_holder_s_link_changes_nothing(client, anne) -> None:
    url = link_for(client, anne)
    with client.services.database.write() as db:
        factories.suspend(db, anne)
    follow(client, url)
    assert client.status == 404


def test_visitor_sending_nothing_is_told(client) -> None:
    for path, words in ((FORGOTTEN, "Saisissez votre identifiant"), (REMINDER, "adresse e-mail complète")):
        client.get(path)
        client.submit()
        assert client.status == 422
        assert words in client.page.text


class TestIdentifier:
    def remind(self, client, email: str):
        leave(client)
        return send(client, REMINDER, {"adresse": email}, form_at=REMINDER)

    def test_holder_receives_the_identifiers_of_that_address(self, client, anne, make) -> None:
        other = make(factories.employer_account, email="Anne@Exemple.example")
        answer = self.remind(client, " ANNE@exemple.example ")
        assert answer.headers["location"] == f"{REMINDER}/envoye"
        (letter,) = received(client)
        assert letter.name == "identifier-reminder"
        assert anne.identifier in letter.text
        assert other.identifier in letter.text

    def test_unknown_address_gets_the_same_answer_and_no_letter(self, client, anne) -> None:
        known, unknown = self.remind(client, anne.email), self.remind(client, "personne@exemple.example")
        assert known.headers["location"] == unknown.headers["location"]
        assert {letter.to for letter in received(client)} == {anne.email}
        assert plain(ask(client, known.headers["location"])) == plain(ask(client, unknown.headers["location"]))

    def test_letters_stop_at_five_a_day(self, client, anne) -> None:
        for _ in range(7):
            self.remind(client, anne.email)
        assert len(received(client)) == 5
