"""How values look in French: money, dates, counts (R-81)."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from portal.formatting import local_time, long_date, money, month_name, number, plural, short_date, today


@pytest.mark.parametrize(
    ("cents", "shown"),
    [
        (0, "0,00 €"),
        (5, "0,05 €"),
        (123_456, "1 234,56 €"),
        (100_000_000_00, "100 000 000,00 €"),
        (-5, "−0,05 €"),
        (-123_456, "−1 234,56 €"),
    ],
)
def test_money_reads_as_french_readers_write_it(cents, shown) -> None:
    assert money(cents) == shown.replace(" ", "\u00a0")


@given(st.integers(-(10**12), 10**12))
def test_money_says_every_cent(cents) -> None:
    digits = number(cents).replace("\u00a0", "").replace(",", "").replace("−", "-")
    assert int(digits) == cents
    assert " " not in money(cents)


@pytest.mark.parametrize(
    ("day", "shown"),
    [
        (date(2026, 3, 1), "1er mars 2026"),
        (date(2026, 1, 11), "11 janvier 2026"),
        (date(2026, 8, 31), "31 août 2026"),
        (date(2024, 2, 21), "21 février 2024"),
    ],
)
def test_long_dates_are_written_out(day, shown) -> None:
    assert long_date(day) == shown


def test_short_dates_and_months_are_french() -> None:
    assert short_date(date(2026, 3, 1)) == "01/03/2026"
    assert month_name(date(2026, 12, 1)) == "décembre 2026"


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (datetime(2026, 3, 3, 13, 5, tzinfo=UTC), "3 mars 2026 à 14\u00a0h\u00a005"),
        (datetime(2026, 7, 31, 22, 0, tzinfo=UTC), "1er août 2026 à 0\u00a0h\u00a000"),
    ],
)
def test_instants_are_told_in_paris_time(at, shown) -> None:
    assert local_time(at) == shown


@pytest.mark.parametrize(("instant", "day"), [("2026-03-31T21:59:00Z", 31), ("2026-03-31T22:01:00Z", 1)])
def test_the_day_is_the_one_in_paris(instant, day) -> None:
    with time_machine.travel(instant, tick=False):
        assert today().day == day


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0 ligne"), (1, "1 ligne"), (2, "2 lignes"), (12_345, "12 345 lignes")]
)
def test_counts_take_the_plural_from_two_on(count, shown) -> None:
    assert plural(count, "ligne") == shown.replace(" ", "\u00a0")


def test_counts_take_an_irregular_plural() -> None:
    assert plural(2, "ligne trouvée", "lignes trouvées") == "2\u00a0lignes trouvées"
