"""Dates that come near at the desk: what is told of them, once for each stage, and what the portal does by itself.

A complaint (ACPR recommendation 2022-R-01) is watched from its eighth working day without an acknowledgment; the portal
acknowledges it on the tenth when nobody did. Its answer is watched from ten days before the two months are over; on the
last day its author is told that it will not come in time. No viewer: a job's own, of counts, references and dates.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import and_, or_
from sqlmodel import Session, col, select

from portal.data.accounts import Account, Role
from portal.data.case_states import CaseKind
from portal.data.cases import Case, touch
from portal.data.clock_notices import ClockNotice, ClockStage, note_stage
from portal.data.complaint_rules import ACKNOWLEDGED_WITHIN, clock_of, working_day_after
from portal.data.complaints import Complaint
from portal.data.desk_board import RUNNING_ON
from portal.data.standing import closed, suspended
from portal.data.work_items import FRAUD, Turn, Urgency, WorkItem
from portal.formatting import day_in_france, end_of_day_in_france

ACKNOWLEDGE_FROM = ACKNOWLEDGED_WITHIN - 2
# Before this many days nothing of a date is told.
FARTHEST = timedelta(days=31)
TOLD = frozenset({ClockStage.ACKNOWLEDGE, ClockStage.ANSWER, ClockStage.LATE})
S = ClockStage


class Watch(NamedTuple):
    """How a kind's date is watched: told of so many days before; `is_legal`: the law sets it, so that once it went by
    nothing at the desk is more urgent."""

    days_before: int
    is_legal: bool


# Kinds whose date a rule sets; the others have dates that the insurer gave itself, which the board alone tells.
WATCHES: dict[str, Watch] = {
    CaseKind.COMPLAINT: Watch(10, is_legal=True),
    CaseKind.DATA_RIGHT: Watch(7, is_legal=True),
    CaseKind.INVOICE_DISPUTE: Watch(7, is_legal=False),
}
# Reports of a fraud have no date of a rule's: the insurer's own target, a dated figure, counts from the report.
AIMED_AT = {FRAUD: Watch(0, is_legal=False)}


@dataclass(frozen=True, slots=True)
class Due:
    """A stage that a request has come to. `due_on`: the day it is about; `reference`: empty for a report of a fraud,
    which has none."""

    item_id: int
    kind: str
    reference: str
    stage: ClockStage
    due_on: date
    assignee_id: int | None


class Reader(NamedTuple):
    """Somebody of the desk who is written to; `is_supervisor`: of everything, else of what they have taken."""

    account_id: int
    email: str
    is_supervisor: bool


def due_stages(db: Session, now: datetime) -> list[Due]:
    """What requests have come to and was not told yet, the nearest date first."""
    told = _told(db)
    found = (
        due
        for item, case, complaint in _watched(db, now)
        for due in _stages(item, case, complaint, now)
        if (due.item_id, due.stage) not in told
    )
    return sorted(found, key=lambda due: (due.due_on, due.reference, due.stage))


def acknowledge_by_portal(db: Session, due: Due, now: datetime) -> Case | None:
    """Acknowledges a complaint that nobody acknowledged; None when somebody did meanwhile, or it is over.

    The caller writes to its author in the same transaction.
    """
    case = _still_open(db, due, now)
    row = db.get_one(Complaint, case.id) if case else None
    if case is None or row is None or row.acknowledged_at is not None:
        return None
    row.acknowledged_at = now
    db.add(row)
    case.due_at = end_of_day_in_france(clock_of(day_in_france(case.sent_at or now)).answer_by)
    touch(db, case, now)
    return case


def announce_delay_by_portal(db: Session, due: Due, now: datetime) -> Case | None:
    """Notes that a complaint's author learns that the answer is late; None when they know, or it is over."""
    case = _still_open(db, due, now)
    row = db.get_one(Complaint, case.id) if case else None
    if case is None or row is None or row.delayed_at is not None:
        return None
    row.delayed_at = now
    db.add(row)
    db.flush()
    return case


def take_told(db: Session, dues: Sequence[Due], now: datetime) -> list[Due]:
    """Keeps that these stages are told, and raises what is late by law above everything else; those that were not told
    before."""
    fresh = [due for due in dues if note_stage(db, due.item_id, due.stage, now)]
    late = {due.item_id for due in fresh if due.stage is S.LATE and _watch_of(due.kind).is_legal}
    for item_id in sorted(late):
        item = db.get_one(WorkItem, item_id, with_for_update=True, populate_existing=True)
        item.urgency = Urgency.URGENT
        db.add(item)
    db.flush()
    return fresh


def readers_of(db: Session, dues: Sequence[Due]) -> list[Reader]:
    """Whom to write to: every supervisor, and whoever has taken one of these; nobody without an address."""
    takers = {due.assignee_id for due in dues if due.assignee_id}
    at_desk = or_(Account.role == Role.SUPERVISOR, and_(Account.role == Role.AGENT, col(Account.id).in_(takers)))
    query = select(Account.id, Account.email, Account.role).where(at_desk, ~closed, ~suspended, Account.email != "")
    return [
        Reader(account_id or 0, email, role == Role.SUPERVISOR)
        for account_id, email, role in db.exec(query.order_by(col(Account.id)))
    ]


def _watched(db: Session, now: datetime) -> Sequence[Any]:
    """What still waits for the insurer: the law's clocks run also while the author is to answer."""
    soon = now + FARTHEST
    is_near = or_(
        and_(col(WorkItem.kind).in_(WATCHES), col(WorkItem.due_at) < soon),
        and_(col(WorkItem.kind).in_(AIMED_AT), col(WorkItem.order_at) < soon),
    )
    runs = or_(WorkItem.turn == Turn.DESK, and_(WorkItem.turn == Turn.PERSON, col(WorkItem.kind).in_(RUNNING_ON)))
    query = (
        select(WorkItem, Case, Complaint)
        .join(Case, col(Case.id) == WorkItem.case_id, isouter=True)
        .join(Complaint, col(Complaint.case_id) == Case.id, isouter=True)
        .where(runs, is_near)
        .order_by(col(WorkItem.id))
    )
    return db.exec(query).all()


def _watch_of(kind: str) -> Watch:
    return WATCHES[kind] if kind in WATCHES else AIMED_AT[kind]


def _stages(item: WorkItem, case: Case | None, complaint: Complaint | None, now: datetime) -> Iterator[Due]:
    known = {"item_id": item.id or 0, "kind": item.kind, "assignee_id": item.assignee_id}
    known |= {"reference": case.reference if case else ""}
    today = day_in_france(now)
    if complaint is not None and case is not None and case.sent_at is not None:
        reached = _of_complaint(day_in_france(case.sent_at), complaint, today)
    else:
        reached = _of_date(day_in_france(item.due_at or item.order_at), _watch_of(item.kind).days_before, today)
    return (Due(stage=stage, due_on=due_on, **known) for stage, due_on in reached.items())


def _of_date(due_on: date, days_before: int, today: date) -> dict[ClockStage, date]:
    if today > due_on:
        return {S.LATE: due_on}
    return {S.ANSWER: due_on} if today >= due_on - timedelta(days=days_before) else {}


def _of_complaint(sent_on: date, complaint: Complaint, today: date) -> dict[ClockStage, date]:
    clock = clock_of(sent_on)
    reached: dict[ClockStage, date] = {}
    if complaint.acknowledged_at is None:
        if today >= clock.acknowledge_by:
            reached[S.ACKNOWLEDGED] = clock.acknowledge_by
        elif today >= working_day_after(sent_on, ACKNOWLEDGE_FROM):
            reached[S.ACKNOWLEDGE] = clock.acknowledge_by
    if today >= clock.answer_by and complaint.delayed_at is None:
        reached[S.DELAYED] = clock.answer_by
    return reached | _of_date(clock.answer_by, WATCHES[CaseKind.COMPLAINT].days_before, today)


def _told(db: Session) -> set[tuple[int, str]]:
    """The stages told of what still waits."""
    open_ones = select(ClockNotice.item_id, ClockNotice.stage).join(WorkItem).where(WorkItem.turn != Turn.NOBODY)
    return {(item_id, stage) for item_id, stage in db.exec(open_ones)}


def _still_open(db: Session, due: Due, now: datetime) -> Case | None:
    """The request's case, locked, when it is not over and the stage was not come to before."""
    case_id = db.get_one(WorkItem, due.item_id).case_id
    query = select(Case).where(Case.id == case_id).with_for_update().execution_options(populate_existing=True)
    case = db.exec(query).one()
    return case if not case.is_over and note_stage(db, due.item_id, due.stage, now) else None
