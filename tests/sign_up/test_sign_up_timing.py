"""How long signing up takes says nothing about who is known (R-10, security B10)."""

from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from time import perf_counter, sleep

from portal.entry import onboarding
from tests.support import factories
from tests.support.entry import SAME_ORIGIN, address, ask, token_in
from tests.support.onboarding import FORMS, HELD, household_of_two, member_fields

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


def test_known_registered_and_unknown_take_the_same_time(client, make) -> None:
    """Medians of interleaved calls, each from an address and about a person of its own, so that all meet fresh limits.
    A busy machine may blur one series; a difference that is real shows in all three."""
    assert any(spread(series(client, make, number)) < MOST_MS for number in range(3))


def test_known_and_unknown_accounts_take_the_same_time_to_be_sent_letters_again(client, make) -> None:
    assert any(spread(series_of_resends(client, make, number)) < MOST_MS for number in range(3))


def spread(cases: dict[str, list[float]]) -> float:
    assert {len(found) for found in cases.values()} == {ROUNDS}
    medians = [median(found) for found in cases.values()]
    return max(medians) - min(medians)


def registered_household(db, keyring) -> factories.Household:
    made = household_of_two(db)
    factories.member_account(db, keyring, made.member, email=HELD)
    return made


def series(client, make, serial: int) -> dict[str, list[float]]:
    cases: dict[str, list[float]] = {"known": [], "registered": [], "unknown": []}
    path = FORMS["member"]
    token = token_in(ask(client, path))
    for number in range(ROUNDS):
        families = {
            "known": make(household_of_two),
            "registered": make(registered_household, keyring=client.services.keyring),
            "unknown": make(household_of_two),
        }
        for case in rotated(cases, number):
            fields = member_fields(families[case].member, families[case].contract, jeton=token)
            changes = {"prenom": "Autre"} if case == "unknown" else {}
            typed = {"email": f"{case}{serial}-{number}@courriel.example"}
            with address(client, f"10.{serial}.{len(case)}.{number}"):
                cases[case].append(timed_post(client, path, fields | changes | typed))
    return cases


def series_of_resends(client, make, serial: int) -> dict[str, list[float]]:
    cases: dict[str, list[float]] = {"known": [], "unknown": []}
    path = "/inscription/renvoi"
    token = token_in(ask(client, path))
    for number in range(ROUNDS):
        household = make(household_of_two)
        account = make(factories.member_account, keyring=client.services.keyring, of=household.member, email=HELD)
        typed = {"known": account.identifier, "unknown": f"{serial}-{number}@courriel.example"}
        for case in rotated(cases, number):
            with address(client, f"10.{serial}.{len(case)}.{number}"):
                cases[case].append(timed_post(client, path, {"compte": typed[case], "jeton": token}))
    return cases


def rotated(cases: dict[str, list[float]], number: int) -> list[str]:
    names = list(cases)
    return names[number % len(names) :] + names[: number % len(names)]


def timed_post(client, path: str, fields: dict[str, str]) -> float:
    with stopwatch(client) as times:
        answer = client.http.post(path, data=fields, headers=SAME_ORIGIN, follow_redirects=False)
    assert answer.status_code == 303
    return times[0]


def test_stopwatch_stops_before_the_work_behind_the_answer(client, make, monkeypatch) -> None:
    """The measure can fail: what is done before the answer leaves is seen."""
    family = make(household_of_two)
    fields = member_fields(family.member, family.contract, jeton=token_in(ask(client, FORMS["member"])))
    timed_post(client, FORMS["member"], fields)  # whatever is made at first use
    plain, real = onboarding.keep_request, onboarding.new_temporary
    monkeypatch.setattr(onboarding, "new_temporary", lambda: sleep(0.5) or real())
    behind = timed_post(client, FORMS["member"], fields)
    monkeypatch.setattr(onboarding, "keep_request", lambda *arguments: sleep(0.5) or plain(*arguments))
    before = timed_post(client, FORMS["member"], fields)
    assert before > 500
    assert before - behind > 250
