"""Days of effect and pieces by reason, over years with their month ends and leap days (R-23, domain 3.6)."""

from calendar import isleap
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.data.beneficiary_pieces import PIECES, for_addition, for_correction, for_removal, slots
from portal.data.beneficiary_rules import (
    ADDITIONS,
    NEW_CHILD,
    REMOVALS,
    Reason,
    Rule,
    Situation,
    first_day,
    last_day,
    month_end,
    next_month,
    yearly_end,
)
from portal.data.contributions import Structure, structure_of
from portal.data.coverage import Relationship
from portal.data.rules import add_months
from tests.support.beneficiaries import DEADLINES

ONE_DAY = timedelta(days=1)
OPENED = date(2020, 2, 29)
days = st.dates(date(2020, 3, 1), date(2060, 12, 31))
additions = st.sampled_from([(who, why) for who, reasons in ADDITIONS.items() for why in reasons])
removals = st.sampled_from(sorted({why for reasons in REMOVALS.values() for why in reasons}))
soon = st.integers(0, 400).map(timedelta)

pytestmark = pytest.mark.engines("sqlite")


def starting(reason: Reason, event: date | None, asked: date, opened: date = date(2000, 1, 1)):
    return first_day(reason, event, asked, DEADLINES, opened)


def ending(reason: Reason, event: date | None, asked: date, opened: date = OPENED, covered: date = OPENED):
    return last_day(reason, event, asked, DEADLINES, opened, covered)


# --- additions ---


@pytest.mark.parametrize(
    ("born", "asked", "day", "rule", "charged"),
    [
        (date(2026, 10, 20), date(2026, 11, 25), date(2026, 10, 20), Rule.FROM_EVENT, date(2027, 1, 20)),
        (date(2026, 10, 20), date(2027, 1, 20), date(2026, 10, 20), Rule.FROM_EVENT, date(2027, 1, 20)),
        (date(2026, 10, 20), date(2027, 1, 21), date(2027, 2, 1), Rule.NEXT_MONTH, date(2027, 2, 1)),
        (date(2026, 11, 30), date(2027, 2, 28), date(2026, 11, 30), Rule.FROM_EVENT, date(2027, 2, 28)),
        (date(2027, 11, 30), date(2028, 2, 29), date(2027, 11, 30), Rule.FROM_EVENT, date(2028, 2, 29)),
        (date(2027, 11, 30), date(2028, 3, 1), date(2028, 4, 1), Rule.NEXT_MONTH, date(2028, 4, 1)),
        (date(2026, 10, 31), date(2027, 1, 31), date(2026, 10, 31), Rule.FROM_EVENT, date(2027, 1, 31)),
        (date(2028, 2, 29), date(2028, 5, 29), date(2028, 2, 29), Rule.FROM_EVENT, date(2028, 5, 29)),
    ],
)
def test_newborn_is_covered_from_birth_when_asked_within_three_months(born, asked, day, rule, charged):
    """R-23: effect date computed (newborn); three months free."""
    effect = starting(Reason.BIRTH, born, asked)
    assert (effect.day, effect.rule, effect.charged_from) == (day, rule, charged)


@pytest.mark.parametrize(
    ("reason", "event", "asked", "day"),
    [
        (Reason.MARRIAGE, date(2026, 6, 13), date(2026, 7, 13), date(2026, 6, 13)),
        (Reason.MARRIAGE, date(2026, 6, 13), date(2026, 7, 14), date(2026, 8, 1)),
        (Reason.CIVIL_UNION, date(2026, 1, 31), date(2026, 2, 28), date(2026, 1, 31)),
        (Reason.CIVIL_UNION, date(2026, 1, 31), date(2026, 3, 1), date(2026, 4, 1)),
        (Reason.COVER_LOST, date(2026, 12, 31), date(2026, 11, 25), date(2027, 1, 1)),
        (Reason.COVER_LOST, date(2028, 2, 29), date(2028, 3, 29), date(2028, 3, 1)),
        (Reason.COVER_LOST, date(2026, 6, 30), date(2026, 9, 1), date(2026, 10, 1)),
        (Reason.COHABITATION, date(2024, 1, 1), date(2026, 12, 31), date(2027, 1, 1)),
        (Reason.PLAIN, None, date(2026, 11, 1), date(2026, 12, 1)),
    ],
)
def test_cover_begins_at_the_event_or_on_the_first_of_the_next_month(reason, event, asked, day):
    """R-23: effect date computed (marriage, end of other cover…)."""
    assert starting(reason, event, asked).day == day


@given(additions, days, soon)
def test_cover_begins_on_the_event_in_time_and_on_a_first_when_late(choice, event, later):
    """Property over forty years, month ends and leap days included."""
    _, reason = choice
    asked = event + later
    effect = starting(reason, None if reason is Reason.PLAIN else event, asked)
    if effect.rule is Rule.FROM_EVENT:
        assert effect.limit is not None
        assert asked <= effect.limit
        assert effect.day == event + (ONE_DAY if reason is Reason.COVER_LOST else timedelta(0))
    else:
        assert effect.day.day == 1
        assert asked < effect.day <= asked + timedelta(days=31)
        assert effect.limit is None or asked > effect.limit


@given(additions, days, soon, soon)
def test_asking_later_never_makes_cover_begin_earlier(choice, event, later, still_later):
    _, reason = choice
    first = starting(reason, event, event + later)
    second = starting(reason, event, event + later + still_later)
    assert first.day <= second.day


@given(additions, days, soon, days)
def test_cover_never_begins_before_the_contract(choice, event, later, opened):
    _, reason = choice
    effect = starting(reason, event, event + later, opened)
    assert effect.day >= opened
    assert effect.charged_from >= effect.day
    assert effect.charged_from == effect.day or reason in NEW_CHILD


@given(days)
def test_months_end_and_begin_where_the_calendar_says(day):
    assert next_month(day) - ONE_DAY == month_end(day)
    assert month_end(day).day == (29 if isleap(day.year) else 28) or day.month != 2
    assert (month_end(day) + ONE_DAY).day == 1


# --- removals ---


@pytest.mark.parametrize(
    ("reason", "event", "asked", "day", "rule"),
    [
        (Reason.DEATH, date(2026, 3, 14), date(2026, 11, 25), date(2026, 3, 14), Rule.ON_EVENT),
        (Reason.SEPARATION, date(2026, 9, 2), date(2026, 11, 25), date(2026, 11, 30), Rule.MONTH_END),
        (Reason.INDEPENDENCE, date(2028, 2, 3), date(2028, 2, 10), date(2028, 2, 29), Rule.MONTH_END),
        (Reason.COMPANY_COVER, date(2026, 11, 1), date(2026, 11, 25), date(2026, 12, 25), Rule.AFTER_CHANGE),
        (Reason.COMPANY_COVER, date(2027, 3, 1), date(2026, 11, 25), date(2027, 2, 28), Rule.AFTER_CHANGE),
        (Reason.STATE_COVER, date(2026, 7, 1), date(2026, 10, 1), date(2026, 11, 1), Rule.AFTER_CHANGE),
        (Reason.STATE_COVER, date(2026, 7, 1), date(2026, 10, 2), date(2027, 2, 27), Rule.YEARLY),
        (Reason.ABROAD, date(2026, 1, 31), date(2026, 1, 31), date(2026, 2, 28), Rule.AFTER_CHANGE),
        (Reason.YEARLY, None, date(2026, 12, 27), date(2027, 2, 27), Rule.YEARLY),
        (Reason.YEARLY, None, date(2026, 12, 28), date(2028, 2, 28), Rule.YEARLY),
    ],
)
def test_cover_ends_on_the_day_that_the_reason_gives(reason, event, asked, day, rule):
    """R-23: removal with reason and computed date (L221-17: a month after, asked within three)."""
    effect = ending(reason, event, asked)
    assert (effect.day, effect.rule) == (day, rule)


@given(removals, days, soon)
def test_cover_ends_in_the_past_only_by_a_death(reason, event, later):
    asked = event + later
    effect = ending(reason, event, asked)
    assert effect.day >= asked or reason is Reason.DEATH
    assert effect.charged_from == effect.day + ONE_DAY


@given(removals, days, soon, soon)
def test_asking_later_never_ends_cover_earlier(reason, event, later, still_later):
    first = ending(reason, event, event + later)
    assert first.day <= ending(reason, event, event + later + still_later).day


@given(removals, days, soon, days)
def test_cover_never_ends_before_it_began(reason, event, later, covered):
    assert ending(reason, event, event + later, covered=covered).day >= covered


@given(days, days)
def test_yearly_end_is_the_first_eve_of_an_anniversary_after_the_notice(opened, earliest):
    """Contracts of 29 February too."""
    end = yearly_end(opened, earliest)
    assert end >= earliest
    anniversaries = [add_months(opened, 12 * years) for years in range(1, 80)]
    assert end + ONE_DAY in anniversaries
    assert not [each for each in anniversaries if earliest <= each - ONE_DAY < end]


# --- pieces and prices ---


@given(additions, st.sampled_from([None, *Situation]))
def test_every_addition_asks_for_known_pieces_once(choice, situation):
    """R-23: the exact list of pieces."""
    codes = for_addition(*choice, situation)
    assert set(codes) <= set(PIECES)
    assert len(codes) == len(set(codes))
    assert "attestation-droits" in codes
    assert ("certificat-radiation" in codes) is (choice[1] is Reason.COVER_LOST)


@given(removals)
def test_every_removal_asks_for_known_pieces(reason):
    assert set(for_removal(reason)) <= set(PIECES)


def test_corrections_ask_for_each_piece_once():
    assert for_correction(["nom", "prenom", "nir"]) == ("piece-identite", "attestation-droits")


def test_held_piece_is_not_asked_for_again_unless_it_lapses():
    """R-23: never ask for a piece already held."""
    asked = slots(("acte-naissance", "certificat-scolarite"), {"acte-naissance", "certificat-scolarite"})
    assert [slot.is_held for slot in asked] == [True, False]


def test_everybody_who_may_be_added_may_leave():
    assert set(ADDITIONS) == set(REMOVALS) == set(Relationship) - {Relationship.MEMBER}


@pytest.mark.parametrize(("persons", "structure"), [(1, "isole"), (2, "duo"), (3, "famille"), (6, "famille")])
def test_structure_follows_the_number_of_persons(persons, structure):
    assert structure_of(persons) is Structure(structure)
