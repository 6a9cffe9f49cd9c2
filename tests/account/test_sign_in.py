"""Signing in with identifier and password (R-11, security B9, B10, C1, C2)."""

import re
import secrets
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text

from portal.data.accounts import Account
from portal.data.columns import utc_now
from portal.data.credentials import keep_hash
from portal.security import hash_password, new_identifier
from tests.support import factories
from tests.support.entry import address, ask, enter, leave, send, token_in, told_in, try_password

COOKIE = "__Host-portal-session"
FORM = 'form[action="/connexion"]'
WRONG = "Identifiant ou mot de passe incorrect"
EXACT = [
    "x" * 128,
    "a\u00a0b « é » ’",
    "famille 👩\u200d👩\u200d👧",
    " entouré d’espaces ",
    "tabulation\tet\nligne",
    "p" * 72 + "A",
]
UNLIKE = re.compile(r'name="jeton" value="[^"]+"|value="\d{10}"')


def plain(answer) -> str:
    """A page without what differs each time: form tokens, and the identifier typed."""
    return UNLIKE.sub("", answer.text)


def failures(client) -> dict[str, int]:
    with client.services.database.read() as db:
        rows = db.execute(text("SELECT purpose, sum(failures) FROM throttle GROUP BY purpose")).all()
    return {purpose: int(count) for purpose, count in rows if count}


def test_employer_signs_in_and_reaches_the_own_space(client, employer) -> None:
    client.sign_in(employer.identifier, factories.PASSWORD, totp=factories.TOTP_SECRET)
    assert (client.status, client.path) == (200, "/employeur")


def test_member_signs_in_and_is_sent_to_the_space(client, member) -> None:
    answer = try_password(client, member.identifier, factories.PASSWORD)
    assert (answer.status_code, answer.headers["location"]) == (303, "/accueil")
    assert ask(client, "/accueil").headers["location"] == "/adherent"


def test_spaces_typed_in_the_identifier_do_not_matter(client, member) -> None:
    spaced = f" {member.identifier[:4]} {member.identifier[4:]} "
    assert try_password(client, spaced, factories.PASSWORD).status_code == 303


def test_visitor_with_a_wrong_password_is_told_and_keeps_the_identifier(client, member) -> None:
    client.get(client.url("sign-in"))
    client.submit(FORM, **{"identifiant": member.identifier, "mot-de-passe": "faux"})
    assert client.status == 422
    assert client.page.one("title").text().startswith("Erreur")
    assert WRONG in client.page.text
    assert client.page.one("[name=identifiant]").attributes["value"] == member.identifier
    assert not client.page.one("[name=mot-de-passe]").attributes.get("value")


def test_visitor_sending_nothing_is_told_what_is_missing(client) -> None:
    client.get(client.url("sign-in"))
    client.submit(FORM)
    assert client.status == 422
    assert "Saisissez votre identifiant" in client.page.text
    assert "Saisissez votre mot de passe" in client.page.text
    assert failures(client) == {}


def test_answers_to_known_unknown_malformed_and_suspended_accounts_are_the_same(client, make, member) -> None:
    """B10: text, status and headers give nobody away; B9: all are counted alike."""
    suspended: Account = make(factories.member_with_account)[1]
    with client.services.database.write() as db:
        factories.suspend(db, suspended)
    tries = [
        (member.identifier, "faux"),
        (new_identifier(), "faux"),
        ("1234567890", "faux"),
        (suspended.identifier, "faux"),
    ]
    answers = [try_password(client, *each) for each in tries]
    assert [answer.status_code for answer in answers] == [422] * 4
    assert len({plain(answer) for answer in answers}) == 1
    assert len({str([each for each in told_in(answer) if each[0] != "content-length"]) for answer in answers}) == 1
    assert failures(client) == {
        "account-password": 4,
        "address-password": 4,
        "account-lock": 2,
        "nobody-lock": 2,
        "alarm": 4,
    }


def test_right_password_during_the_delay_is_refused_alike_and_later_accepted(client, member, monkeypatch) -> None:
    """B9: ten failures, then even the right password waits, with the very same answer."""
    wrong = [try_password(client, member.identifier, "faux") for _ in range(10)][-1]
    during = try_password(client, member.identifier, factories.PASSWORD)
    assert during.status_code == 422
    assert plain(during) == plain(wrong)
    later = utc_now() + timedelta(seconds=31)
    monkeypatch.setattr("portal.web.PortalRequest.now", property(lambda _: later))
    assert try_password(client, member.identifier, factories.PASSWORD).status_code == 303
    assert "account-password" not in failures(client)


def test_tries_during_the_delay_are_neither_hashed_nor_counted(client, member, monkeypatch) -> None:
    """B9: an attacker cannot stretch somebody's delay, nor burn the processor meanwhile."""
    for _ in range(10):
        try_password(client, member.identifier, "faux")
    before = failures(client)
    monkeypatch.setattr("portal.entry.authentication.verify_password", None)
    assert try_password(client, member.identifier, "faux").status_code == 422
    assert failures(client) == before


@pytest.mark.engines("sqlite")
class TestAddresses:
    def fail(self, client, times: int = 50) -> None:
        for _ in range(times):
            try_password(client, new_identifier(), "faux")

    @pytest.fixture(autouse=True)
    def quick(self, monkeypatch) -> None:
        monkeypatch.setattr(
            "portal.entry.authentication.verify_password", lambda password, _: password == factories.PASSWORD
        )

    def test_an_address_with_fifty_failures_waits_whatever_the_account(self, client, member) -> None:
        with address(client, "192.0.2.7"):
            self.fail(client)
            assert try_password(client, member.identifier, factories.PASSWORD).status_code == 422
        with address(client, "192.0.2.8"):
            assert try_password(client, member.identifier, factories.PASSWORD).status_code == 303

    def test_a_household_of_ipv6_addresses_is_one_address(self, client, member) -> None:
        """B9: /64, which one subscriber holds whole."""
        with address(client, "2001:db8:1:2::1"):
            self.fail(client, 49)
        with address(client, "2001:db8:1:2:ffff::9"):
            self.fail(client, 1)
            assert try_password(client, member.identifier, factories.PASSWORD).status_code == 422
        with address(client, "2001:db8:1:3::1"):
            assert try_password(client, member.identifier, factories.PASSWORD).status_code == 303

    def test_ipv4_addresses_wrapped_in_ipv6_are_told_apart(self, client, member) -> None:
        with address(client, "::ffff:192.0.2.7"):
            self.fail(client)
        with address(client, "::ffff:192.0.2.8"):
            assert try_password(client, member.identifier, factories.PASSWORD).status_code == 303
        with address(client, "192.0.2.7"):
            assert try_password(client, member.identifier, factories.PASSWORD).status_code == 422

    def test_a_forged_forwarded_address_changes_nothing(self, client, member) -> None:
        """B9, L16: only a trusted proxy is believed."""
        with address(client, "192.0.2.7"):
            for number in range(50):
                forged = {"X-Forwarded-For": f"198.51.100.{number}", "Forwarded": f"for=198.51.100.{number}"}
                try_password(client, new_identifier(), "faux", headers=forged)
            forged = {"X-Forwarded-For": "198.51.100.99"}
            answer = try_password(client, member.identifier, factories.PASSWORD, headers=forged)
        assert answer.status_code == 422


def test_throttled_subjects_are_not_readable_in_the_database(client, member) -> None:
    with address(client, "192.0.2.77"):
        try_password(client, member.identifier, "faux")
    with client.services.database.read() as db:
        rows = str(db.execute(text("SELECT * FROM throttle")).all())
    assert member.identifier not in rows
    assert "192.0.2.77" not in rows


def test_signing_in_never_adopts_the_session_a_browser_proposes(client, member, employer) -> None:
    """C2, L1: the session that was there before is over, and a made-up one is never taken up."""
    planted = enter(client, employer)
    fields = {"identifiant": member.identifier, "mot-de-passe": factories.PASSWORD}
    answer = send(client, client.url("sign-in"), fields, form_at="/employeur")
    assert answer.status_code == 303
    assert answer.cookies[COOKIE] != planted
    leave(client)
    client.http.cookies.set(COOKIE, planted, domain="portal.test")
    assert ask(client, "/employeur").headers["location"].startswith("/connexion")
    client.http.cookies.set(COOKIE, "choisi-par-un-autre", domain="portal.test")
    answer = send(client, client.url("sign-in"), fields, form_at=client.url("sign-in"))
    assert answer.cookies[COOKIE] != "choisi-par-un-autre"


def test_signing_in_leaves_no_visit_cookie_and_changes_the_form_token(client, employer) -> None:
    """C2: what bound the form before sign-in is worth nothing after it."""
    path = client.url("sign-in")
    before = token_in(ask(client, path))
    fields = {"identifiant": employer.identifier, "mot-de-passe": factories.PASSWORD, "jeton": before}
    answer = send(client, path, fields)
    dropped = next(line for line in answer.headers.get_list("set-cookie") if "portal-visit" in line)
    assert "Max-Age=0" in dropped
    assert send(client, client.url("sign-out"), {"jeton": before}).status_code == 403


def test_visitor_already_signed_in_is_sent_home(client, employer) -> None:
    enter(client, employer)
    assert ask(client, client.url("sign-in")).headers["location"] == "/employeur"


def test_password_hashed_with_weaker_parameters_is_hashed_again(client, member) -> None:
    """B8."""
    weak = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(factories.PASSWORD)
    with client.services.database.write() as db:
        keep_hash(db, member.id, weak)
    assert try_password(client, member.identifier, "faux").status_code == 422
    assert stored_hash(client, member) == weak
    assert try_password(client, member.identifier, factories.PASSWORD).status_code == 303
    assert stored_hash(client, member).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert try_password(client, member.identifier, factories.PASSWORD).status_code == 303


def stored_hash(client, account) -> str:
    with client.services.database.read() as db:
        query = text("SELECT password_hash FROM account WHERE id = :id")
        return db.execute(query, {"id": account.id}).scalar_one()


@pytest.mark.engines("sqlite")
def test_password_is_compared_exactly(client, member) -> None:
    """B3: any Unicode, nothing cut, nothing trimmed."""
    for password in EXACT:
        with client.services.database.write() as db:
            keep_hash(db, member.id, hash_password(password))
        assert try_password(client, member.identifier, password[:-1]).status_code == 422, password
        assert try_password(client, member.identifier, password).status_code == 303, password


@pytest.mark.engines("sqlite")
def test_password_composed_by_another_keyboard_is_the_same(client, member) -> None:
    """B3: NFC when set and when verified."""
    with client.services.database.write() as db:
        keep_hash(db, member.id, hash_password(unicodedata.normalize("NFD", "été à Évian")))
    assert try_password(client, member.identifier, "été à Évian").status_code == 303


@pytest.mark.engines("sqlite")
def test_database_failure_during_sign_in_opens_nothing(client, member, monkeypatch) -> None:
    """F5: no fail-open."""
    broken = RuntimeError(secrets.token_hex(4))

    def fail(*_: object) -> None:
        raise broken

    monkeypatch.setattr("portal.data.throttling.hold", fail)
    answer = try_password(client, member.identifier, factories.PASSWORD)
    assert answer.status_code == 500
    assert "set-cookie" not in answer.headers
    assert str(broken) not in answer.text


def test_many_people_sign_in_at_once_and_none_is_lost(client, make) -> None:
    """B8, R14: more requests than database connections, each of which reads and then writes."""
    accounts = [make(factories.employer_account, with_code=False) for _ in range(4)]
    path = client.url("sign-in")
    token = token_in(ask(client, path))
    visit = client.http.cookies["__Host-portal-visit"]

    def sign_in(number: int) -> int:
        body = {"identifiant": accounts[number % 4].identifier, "mot-de-passe": factories.PASSWORD, "jeton": token}
        headers = {"cookie": f"__Host-portal-visit={visit}", "sec-fetch-site": "same-origin"}
        return client.http.post(path, data=body, headers=headers, follow_redirects=False).status_code

    with ThreadPoolExecutor(24) as threads:
        statuses = list(threads.map(sign_in, range(24)))
    assert statuses.count(303) + statuses.count(403) == 24
    with client.services.database.read() as db:
        opened = db.execute(text("SELECT count(*) FROM session")).scalar_one()
    assert opened == statuses.count(303) >= 4
