"""Floods of guesses (security: B9): counted, delayed, recorded once per delay; a holder told once, never locked out."""

import logging
from datetime import timedelta

import pytest
from sqlalchemy import text

from portal.data import throttling
from portal.data.columns import utc_now
from portal.database import Database
from portal.security import new_identifier
from tests.support import factories
from tests.support.entry import address, ask, leave, send, token_in
from tests.support.mail import letters


@pytest.fixture
def clock(monkeypatch):
    """A clock that tests move: `clock.now` in UTC."""

    class Clock:
        now = utc_now()

    monkeypatch.setattr("portal.web.PortalRequest.now", property(lambda _: Clock.now))
    return Clock


@pytest.fixture
def quick(monkeypatch) -> list[str]:
    """Passwords compared at once; the list of those compared."""
    compared: list[str] = []

    def compare(password: str, password_hash: str | None) -> bool:
        compared.append(password)
        return password == factories.PASSWORD and password_hash is not None

    monkeypatch.setattr("portal.entry.authentication.verify_password", compare)
    return compared


def status(client, identifier: str, password: str = "faux") -> int:
    """Sends the form of one page again and again, as a guesser would."""
    path, key = client.url("sign-in"), "__Host-portal-visit"
    if key not in client.http.cookies:
        leave(client)
        client.form_token = token_in(ask(client, path))
    fields = {"identifiant": identifier, "mot-de-passe": password, "jeton": client.form_token}
    return send(client, path, fields).status_code


def evidence(client) -> list[tuple]:
    with client.services.database.read() as db:
        query = "SELECT action, object, reason, actor FROM evidence WHERE action <> 'email-code.sent' ORDER BY seq"
        return [tuple(row) for row in db.execute(text(query))]


def rows(client, purpose: str) -> dict[str, int]:
    with client.services.database.read() as db:
        query = text("SELECT subject, failures FROM throttle WHERE purpose = :purpose")
        return dict(db.execute(query, {"purpose": purpose}).all())


def fail_until_locked(client, clock, identifier: str) -> int:
    """Wrong passwords, each as soon as the delay before it is over; how many the lock takes."""
    for count in range(1, 200):
        with address(client, f"192.0.2.{count % 100}"):
            status(client, identifier)
        if throttling.ACCOUNT_LOCK.allowed in rows(client, "account-lock").values():
            return count
        clock.now += timedelta(minutes=16)
    return 0


def test_flood_on_one_account_is_recorded_once_per_delay(client, anne, clock, quick) -> None:
    """Ten failures are recorded; then a whole delay leaves one row, and costs neither hashing nor writing."""
    for _ in range(100):
        status(client, anne.identifier)
    assert [row[2] for row in evidence(client)] == [*[""] * 10, "delay"]
    assert len(quick) == 10
    clock.now += timedelta(seconds=31)
    for _ in range(50):
        status(client, anne.identifier)
    assert [row[2] for row in evidence(client)][11:] == ["", "delay"]
    assert rows(client, "account-password").popitem()[1] == 11


def test_right_password_during_the_delay_is_refused_like_a_wrong_one(client, anne, clock, quick) -> None:
    for _ in range(12):
        status(client, anne.identifier)
    assert status(client, anne.identifier, factories.PASSWORD) == 422
    clock.now += timedelta(seconds=31)
    assert status(client, anne.identifier, factories.PASSWORD) == 303


def test_hundred_failures_end_the_password_and_its_holder_is_told_once(client, anne, clock, quick) -> None:
    """NIST SP 800-63B: at most 100 consecutive failures; then a new password by e-mail, whenever the holder likes."""
    assert fail_until_locked(client, clock, anne.identifier) == 100
    for _ in range(5):
        clock.now += timedelta(days=1)
        assert status(client, anne.identifier, factories.PASSWORD) == 422
    told = [letter.name for letter in letters(client.services.database, client.services, anne.email)]
    assert told == ["password-locked"]
    assert [row for row in evidence(client) if row[0] == "password.locked"] == [("password.locked", "", "", anne.id)]
    assert factories.PASSWORD not in quick


def test_locked_account_answers_like_one_that_does_not_exist(client, anne, clock, quick) -> None:
    fail_until_locked(client, clock, anne.identifier)
    clock.now += timedelta(days=1)
    assert status(client, anne.identifier) == status(client, new_identifier()) == 422


def test_success_forgets_the_failures_before_it(client, anne, clock, quick) -> None:
    """Consecutive ones alone count."""
    for _ in range(9):
        status(client, anne.identifier)
    assert rows(client, "account-lock") == {str(anne.id): 9}
    assert status(client, anne.identifier, factories.PASSWORD) == 303
    assert rows(client, "account-lock") == {}


@pytest.mark.engines("sqlite")
def test_one_password_on_many_accounts_from_one_network_stops_at_fifty(client, anne, clock, quick) -> None:
    """The network's own limit: 50 tries, one row for the delay, nothing written for the others (tests/data: 10 000)."""
    with address(client, "198.51.100.7"):
        for _ in range(200):
            status(client, new_identifier())
    assert len(quick) == 50
    assert len(evidence(client)) == 51
    with address(client, "203.0.113.9"):
        assert status(client, anne.identifier, factories.PASSWORD) == 303


@pytest.mark.engines("sqlite")
def test_thousand_failures_in_five_minutes_ring_the_alarm_once(client, clock, caplog, monkeypatch) -> None:
    monkeypatch.setattr(throttling, "ALARM", throttling.quota("alarm", 20, timedelta(minutes=5)))
    for number in range(45):
        with address(client, f"198.51.{number}.1"):
            status(client, new_identifier())
    assert [row[:3] for row in evidence(client) if row[1] == "alarm"] == [("session.refused", "alarm", "many failures")]
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING and "wrong" in record.message]
    assert len(warnings) == 1
    clock.now += timedelta(minutes=6)
    for number in range(25):
        with address(client, f"203.0.{number}.1"):
            status(client, new_identifier())
    assert len([row for row in evidence(client) if row[1] == "alarm"]) == 2


def test_counts_survive_a_restart_and_hold_for_two_servers(client, database, anne, clock, quick) -> None:
    """B9: the database counts, not the process."""
    for _ in range(10):
        status(client, anne.identifier)
    other = Database(database.url)
    guess = [(throttling.ACCOUNT_PASSWORD, client.services.keyring.lookup(anne.identifier))]
    try:
        with other.read() as db:
            assert throttling.is_delayed(db, guess, clock.now)
        with other.write() as db:
            throttling.count_failures(db, guess, clock.now)
    finally:
        other.dispose()
    clock.now += timedelta(seconds=31)
    assert status(client, anne.identifier, factories.PASSWORD) == 422
