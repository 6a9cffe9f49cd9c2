"""In how many working days people are answered: measured when there is enough to measure, else stated (R-41)."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from portal.data.accounts import Space
from portal.data.answer_delays import (
    FEWEST_ANSWERS,
    Delay,
    MeasuredDelay,
    answer_due,
    usual_delay,
)
from portal.data.case_messages import SentAlready
from portal.data.cases import Case, CaseKind, CaseState, CaseStep
from portal.data.contact import Asked, ask, keep_draft
from portal.data.delay_measuring import measured, renew_measures, within
from portal.data.messages import Topic
from portal.data.office_days import is_office_day, office_day_after, office_days_between
from portal.data.parameters import Parameter
from portal.formatting import day_in_france
from tests.support import factories

# A Wednesday.
NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 11, 27), True),
        (date(2026, 11, 28), False),
        (date(2026, 11, 29), False),
        (date(2026, 11, 11), False),
    ],
    ids=["friday", "saturday", "sunday", "armistice"],
)
def test_offices_work_from_monday_to_friday_save_holidays(day, works) -> None:
    assert is_office_day(day) is works


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        (date(2026, 11, 25), 1, date(2026, 11, 26)),
        (date(2026, 11, 27), 1, date(2026, 11, 30)),
        (date(2026, 11, 28), 1, date(2026, 11, 30)),
        (date(2026, 11, 10), 2, date(2026, 11, 13)),
        (date(2026, 11, 25), 0, date(2026, 11, 26)),
    ],
)
def test_working_day_after_skips_what_is_none(start, count, end) -> None:
    assert office_day_after(start, count) == end
    assert office_days_between(start, end) == max(count, 1)


def test_answer_on_the_day_itself_took_no_working_day() -> None:
    assert office_days_between(NOW.date(), NOW.date()) == 0


def answered(
    db, days: int, *, space: str = Space.PROVIDER, kind: str = CaseKind.MESSAGE, at: datetime = NOW - timedelta(days=1)
) -> None:
    """A question answered at `at`, so many days after it was sent; then answered once more."""
    sent = at - timedelta(days=days)
    number = factories.next_number()
    case = Case(reference=f"D-{number}", kind=kind, space=space, state=CaseState.ANSWERED, opened_at=sent)
    case.changed_at, case.sent_at = at, sent
    db.add(case)
    db.flush()
    for later in (timedelta(0), timedelta(hours=1)):
        db.add(CaseStep(case_id=case.id, state=CaseState.ANSWERED, at=at + later))
    db.flush()


def decided(db, days: int, *, kind: str = CaseKind.CLAIM, space: str = Space.MEMBER, at: datetime = NOW) -> None:
    """A request decided at `at`, so many days after it was sent."""
    sent = at - timedelta(days=days)
    number = factories.next_number()
    case = Case(reference=f"D-{number}", kind=kind, space=space, state=CaseState.ACCEPTED, opened_at=sent)
    case.changed_at, case.sent_at, case.decided_at = at, sent, at
    db.add(case)
    db.flush()


def stated(db, days: int, code: str = "delai_reponse_professionnel_jours") -> None:
    db.add(Parameter(code=code, label=code, unit="nombre", value=days, valid_from=date(2020, 1, 1)))
    db.flush()


def renew(db, now: datetime = NOW) -> None:
    renew_measures(db, measured(db, now))


def practice_delay(db, now: datetime = NOW):
    return usual_delay(db, CaseKind.MESSAGE, Space.PROVIDER, now)


def test_nothing_measured_nor_stated_promises_nothing(db) -> None:
    renew(db)
    assert practice_delay(db) is None
    assert answer_due(db, CaseKind.MESSAGE, Space.PROVIDER, NOW) is None


def test_few_answers_leave_what_is_stated_r41(db) -> None:
    stated(db, 3)
    for _ in range(FEWEST_ANSWERS - 1):
        answered(db, 1)
    renew(db)
    assert practice_delay(db) == Delay(3, 3)
    assert day_in_france(answer_due(db, CaseKind.MESSAGE, Space.PROVIDER, NOW)) == date(2026, 11, 30)


def test_enough_answers_are_measured_and_no_other_case_counts(db) -> None:
    """Neither members' messages, nor complaints, nor what was answered long ago; an answer counts once, the first."""
    stated(db, 3)
    for days in (1, 1, 7, 7, 7):
        answered(db, days)
    for _ in range(20):
        answered(db, 1, space=Space.MEMBER)
        answered(db, 1, kind=CaseKind.COMPLAINT)
        answered(db, 1, at=NOW - timedelta(days=91))
    renew(db)
    assert practice_delay(db) == Delay(5, 5, count=5, over=30)


def test_few_answers_of_a_month_are_measured_over_three(db) -> None:
    for days in (1, 1, 1, 1):
        decided(db, days)
    decided(db, 20, at=NOW - timedelta(days=80))
    renew(db)
    assert usual_delay(db, CaseKind.CLAIM, Space.MEMBER, NOW) == Delay(1, 1, count=5, over=90)


def test_measure_that_no_job_renewed_is_told_no_more(db) -> None:
    stated(db, 3)
    for _ in range(FEWEST_ANSWERS):
        answered(db, 9)
    renew(db)
    assert practice_delay(db, NOW + timedelta(days=6)).is_measured
    assert not practice_delay(db, NOW + timedelta(days=8)).is_measured


def test_measures_renewed_twice_are_kept_once(db) -> None:
    answered(db, 1)
    renew(db)
    renew(db, NOW + timedelta(hours=1))
    rows = db.exec(select(MeasuredDelay).where(MeasuredDelay.space == "")).all()
    assert sorted((row.period, row.count) for row in rows) == [("30", 1), ("90", 1)]


def test_decision_on_the_last_instant_of_a_period_counts_in_it(db) -> None:
    for days in (0, 30, 60, 90, 91):
        decided(db, 1, at=NOW - timedelta(days=days))
    renew(db)
    rows = db.exec(select(MeasuredDelay).where(MeasuredDelay.space == "")).all()
    assert {row.period: row.count for row in rows} == {"30": 2, "30-60": 2, "90": 4}


def test_days_are_those_of_france_across_midnight_and_the_change_of_hour(db) -> None:
    """Sent on a Friday at 23.30 in Paris, before clocks change; answered on the Monday at 0.30: one working day."""
    for _ in range(FEWEST_ANSWERS):
        decided(db, 0, at=datetime(2026, 10, 25, 23, 30, tzinfo=UTC))
    for case in db.exec(select(Case)):
        case.sent_at = datetime(2026, 10, 23, 21, 30, tzinfo=UTC)
    renew(db, datetime(2026, 10, 27, tzinfo=UTC))
    delay = usual_delay(db, CaseKind.CLAIM, Space.MEMBER, datetime(2026, 10, 27, tzinfo=UTC))
    assert (delay.days, delay.half_days) == (1, 1)


@given(st.lists(st.integers(0, 400), min_size=1, max_size=60), st.sampled_from([50, 80, 90]))
def test_share_within_a_delay_is_reached_by_it_and_by_none_shorter(days, percent) -> None:
    found = within(sorted(days), percent)
    assert sum(day <= found for day in days) * 100 >= percent * len(days)
    assert sum(day < found for day in days) * 100 < percent * len(days)


@pytest.fixture
def viewer(db, keyring):
    provider = factories.provider(db)
    return factories.viewer_of(db, factories.provider_account(db, keyring, provider_id=provider.id))


def test_question_is_due_by_the_end_of_the_stated_day(db, keyring, viewer) -> None:
    stated(db, 2)
    case = ask(db, viewer, keyring, Asked(Topic.OTHER, "Mes horaires", "Bonjour"), NOW)
    assert case.due_at == datetime(2026, 11, 27, 22, 59, 59, tzinfo=UTC)


def test_draft_of_the_same_words_is_sent_in_place_of_a_second_question(db, keyring, viewer) -> None:
    asked = Asked(Topic.OTHER, "Mes horaires", "Bonjour")
    draft = keep_draft(db, viewer, keyring, asked, NOW)
    with pytest.raises(SentAlready):
        keep_draft(db, viewer, keyring, asked, NOW)
    sent = ask(db, viewer, keyring, asked, NOW + timedelta(minutes=1))
    assert sent.id == draft.id
    assert sent.provider_id == viewer.provider_id
    with pytest.raises(SentAlready):
        ask(db, viewer, keyring, asked, NOW + timedelta(minutes=2))
