"""In how many working days practices are answered: measured when there is enough to measure, else stated (R-41)."""

from datetime import UTC, date, datetime, timedelta

import pytest

from portal.data.accounts import Space
from portal.data.case_messages import SentAlready
from portal.data.cases import Case, CaseKind, CaseState, CaseStep
from portal.data.contact import Asked, ask, keep_draft
from portal.data.contact_delays import FEWEST_ANSWERS, STATED, answer_delay, answer_due
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


def answered(db, days: int, *, space: str = Space.PROVIDER, kind: str = CaseKind.MESSAGE, ago: int = 1) -> None:
    """A question answered so many days ago, so many days after it was sent."""
    at = NOW - timedelta(days=ago)
    sent = at - timedelta(days=days)
    number = factories.next_number()
    case = Case(reference=f"D-{number}", kind=kind, space=space, state=CaseState.ANSWERED, opened_at=sent)
    case.changed_at, case.sent_at = at, sent
    db.add(case)
    db.flush()
    for later in (timedelta(0), timedelta(hours=1)):
        db.add(CaseStep(case_id=case.id, state=CaseState.ANSWERED, at=at + later))
    db.flush()


def stated(db, days: int) -> None:
    db.add(Parameter(code=STATED, label=STATED, unit="nombre", value=days, valid_from=date(2020, 1, 1)))
    db.flush()


def test_nothing_measured_nor_stated_promises_nothing(db) -> None:
    assert answer_delay(db, NOW) is None
    assert answer_due(db, NOW) is None


def test_few_answers_leave_what_is_stated(db) -> None:
    stated(db, 3)
    for _ in range(FEWEST_ANSWERS - 1):
        answered(db, 1)
    assert answer_delay(db, NOW).days == 3
    assert not answer_delay(db, NOW).is_measured
    assert day_in_france(answer_due(db, NOW)) == date(2026, 11, 30)


def test_enough_answers_are_measured_by_their_median_and_no_other_case_counts(db) -> None:
    """Neither members' messages, nor complaints, nor what was answered long ago."""
    stated(db, 3)
    for days in (1, 1, 7, 7, 7):
        answered(db, days)
    for _ in range(20):
        answered(db, 1, space=Space.MEMBER)
        answered(db, 1, kind=CaseKind.COMPLAINT)
        answered(db, 1, ago=31)
    delay = answer_delay(db, NOW)
    assert (delay.days, delay.count) == (5, 5)


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
