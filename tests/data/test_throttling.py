"""Throttling (security B9, B12): failures are counted by subject in the database, and delays grow, but end."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest

from portal.data import throttling
from portal.data.throttling import ACCOUNT_PASSWORD, ADDRESS_PASSWORD, CODE_LIMITS, Limit
from portal.database import Database

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
GUESS = [(ACCOUNT_PASSWORD, "somebody")]


def fail(db, times: int, guesses=GUESS, now: datetime = NOW) -> None:
    for _ in range(times):
        throttling.count_failures(db, guesses, now)


def test_somebody_failing_nine_times_may_try_again(db) -> None:
    fail(db, 9)
    assert not throttling.hold(db, GUESS, NOW)


def test_somebody_failing_ten_times_waits_exactly_thirty_seconds(db) -> None:
    """B9: 10 failures, then a delay; judged to the second."""
    fail(db, 10)
    assert throttling.hold(db, GUESS, NOW + timedelta(seconds=29))
    assert throttling.is_delayed(db, GUESS, NOW + timedelta(seconds=29))
    assert not throttling.hold(db, GUESS, NOW + timedelta(seconds=30))
    assert not throttling.is_delayed(db, GUESS, NOW + timedelta(seconds=30))


def test_each_further_failure_doubles_the_delay_up_to_a_quarter_of_an_hour(db) -> None:
    fail(db, 10)
    for seconds in (60, 120, 240, 480, 900, 900):
        fail(db, 1)
        assert throttling.hold(db, GUESS, NOW + timedelta(seconds=seconds - 1))
        assert not throttling.hold(db, GUESS, NOW + timedelta(seconds=seconds))


def test_failures_are_forgotten_once_the_window_has_passed(db) -> None:
    fail(db, 9)
    fail(db, 9, now=NOW + ACCOUNT_PASSWORD.window + SECOND)
    assert not throttling.hold(db, GUESS, NOW + ACCOUNT_PASSWORD.window + SECOND)
    fail(db, 1, now=NOW + 2 * ACCOUNT_PASSWORD.window + SECOND)
    assert throttling.hold(db, GUESS, NOW + 2 * ACCOUNT_PASSWORD.window + 2 * SECOND)


def test_nobody_is_locked_out_for_good(db) -> None:
    """B9: whatever an attacker does, the longest delay is a quarter of an hour."""
    fail(db, 60)
    assert not throttling.hold(db, GUESS, NOW + timedelta(minutes=15))


def test_a_success_clears_the_count_of_its_own_subjects_only(db) -> None:
    both = [(ACCOUNT_PASSWORD, "somebody"), (ADDRESS_PASSWORD, "somewhere")]
    fail(db, 50, both)
    throttling.forget(db, both[:1])
    assert not throttling.hold(db, both[:1], NOW)
    assert throttling.hold(db, both[1:], NOW)
    throttling.forget(db, [(ACCOUNT_PASSWORD, "never seen")])


def test_subjects_and_purposes_do_not_share_a_count(db) -> None:
    """L8: Litestar's limiter mixed up everything of one address."""
    fail(db, 10)
    assert not throttling.hold(db, [(ACCOUNT_PASSWORD, "somebody else")], NOW)
    assert not throttling.hold(db, [(ADDRESS_PASSWORD, "somebody")], NOW)


@pytest.mark.parametrize(
    ("limit", "allowed", "wait"),
    [
        (CODE_LIMITS[0], 5, timedelta(seconds=30)),
        (CODE_LIMITS[1], 20, timedelta(hours=1)),
        (CODE_LIMITS[2], 50, timedelta(days=1)),
    ],
    ids=["minutes", "hour", "day"],
)
def test_codes_are_limited_by_minutes_hour_and_day(db, limit: Limit, allowed: int, wait: timedelta) -> None:
    """B12: 5 in 5 minutes, 20 in an hour, 50 in a day."""
    guess = [(limit, "somebody")]
    fail(db, allowed - 1, guess)
    assert not throttling.hold(db, guess, NOW)
    fail(db, 1, guess)
    assert throttling.hold(db, guess, NOW + wait - SECOND)
    assert not throttling.hold(db, guess, NOW + wait)


def test_counts_survive_a_restart(database) -> None:
    """B9: counters live in the database, shared by all processes."""
    with database.write() as db:
        fail(db, 10)
    again = Database(database.url)
    with again.read() as db:
        assert throttling.is_delayed(db, GUESS, NOW)
    again.dispose()


def test_first_failures_at_the_same_moment_are_all_counted(database) -> None:
    """B9: parallel guesses neither collide on the new row nor lose a count."""
    guesses = [(ACCOUNT_PASSWORD, "somebody"), (ADDRESS_PASSWORD, "somewhere")]
    together = Barrier(5)

    def guess(_: int) -> bool:
        together.wait()
        with database.write() as db:
            is_delayed = throttling.hold(db, guesses, NOW)
            if not is_delayed:
                throttling.count_failures(db, guesses, NOW)
            return is_delayed

    with ThreadPoolExecutor(5) as threads:
        delayed = [*threads.map(guess, range(5)), *threads.map(guess, range(10))]
    assert delayed.count(False) == ACCOUNT_PASSWORD.allowed
