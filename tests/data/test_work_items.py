"""The desk's side of each request stays in step with it, whatever happens to it (R-05, R-72)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from portal.data import fraud
from portal.data.accounts import Account
from portal.data.case_states import MOVES, CaseKind, CaseState
from portal.data.cases import begin_case, move_case, touch
from portal.data.desk_absences import declare_away
from portal.data.fraud import FraudState
from portal.data.sessions import Viewer
from portal.data.work_acts import find_item
from portal.data.work_items import FRAUD, Duty, Turn, Urgency, WorkItem
from portal.data.work_reach import items_for
from tests.support import factories, work

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
KINDS = st.sampled_from(list(CaseKind))
# At each step: where to go among the moves that are possible (or just a change of what it holds), and a new day due.
WALKS = st.lists(st.tuples(st.integers(0, 8), st.sampled_from([None, 0, 3, 40])), max_size=8)


@pytest.fixture
def people(db, keyring):
    made = {
        "member": factories.member_with_account(db, keyring)[1],
        "agent": factories.desk_account(db, keyring),
        "messages": factories.desk_account(db, keyring, duties=[Duty.MESSAGES]),
        "nothing": factories.desk_account(db, keyring, duties=[]),
        "supervisor": factories.desk_account(db, keyring, is_supervisor=True),
    }
    return {name: factories.viewer_of(db, each) for name, each in made.items()}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cases=st.lists(st.tuples(KINDS, WALKS), min_size=1, max_size=3))
def test_item_agrees_with_its_case_after_any_walk(db, people, cases) -> None:
    for kind, walk in cases:
        now = NOW
        case = begin_case(db, people["member"], kind, now)
        for choice, due in walk:
            now += timedelta(hours=7)
            case.due_at = None if due is None else NOW + timedelta(days=due)
            states = sorted(MOVES[CaseState(case.state)])
            if choice < len(states):
                move_case(db, case, states[choice], now, by=None)
            else:
                touch(db, case, now)
    assert work.in_step(db) == []


def test_draft_is_nothing_to_the_desk_until_it_is_sent(db, people) -> None:
    case = begin_case(db, people["member"], CaseKind.MESSAGE, NOW)
    touch(db, case, NOW)
    assert db.exec(select(WorkItem)).all() == []
    move_case(db, case, CaseState.SENT, NOW, by=None)
    item = work.item_of(db, case)
    assert (item.turn, item.since, item.due_at, item.urgency) == (Turn.DESK, NOW, None, Urgency.USUAL)


def test_request_without_a_day_due_is_ordered_by_what_the_desk_aims_at(db, people) -> None:
    """Ten working days from Wednesday 25 November: the end of Wednesday 9 December, in France."""
    item = work.sent_case(db, people["member"], NOW)
    assert item.order_at == datetime(2026, 12, 9, 22, 59, 59, tzinfo=UTC)


def test_person_who_writes_again_wakes_what_sleeps(db, people) -> None:
    item = work.sent_case(db, people["member"], NOW)
    item.snoozed_until = NOW + timedelta(days=3)
    touch(db, work.case_of(db, item), NOW + timedelta(hours=1))
    assert item.snoozed_until is None


def test_request_that_comes_back_stays_with_its_agent_unless_away(db, people) -> None:
    """Nothing waits for somebody who is not there."""
    agent = people["agent"].account_id
    item = work.sent_case(db, people["member"], NOW)
    case = work.case_of(db, item)
    for is_away in (False, True):
        item.assignee_id = agent
        move_case(db, case, CaseState.ANSWERED, NOW, by=agent)
        if is_away:
            declare_away(db, agent, NOW.date() + timedelta(days=2), NOW, by=agent)
        move_case(db, case, CaseState.SENT, NOW, by=None)
        assert item.assignee_id == (None if is_away else agent)


def test_escalation_ends_with_the_request(db, people) -> None:
    item = work.sent_case(db, people["member"], NOW)
    item.escalated_at, item.urgency = NOW, Urgency.URGENT
    move_case(db, work.case_of(db, item), CaseState.CLOSED, NOW, by=None)
    assert (item.escalated_at, item.urgency) == (None, Urgency.USUAL)


def test_fraud_report_is_urgent_until_it_is_settled(db, keyring, people) -> None:
    item = work.fraud_item(db, keyring, people["member"].account_id, NOW)
    assert (item.kind, item.turn, item.urgency, item.space) == (FRAUD, Turn.DESK, Urgency.URGENT, "adherent")
    for state, turn in ((FraudState.IN_PROGRESS, Turn.DESK), (FraudState.SETTLED, Turn.NOBODY)):
        assert fraud.move_report(db, people["agent"], keyring, item.report_id, state, "Appelé.", NOW)
        assert item.turn == turn


def seen_by(db, keyring, viewer: Viewer) -> set[str]:
    return set(db.exec(select(WorkItem.kind).where(items_for(db, viewer, keyring))))


def test_agent_sees_only_the_kinds_of_their_duties_r72(db, keyring, people) -> None:
    member = people["member"]
    for kind in (CaseKind.MESSAGE, CaseKind.CLAIM, CaseKind.COMPLAINT):
        work.sent_case(db, member, NOW, kind)
    hidden = work.fraud_item(db, keyring, member.account_id, NOW)
    assert seen_by(db, keyring, people["messages"]) == {CaseKind.MESSAGE}
    assert find_item(db, people["messages"], keyring, hidden.id) is None
    assert len(seen_by(db, keyring, people["agent"])) == len(seen_by(db, keyring, people["supervisor"])) == 4
    assert seen_by(db, keyring, people["nothing"]) == seen_by(db, keyring, member) == set()


def test_colleagues_own_report_is_for_supervisors_alone(db, keyring, people) -> None:
    work.fraud_item(db, keyring, people["nothing"].account_id, NOW)
    assert seen_by(db, keyring, people["agent"]) == set()
    assert seen_by(db, keyring, people["supervisor"]) == {FRAUD}


def test_account_that_is_erased_leaves_its_items_in_step(db, keyring, people) -> None:
    work.sent_case(db, people["member"], NOW)
    db.get_one(Account, people["member"].account_id).display_name = "Compte supprimé"
    assert work.in_step(db) == []
