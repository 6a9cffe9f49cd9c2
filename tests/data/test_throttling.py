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


def try_once(db, guesses: throttling.Guesses, now: datetime) -> bool:
    """One wrong password, as sign-in judges it; whether the record gets a row for it."""
    if throttling.delay_of(db, guesses, now) is throttling.Delay.KNOWN:
        return False
    if throttling.hold(db, guesses, now):
        return throttling.mark_refusal(db, guesses, now)
    throttling.count_failures(db, guesses, now)
    return True


@pytest.mark.slow
@pytest.mark.engines("sqlite")
def test_ten_thousand_wrong_passwords_on_one_account_leave_few_rows(db) -> None:
    """B9: one each second, each from another network: a day's flood counts 100 failures, and a row or two per delay."""
    account, lock = (ACCOUNT_PASSWORD, "somebody"), (throttling.ACCOUNT_LOCK, "1")
    recorded = [
        try_once(db, [account, (ADDRESS_PASSWORD, f"network {number}"), lock], NOW + number * 10 * SECOND)
        for number in range(10_000)
    ]
    assert db.get_one(throttling.Throttle, ("account-lock", "1")).failures == throttling.ACCOUNT_LOCK.allowed
    assert sum(recorded) <= 2 * throttling.ACCOUNT_LOCK.allowed
    assert not throttling.hold(db, [(ACCOUNT_PASSWORD, "somebody else"), (throttling.ACCOUNT_LOCK, "2")], NOW)


@pytest.mark.slow
@pytest.mark.engines("sqlite")
def test_one_password_on_ten_thousand_accounts_delays_the_network_alone(db) -> None:
    """B9: fifty are tried; the rest writes nothing, and no account waits."""
    network = (ADDRESS_PASSWORD, "somewhere")
    recorded = [try_once(db, [(ACCOUNT_PASSWORD, f"account {number}"), network], NOW) for number in range(10_000)]
    assert sum(recorded) == ADDRESS_PASSWORD.allowed + 1
    assert throttling.hold(db, [network], NOW)
    assert not throttling.hold(db, [(ACCOUNT_PASSWORD, "account 7"), (ADDRESS_PASSWORD, "elsewhere")], NOW)


def test_hundred_consecutive_failures_last_until_they_are_forgotten(db) -> None:
    lock = [(throttling.ACCOUNT_LOCK, "1")]
    for number in range(100):
        assert not throttling.hold(db, lock, NOW + number * timedelta(days=3))
        fail(db, 1, lock, NOW + number * timedelta(days=3))
    assert throttling.hold(db, lock, NOW + timedelta(days=10_000))
    throttling.forget(db, lock)
    assert not throttling.hold(db, lock, NOW)


def test_guesser_who_waits_for_each_delay_needs_most_of_a_day_for_a_hundred_failures(db) -> None:
    """B9: delays that ended still count for a quarter of an hour."""
    now, guesses = NOW, [*GUESS, (throttling.ACCOUNT_LOCK, "1")]
    for _ in range(throttling.ACCOUNT_LOCK.allowed):
        fail(db, 1, guesses, now)
        now = max(now, db.get_one(throttling.Throttle, (ACCOUNT_PASSWORD.purpose, "somebody")).blocked_until or now)
    assert timedelta(hours=21) < now - NOW < timedelta(hours=22)


def test_delays_are_forgotten_a_quarter_of_an_hour_after_the_last(db) -> None:
    fail(db, 13)
    end = NOW + timedelta(minutes=4) + ACCOUNT_PASSWORD.memory
    fail(db, 9, now=end)
    assert not throttling.hold(db, GUESS, end)


def test_alarm_rings_once_per_window_at_the_thousandth_failure(db) -> None:
    """B9: 1 000 failures in five minutes."""
    rung = [throttling.ring_alarm(db, NOW) for _ in range(1_100)]
    assert [number for number, rings in enumerate(rung, 1) if rings] == [1_000]
    later = NOW + throttling.ALARM.window + SECOND
    assert [throttling.ring_alarm(db, later) for _ in range(1_000)].count(True) == 1


def test_quota_allows_so_many_uses_and_then_none_for_its_period(db) -> None:
    letters = [(throttling.quota("letters", 3, timedelta(hours=1)), "somebody")]
    assert [throttling.allow(db, letters, NOW) for _ in range(5)] == [True, True, True, False, False]
    assert not throttling.allow(db, letters, NOW + timedelta(hours=1) - SECOND)
    assert throttling.allow(db, letters, NOW + timedelta(hours=1))


def test_purge_forgets_what_decides_nothing_and_keeps_the_locks(db) -> None:
    nobody = [(throttling.NOBODY_LOCK, "unknown")]
    fail(db, 1, [(throttling.ACCOUNT_LOCK, "1"), (ADDRESS_PASSWORD, "old")])
    fail(db, 100, nobody)
    quota = [(throttling.quota("letters", 1, throttling.FOR_EVER), "running")]
    throttling.allow(db, quota, NOW)
    later = NOW + throttling.STALE_AFTER + SECOND
    fail(db, 1, [(ADDRESS_PASSWORD, "new")], later)
    assert throttling.purge(db, later) == 2
    assert throttling.purge(db, later) == 0
    assert not throttling.hold(db, nobody, later)
    assert throttling.hold(db, quota, later)
    assert db.get(throttling.Throttle, ("account-lock", "1")) is not None
