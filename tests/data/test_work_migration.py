"""Requests of before the queue existed are put into it, and the way back leaves them as they were (R-05)."""

from datetime import UTC, datetime

from alembic import command
from sqlalchemy import text
from sqlmodel import select

from portal.data.cases import CaseKind, CaseState, begin_case, move_case
from portal.data.fraud import FraudState, move_report
from portal.data.work_items import DeskDuty, Duty, WorkItem
from portal.schema import _config
from tests.support import factories, work

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)


def test_old_requests_enter_the_queue_and_leave_it_again(database, keyring) -> None:
    with database.write() as db:
        member = factories.member_with_account(db, keyring)[1]
        author = factories.viewer_of(db, member)
        agent = factories.viewer_of(db, factories.desk_account(db, keyring))
        begin_case(db, author, CaseKind.CLAIM, NOW)
        for state in (CaseState.IN_REVIEW, CaseState.ANSWERED, CaseState.CLOSED):
            item = work.sent_case(db, author, NOW, due_at=NOW)
            move_case(db, work.case_of(db, item), state, NOW, by=None)
        for state in (FraudState.IN_PROGRESS, FraudState.SETTLED):
            account = factories.member_with_account(db, keyring)[1]
            report = work.fraud_item(db, keyring, account.id, NOW).report_id
            move_report(db, agent, keyring, report, state, "Appelé.", NOW)
        before = told(db)
    _go(database, "0048", command.downgrade)
    with database.read() as db:
        assert not {"work_item", "work_step", "desk_duty"} & tables(database, db)
    _go(database, "head", command.upgrade)
    with database.read() as db:
        assert told(db) == before
        assert work.in_step(db) == []
        assert {row.duty for row in db.exec(select(DeskDuty))} == {*Duty} - {Duty.PRIVACY}


def told(db) -> list[tuple]:
    rows = db.exec(select(WorkItem).order_by(WorkItem.case_id, WorkItem.report_id)).all()
    return sorted((row.kind, row.turn, row.urgency, row.case_id or 0, row.report_id or 0) for row in rows)


def tables(database, db) -> set[str]:
    names = (
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        if database.is_sqlite
        else "SELECT tablename FROM pg_tables"
    )
    return set(db.execute(text(names)).scalars())


def _go(database, revision: str, move) -> None:
    with database.write() as db:
        config = _config()
        config.attributes["connection"] = db.connection()
        move(config, revision)
