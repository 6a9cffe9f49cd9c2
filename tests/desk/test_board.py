"""What is late at the desk, or will be: who sees what, in which numbers (R-72)."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from portal.board_chart import bars_of
from portal.data.accounts import Space
from portal.data.answer_delays import MeasuredDelay, Period
from portal.data.cases import Case, CaseKind, CaseState, move_case
from portal.data.complaints import Contact
from portal.data.desk_board import KindRow, Load, board_of
from portal.data.open_complaints import complain_without_account
from portal.data.parameters import Parameter
from portal.data.work_items import Duty, WorkItem
from tests.support import conversations, factories, work
from tests.support.conversations import SAID
from tests.support.entry import ask, enter
from tests.support.html import text_of

NOW = datetime.now(UTC)


def complained(client, now: datetime = NOW) -> int:
    with client.services.database.write() as db:
        contact = Contact("Jean Essai", f"jean{factories.next_number()}@exemple.example")
        return complain_without_account(db, client.services.keyring, SAID, contact, Space.MEMBER, now).id or 0


def wrote(client, member) -> int:
    with client.services.database.write() as db:
        return conversations.thread(db, client.services.keyring, factories.viewer_of(db, member)).id or 0


def change(client, case_id: int, **values) -> None:
    with client.services.database.write() as db:
        item = db.exec(select(WorkItem).where(WorkItem.case_id == case_id)).one()
        for name, value in values.items():
            setattr(item, name, value)
        db.add(item)


def board_for(client, account, now: datetime = NOW):
    with client.services.database.write() as db:
        return board_of(db, factories.viewer_of(db, account), client.services.keyring, now)


def test_agent_reads_the_kinds_that_they_are_charged_with_and_no_other(client, make, member) -> None:
    complained(client)
    wrote(client, member)
    charged = make(factories.desk_account, duties=(Duty.MESSAGES,))
    assert [row.kind for row in board_for(client, charged).kinds] == [CaseKind.MESSAGE]
    assert board_for(client, make(factories.desk_account, duties=())).kinds == []
    enter(client, charged)
    shown = text_of(client.get("/gestion/echeances").one("main"))
    assert "Messages" in shown
    assert "Réclamations" not in shown


def test_supervisor_reads_the_insurers_own_target_of_every_kind_fraud_reports_included(
    client, supervisor, member
) -> None:
    """A dated figure (`objectif_…_jours`), told beside what was measured; the usual one for what has none."""
    wrote(client, member)
    with client.services.database.write() as db:
        work.fraud_item(db, client.services.keyring, member.id, NOW)
        given = {"label": "Fraude", "unit": "nombre", "value": 1, "source": "essai"}
        db.add(Parameter(code="objectif_fraude_jours", valid_from=NOW.date(), **given))
    assert {row.kind: row.target_days for row in board_for(client, supervisor).kinds} == {"message": 10, "fraude": 1}
    enter(client, supervisor)
    rows = [text_of(row) for row in client.get("/gestion/echeances").css("tbody tr")]
    assert any("Signalements de fraude" in row and "1\u00a0jour" in row for row in rows)
    assert "Objectif (jours ouvrés)" in ask(client, "/gestion/echeances.csv").text


def test_agent_is_told_nothing_of_colleagues_and_supervisor_their_load_alone(client, agent, supervisor, make) -> None:
    """R-72, CNIL: who has what, to share it out; no pace, no rank."""
    case_id = complained(client)
    change(client, case_id, assignee_id=agent.id)
    assert board_for(client, agent).hands is None
    (hand,) = board_for(client, supervisor).hands
    assert (hand.name, hand.load.waiting) == (agent.display_name, 1)
    enter(client, agent)
    assert "pris quoi" not in text_of(client.get("/gestion/echeances").one("main"))
    enter(client, supervisor)
    assert agent.display_name in text_of(client.get("/gestion/echeances").one("main"))


@pytest.mark.parametrize(
    ("due", "order", "figures"),
    [
        (timedelta(seconds=-1), timedelta(seconds=-1), (1, 1, 1, 0)),
        (None, timedelta(seconds=-1), (1, 1, 0, 0)),
        (timedelta(0), timedelta(0), (1, 0, 0, 1)),
        (timedelta(days=7, seconds=-1), timedelta(days=7, seconds=-1), (1, 0, 0, 1)),
        (timedelta(days=7), timedelta(days=7), (1, 0, 0, 0)),
    ],
    ids=["owed and late", "meant and late", "due now", "last instant of seven days", "after seven days"],
)
def test_request_is_counted_where_its_date_puts_it(client, supervisor, due, order, figures) -> None:
    change(client, complained(client), due_at=None if due is None else NOW + due, order_at=NOW + order)
    load = board_for(client, supervisor).total
    assert (load.waiting, load.late, load.owed_late, load.soon) == figures


def test_complaint_that_waits_for_its_author_runs_on_and_a_message_does_not(client, supervisor, member) -> None:
    late = {"due_at": NOW - timedelta(days=1), "order_at": NOW - timedelta(days=1)}
    for case_id in (complained(client), wrote(client, member)):
        with client.services.database.write() as db:
            move_case(db, db.get_one(Case, case_id), CaseState.ANSWERED, NOW, by=None)
        change(client, case_id, **late)
    loads = {row.kind: row.load for row in board_for(client, supervisor).kinds}
    assert (loads[CaseKind.COMPLAINT].waiting, loads[CaseKind.COMPLAINT].late) == (0, 1)
    assert (loads[CaseKind.MESSAGE].waiting, loads[CaseKind.MESSAGE].late) == (0, 0)


def test_ended_request_is_on_the_board_no_more(client, supervisor) -> None:
    case_id = complained(client)
    with client.services.database.write() as db:
        move_case(db, db.get_one(Case, case_id), CaseState.CANCELLED, NOW, by=None)
    assert board_for(client, supervisor).kinds == []
    enter(client, supervisor)
    assert "Rien n’attend" in text_of(client.get("/gestion/echeances").one("main"))
    assert ask(client, "/gestion/echeances.csv").text.count("\n") == 1


def test_pace_tells_how_half_of_the_answers_changed(client, supervisor) -> None:
    complained(client)
    kept = {"kind": CaseKind.COMPLAINT, "space": "", "nearly_all_days": 40, "most_days": 30, "measured_at": NOW}
    with client.services.database.write() as db:
        db.add(MeasuredDelay(period=Period.MONTH, count=12, half_days=9, **kept))
        db.add(MeasuredDelay(period=Period.MONTH_BEFORE, count=12, half_days=12, **kept))
    enter(client, supervisor)
    shown = text_of(client.get("/gestion/echeances").one("main"))
    assert "9 jours" in shown.replace("\u00a0", " ")
    assert "3 jours de moins" in shown.replace("\u00a0", " ")
    line = ask(client, "/gestion/echeances.csv").text.splitlines()[1]
    assert line.split(";")[0] == "Réclamations"
    assert line.split(";")[7:] == ["9", "40", "-3", "12"]


def test_bars_are_as_long_as_what_they_stand_for() -> None:
    rows = [KindRow(CaseKind.CLAIM, Load(10, 2, 0, 3), None), KindRow(CaseKind.QUOTE, Load(5, 5, 5, 0), None)]
    first, second = bars_of(rows)
    assert [(part.tone, part.x, part.width) for part in first.parts] == [
        ("late", 0, 20), ("soon", 20, 30), ("later", 50, 50),
    ]  # fmt: skip
    assert [(part.tone, part.x, part.width) for part in second.parts] == [("late", 0, 50)]


def test_members_are_refused_the_board_and_its_file(client, member) -> None:
    enter(client, member)
    assert [ask(client, f"/gestion/echeances{end}").status_code for end in ("", ".csv")] == [403, 403]
