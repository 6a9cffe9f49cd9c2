"""On which days whoever left may be written to: never before the end, never the day it is declared (R-30)."""

from datetime import date

import pytest

from portal.data.departures import LetterKind
from portal.data.leaver_letter_rules import Window, due_on, told_from, windows_of
from portal.data.leaver_timeline import Leaving
from portal.data.leaving_rules import CONSEQUENCES, Evin, LeavingReason, portability_of
from tests.support.staff import FIGURES

R, K = LeavingReason, LetterKind
HIRED = date(2019, 1, 1)


def leaving(reason: R, left_on: date, *, hired_on: date = HIRED, is_covered: bool = True) -> Leaving:
    right = portability_of(reason, hired_on, left_on, FIGURES)
    evin = CONSEQUENCES[reason].evin if is_covered else Evin.NEVER
    months, ends_on = (right.months, right.ends_on) if is_covered else (0, None)
    return Leaving(reason, hired_on, left_on, right.contract_months, months, ends_on, evin, is_covered)


@pytest.mark.parametrize(
    ("left_on", "recorded_on", "told"),
    [
        (date(2026, 6, 15), date(2026, 6, 15), date(2026, 6, 16)),
        (date(2026, 6, 30), date(2026, 6, 15), date(2026, 6, 30)),
        (date(2026, 4, 1), date(2026, 6, 15), date(2026, 6, 16)),
        (date(2028, 2, 28), date(2028, 2, 28), date(2028, 2, 29)),
    ],
)
def test_departure_is_told_once_it_happened_and_can_no_longer_be_taken_back(left_on, recorded_on, told) -> None:
    assert told_from(left_on, recorded_on) == told


def test_dismissed_employee_is_written_to_three_times() -> None:
    windows = windows_of(leaving(R.DISMISSAL, date(2023, 2, 28)), date(2023, 2, 20), FIGURES)
    assert windows == {
        K.DEPARTURE: Window(date(2023, 2, 28), date(2024, 2, 29)),
        K.NEAR_END: Window(date(2024, 1, 29), date(2024, 2, 29)),
        K.OFFER: Window(date(2024, 3, 1), date(2024, 8, 29)),
    }


def test_contract_shorter_than_a_month_has_no_warning_of_its_end() -> None:
    """One month of portability: the letter of the departure says when it ends."""
    windows = windows_of(leaving(R.TRIAL_ENDED, date(2026, 1, 31), hired_on=date(2026, 1, 20)), HIRED, FIGURES)
    assert set(windows) == {K.DEPARTURE, K.OFFER}
    assert windows[K.OFFER].opens_on == date(2026, 3, 1)


def test_departure_declared_after_the_warning_was_due_is_told_in_one_letter() -> None:
    of = leaving(R.AGREED, date(2026, 4, 30), hired_on=date(2026, 3, 15))
    assert (of.months, of.ends_on) == (2, date(2026, 6, 30))
    assert set(windows_of(of, date(2026, 5, 29), FIGURES)) == {K.DEPARTURE, K.OFFER}
    assert set(windows_of(of, date(2026, 5, 28), FIGURES)) == {K.DEPARTURE, K.NEAR_END, K.OFFER}


@pytest.mark.parametrize("reason", [R.RETIREMENT, R.GROSS_MISCONDUCT])
def test_offer_without_portability_goes_the_day_after_the_end(reason) -> None:
    windows = windows_of(leaving(reason, date(2026, 6, 15)), date(2026, 6, 1), FIGURES)
    assert windows[K.OFFER] == Window(date(2026, 6, 16), date(2026, 12, 15))
    assert K.NEAR_END not in windows


@pytest.mark.parametrize("reason", [R.RESIGNATION, R.TRANSFER])
def test_reason_without_any_right_is_told_once_within_a_month(reason) -> None:
    windows = windows_of(leaving(reason, date(2026, 1, 31)), date(2026, 1, 31), FIGURES)
    assert windows == {K.DEPARTURE: Window(date(2026, 2, 1), date(2026, 3, 1))}


@pytest.mark.parametrize("of", [leaving(R.DEATH, HIRED), leaving(R.DISMISSAL, HIRED, is_covered=False)])
def test_dead_and_uncovered_are_never_written_to(of) -> None:
    assert windows_of(of, HIRED, FIGURES) == {}


def test_letters_are_due_from_their_first_day_to_their_last() -> None:
    windows = windows_of(leaving(R.DISMISSAL, date(2023, 2, 28)), date(2023, 2, 20), FIGURES)
    days = [date(2023, 2, 27), date(2023, 2, 28), date(2024, 1, 29), date(2024, 3, 1), date(2024, 8, 30)]
    due = [[], [K.DEPARTURE], [K.DEPARTURE, K.NEAR_END], [K.OFFER], []]
    assert [due_on(windows, day) for day in days] == due
