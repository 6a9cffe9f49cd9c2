"""How long signing up takes says nothing about who is known (R-10, security B10)."""

from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from time import perf_counter, sleep

import pytest

from portal import onboarding
from tests.support.entry import SAME_ORIGIN, address, ask, token_in
from tests.support.onboarding import FORMS, household_of_two, member_fields

ROUNDS = 60
MOST_MS = 10


@contextmanager
def stopwatch(client) -> Iterator[list[float]]:
    """Milliseconds until the last byte of each answer has left; what runs behind the answer does not count."""
    portal, times = client.http.app, []

    async def timed(scope, receive, send):
        began = perf_counter()

        async def sending(message):
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                times.append((perf_counter() - began) * 1000)

        await portal(scope, receive, sending if scope["type"] == "http" else send)

    client.http.app = timed
    try:
        yield times
    finally:
        client.http.app = portal


@pytest.mark.parametrize("form", ["sign-up", "resend"])
def test_known_registered_and_unknown_take_the_same_time(client, make, form) -> None:
    """Medians of interleaved calls."""
    families = [make(household_of_two) for _ in range(ROUNDS)]
    token = token_in(ask(client, FORMS["member"]))
    cases: dict[str, list[float]] = {"known": [], "unknown": [], "registered": []}
    for number, family in enumerate(families):
        right = member_fields(family.member, family.contract, jeton=token)
        wrong = right | {"numero-adherent": f"X{number}"}
        with address(client, f"192.0.2.{number}"):
            for case, sent in (("known", right), ("unknown", wrong), ("registered", right)):
                typed = {"email": f"{case}{number}@courriel.example"}
                cases[case].append(timed_post(client, FORMS["member"], sent | typed))
    if form == "resend":
        cases = resent(client, token)
    medians = {case: median(found) for case, found in cases.items()}
    assert max(medians.values()) - min(medians.values()) < MOST_MS, medians


def resent(client, token: str) -> dict[str, list[float]]:
    identifiers = client.services.database.read().connection().exec_driver_sql("SELECT identifier FROM account").all()
    cases: dict[str, list[float]] = {"known": [], "unknown": []}
    for number, (identifier,) in enumerate(identifiers):
        with address(client, f"198.51.100.{number}"):
            for case, typed in (("known", identifier), ("unknown", f"{number}@courriel.example")):
                cases[case].append(timed_post(client, "/inscription/renvoi", {"compte": typed, "jeton": token}))
    assert len(cases["known"]) == ROUNDS
    return cases


def timed_post(client, path: str, fields: dict[str, str]) -> float:
    with stopwatch(client) as times:
        answer = client.http.post(path, data=fields, headers=SAME_ORIGIN, follow_redirects=False)
    assert answer.status_code == 303
    return times[0]


def test_stopwatch_stops_before_the_work_behind_the_answer(client, make, monkeypatch) -> None:
    """The measure can fail: what is done before the answer leaves is seen."""
    family = make(household_of_two)
    fields = member_fields(family.member, family.contract, jeton=token_in(ask(client, FORMS["member"])))
    plain, real = onboarding.keep_request, onboarding.new_temporary
    monkeypatch.setattr(onboarding, "new_temporary", lambda: sleep(0.5) or real())
    behind = timed_post(client, FORMS["member"], fields)
    monkeypatch.setattr(onboarding, "keep_request", lambda *arguments: sleep(0.5) or plain(*arguments))
    before = timed_post(client, FORMS["member"], fields)
    assert before > 500
    assert before - behind > 250
