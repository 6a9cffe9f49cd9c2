"""How long signing up takes says nothing about who is known (R-10, security B10)."""

from statistics import median
from time import perf_counter

import pytest

from portal import onboarding
from tests.support.entry import SAME_ORIGIN, address, ask, token_in
from tests.support.onboarding import FORMS, household_of_two, member_fields

ROUNDS = 60
MOST_MS = 10


@pytest.mark.slow
def test_known_registered_and_unknown_take_the_same_time(client, make) -> None:
    """The work itself, without the beat on which answers leave: medians of interleaved calls."""
    families = [make(household_of_two) for _ in range(ROUNDS)]
    token = token_in(ask(client, FORMS["member"]))
    times: dict[str, list[float]] = {"known": [], "registered": [], "unknown": []}
    for number, family in enumerate(families):
        fields = member_fields(family.member, family.contract, jeton=token)
        wrong = fields | {"numero-adherent": f"X{number}"}
        for case, sent in (("known", fields), ("unknown", wrong), ("registered", fields)):
            typed = {"email": f"{case}{number}@courriel.example"}
            with address(client, f"192.0.2.{number}"):
                began = perf_counter()
                answer = client.http.post(FORMS["member"], data=sent | typed, headers=SAME_ORIGIN, follow_redirects=False)
                times[case].append((perf_counter() - began) * 1000)
            assert answer.status_code == 303
    medians = {case: median(found) for case, found in times.items()}
    assert max(medians.values()) - min(medians.values()) < MOST_MS, medians


def test_answers_leave_at_a_beat_whatever_was_done(client, make, monkeypatch) -> None:
    """Known or not, the answer waits for the next beat: what differs below it cannot be measured."""
    monkeypatch.setattr(onboarding, "BEAT_SECONDS", 0.4)
    family = make(household_of_two)
    token = token_in(ask(client, FORMS["member"]))
    fields = member_fields(family.member, family.contract, jeton=token)
    for sent in (fields, fields | {"nom": "Autre"}, fields):
        began = perf_counter()
        client.http.post(FORMS["member"], data=sent, headers=SAME_ORIGIN, follow_redirects=False)
        assert (perf_counter() - began) % 0.4 < 0.2
