"""What agents do with requests among themselves: alone, in the wrong state, and two at once (R-05)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from portal.data import desk_departures
from portal.data import work_acts as acts
from portal.data.accounts import Account
from portal.data.cases import CaseKind, CaseState, move_case
from portal.data.desk_absences import declare_away, is_away
from portal.data.desk_team import change_duties, colleagues_for, send_away, team_of_desk
from portal.data.work_acts import Held, NotForThem, NothingToDo, WrongDay
from portal.data.work_items import Duty, Urgency, WorkItem
from portal.data.work_presence import WorkPresence, be_present, open_now, others_at
from portal.data.work_steps import WorkAct, WorkStep, steps_of
from portal.data.work_views import MOST_VIEWS, TooManyViews, drop_view, keep_view, views_of
from tests.support import factories, work

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
TODAY = date(2026, 11, 25)
LATER = date(2026, 11, 30)


@pytest.fixture
def people(db, keyring):
    made = {
        "member": factories.member_with_account(db, keyring)[1],
        "anne": factories.desk_account(db, keyring, display_name="Anne Petit"),
        "paul": factories.desk_account(db, keyring, display_name="Paul Grand"),
        "carers": factories.desk_account(db, keyring, display_name="Zoé Soins", duties=[Duty.CARE]),
        "chief": factories.desk_account(db, keyring, is_supervisor=True, display_name="Marc Chef"),
    }
    return {name: factories.viewer_of(db, each) for name, each in made.items()}


@pytest.fixture
def item(db, people) -> WorkItem:
    return work.sent_case(db, people["member"], NOW)


def done(db, keyring, item) -> list[tuple[WorkAct, str, str, str]]:
    return [(step.act, step.by, step.to, step.text) for step in reversed(steps_of(db, keyring, item))]


def test_agent_who_takes_it_keeps_others_off(db, keyring, people, item) -> None:
    acts.take(db, people["anne"], keyring, item, NOW)
    assert (item.assignee_id, item.assigned_at) == (people["anne"].account_id, NOW)
    with pytest.raises(Held) as held:
        acts.take(db, people["paul"], keyring, item, NOW)
    assert (held.value.name, held.value.since) == ("Anne Petit", NOW)
    with pytest.raises(NothingToDo):
        acts.take(db, people["anne"], keyring, item, NOW)


def test_agent_takes_it_over_only_from_whom_they_saw(db, keyring, people, item) -> None:
    acts.take(db, people["anne"], keyring, item, NOW)
    with pytest.raises(Held):
        acts.take(db, people["paul"], keyring, item, NOW, instead_of=people["carers"].account_id)
    acts.take(db, people["paul"], keyring, item, NOW, instead_of=people["anne"].account_id)
    assert item.assignee_id == people["paul"].account_id


def test_word_goes_with_what_is_handed_over_and_is_kept_sealed(db, keyring, people, item) -> None:
    acts.take(db, people["anne"], keyring, item, NOW)
    acts.assign(db, people["anne"], keyring, item, people["paul"].account_id, "Tu la connais bien.", NOW)
    assert done(db, keyring, item) == [
        (WorkAct.TAKEN, "Anne Petit", "", ""),
        (WorkAct.ASSIGNED, "Anne Petit", "Paul Grand", "Tu la connais bien."),
    ]
    sealed = db.exec(select(WorkStep.text_encrypted).where(WorkStep.act == WorkAct.ASSIGNED)).one()
    assert b"connais" not in sealed
    with pytest.raises(Held):
        acts.give_back(db, people["anne"], keyring, item, "", NOW)
    acts.give_back(db, people["chief"], keyring, item, "", NOW)
    assert item.assignee_id is None


def test_nobody_gets_what_they_may_not_work_on(db, keyring, people, item) -> None:
    """Not charged with messages; away; no member; nobody at all."""
    declare_away(db, people["paul"].account_id, LATER, NOW, by=people["chief"].account_id)
    for who in (people["carers"], people["paul"], people["member"]):
        with pytest.raises(NotForThem):
            acts.assign(db, people["anne"], keyring, item, who.account_id, "", NOW)
    with pytest.raises(NotForThem):
        acts.assign(db, people["anne"], keyring, item, 987654, "", NOW)
    assert item.assignee_id is None


def test_nobody_takes_their_own_request(db, keyring, people) -> None:
    own = work.fraud_item(db, keyring, people["chief"].account_id, NOW)
    with pytest.raises(NotForThem):
        acts.take(db, people["chief"], keyring, own, NOW)
    assert acts.take_next(db, people["chief"], keyring, NOW) is None


@pytest.fixture
def relative(db, keyring):
    """An agent whose account names no person, and a member whose spouse has that agent's address."""
    family = factories.household(db, spouse="Luc")
    family["Luc"].email = "luc@famille.example"
    author = factories.viewer_of(db, factories.member_account(db, keyring, family.member))
    staff = factories.desk_account(db, keyring, email="Luc@famille.example", display_name="Luc Essai")
    return factories.viewer_of(db, staff), author


def test_nobody_takes_nor_is_given_what_is_a_relative_s(db, keyring, people, relative) -> None:
    """R-72: by hand, as the next, by a colleague, or with all that an absent colleague had."""
    luc, author = relative
    urgent = work.fraud_item(db, keyring, author.account_id, NOW)
    near, far = (work.sent_case(db, who, NOW + timedelta(hours=n)) for n, who in enumerate((author, people["member"])))
    assert acts.lock_item(db, luc, keyring, near.id) is None
    assert acts.lock_item(db, luc, keyring, far.id) is far
    for item in (near, urgent):
        with pytest.raises(NotForThem):
            acts.take(db, luc, keyring, item, NOW)
        with pytest.raises(NotForThem):
            acts.assign(db, people["anne"], keyring, item, luc.account_id, "", NOW)
    assert acts.take_next(db, luc, keyring, NOW + timedelta(hours=2)) is far
    assert acts.take_next(db, luc, keyring, NOW + timedelta(hours=2)) is None
    acts.take(db, people["anne"], keyring, near, NOW)
    assert send_away(db, people["chief"], keyring, people["anne"].account_id, LATER, luc.account_id, NOW) == 1
    assert near.assignee_id is None


@pytest.mark.parametrize("ends", [desk_departures.suspend, desk_departures.close])
def test_agent_whose_account_ends_leaves_nothing_behind(db, keyring, people, item, ends) -> None:
    """R-63: what they had waits for anybody, also what comes back to the desk once they are gone."""
    late = work.sent_case(db, people["member"], NOW)
    for each in (item, late):
        acts.take(db, people["anne"], keyring, each, NOW)
    assert ends(db, people["chief"], keyring, db.get_one(Account, people["anne"].account_id), "Essai.", NOW)
    assert (item.assignee_id, late.assignee_id) == (None, None)
    assert done(db, keyring, item)[-1] == (WorkAct.GIVEN_BACK, "Marc Chef", "Anne Petit", "")
    assert is_away(db, people["anne"].account_id, TODAY)
    assert not is_away(db, people["paul"].account_id, TODAY)


def test_agent_suspended_by_a_fraud_gets_nothing_back_from_its_author(db, keyring, people, item) -> None:
    acts.take(db, people["anne"], keyring, item, NOW)
    case = work.case_of(db, item)
    move_case(db, case, CaseState.ANSWERED, NOW, by=None)
    factories.suspend(db, db.get_one(Account, people["anne"].account_id))
    move_case(db, case, CaseState.SENT, NOW + timedelta(hours=1), by=None)
    assert item.assignee_id is None


def test_what_is_over_is_only_noted(db, keyring, people, item) -> None:
    move_case(db, work.case_of(db, item), CaseState.CLOSED, NOW, by=None)
    for act in (acts.take, lambda *a: acts.escalate(*a[:-1], "Un motif.", NOW)):
        with pytest.raises(NothingToDo):
            act(db, people["anne"], keyring, item, NOW)
    with pytest.raises(NothingToDo):
        acts.assign(db, people["anne"], keyring, item, people["paul"].account_id, "", NOW)
    with pytest.raises(NothingToDo):
        acts.snooze(db, people["anne"], keyring, item, LATER, "On attend.", NOW)
    acts.note(db, people["anne"], keyring, item, "Vu au téléphone.", NOW)
    assert done(db, keyring, item) == [(WorkAct.NOTED, "Anne Petit", "", "Vu au téléphone.")]


def test_escalation_goes_first_until_a_supervisor_settles_it(db, keyring, people, item) -> None:
    acts.escalate(db, people["anne"], keyring, item, "La presse appelle.", NOW)
    assert (item.urgency, item.escalated_at) == (Urgency.URGENT, NOW)
    with pytest.raises(NothingToDo):
        acts.escalate(db, people["paul"], keyring, item, "Encore.", NOW)
    with pytest.raises(PermissionError):
        acts.settle(db, people["anne"], keyring, item, "Fini.", NOW)
    acts.settle(db, people["chief"], keyring, item, "Répondu à la presse.", NOW)
    assert (item.urgency, item.escalated_at) == (Urgency.USUAL, None)


@pytest.mark.parametrize(
    ("due", "until", "is_possible"),
    [
        (None, LATER, True),
        (None, TODAY, False),
        (None, TODAY + timedelta(days=30), True),
        (None, TODAY + timedelta(days=31), False),
        (LATER, LATER, True),
        (LATER, LATER + timedelta(days=1), False),
        (TODAY, TODAY + timedelta(days=1), False),
    ],
)
def test_sleep_never_goes_beyond_the_day_due(db, keyring, people, due, until, is_possible) -> None:
    due_at = datetime(due.year, due.month, due.day, 22, tzinfo=UTC) if due else None
    item = work.sent_case(db, people["member"], NOW, due_at=due_at)
    if is_possible:
        acts.snooze(db, people["anne"], keyring, item, until, "On attend un appel.", NOW)
        assert item.snoozed_until == datetime(until.year, until.month, until.day, tzinfo=UTC) - timedelta(hours=1)
        acts.wake(db, people["anne"], keyring, item, NOW)
    else:
        with pytest.raises(WrongDay):
            acts.snooze(db, people["anne"], keyring, item, until, "On attend un appel.", NOW)
    assert item.snoozed_until is None


def test_next_is_the_most_urgent_that_nobody_has(db, keyring, people) -> None:
    """Escalated, then by the day due; not what sleeps, waits for the person, or is no duty of the agent's."""
    later = work.sent_case(db, people["member"], NOW, due_at=NOW + timedelta(days=9))
    sooner = work.sent_case(db, people["member"], NOW, due_at=NOW + timedelta(days=2))
    first = work.sent_case(db, people["member"], NOW)
    asleep = work.sent_case(db, people["member"], NOW, due_at=NOW + timedelta(days=1))
    acts.snooze(db, people["anne"], keyring, asleep, TODAY + timedelta(days=1), "On attend.", NOW)
    waiting = work.sent_case(db, people["member"], NOW, due_at=NOW + timedelta(days=1))
    move_case(db, work.case_of(db, waiting), CaseState.ANSWERED, NOW, by=None)
    acts.escalate(db, people["anne"], keyring, first, "Un motif.", NOW)
    claim = work.sent_case(db, people["member"], NOW, CaseKind.CLAIM)
    given = [acts.take_next(db, people[who], keyring, NOW) for who in ("carers", "anne", "paul", "anne", "paul")]
    assert given == [claim, first, sooner, later, None]


def test_two_agents_at_once_never_get_the_same_next(database, keyring) -> None:
    with database.write() as db:
        author = work.author(db, keyring)
        items = {work.sent_case(db, author, NOW).id for _ in range(6)}
        agents = [factories.viewer_of(db, factories.desk_account(db, keyring)) for _ in range(2)]

    def next_of(viewer) -> int:
        with database.write() as db:
            return acts.take_next(db, viewer, keyring, NOW).id

    with ThreadPoolExecutor(4) as threads:
        taken = list(threads.map(next_of, agents * 3))
    assert sorted(taken) == sorted(items)


def test_two_agents_who_take_it_at_once_are_told_who_has_it(database, keyring) -> None:
    with database.write() as db:
        item_id = work.sent_case(db, work.author(db, keyring), NOW).id
        agents = [factories.viewer_of(db, factories.desk_account(db, keyring)) for _ in range(4)]

    def take(viewer) -> str:
        with database.write() as db:
            try:
                acts.take(db, viewer, keyring, acts.lock_item(db, viewer, keyring, item_id), NOW)
            except Held as held:
                return held.name
        return ""

    with ThreadPoolExecutor(4) as threads:
        told = list(threads.map(take, agents))
    winner = agents[told.index("")]
    assert sorted(told) == ["", *[winner.display_name] * 3]


def test_colleagues_are_told_who_has_it_open_for_a_minute(db, keyring, people, item) -> None:
    be_present(db, people["anne"], item, NOW)
    be_present(db, people["anne"], item, NOW + timedelta(seconds=20))
    soon, gone = NOW + timedelta(seconds=79), NOW + timedelta(seconds=81)
    assert others_at(db, people["paul"], item, soon) == ["Anne Petit"]
    assert [(found.id, name) for found, name in open_now(db, people["paul"], keyring, soon)] == [
        (item.id, "Anne Petit")
    ]
    assert open_now(db, people["carers"], keyring, soon) == []
    assert others_at(db, people["anne"], item, soon) == others_at(db, people["paul"], item, gone) == []
    other = work.sent_case(db, people["member"], NOW)
    be_present(db, people["anne"], other, gone)
    assert db.exec(select(WorkPresence.item_id)).all() == [other.id]


def test_agent_keeps_six_filters_and_drops_only_their_own(db, people) -> None:
    for number in range(MOST_VIEWS):
        keep_view(db, people["anne"], f"Vue {number}", "delai=retard", NOW)
    keep_view(db, people["anne"], "Vue 0", "qui=moi", NOW)
    with pytest.raises(TooManyViews):
        keep_view(db, people["anne"], "De trop", "", NOW)
    first = views_of(db, people["anne"])[0]
    assert first.query == "qui=moi"
    assert not drop_view(db, people["paul"], first.id)
    assert drop_view(db, people["anne"], first.id)
    assert len(views_of(db, people["anne"])) == MOST_VIEWS - 1


def test_duty_withdrawn_closes_its_kinds_and_gives_their_requests_back(db, keyring, people, item) -> None:
    """R-72: at once."""
    claim = work.sent_case(db, people["member"], NOW, CaseKind.CLAIM)
    for each in (item, claim):
        acts.take(db, people["anne"], keyring, each, NOW)
    anne = people["anne"].account_id
    wanted = frozenset({Duty.CARE, Duty.FRAUD})
    given, withdrawn = change_duties(db, people["chief"], keyring, anne, wanted, NOW)
    assert (given, withdrawn) == (frozenset(), frozenset(Duty) - wanted)
    assert acts.find_item(db, people["anne"], keyring, item.id) is None
    assert (item.assignee_id, claim.assignee_id) == (None, anne)
    assert change_duties(db, people["paul"], keyring, anne, frozenset(Duty), NOW) is None
    assert change_duties(db, people["chief"], keyring, people["chief"].account_id, frozenset(), NOW) is None
    assert change_duties(db, people["chief"], keyring, people["member"].account_id, wanted, NOW) is None


@pytest.mark.parametrize("is_passed_on", [True, False])
def test_absent_agents_requests_go_to_a_colleague_or_back(db, keyring, people, item, is_passed_on) -> None:
    """What the colleague may not work on goes back."""
    claim = work.sent_case(db, people["member"], NOW, CaseKind.CLAIM)
    for each in (item, claim):
        acts.take(db, people["anne"], keyring, each, NOW)
    to = people["carers"].account_id if is_passed_on else None
    assert send_away(db, people["chief"], keyring, people["anne"].account_id, LATER, to, NOW) == 2
    assert (item.assignee_id, claim.assignee_id) == (None, to)
    assert "Anne Petit" not in {name for _, name in colleagues_for(db, [], TODAY)}
    away = {agent.name: agent.away_until for agent in team_of_desk(db, people["chief"], NOW, TODAY)}
    assert away == {"Anne Petit": LATER, "Marc Chef": None, "Paul Grand": None, "Zoé Soins": None}
    assert team_of_desk(db, people["paul"], NOW, TODAY) == []
    assert send_away(db, people["paul"], keyring, people["anne"].account_id, LATER, None, NOW) is None
