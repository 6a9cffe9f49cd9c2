"""Reads counted in memory: limits in their periods, each reader apart, and never more readers than are kept (R-62)."""

import sys
from datetime import UTC, datetime, timedelta

from portal.reading_limits import DAY, DIRECTORY, MINUTE, SUGGESTIONS, Limit, ReadingLimits

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
FEW = (Limit(3, MINUTE), Limit(5, DAY))


def refused(counter: ReadingLimits, reader: str, at: datetime, reads: int) -> list[datetime]:
    answers = [counter.count(reader, FEW, at) for _ in range(reads)]
    return [answer for answer in answers if answer]


def test_reader_over_a_limit_comes_back_when_its_period_is_over() -> None:
    counter = ReadingLimits()
    assert refused(counter, "one", NOON, 5) == [NOON + MINUTE] * 2
    assert refused(counter, "other", NOON, 3) == []
    assert refused(counter, "one", NOON + MINUTE, 2) == []


def test_longest_wait_is_told_and_refusals_count_for_nothing() -> None:
    counter = ReadingLimits()
    refused(counter, "one", NOON, 50)
    assert refused(counter, "one", NOON + MINUTE, 4) == [NOON + DAY] * 2
    assert refused(counter, "one", NOON + DAY - timedelta(seconds=1), 1) == [NOON + DAY]
    assert refused(counter, "one", NOON + DAY, 3) == []


def test_patient_crawler_is_stopped_by_the_limit_of_a_day() -> None:
    """Every five minutes as much as a minute allows, for a day and a half: never more than two days' worth."""
    for limits in (DIRECTORY.network, DIRECTORY.account):
        counter, by_minute, by_day = ReadingLimits(), limits[0].reads, limits[1].reads
        instants = [NOON + minute * MINUTE for minute in range(0, 36 * 60, 5) for _ in range(by_minute)]
        answers = [counter.count("crawler", limits, instant) for instant in instants]
        assert answers.count(None) == 2 * by_day


def test_suggestions_are_freer_than_the_directory() -> None:
    for theirs, ours in ((SUGGESTIONS.network, DIRECTORY.network), (SUGGESTIONS.account, DIRECTORY.account)):
        assert theirs[0].reads >= 5 * ours[0].reads


def test_memory_is_bounded_whoever_comes() -> None:
    """A hundred thousand networks: as many as are kept remain, and whoever goes on reading is not forgotten."""
    counter = ReadingLimits(most_readers=1_000)
    for number in range(100_000):
        counter.count(f"2001:db8:0:{number:x}::/64", FEW, NOON)
        if number % 900 == 0:
            counter.count("crawler", FEW, NOON)
    assert len(counter) == 1_000
    assert counter.count("crawler", FEW, NOON) == NOON + MINUTE


def test_reader_weighs_less_than_a_kilobyte() -> None:
    counter = ReadingLimits()
    counter.count("directory 2001:db8:1234:5678::/64", DIRECTORY.network, NOON)
    (reader, windows), *_ = counter._windows.items()
    parts = [reader, windows, *windows, *(window.ends_at for window in windows)]
    assert sum(map(sys.getsizeof, parts)) < 1_000
