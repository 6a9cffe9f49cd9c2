"""The desk's side of each request: whose turn it is, what is due first, who works on it.

One row for each case that was sent, each fraud report and each recorded death, kept in step by the functions that move
them (`follow`), in their transaction: the queue of everything is read from one table, whatever the kind. A case's own
row says what its author sees; nothing here does.
"""

from collections.abc import Iterable
from datetime import date, datetime
from enum import IntEnum, StrEnum

from sqlalchemy import ColumnElement
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.accounts import Role, Space
from portal.data.case_states import CaseKind
from portal.data.columns import Index, instant
from portal.data.desk_absences import is_away
from portal.data.figures import parameters_on
from portal.data.office_days import office_day_after
from portal.data.sessions import Viewer
from portal.formatting import day_in_france, end_of_day_in_france

FRAUD, DEATH = "fraude", "deces"
# Working days within which the insurer means to answer what no rule sets a date for; dated, by kind.
TARGET = "objectif_{}_jours"
USUAL_TARGET = 10


class Turn(StrEnum):
    """Who is to act. Values are stored."""

    DESK = "gestion"
    PERSON = "personne"
    NOBODY = "fini"


class Urgency(IntEnum):
    """The lower, the sooner."""

    URGENT = 0
    HIGH = 1
    USUAL = 2


class Duty(StrEnum):
    """What an agent is charged with: the kinds of requests that they read (R-72). Values are stored."""

    CARE = "soins"
    CONTRACTS = "contrats"
    COMPANIES = "entreprises"
    PRACTICES = "professionnels"
    MESSAGES = "messages"
    COMPLAINTS = "reclamations"
    PRIVACY = "donnees"
    FRAUD = "fraude"


DUTY_OF: dict[str, Duty] = {
    CaseKind.CLAIM: Duty.CARE,
    CaseKind.QUOTE: Duty.CARE,
    CaseKind.INVOICE_DISPUTE: Duty.CARE,
    CaseKind.BENEFICIARY_ADDED: Duty.CONTRACTS,
    CaseKind.BENEFICIARY_CHANGED: Duty.CONTRACTS,
    CaseKind.BENEFICIARY_REMOVED: Duty.CONTRACTS,
    CaseKind.AUTONOMY: Duty.CONTRACTS,
    CaseKind.CORRECTION: Duty.CONTRACTS,
    CaseKind.CONTRIBUTION_DISPUTE: Duty.COMPANIES,
    CaseKind.PRACTICE_ADDRESS: Duty.PRACTICES,
    CaseKind.PRACTICE_NUMBER: Duty.PRACTICES,
    CaseKind.MESSAGE: Duty.MESSAGES,
    CaseKind.COMPLAINT: Duty.COMPLAINTS,
    CaseKind.DATA_RIGHT: Duty.PRIVACY,
    FRAUD: Duty.FRAUD,
    DEATH: Duty.PRIVACY,
}


# What filters ask of an item, at the end of the indexes that lists are read from: they need not fetch what they drop.
_TOLD = ("kind", "assignee_id", "snoozed_until", "escalated_at", "space", "since")


class WorkItem(SQLModel, table=True):
    """One request at the desk. `since`: when the turn last passed to whose it is. `due_at`: by when an answer is owed,
    where a rule says so. `order_at`: what the queue is sorted by, after the urgency. `snoozed_until`: hidden till then,
    or till the person writes."""

    __tablename__ = "work_item"
    __table_args__ = (
        Index("ux_work_item_death", "death_id", unique=True),
        Index("ix_work_queue", "turn", "urgency", "order_at", "id", *_TOLD),
        Index("ix_work_kind", "turn", "kind", "urgency", "order_at", "id", *_TOLD[1:]),
        Index("ix_work_board", "kind", "turn", "order_at", "due_at", "since", "assignee_id"),
        Index("ix_work_assignee", "assignee_id", "turn", "urgency", "order_at", "id", "kind", *_TOLD[2:]),
        Index("ix_work_since", "turn", "since", "urgency", "order_at", "id", *_TOLD[:-1]),
        Index("ix_work_escalated", "turn", "escalated_at", "urgency", "order_at", "id", *_TOLD[:3], *_TOLD[4:]),
        Index("ix_work_snoozed", "turn", "snoozed_until", "urgency", "order_at", "id", *_TOLD[:2], *_TOLD[3:]),
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    space: str
    case_id: int | None = Field(default=None, foreign_key="case_file.id", unique=True)
    report_id: int | None = Field(default=None, foreign_key="fraud_report.id", unique=True)
    death_id: int | None = Field(default=None, foreign_key="death.id")
    turn: str
    urgency: int = Urgency.USUAL
    since: datetime = instant()
    due_at: datetime | None = instant(default=None)
    order_at: datetime = instant()
    assignee_id: int | None = Field(default=None, foreign_key="account.id")
    assigned_at: datetime | None = instant(default=None)
    snoozed_until: datetime | None = instant(default=None)
    escalated_at: datetime | None = instant(default=None)


class DeskDuty(SQLModel, table=True):
    """A duty that a supervisor, or an operator, gave to an agent."""

    __tablename__ = "desk_duty"

    account_id: int = Field(primary_key=True, foreign_key="account.id")
    duty: str = Field(primary_key=True)
    given_at: datetime = instant()
    given_by: int | None = Field(default=None, foreign_key="account.id")


def follow_case(
    db: Session, case_id: int, kind: str, space: str, turn: Turn, due_at: datetime | None, now: datetime
) -> None:
    """Keeps the desk's side of a case in step with it; a case that just came begins its own. The case is locked."""
    item = _locked(db, col(WorkItem.case_id) == case_id)
    new = {"kind": kind, "space": space, "since": now, "order_at": now}
    _follow(db, item or WorkItem(case_id=case_id, turn=turn, **new), turn, due_at, now)


def follow_report(db: Session, report_id: int, space: str, turn: Turn, now: datetime) -> None:
    """Keeps the desk's side of a fraud report in step with it: the most urgent there is."""
    item = _locked(db, col(WorkItem.report_id) == report_id)
    urgent = {"kind": FRAUD, "urgency": Urgency.URGENT, "since": now, "order_at": now}
    _follow(db, item or WorkItem(space=space, report_id=report_id, turn=turn, **urgent), turn, None, now)


def follow_death(db: Session, death_id: int, turn: Turn, due_at: datetime | None, now: datetime) -> None:
    """Keeps the desk's side of a death in step with what it asks for. The death is locked."""
    item = _locked(db, col(WorkItem.death_id) == death_id)
    new = {"kind": DEATH, "space": Space.MEMBER, "since": now, "order_at": now}
    _follow(db, item or WorkItem(death_id=death_id, turn=turn, **new), turn, due_at, now)


def duties_of(db: Session, viewer: Viewer) -> frozenset[Duty]:
    """What the viewer is charged with: a supervisor with everything, an agent with what was given, others nothing."""
    if viewer.space != Space.DESK:
        return frozenset()
    if viewer.role == Role.SUPERVISOR:
        return frozenset(Duty)
    return frozenset(map(Duty, db.exec(select(DeskDuty.duty).where(DeskDuty.account_id == viewer.account_id))))


def kinds_of(duties: frozenset[Duty]) -> frozenset[str]:
    """The kinds of requests that these duties open."""
    return frozenset(kind for kind, duty in DUTY_OF.items() if duty in duties)


def usual_urgency(kind: str) -> Urgency:
    """How urgent a request of this kind is by itself."""
    return Urgency.URGENT if kind == FRAUD else Urgency.USUAL


def targets_on(db: Session, day: date, kinds: Iterable[str]) -> dict[str, int]:
    """Within how many working days the insurer means to answer what comes on a day, by kind. About nobody."""
    told = parameters_on(db, day)
    codes = {kind: TARGET.format(kind.replace("-", "_")) for kind in kinds}
    return {kind: told.get(code, ("", USUAL_TARGET))[1] for kind, code in codes.items()}


def item_of_case(db: Session, case_id: int) -> int:
    """The item of a case that was sent. The caller has found the case."""
    return db.exec(select(WorkItem.id).where(WorkItem.case_id == case_id)).one() or 0


def give_duty(db: Session, account_id: int, duty: Duty, now: datetime, *, by: int | None) -> bool:
    """Charges an agent with a duty; False when they have it already."""
    if db.get(DeskDuty, (account_id, duty)) is not None:
        return False
    db.add(DeskDuty(account_id=account_id, duty=duty, given_at=now, given_by=by))
    db.flush()
    return True


def _locked(db: Session, which: ColumnElement[bool]) -> WorkItem | None:
    """Held until the transaction ends: what agents do to it meanwhile comes after, and is not lost."""
    query = select(WorkItem).where(which).with_for_update(key_share=True).execution_options(populate_existing=True)
    return db.exec(query).first()


def _follow(db: Session, item: WorkItem, turn: Turn, due_at: datetime | None, now: datetime) -> None:
    """Whatever happens to a request wakes it: its author wrote, or sent a piece."""
    item.snoozed_until = None
    if item.turn != turn:
        item.turn, item.since = turn, now
        _settle(db, item, now)
    if item.id is None or item.due_at != due_at or item.since == now:
        item.due_at, item.order_at = due_at, due_at or _target(db, item)
    db.add(item)
    db.flush()


def _settle(db: Session, item: WorkItem, now: datetime) -> None:
    """What a change of turn undoes: an escalation, once nobody has to act; whoever had it, when that agent is away."""
    if item.turn == Turn.NOBODY:
        item.urgency, item.escalated_at = usual_urgency(item.kind), None
    if item.turn == Turn.DESK and item.assignee_id and is_away(db, item.assignee_id, day_in_france(now)):
        item.assignee_id, item.assigned_at = None, None


def _target(db: Session, item: WorkItem) -> datetime:
    """When the desk means to have answered, at the end of that day in France."""
    came_on = day_in_france(item.since)
    return end_of_day_in_france(office_day_after(came_on, targets_on(db, came_on, [item.kind])[item.kind]))
