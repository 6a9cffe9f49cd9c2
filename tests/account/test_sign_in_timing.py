"""A clock tells nobody who has an account (security: B10): medians of interleaved calls, real hashing."""

import random
from collections.abc import Callable
from statistics import median
from time import perf_counter

import pytest

from portal.data import throttling
from portal.security import new_identifier
from tests.support import factories
from tests.support.entry import ask, leave, send, token_in

pytestmark = [pytest.mark.slow, pytest.mark.engines("sqlite")]

ROUNDS = 60
FEWER_ROUNDS = 12
MOST_SECONDS_APART = 0.010


@pytest.fixture(autouse=True)
def _patience(monkeypatch) -> None:
    """So many tries would be delayed."""
    for name in ("ACCOUNT_PASSWORD", "ADDRESS_PASSWORD", "ACCOUNT_LOCK", "NOBODY_LOCK", "ALARM"):
        monkeypatch.setattr(throttling, name, throttling.Limit(name, allowed=100_000))


@pytest.fixture
def identifiers(make, anne) -> dict[str, Callable[[], str]]:
    suspended = make(factories.member_with_account)[1]
    make(lambda db, _: factories.suspend(db, suspended))
    return {
        "known": lambda: anne.identifier,
        "suspended": lambda: suspended.identifier,
        "unknown": new_identifier,
        "malformed": lambda: "1234567890",
    }


def medians(kinds: dict[str, Callable[[], str]], call: Callable[[str], object], rounds: int) -> dict[str, float]:
    """Each kind's median time in seconds; in every round each kind is called once, in an order of chance."""
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(rounds):
        for kind in random.sample([*kinds], len(kinds)):
            identifier = kinds[kind]()
            began = perf_counter()
            call(identifier)
            times[kind].append(perf_counter() - began)
    return {kind: median(each) for kind, each in times.items()}


def apart(measured: dict[str, float]) -> float:
    return max(measured.values()) - min(measured.values())


def sender(client, path: str, **fields: str) -> Callable[[str], object]:
    """Sends the form of one page with an identifier, as often as asked."""
    leave(client)
    token = token_in(ask(client, path))
    return lambda identifier: send(client, path, {"jeton": token, "identifiant": identifier} | fields)


def test_wrong_password_takes_the_same_time_for_any_identifier(client, identifiers) -> None:
    measured = medians(identifiers, sender(client, "/connexion", **{"mot-de-passe": "faux"}), ROUNDS)
    assert apart(measured) < MOST_SECONDS_APART, measured


def test_lost_password_takes_the_same_time_for_any_identifier(client, identifiers, monkeypatch) -> None:
    """Known: a letter is written. Unknown: nothing."""
    for name in ("RESET_LETTERS", "RESET_NETWORK"):
        monkeypatch.setattr(f"portal.entry.password_changes.{name}", throttling.Limit(name, allowed=100_000))
    measured = medians(identifiers, sender(client, "/mot-de-passe-oublie"), FEWER_ROUNDS)
    assert apart(measured) < MOST_SECONDS_APART, measured


def test_fraud_report_takes_the_same_time_for_any_identifier(client, identifiers, monkeypatch) -> None:
    for name in ("REPORTS", "REPORTS_NETWORK", "LETTERS"):
        monkeypatch.setattr(f"portal.entry.fraud_reports.{name}", throttling.Limit(name, allowed=100_000))
    report = sender(client, "/signaler-une-fraude", adresse="autre@exemple.example")
    measured = medians(identifiers, report, FEWER_ROUNDS)
    assert apart(measured) < MOST_SECONDS_APART, measured
