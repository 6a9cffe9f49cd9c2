"""Cases whose authors say nothing (R-71): reminded, then ended or taken up again, at dated delays; never decided by
silence."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import Session, select

from portal.data.accounts import AccountSuspension, ProcessingRestriction
from portal.data.case_silence import (
    ENDINGS,
    AskedAnew,
    CaseReminder,
    Ending,
    Happened,
    break_silence,
    reopen,
    silent_cases,
)
from portal.data.cases import Case, CaseKind, CaseState, WrongState, add_case, new_case_reference, steps_of, touch
from portal.data.parameters import Parameter
from portal.data.retention_cases import OVER
from portal.data.sessions import Viewer
from portal.data.work_items import Turn, WorkItem
from tests.support.data_requests import Office, Said, office

NOW = datetime(2026, 11, 10, 9, tzinfo=UTC)
FIGURES = {
    "silence_rappel_jours": 30,
    "silence_classement_jours": 20,
    "silence_rappel_loi_jours": 7,
    "silence_reprise_jours": 5,
}
WORDS = dict.fromkeys(Happened, "Ce que nous demandions n’est pas arrivé.")
LAPSING = sorted(kind for kind, ending in ENDINGS.items() if ending is Ending.LAPSES)
RESUMED = sorted(kind for kind, ending in ENDINGS.items() if ending is Ending.RESUMES)


@pytest.fixture
def desk(db: Session, keyring: Any) -> Office:
    for code, value in FIGURES.items():
        row = {"label": code, "unit": "nombre", "value": value, "valid_from": date(2020, 1, 1), "source": "Essai"}
        db.add(Parameter(code=code, **row))
    db.flush()
    return office(db, keyring)


def waiting(db: Session, viewer: Viewer, kind: CaseKind, days_ago: int = 30) -> Case:
    """A case of the viewer's that waits for the viewer since so many days."""
    then = NOW - timedelta(days=days_ago)
    case = Case(
        reference=new_case_reference(db),
        kind=kind,
        space=viewer.space,
        account_id=viewer.account_id,
        person_id=viewer.person_id,
        state=CaseState.INCOMPLETE,
        opened_at=then,
        changed_at=then,
        sent_at=then,
    )
    add_case(db, case)
    touch(db, case, then)
    return case


def end(db: Session, keyring: Any, case: Case, now: datetime) -> Happened | None:
    done = break_silence(db, keyring, Said([], keyring), case.id or 0, WORDS, now)
    return done.what if done else None


def after(days: int) -> datetime:
    return NOW + timedelta(days=days)


def test_every_kind_has_a_rule_about_silence_r71() -> None:
    """Fourteen kinds: those that end, and those of which silence decides nothing."""
    assert set(ENDINGS) == set(CaseKind)
    kept = {CaseKind.COMPLAINT, CaseKind.DATA_RIGHT, CaseKind.CORRECTION}
    assert kept | {CaseKind.CONTRIBUTION_DISPUTE, CaseKind.INVOICE_DISPUTE} == set(RESUMED)


@pytest.mark.parametrize("kind", LAPSING)
def test_author_is_reminded_then_the_case_lapses_r71(db, keyring, desk, kind) -> None:
    case = waiting(db, desk.anne, kind)
    assert end(db, keyring, case, after(-1)) is None
    assert silent_cases(db, NOW) == [case.id]
    assert end(db, keyring, case, NOW) is Happened.REMINDED
    assert db.get_one(CaseReminder, case.id).acts_on == date(2026, 11, 30)
    for day in (0, 19, 20):
        assert end(db, keyring, case, after(day)) is None
    assert silent_cases(db, after(20)) == []
    assert end(db, keyring, case, after(21)) is Happened.LAPSED
    assert case.state == CaseState.LAPSED
    assert case.decided_at is None
    assert case.state in OVER
    assert end(db, keyring, case, after(60)) is None


@pytest.mark.parametrize("kind", RESUMED)
def test_what_silence_must_not_end_goes_back_to_the_desk_r71(db, keyring, desk, kind) -> None:
    case = waiting(db, desk.anne, kind, 7)
    due_at = case.due_at
    assert end(db, keyring, case, NOW) is Happened.REMINDED
    assert end(db, keyring, case, after(5)) is None
    assert end(db, keyring, case, after(6)) is Happened.RESUMED
    assert (case.state, case.due_at) == (CaseState.SENT, due_at)
    item = db.exec(select(WorkItem).where(WorkItem.case_id == case.id)).one()
    assert item.turn == Turn.DESK
    last = steps_of(db, case)[-1]
    assert last.by is None
    assert keyring.decrypt(last.reason_encrypted) == WORDS[Happened.RESUMED]


def test_conversation_is_closed_until_its_author_writes_r71(db, keyring, desk) -> None:
    case = waiting(db, desk.anne, CaseKind.MESSAGE)
    assert end(db, keyring, case, NOW) is Happened.REMINDED
    assert end(db, keyring, case, after(21)) is Happened.CLOSED
    assert case.state == CaseState.CLOSED


@pytest.mark.parametrize("state", [CaseState.SENT, CaseState.IN_REVIEW, CaseState.DRAFT, CaseState.ACCEPTED])
def test_case_that_waits_for_nobody_else_never_lapses_r71(db, keyring, desk, state) -> None:
    case = waiting(db, desk.anne, CaseKind.CLAIM, 400)
    case.state = state
    db.flush()
    assert silent_cases(db, NOW) == []
    assert end(db, keyring, case, NOW) is None
    assert case.state == state


def test_author_who_adds_a_piece_after_the_reminder_is_reminded_anew_r71(db, keyring, desk) -> None:
    """A piece that is there and was not sent: the days begin again, and another reminder says so."""
    case = waiting(db, desk.anne, CaseKind.CLAIM)
    end(db, keyring, case, NOW)
    touch(db, case, after(3))
    assert end(db, keyring, case, after(21)) is None
    assert end(db, keyring, case, after(33)) is Happened.REMINDED
    assert db.get_one(CaseReminder, case.id).acts_on == date(2027, 1, 2)
    assert end(db, keyring, case, after(54)) is Happened.LAPSED


def test_author_who_answers_while_the_job_runs_wins_r71(db, keyring, desk) -> None:
    case = waiting(db, desk.anne, CaseKind.CLAIM)
    end(db, keyring, case, NOW)
    found = silent_cases(db, after(21))
    db.execute(update(Case).where(Case.id == case.id).values(state=CaseState.SENT, changed_at=after(21)))
    assert [end(db, keyring, db.get_one(Case, one), after(21)) for one in found] == [None]


def test_who_is_suspended_or_limited_is_not_pressed_r71_r63(db, keyring, desk) -> None:
    """A suspended account cannot answer; whose data may only be kept has nothing else done with it (GDPR 18)."""
    case = waiting(db, desk.anne, CaseKind.CLAIM)
    stop = AccountSuspension(account_id=desk.anne.account_id, kind="abus", reason="Essai", started_at=NOW)
    db.add(stop)
    db.flush()
    assert end(db, keyring, case, after(90)) is None
    stop.ended_at = after(90)
    limit = ProcessingRestriction(account_id=desk.anne.account_id, ground="exactitude", started_at=NOW)
    db.add(limit)
    db.flush()
    assert end(db, keyring, case, after(90)) is None
    limit.ended_at = after(90)
    db.flush()
    assert end(db, keyring, case, after(91)) is Happened.REMINDED


def test_without_a_dated_figure_nothing_ends_r71(db, keyring, desk) -> None:
    case = waiting(db, desk.anne, CaseKind.CLAIM, 900)
    db.execute(update(Parameter).values(valid_to=date(2026, 11, 9)))
    assert silent_cases(db, NOW) == []
    assert end(db, keyring, case, NOW) is None


def test_author_takes_a_lapsed_case_up_again_r71(db, keyring, desk) -> None:
    case = waiting(db, desk.anne, CaseKind.QUOTE)
    end(db, keyring, case, NOW)
    end(db, keyring, case, after(21))
    assert reopen(db, desk.stranger, case.id or 0, after(22)) is None
    found = reopen(db, desk.anne, case.id or 0, after(22))
    assert found
    assert (found.state, found.gives_pieces_back) == (CaseState.INCOMPLETE, True)
    with pytest.raises(WrongState):
        reopen(db, desk.anne, case.id or 0, after(22))
    assert end(db, keyring, case, after(23)) is None
    assert end(db, keyring, case, after(52)) is Happened.REMINDED


@pytest.mark.parametrize("state", [CaseState.REFUSED, CaseState.CANCELLED, CaseState.CLOSED, CaseState.SENT])
def test_nothing_but_a_lapsed_case_is_taken_up_again_r71(db, keyring, desk, state) -> None:
    case = waiting(db, desk.anne, CaseKind.CLAIM)
    case.state = state
    db.flush()
    with pytest.raises(WrongState):
        reopen(db, desk.anne, case.id or 0, NOW)


def test_lapsed_change_is_not_taken_up_beside_a_new_one_r71(db, keyring, desk) -> None:
    case = waiting(db, desk.anne, CaseKind.BENEFICIARY_REMOVED)
    end(db, keyring, case, NOW)
    end(db, keyring, case, after(21))
    anew = waiting(db, desk.anne, CaseKind.BENEFICIARY_REMOVED)
    with pytest.raises(AskedAnew) as found:
        reopen(db, desk.anne, case.id or 0, after(22))
    assert found.value.case.id == anew.id
