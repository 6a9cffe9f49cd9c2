"""A browser not seen before: a code by e-mail, then a word to the account's holder (security: B14, C2)."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import text

from portal.data import email_codes, known_browsers
from portal.data.columns import utc_now
from portal.entry import arrivals
from portal.entry.arrivals import neighbourhood
from tests.support import factories
from tests.support.entry import address, ask, leave, present, send, token_in, try_password
from tests.support.mail import letters

CODE_PAGE = "/connexion/code-email"
COOKIE = "__Host-portal-session"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
NEWER_FIREFOX = FIREFOX.replace("140", "147")
CHROME = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Mobile Safari/537.36"


def sign_in(client, account, browser: str = FIREFOX, host: str = "192.0.2.1"):
    with address(client, host):
        return try_password(client, account.identifier, factories.PASSWORD, headers={"User-Agent": browser})


def answer(client, code: str, browser: str = FIREFOX, host: str = "192.0.2.1"):
    with address(client, host):
        return send(client, CODE_PAGE, {"code": code}, form_at=CODE_PAGE, headers={"User-Agent": browser})


def received(client) -> list:
    return letters(client.services.database, client.services)


def last_code(client) -> str:
    sent = [letter.text for letter in received(client) if letter.name == "email-code"]
    return re.findall(r"^  (\d{6})$", sent[-1], re.MULTILINE)[0]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


@pytest.fixture
def known(client, anne):
    """Anne, whose usual browser is this Firefox, at home."""
    sign_in(client, anne)
    assert answer(client, last_code(client)).status_code == 303
    return anne


def test_member_answers_the_code_and_enters(client, anne) -> None:
    assert sign_in(client, anne).headers["location"] == CODE_PAGE
    client.get(CODE_PAGE)
    assert "a•••@exemple.example" in client.page.text
    client.submit(f'form[action="{CODE_PAGE}"]', code=last_code(client))
    assert (client.status, client.path) == (200, "/adherent")


def test_member_reaches_nothing_before_the_code(client, anne) -> None:
    sign_in(client, anne)
    for path in ("/adherent", "/compte", "/mot-de-passe/premier", "/accueil", "/compte/securite"):
        assert ask(client, path).headers["location"].startswith(CODE_PAGE), path


def test_page_asked_for_is_reached_after_the_code(client, anne) -> None:
    fields = {"suite": "/adherent/releves"}
    where = try_password(client, anne.identifier, factories.PASSWORD, fields=fields).headers["location"]
    assert where == f"{CODE_PAGE}?suite=%2Fadherent%2Freleves"
    client.get(where)
    client.submit(f'form[action="{CODE_PAGE}"]', code=last_code(client))
    assert client.path == "/adherent/releves"


def test_known_browser_is_asked_nothing_more(client, known) -> None:
    """Its versions and its address may change, in the same neighbourhood."""
    assert sign_in(client, known).headers["location"] == "/accueil"
    assert sign_in(client, known, NEWER_FIREFOX, "192.0.200.7").headers["location"] == "/accueil"
    assert len([letter for letter in received(client) if letter.name == "email-code"]) == 1


def test_other_browser_or_network_is_not_known(client, known) -> None:
    assert sign_in(client, known, CHROME).headers["location"] == CODE_PAGE
    assert sign_in(client, known, FIREFOX, "198.51.100.1").headers["location"] == CODE_PAGE


def test_holder_is_told_of_a_new_browser_once(client, known) -> None:
    """B14: one letter per event, from where and when, without any health datum."""
    sign_in(client, known)
    (told,) = [letter for letter in received(client) if letter.name == "new-sign-in"]
    assert told.to == known.email
    assert "Firefox sur Linux" in told.text
    assert "192.0.2.1" in told.text


def test_account_with_a_second_factor_is_only_told(client, make) -> None:
    """A TOTP code is a better answer than a letter; a new browser is still told of."""
    employer = make(factories.employer_account, email="patronne@exemple.example")
    sign_in(client, employer)
    send(client, "/connexion/code", {"code": factories.current_code()}, form_at="/connexion/code")
    assert [letter.name for letter in received(client)] == ["new-sign-in"]


def test_account_without_an_address_is_asked_nothing(client, member) -> None:
    assert sign_in(client, member).headers["location"] == "/accueil"
    assert received(client) == []


def test_session_changes_its_token_at_each_step(client, anne) -> None:
    """C2: neither the pending session nor one that was planted becomes the full one."""
    pending = sign_in(client, anne).cookies[COOKIE]
    full = answer(client, last_code(client)).cookies[COOKIE]
    assert full != pending
    client.http.cookies.clear()
    client.http.cookies.set(COOKIE, pending, domain="portal.test")
    assert ask(client, "/adherent").headers["location"].startswith("/connexion")


def test_code_is_used_once(client, anne) -> None:
    sign_in(client, anne)
    code = last_code(client)
    assert answer(client, code).status_code == 303
    sign_in(client, anne, CHROME)
    assert answer(client, code, CHROME).status_code == 422


def test_code_of_one_session_is_worth_nothing_in_another(client, anne, make) -> None:
    """Two browsers at the same step: each has its own code."""
    sign_in(client, anne)
    first = last_code(client)
    sign_in(client, anne, CHROME)
    assert last_code(client) != first or answer(client, wrong(first), CHROME).status_code == 422
    if last_code(client) != first:
        assert answer(client, first, CHROME).status_code == 422


def test_code_is_dead_after_ten_minutes(client, anne, monkeypatch) -> None:
    sign_in(client, anne)
    code = last_code(client)
    later = utc_now() + email_codes.LIFE
    monkeypatch.setattr("portal.web.PortalRequest.now", property(lambda _: later))
    assert answer(client, code).status_code == 422


def test_code_is_dead_after_five_wrong_ones(client, anne) -> None:
    sign_in(client, anne)
    code = last_code(client)
    for _ in range(email_codes.MOST_TRIES):
        assert answer(client, wrong(code)).status_code == 422
    assert answer(client, code).status_code == 422


def test_new_code_replaces_the_one_before(client, anne) -> None:
    sign_in(client, anne)
    first = last_code(client)
    again = send(client, f"{CODE_PAGE}/envoi", {"suite": "/adherent"}, form_at=CODE_PAGE)
    assert again.headers["location"] == f"{CODE_PAGE}?suite=%2Fadherent"
    second = last_code(client)
    assert first == second or answer(client, first).status_code == 422
    assert answer(client, second).status_code == 303


def test_letters_stop_at_five_an_hour_and_that_is_told(client, anne) -> None:
    sign_in(client, anne)
    for _ in range(arrivals.CODE_LETTERS[0].allowed):
        last = send(client, f"{CODE_PAGE}/envoi", form_at=CODE_PAGE)
    assert last.status_code == 422
    assert "Plusieurs codes sont déjà partis" in last.text
    assert len(received(client)) == arrivals.CODE_LETTERS[0].allowed


def test_code_and_browser_are_not_readable_in_the_database(client, known) -> None:
    code = last_code(client)
    with client.services.database.read() as db:
        stored = str([db.execute(text(f"SELECT * FROM {table}")).all() for table in ("email_code", "known_browser")])
    assert code not in stored
    assert "Firefox" not in stored
    assert "192.0" not in stored


def test_browsers_and_codes_of_long_ago_are_forgotten(client, known) -> None:
    now = utc_now()
    with client.services.database.write() as db:
        assert (email_codes.purge(db, now), known_browsers.purge(db, now)) == (0, 0)
        assert email_codes.purge(db, now + timedelta(hours=1)) == 1
        assert known_browsers.purge(db, now + timedelta(days=401)) == 1


def test_two_browsers_sending_one_code_open_one_session(client, anne) -> None:
    """The pending session ends once."""
    sign_in(client, anne)
    code, pending = last_code(client), client.http.cookies[COOKIE]
    token = token_in(ask(client, CODE_PAGE))
    first = send(client, CODE_PAGE, {"code": code, "jeton": token})
    client.http.cookies.clear()
    client.http.cookies.set(COOKIE, pending, domain="portal.test")
    second = send(client, CODE_PAGE, {"code": code, "jeton": token})
    assert first.headers["location"] == "/accueil"
    assert second.headers["location"] == "/connexion"


@pytest.mark.parametrize(
    ("one", "other", "are_near"),
    [
        ("192.0.2.1", "192.0.255.9", True),
        ("192.0.2.1", "192.1.2.1", False),
        ("2001:db8:1::1", "2001:db8:ffff::9", True),
        ("2001:db8::1", "2001:db9::1", False),
        ("::ffff:192.0.2.1", "192.0.7.7", True),
        ("essai", "essai", True),
    ],
)
def test_neighbourhoods_are_wide_networks(one, other, are_near) -> None:
    assert (neighbourhood(one) == neighbourhood(other)) is are_near


def test_signed_in_browser_is_asked_no_code(client, anne) -> None:
    leave(client)
    with client.services.database.write() as db:
        present(client, factories.session_token(db, anne))
    assert ask(client, CODE_PAGE).status_code == 403
