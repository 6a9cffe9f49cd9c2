"""Dates that come near at the desk: told once, acted upon, at the days that the law counts (R-26; ACPR 2022-R-01)."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from portal.clock_jobs import MOST_NAMED, told_of, watch_clocks
from portal.data.accounts import Account, Space
from portal.data.cases import Case, CaseKind, CaseState, move_case
from portal.data.clock_notices import ClockNotice, ClockStage, stages_of
from portal.data.complaint_rules import clock_of
from portal.data.complaints import Complaint, Contact, Outcome, acknowledge, answer_complaint
from portal.data.desk_clocks import Due, _of_complaint, _of_date, due_stages
from portal.data.evidence import Action
from portal.data.open_complaints import complain_without_account
from portal.data.parameters import Parameter
from portal.data.work_items import USUAL_TARGET, Turn, Urgency, WorkItem, targets_on
from portal.formatting import day_in_france
from portal.public_holidays import is_public_holiday
from tests.support import factories, work
from tests.support.conversations import SAID
from tests.support.evidence_rows import Evidence
from tests.support.mail import letters

# A Thursday; New Year is no working day, so that the eighth one after it is Monday 11 January, the tenth the 13th.
SENT = datetime(2026, 12, 31, 9, tzinfo=UTC)
DAYS = st.dates(date(2023, 1, 1), date(2032, 12, 31))


@pytest.fixture
def services(app):
    return app.state.services


@pytest.fixture
def desk(services):
    with services.database.write() as db:
        boss = factories.desk_account(db, services.keyring, is_supervisor=True, email="cheffe@exemple.example")
        agent = factories.desk_account(db, services.keyring, email="agent@exemple.example")
        return boss.id, agent.id


def sent(services, now: datetime = SENT) -> int:
    with services.database.write() as db:
        contact = Contact("Jean Essai", "jean@exemple.example")
        return complain_without_account(db, services.keyring, SAID, contact, Space.MEMBER, now).id or 0


def at(day: date, hour: int = 9) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def kept(services, case_id: int) -> tuple[WorkItem, Complaint, list[str]]:
    with services.database.read() as db:
        item = db.exec(select(WorkItem).where(WorkItem.case_id == case_id)).one()
        return item, db.get_one(Complaint, case_id), [notice.stage for notice in stages_of(db, item.id)]


def told(services) -> list[tuple[str, str]]:
    return [(letter.name, letter.to) for letter in letters(services.database, services)]


def test_desk_learns_of_an_acknowledgment_on_the_eighth_working_day_once(services, desk) -> None:
    sent(services)
    assert watch_clocks(services, at(date(2027, 1, 9), 8)) == 0
    assert watch_clocks(services, at(date(2027, 1, 11), 8)) == 1
    assert watch_clocks(services, at(date(2027, 1, 11), 14)) == 0
    assert told(services) == [("desk-dates", "cheffe@exemple.example")]


def test_complaint_that_nobody_acknowledged_is_on_the_tenth_working_day(services, desk) -> None:
    case_id = sent(services)
    by = clock_of(day_in_france(SENT)).acknowledge_by
    watch_clocks(services, at(by, 8))
    watch_clocks(services, at(by, 14))
    item, row, stages = kept(services, case_id)
    assert stages == [ClockStage.ACKNOWLEDGED]
    assert day_in_france(row.acknowledged_at) == by
    assert day_in_france(item.due_at) == date(2027, 2, 28)
    assert told(services) == [("complaint-acknowledged", "jean@exemple.example")]


def test_complaint_that_an_agent_acknowledged_is_left_alone(services, desk) -> None:
    case_id = sent(services)
    with services.database.write() as db:
        agent = factories.viewer_of(db, db.get_one(Account, desk[1]))
        acknowledge(db, agent, services.keyring, db.get_one(Case, case_id), "Bien reçu.", at(date(2027, 1, 5)))
    assert watch_clocks(services, at(date(2027, 2, 1))) == 0
    assert told(services) == []


def test_author_learns_on_the_last_day_that_the_answer_is_late_and_the_desk_next_day_above_all(services, desk) -> None:
    """Two months after 31 December end on 28 February: a month without a 31st."""
    case_id = sent(services)
    watch_clocks(services, at(date(2027, 1, 20)))
    for day in (date(2027, 2, 17), date(2027, 2, 18), date(2027, 2, 27), date(2027, 2, 28)):
        watch_clocks(services, at(day))
    item, row, stages = kept(services, case_id)
    assert stages == [ClockStage.ACKNOWLEDGED, ClockStage.ANSWER, ClockStage.DELAYED]
    assert day_in_france(row.delayed_at) == date(2027, 2, 28)
    assert item.urgency == Urgency.USUAL
    watch_clocks(services, at(date(2027, 3, 1), 0))
    item, _, stages = kept(services, case_id)
    assert (item.urgency, stages[-1]) == (Urgency.URGENT, ClockStage.LATE)
    assert [name for name, _ in told(services)] == [
        "complaint-acknowledged", "desk-dates", "complaint-delayed", "desk-dates",
    ]  # fmt: skip


def test_last_instant_of_the_last_day_in_france_is_not_late_yet(services, desk) -> None:
    """28 February ends at 23.00 UTC in Paris; 30 June, in summer, at 22.00."""
    for sent_at, last in (
        (SENT, datetime(2027, 2, 28, 22, 59, tzinfo=UTC)),
        (datetime(2027, 4, 30, 9, tzinfo=UTC), datetime(2027, 6, 30, 21, 59, tzinfo=UTC)),
    ):
        case_id = sent(services, sent_at)
        watch_clocks(services, last)
        assert ClockStage.LATE not in kept(services, case_id)[2]
        watch_clocks(services, last + timedelta(minutes=2))
        assert ClockStage.LATE in kept(services, case_id)[2]


def test_answered_or_withdrawn_complaint_is_watched_no_more(services, desk) -> None:
    answered, withdrawn = sent(services), sent(services, SENT + timedelta(hours=1))
    with services.database.write() as db:
        agent = factories.viewer_of(db, db.get_one(Account, desk[1]))
        case = db.get_one(Case, answered)
        answer_complaint(db, agent, services.keyring, case, Outcome.FOUNDED, "Vous avez raison.", at(date(2027, 1, 4)))
        move_case(db, db.get_one(Case, withdrawn), CaseState.CANCELLED, at(date(2027, 1, 4)), by=None)
    assert watch_clocks(services, at(date(2027, 6, 1))) == 0
    assert told(services) == []


def test_agent_is_written_to_of_what_they_have_and_closed_staff_of_nothing(services, desk) -> None:
    case_id = sent(services)
    sent(services, SENT + timedelta(hours=1))
    with services.database.write() as db:
        item = db.exec(select(WorkItem).where(WorkItem.case_id == case_id)).one()
        item.assignee_id = desk[1]
        db.add(item)
        factories.suspend(
            db, factories.desk_account(db, services.keyring, is_supervisor=True, email="partie@exemple.example")
        )
    watch_clocks(services, at(date(2027, 1, 12)))
    posted = {letter.to: letter for letter in letters(services.database, services)}
    assert sorted(posted) == ["agent@exemple.example", "cheffe@exemple.example"]
    with services.database.read() as db:
        mine, other = (case.reference for case in db.exec(select(Case).order_by(Case.id)))
    assert mine in posted["agent@exemple.example"].text
    assert other not in posted["agent@exemple.example"].text
    assert other in posted["cheffe@exemple.example"].text
    assert "Jean" not in posted["cheffe@exemple.example"].text


def test_supervisor_is_not_written_to_of_what_is_their_own(services, desk) -> None:
    """R-72: a reference and a date tell of a request too."""
    with services.database.write() as db:
        factories.desk_account(db, services.keyring, is_supervisor=True, email="Jean@exemple.example")
    sent(services)
    watch_clocks(services, at(date(2027, 1, 11), 8))
    assert told(services) == [("desk-dates", "cheffe@exemple.example")]


def test_letter_that_cannot_be_posted_leaves_nothing_told(services, desk, monkeypatch) -> None:
    case_id = sent(services)

    def fail(*_args, **_values):
        raise RuntimeError

    monkeypatch.setattr(type(services.mail), "post", fail)
    with pytest.raises(RuntimeError):
        watch_clocks(services, at(date(2027, 1, 12)))
    assert kept(services, case_id)[2] == []


def test_long_list_names_no_more_references_than_one_reads() -> None:
    dues = [
        Due(number, CaseKind.COMPLAINT, f"R-{number}", ClockStage.LATE, date(2027, 1, 1), None)
        for number in range(MOST_NAMED + 5)
    ]
    (line,) = told_of(dues)
    assert line.number == MOST_NAMED + 5
    assert line.references.endswith("R-19 et 5 autres")


def test_other_dates_are_told_seven_days_before_and_raise_nothing(services, desk) -> None:
    assert _of_date(date(2027, 3, 8), 7, date(2027, 2, 28)) == {}
    assert _of_date(date(2027, 3, 8), 7, date(2027, 3, 1)) == {ClockStage.ANSWER: date(2027, 3, 8)}
    assert _of_date(date(2028, 3, 7), 7, date(2028, 2, 29)) == {ClockStage.ANSWER: date(2028, 3, 7)}
    assert _of_date(date(2027, 3, 8), 7, date(2027, 3, 9)) == {ClockStage.LATE: date(2027, 3, 8)}
    with services.database.read() as db:
        assert due_stages(db, SENT) == []


def worked(start: date, end: date) -> int:
    """Working days after `start`, until `end`: counted one by one."""
    days = (start + timedelta(each) for each in range(1, (end - start).days + 1))
    return sum(day.weekday() != 6 and not is_public_holiday(day) for day in days)


@given(DAYS, st.integers(0, 80))
def test_stages_of_a_complaint_are_those_counted_day_by_day(sent_on, later) -> None:
    today, row = sent_on + timedelta(later), Complaint(case_id=1, category="delai", text_encrypted=b"")
    stages, count = set(_of_complaint(sent_on, row, today)), worked(sent_on, today)
    answer_by = clock_of(sent_on).answer_by
    assert (ClockStage.ACKNOWLEDGED in stages) == (count >= 10)
    assert (ClockStage.ACKNOWLEDGE in stages) == (8 <= count < 10)
    assert (ClockStage.ANSWER in stages) == (0 <= (answer_by - today).days <= 10)
    assert (ClockStage.DELAYED in stages) == (today >= answer_by)
    assert (ClockStage.LATE in stages) == (today > answer_by)


def test_notices_of_a_request_are_kept_once_whatever_runs_again(services, desk) -> None:
    case_id = sent(services)
    for _ in range(3):
        watch_clocks(services, at(date(2027, 6, 1)))
    _, _, stages = kept(services, case_id)
    assert sorted(stages) == sorted({ClockStage.ACKNOWLEDGED, ClockStage.DELAYED, ClockStage.LATE})
    with services.database.read() as db:
        assert len(db.exec(select(ClockNotice)).all()) == 3


def test_what_the_portal_did_by_itself_is_in_the_record(services, client, desk) -> None:
    case_id, evidence = sent(services), Evidence(client)
    watch_clocks(services, at(date(2027, 6, 1)))
    with services.database.read() as db:
        name = db.get_one(Case, case_id).object
    assert [(act.action, act.object) for act in evidence.fresh()] == [
        (Action.COMPLAINT_ACKNOWLEDGED, name),
        (Action.COMPLAINT_DELAYED, name),
    ]


def reported(services, now: datetime) -> int:
    """A report of a fraud; its row at the desk."""
    with services.database.write() as db:
        account = factories.member_account(db, services.keyring, factories.person(db))
        return work.fraud_item(db, services.keyring, account.id, now).id


def test_desk_learns_on_the_day_of_its_own_target_of_a_fraud_report_and_once_when_it_is_late(services, desk) -> None:
    """The insurer's own target is a dated figure, as for every kind: it counts from the report, on working days."""
    friday = datetime(2027, 1, 8, 9, tzinfo=UTC)
    with services.database.write() as db:
        given = {"label": "Fraude", "unit": "nombre", "value": 1, "source": "essai"}
        db.add(Parameter(code="objectif_fraude_jours", valid_from=date(2020, 1, 1), **given))
    item_id = reported(services, friday)
    assert watch_clocks(services, friday + timedelta(hours=1)) == 0
    assert [watch_clocks(services, at(date(2027, 1, day), hour)) for day, hour in ((11, 8), (11, 9), (12, 8))] == [
        1,
        0,
        1,
    ]
    sent_to_desk = letters(services.database, services)
    assert [letter.name for letter in sent_to_desk] == ["desk-dates", "desk-dates"]
    assert "Signalements de fraude, date passée" in sent_to_desk[-1].text
    assert "Références" not in sent_to_desk[-1].text
    with services.database.read() as db:
        item = db.get_one(WorkItem, item_id)
        assert targets_on(db, friday.date(), [item.kind, "autre"]) == {item.kind: 1, "autre": USUAL_TARGET}
        assert targets_on(db, date(2019, 12, 31), [item.kind]) == {item.kind: USUAL_TARGET}


def test_fraud_report_that_was_settled_is_told_of_no_more(services, desk) -> None:
    item_id = reported(services, SENT)
    with services.database.write() as db:
        db.get_one(WorkItem, item_id).turn = Turn.NOBODY
    assert watch_clocks(services, at(date(2027, 3, 1))) == 0
