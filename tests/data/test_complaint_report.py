"""The year's report of complaints: every number is what counting one by one gives (R-26; ACPR 2022-R-01)."""

from datetime import UTC, date, datetime, timedelta
from statistics import median_low

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.complaint_report_words import COUNTS, FEWEST_SHOWN, ReportRow, hide_few, sections_of
from portal.data.accounts import Space
from portal.data.cases import Case, CaseKind, CaseState, CaseStep
from portal.data.complaint_report import NO_CONTRACT, WITHOUT_ACCOUNT, Row, report_from, report_of, rows_of, years_of
from portal.data.complaint_rules import Outcome, clock_of, is_working_day
from portal.data.complaints import Category, Complaint
from portal.formatting import day_in_france
from tests.support import factories

DAYS = st.dates(date(2026, 1, 1), date(2028, 12, 31))


@pytest.fixture
def boss(db, keyring):
    return factories.viewer_of(db, factories.desk_account(db, keyring, is_supervisor=True))


def complaint(
    db,
    sent: datetime,
    *,
    category: str = Category.DELAY,
    acknowledged: datetime | None = None,
    answered: datetime | None = None,
    outcome: Outcome | None = None,
    withdrawn: datetime | None = None,
    mediator_on: date | None = None,
    account_id: int | None = None,
    contract_id: int | None = None,
) -> Case:
    state = CaseState.CANCELLED if withdrawn else CaseState.ACCEPTED if answered else CaseState.SENT
    kept = {"reference": f"R-{factories.next_number()}", "kind": CaseKind.COMPLAINT, "space": Space.MEMBER}
    case = Case(**kept, state=state, account_id=account_id, opened_at=sent, changed_at=sent, sent_at=sent)
    case.decided_at = answered
    db.add(case)
    db.flush()
    row = Complaint(case_id=case.id, category=category, text_encrypted=b"", contract_id=contract_id)
    row.acknowledged_at, row.answered_at, row.outcome, row.mediator_on = acknowledged, answered, outcome, mediator_on
    db.add(row)
    if withdrawn:
        db.add(CaseStep(case_id=case.id, state=CaseState.CANCELLED, at=withdrawn))
    db.flush()
    return case


def test_year_begins_and_ends_at_midnight_in_paris(db, boss) -> None:
    """31 December, 22.59 UTC is 23.59 in Paris; a minute later is the next year."""
    complaint(db, datetime(2026, 12, 31, 22, 59, tzinfo=UTC))
    complaint(db, datetime(2026, 12, 31, 23, 0, tzinfo=UTC))
    assert [report_of(db, boss, year).total.received for year in (2025, 2026, 2027)] == [0, 1, 1]
    assert [report_of(db, boss, year).total.open for year in (2025, 2026, 2027)] == [0, 1, 2]


def test_complaint_of_one_year_answered_in_the_next_counts_in_both(db, boss) -> None:
    answered = datetime(2027, 1, 10, 9, tzinfo=UTC)
    complaint(db, datetime(2026, 12, 1, 9, tzinfo=UTC), answered=answered, outcome=Outcome.PARTLY)
    before, after = report_of(db, boss, 2026).total, report_of(db, boss, 2027).total
    assert (before.received, before.closed, before.open, before.median_answered) == (1, 0, 1, None)
    assert (after.received, after.closed, after.open, after.median_answered) == (0, 1, 0, 40)
    assert after.outcomes[Outcome.PARTLY] == 1


def test_mediation_counts_in_the_year_of_the_mediator_whatever_else_ended(db, boss) -> None:
    answered, asked = datetime(2026, 3, 1, 9, tzinfo=UTC), date(2027, 2, 1)
    sent = datetime(2026, 2, 1, 9, tzinfo=UTC)
    complaint(db, sent, answered=answered, outcome=Outcome.UNFOUNDED, mediator_on=asked)
    total = report_of(db, boss, 2027).total
    assert (total.mediated, total.received, total.closed, total.open) == (1, 0, 0, 0)


def test_answer_of_the_last_day_is_in_time_and_of_the_next_day_is_not(db, boss) -> None:
    """Two months after 31 December end on 28 February at midnight in Paris."""
    sent = datetime(2026, 12, 31, 9, tzinfo=UTC)
    for answered in (datetime(2027, 2, 28, 22, 59, tzinfo=UTC), datetime(2027, 2, 28, 23, 0, tzinfo=UTC)):
        complaint(db, sent, acknowledged=sent, answered=answered, outcome=Outcome.FOUNDED)
    total = report_of(db, boss, 2027).total
    assert (total.answered_share, total.acknowledged_share, total.median_answered) == (50, None, 59)


def test_groups_tell_category_origin_and_contract_apart(db, keyring, boss) -> None:
    household, account = factories.member_with_account(db, keyring)
    contract = factories.contract(db, household.member)
    sent = datetime(2026, 5, 1, 9, tzinfo=UTC)
    complaint(db, sent, account_id=account.id, contract_id=contract.id, category=Category.REFUND)
    complaint(db, sent)
    report = report_of(db, boss, 2026)
    assert {key: tally.received for key, tally in report.by_category.items()} == {"delai": 1, "remboursement": 1}
    assert {key: tally.received for key, tally in report.by_origin.items()} == {Space.MEMBER: 1, WITHOUT_ACCOUNT: 1}
    assert {key: tally.received for key, tally in report.by_family.items()} == {contract.kind: 1, NO_CONTRACT: 1}


def test_drafts_and_other_requests_are_no_complaints(db, boss) -> None:
    case = complaint(db, datetime(2026, 5, 1, 9, tzinfo=UTC))
    case.sent_at, case.state = None, CaseState.DRAFT
    db.add(case)
    db.flush()
    assert report_of(db, boss, 2026).total.received == 0


def test_agent_and_member_are_given_no_report(db, keyring) -> None:
    agent = factories.viewer_of(db, factories.desk_account(db, keyring))
    _, account = factories.member_with_account(db, keyring)
    for viewer in (agent, factories.viewer_of(db, account)):
        with pytest.raises(PermissionError):
            report_of(db, viewer, 2026)
        with pytest.raises(PermissionError):
            years_of(db, viewer, date(2026, 11, 29))


def test_years_go_from_the_first_complaint_to_the_present_one(db, boss) -> None:
    today = date(2026, 11, 29)
    assert years_of(db, boss, today) == [2026]
    complaint(db, datetime(2023, 12, 31, 23, 30, tzinfo=UTC))
    assert years_of(db, boss, today) == [2026, 2025, 2024]


@st.composite
def a_row(draw) -> Row:
    sent = draw(DAYS)
    later = st.one_of(st.none(), st.integers(0, 400).map(lambda days: sent + timedelta(days)))
    answered = draw(later)
    withdrawn = None if answered else draw(later)
    outcome = draw(st.sampled_from(Outcome)) if answered else None
    category = draw(st.sampled_from(Category))
    return Row(category, "adherent", NO_CONTRACT, sent, draw(later), answered, withdrawn, outcome, draw(later))


@given(st.lists(a_row(), max_size=40), st.integers(2026, 2029))
def test_report_is_what_counting_one_by_one_gives(rows, year) -> None:
    total, groups = report_from(rows, year).total, report_from(rows, year).by_category
    end = date(year, 12, 31)
    closed = {id(row): row.answered_on or row.withdrawn_on for row in rows}
    assert total.received == len([row for row in rows if row.sent_on.year == year])
    assert total.closed == len([row for row in rows if closed[id(row)] and closed[id(row)].year == year])
    assert total.open == len(
        [row for row in rows if row.sent_on <= end and (closed[id(row)] is None or closed[id(row)] > end)]
    )
    answered = [row for row in rows if row.answered_on and row.answered_on.year == year]
    assert sum(total.outcomes.values()) == len(answered)
    days = [(row.answered_on - row.sent_on).days for row in answered]
    assert total.median_answered == (median_low(days) if days else None)
    in_time = sum(row.answered_on <= clock_of(row.sent_on).answer_by for row in answered)
    assert total.answered_in_time == in_time
    told = [row for row in rows if row.acknowledged_on and row.acknowledged_on.year == year]
    spans = [(row.sent_on, (row.acknowledged_on - row.sent_on).days) for row in told]
    worked = [sum(is_working_day(start + timedelta(day)) for day in range(1, days + 1)) for start, days in spans]
    assert sorted(total.acknowledged_days) == sorted(worked)
    in_time = sum(row.acknowledged_on <= clock_of(row.sent_on).acknowledge_by for row in told)
    assert total.acknowledged_in_time == in_time
    assert sum(tally.received for tally in groups.values()) == total.received


def test_rows_of_a_year_hold_all_that_counts_in_it(db, boss) -> None:
    """The database leaves out what cannot count: the report of every row is the same."""
    for number in range(60):
        sent = datetime(2025, 11, 1, 9, tzinfo=UTC) + timedelta(days=13 * number)
        answered = sent + timedelta(days=5 + number) if number % 3 else None
        withdrawn = sent + timedelta(days=9) if number % 7 == 0 and not answered else None
        mediator_on = day_in_france(sent + timedelta(days=90)) if number % 5 == 0 else None
        outcome = Outcome.FOUNDED if answered else None
        complaint(db, sent, answered=answered, outcome=outcome, withdrawn=withdrawn, mediator_on=mediator_on)
    whole = list({row: row for year in range(2025, 2031) for row in rows_of(db, year)})
    assert len(whole) == 60
    for year in range(2025, 2029):
        counted, every = (sorted(rows, key=str) for rows in (rows_of(db, year), whole))
        assert report_from(counted, year) == report_from(every, year)


def published(**counts: int) -> ReportRow:
    base = dict.fromkeys((*COUNTS, "acknowledged_days", "acknowledged_share", "answered_days", "answered_share"), 9)
    return ReportRow("Par sujet", "x", **(base | counts))


def test_published_version_hides_few_and_what_would_give_them_back() -> None:
    rows = hide_few([published(received=2), published(received=40), published(received=7), published(received=0)])
    assert [row.received for row in rows] == [None, 40, None, 0]
    assert [row.answered_days for row in rows] == [None, 9, None, 9]


@given(st.lists(st.integers(0, 12), min_size=2, max_size=9))
def test_no_single_hidden_count_can_be_found_from_the_total(counts) -> None:
    shown = [row.received for row in hide_few([published(received=count) for count in counts])]
    hidden = [count for count, seen in zip(counts, shown, strict=True) if seen is None]
    assert all(count == seen for count, seen in zip(counts, shown, strict=True) if seen is not None)
    assert not [seen for seen in shown if seen and seen < FEWEST_SHOWN]
    assert len(hidden) != 1 or sum(count > 0 for count in counts) == 1


def test_complete_version_hides_nothing(db, boss) -> None:
    complaint(db, datetime(2026, 5, 1, 9, tzinfo=UTC))
    sections = dict(sections_of(report_of(db, boss, 2026), is_public=False))
    assert sections["Par sujet"][0].received == 1
    assert dict(sections_of(report_of(db, boss, 2026), is_public=True))["Par sujet"][0].received is None
