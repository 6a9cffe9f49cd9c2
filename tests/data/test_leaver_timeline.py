"""What follows a departure, for each reason and awkward date: L911-8, loi Évin article 4 (R-30)."""

from datetime import date

import pytest

from portal.data.leaver_timeline import (
    Leaving,
    Milestone,
    NoPortability,
    evin_prices,
    is_written_to,
    near_end,
    request_until,
    steps_of,
)
from portal.data.leaving_rules import CONSEQUENCES, Evin, LeavingReason, portability_of
from tests.support.staff import FIGURES

R = LeavingReason


def leaving(reason: R, hired_on: date, left_on: date, *, is_covered: bool = True) -> Leaving:
    right = portability_of(reason, hired_on, left_on, FIGURES)
    evin = CONSEQUENCES[reason].evin if is_covered else Evin.NEVER
    months, ends_on = (right.months, right.ends_on) if is_covered else (0, None)
    return Leaving(reason, hired_on, left_on, right.contract_months, months, ends_on, evin, is_covered)


def day_of(of: Leaving, milestone: Milestone) -> tuple[date, date | None] | None:
    return next(((step.day, step.until) for step in steps_of(of, FIGURES) if step.milestone == milestone), None)


LONG_AGO, LEFT = date(2019, 1, 1), date(2026, 6, 15)
# reason, last day of portability, from when the delays of the loi Évin run
TABLE = [
    (R.DISMISSAL, date(2027, 6, 15), date(2027, 6, 15)),
    (R.AGREED, date(2027, 6, 15), date(2027, 6, 15)),
    (R.FIXED_TERM_ENDED, date(2027, 6, 15), date(2027, 6, 15)),
    (R.LEGITIMATE_RESIGNATION, date(2027, 6, 15), date(2027, 6, 15)),
    (R.TRIAL_ENDED, date(2027, 6, 15), date(2027, 6, 15)),
    (R.RESIGNATION, None, None),
    (R.TRANSFER, None, None),
    (R.RETIREMENT, None, LEFT),
    (R.GROSS_MISCONDUCT, None, LEFT),
    (R.DEATH, None, LEFT),
]


def test_table_of_reasons_holds_every_reason() -> None:
    assert {reason for reason, *_ in TABLE} == set(R)


@pytest.mark.parametrize(("reason", "ends_on", "anchor"), TABLE)
def test_each_reason_has_its_timeline(reason, ends_on, anchor) -> None:
    of = leaving(reason, LONG_AGO, LEFT)
    portability = day_of(of, Milestone.PORTABILITY)
    assert portability == ((date(2026, 6, 16), ends_on) if ends_on else None)
    assert day_of(of, Milestone.COVER_ENDS) == (None if ends_on else (LEFT, None))
    offers = {
        None: None,
        LEFT: (date(2026, 6, 16), date(2026, 8, 15)),
        date(2027, 6, 15): (date(2027, 6, 16), date(2027, 8, 15)),
    }
    assert day_of(of, Milestone.OFFER) == offers[anchor]
    requests = {None: None, LEFT: date(2026, 12, 15), date(2027, 6, 15): date(2027, 12, 15)}
    assert request_until(of, FIGURES) == requests[anchor]
    assert bool(evin_prices(of, FIGURES, 4806)) == (anchor is not None)
    assert is_written_to(of) == (reason != R.DEATH)


@pytest.mark.parametrize("reason", list(R))
def test_whoever_was_not_affiliated_is_owed_nothing(reason) -> None:
    of = leaving(reason, LONG_AGO, LEFT, is_covered=False)
    assert [step.milestone for step in steps_of(of, FIGURES)] == [Milestone.LEFT]
    assert of.no_portability == NoPortability.UNCOVERED
    assert (evin_prices(of, FIGURES, 4806), request_until(of, FIGURES), is_written_to(of)) == ([], None, False)


# hired on, left on: months of the contract, of portability, its last day, when its end is announced, the last request
DATES = [
    (date(2026, 6, 1), date(2026, 6, 1), 1, 1, date(2026, 7, 1), None, date(2027, 1, 1)),
    (date(2026, 4, 1), date(2026, 5, 31), 2, 2, date(2026, 7, 31), date(2026, 6, 30), date(2027, 1, 31)),
    (date(2025, 9, 1), date(2026, 2, 28), 6, 6, date(2026, 8, 31), date(2026, 7, 31), date(2027, 2, 28)),
    (date(2027, 9, 1), date(2028, 2, 29), 6, 6, date(2028, 8, 31), date(2028, 7, 31), date(2029, 2, 28)),
    (date(2020, 1, 1), date(2024, 2, 29), 50, 12, date(2025, 2, 28), date(2025, 1, 28), date(2025, 8, 28)),
    (date(2020, 1, 1), date(2023, 2, 28), 38, 12, date(2024, 2, 29), date(2024, 1, 29), date(2024, 8, 29)),
    (date(2020, 1, 1), date(2025, 8, 30), 68, 12, date(2026, 8, 30), date(2026, 7, 30), date(2027, 2, 28)),
    (date(2025, 6, 16), date(2026, 6, 15), 12, 12, date(2027, 6, 15), date(2027, 5, 15), date(2027, 12, 15)),
    (date(2025, 6, 15), date(2026, 6, 15), 13, 12, date(2027, 6, 15), date(2027, 5, 15), date(2027, 12, 15)),
    (date(2024, 1, 31), date(2024, 2, 29), 2, 2, date(2024, 4, 30), date(2024, 3, 30), date(2024, 10, 30)),
]


@pytest.mark.parametrize(("hired_on", "left_on", "contract", "months", "ends_on", "told_on", "until"), DATES)
def test_months_are_counted_whole_at_month_ends_and_in_leap_years(
    hired_on, left_on, contract, months, ends_on, told_on, until
) -> None:
    """L911-8: a month begun counts whole, twelve at most; a month after the 31st is the last day of the next month."""
    of = leaving(R.DISMISSAL, hired_on, left_on)
    assert (of.contract_months, of.months, of.ends_on, near_end(of)) == (contract, months, ends_on, told_on)
    assert request_until(of, FIGURES) == until
    assert of.is_capped == (contract > 12)


def test_steps_follow_each_other_in_time() -> None:
    days = [step.day for step in steps_of(leaving(R.AGREED, LONG_AGO, LEFT), FIGURES)]
    assert days == sorted(days)
    assert [step.milestone for step in steps_of(leaving(R.AGREED, LONG_AGO, LEFT), FIGURES)] == [
        Milestone.LEFT, Milestone.PORTABILITY, Milestone.PROOF, Milestone.PROOFS, Milestone.NEAR_END,
        Milestone.PORTABILITY_ENDS, Milestone.OFFER, Milestone.REQUEST,
    ]  # fmt: skip


def test_step_that_lasts_is_past_after_its_last_day() -> None:
    step = next(step for step in steps_of(leaving(R.AGREED, LONG_AGO, LEFT), FIGURES) if step.until)
    assert not step.is_past(date(2027, 6, 15))
    assert step.is_past(date(2027, 6, 16))


def test_prices_of_the_loi_evin_rise_for_three_years_then_are_free() -> None:
    """Décret n° 90-769, article 1: 100 %, 125 %, 150 % of the actives' whole price, to the cent, half up."""
    years = evin_prices(leaving(R.RETIREMENT, LONG_AGO, date(2024, 2, 28)), FIGURES, 4806)
    assert [(year.percent, year.month_cents) for year in years] == [(100, 4806), (125, 6008), (150, 7209), (None, None)]
    assert [(year.starts_on, year.ends_on) for year in years] == [
        (date(2024, 2, 29), date(2025, 2, 27)),
        (date(2025, 2, 28), date(2026, 2, 27)),
        (date(2026, 2, 28), date(2027, 2, 27)),
        (date(2027, 2, 28), None),
    ]


def test_price_that_is_not_known_is_not_invented() -> None:
    assert {year.month_cents for year in evin_prices(leaving(R.RETIREMENT, LONG_AGO, LEFT), FIGURES, None)} == {None}
