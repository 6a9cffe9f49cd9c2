"""What claims and quotes ask for: pieces by kind of care, and days (L221-11; issue's line: exact pieces by kind)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.claim_words import CARE_LABELS, DAY_WORDS
from portal.data.benefits import Family
from portal.data.cases import CaseKind
from portal.data.claim_rules import DayProblem, day_problem, families_for, first_day, slots_for

DAYS = st.dates(date(2022, 1, 1), date(2035, 12, 31))
TODAY = date(2026, 11, 25)

pytestmark = pytest.mark.engines("sqlite")


@pytest.mark.parametrize("kind", [CaseKind.CLAIM, CaseKind.QUOTE])
def test_every_kind_of_care_asks_first_for_the_document_that_starts_it(kind) -> None:
    """Files come before the kind of care is known: what came then must still stand in a slot."""
    first = slots_for(kind, None)
    assert len(first) == 1
    for family in families_for(kind):
        assert slots_for(kind, family)[0].code == first[0].code
        assert family in CARE_LABELS


@pytest.mark.parametrize(
    ("kind", "family", "codes"),
    [
        (CaseKind.CLAIM, Family.OPTICAL, ["facture", "ordonnance", "decompte"]),
        (CaseKind.CLAIM, Family.ALTERNATIVE, ["facture"]),
        (CaseKind.CLAIM, Family.TRANSPORT, ["facture", "ordonnance", "decompte"]),
        (CaseKind.CLAIM, Family.CURE, ["facture", "prise-en-charge", "decompte"]),
        (CaseKind.CLAIM, Family.PREVENTION, ["facture", "ordonnance"]),
        (CaseKind.QUOTE, Family.HEARING, ["devis", "ordonnance"]),
        (CaseKind.QUOTE, Family.DENTAL, ["devis"]),
    ],
)
def test_pieces_depend_on_the_care(kind, family, codes) -> None:
    assert [slot.code for slot in slots_for(kind, family)] == codes


def test_what_is_held_is_not_asked_again() -> None:
    slots = slots_for(CaseKind.CLAIM, Family.OPTICAL, {"ordonnance"})
    assert [slot.code for slot in slots if slot.is_held] == ["ordonnance"]


def test_what_nobody_quotes_has_no_quote() -> None:
    assert Family.PHARMACY not in families_for(CaseKind.QUOTE)
    assert families_for(CaseKind.CLAIM) == list(Family)


@pytest.mark.parametrize(
    ("kind", "day", "problem"),
    [
        (CaseKind.CLAIM, TODAY, None),
        (CaseKind.CLAIM, TODAY + timedelta(days=1), DayProblem.TO_COME),
        (CaseKind.CLAIM, date(2024, 11, 25), None),
        (CaseKind.CLAIM, date(2024, 11, 24), DayProblem.BARRED),
        (CaseKind.QUOTE, TODAY, None),
        (CaseKind.QUOTE, TODAY - timedelta(days=1), DayProblem.PAST),
        (CaseKind.QUOTE, date(2027, 11, 25), None),
        (CaseKind.QUOTE, date(2027, 11, 26), DayProblem.FAR),
    ],
)
def test_days_that_may_be_sent(kind, day, problem) -> None:
    assert day_problem(kind, day, TODAY) is problem
    assert problem is None or DAY_WORDS[problem]


@given(DAYS, DAYS)
def test_a_day_is_claimed_or_quoted_and_only_today_is_both(day, today) -> None:
    claimed = day_problem(CaseKind.CLAIM, day, today) is None
    quoted = day_problem(CaseKind.QUOTE, day, today) is None
    assert (claimed and quoted) == (day == today)
    assert claimed == (first_day(today) <= day <= today)


@given(DAYS)
def test_the_limit_is_two_years_whatever_the_day(today) -> None:
    oldest = first_day(today)
    assert (oldest.year, oldest.month) == (today.year - 2, today.month)
    assert oldest.day == today.day or (today.month, today.day, oldest.day) == (2, 29, 28)
