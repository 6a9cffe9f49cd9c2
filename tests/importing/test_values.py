"""Values: money to the cent, days, words."""

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as some

from portal.folding import fold
from portal.formatting import number
from portal.importing.problems import InvalidValue
from portal.importing.values import FIRST_YEAR, LARGEST_AMOUNT, LAST_YEAR, amount, boolean, day, remembered, words

CENTS = some.integers(-LARGEST_AMOUNT, LARGEST_AMOUNT)
DAYS = some.dates(date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31))


@given(CENTS)
def test_an_amount_comes_back_from_every_way_of_writing_it(cents: int) -> None:
    euros, rest = divmod(abs(cents), 100)
    sign = "-" if cents < 0 else ""
    grouped = f"{euros:,}"
    forms = [f"{sign}{euros}{mark}{rest:02}" for mark in ",."]
    forms += [f"{sign}{grouped.replace(',', space)},{rest:02}" for space in (" ", "\u00a0", "\u202f")]
    assert {amount(form) for form in (*forms, number(cents))} == {cents}


@given(DAYS)
def test_a_day_comes_back_from_both_ways_of_writing_it(when: date) -> None:
    assert {day(when.isoformat()), day(when.strftime(f"%d/%m/{when.year:04}"))} == {when.isoformat()}


@given(some.text())
def test_no_text_gives_anything_but_a_value_or_a_reason(text: str) -> None:
    for convert, kind in ((amount, int), (day, str), (boolean, bool), (words, str)):
        with suppress(InvalidValue):
            assert isinstance(convert(text), kind)


@pytest.mark.parametrize(
    ("text", "cents"),
    [("1 234,56", 123456), ("12.48", 1248), ("-3,00", -300), ("+0,05", 5), ("7", 700), ("7,5", 750), ("-0,00", 0)],
)
def test_amounts_of_the_documentation_are_read(text: str, cents: int) -> None:
    assert amount(text) == cents


@pytest.mark.parametrize(
    "text", ["", "1.234,56", "1,234.56", "12,345", "1e3", "0x10", "nan", "12 €", "١٢,٥٠", "1 2", "--1", "20000000,01"]
)
def test_doubtful_amounts_are_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        amount(text)


@pytest.mark.parametrize("text", ["20250301", "2025-W10-1", "01/03/25", "2025-02-29", "0000-01-01", "٢٠٢٥-٠٣-٠١"])
def test_doubtful_days_are_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        day(text)


def test_a_memory_stays_bounded_and_right() -> None:
    convert = remembered(int)
    assert [convert(str(value)) for value in range(60_000)] == list(range(60_000))
    assert len(convert.__self__) <= 50_000


@given(some.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_folding_makes_search_forgiving() -> None:
    assert fold("Œil gauche\u00a0: l’ÉLÈVE Ça") == "oeil gauche : l'eleve ca"
