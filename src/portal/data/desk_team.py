"""The desk's agents: what they are charged with, until when they are away, what they have (R-05, R-72).

Supervisors alone change this. What an agent can no longer read, or will not do while away, goes back into the queue.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, case, func
from sqlmodel import Session, col, select

from portal.data.accounts import Account, Role, Space
from portal.data.desk_absences import away_until, declare_away, end_absences
from portal.data.parties import is_party_to_item
from portal.data.sessions import Viewer
from portal.data.standing import closed, suspended
from portal.data.work_items import DUTY_OF, DeskDuty, Duty, Turn, WorkItem, give_duty, kinds_of
from portal.data.work_steps import WorkAct, add_step
from portal.security import Keyring


@dataclass(frozen=True, slots=True)
class Agent:
    """One of the desk's staff. `away_until`: the last day away; `held`: how many requests they have that wait for the
    desk, `late` of them past their day."""

    id: int
    name: str
    role: Role
    duties: frozenset[Duty]
    away_until: date | None
    held: int
    late: int


def team_of_desk(db: Session, viewer: Viewer, now: datetime, day: date) -> list[Agent]:
    """Everybody at work at the desk, by name; nobody for whoever is no supervisor."""
    return _agents(db, now, day) if viewer.role == Role.SUPERVISOR else []


def agent_of_desk(db: Session, viewer: Viewer, account_id: int, now: datetime, day: date) -> Agent | None:
    """One of them; None when there is none."""
    return next((agent for agent in team_of_desk(db, viewer, now, day) if agent.id == account_id), None)


def colleagues_for(db: Session, kinds: Iterable[str], day: date) -> list[tuple[int, str]]:
    """Who may be given requests of all these kinds on a day: account and name, by name."""
    wanted = {DUTY_OF[kind] for kind in kinds}
    staff = db.exec(select(Account.id, Account.display_name, Account.role).where(_at_work())).all()
    duties = _duties(db, [row.id or 0 for row in staff])
    away = away_until(db, [row.id or 0 for row in staff], day)
    able = (
        row
        for row in staff
        if row.id not in away and (row.role == Role.SUPERVISOR or wanted <= duties.get(row.id or 0, frozenset()))
    )
    return sorted(((row.id or 0, row.display_name) for row in able), key=lambda found: (found[1], found[0]))


def staff_names(db: Session) -> list[tuple[int, str]]:
    """Everybody at work at the desk: account and name, by name."""
    query = select(Account.id, Account.display_name).where(_at_work())
    found = db.exec(query.order_by(col(Account.display_name), col(Account.id)))
    return [(account_id or 0, name) for account_id, name in found]


def is_colleague_for(db: Session, account_id: int, kind: str, space: str, day: date) -> bool:
    """Whether a request of this kind, from this space, may be given to an account."""
    is_able = account_id in {found for found, _ in colleagues_for(db, [kind], day)}
    return is_able and (space != Space.DESK or db.get_one(Account, account_id).role == Role.SUPERVISOR)


def change_duties(
    db: Session, viewer: Viewer, keyring: Keyring, account_id: int, duties: frozenset[Duty], now: datetime
) -> tuple[frozenset[Duty], frozenset[Duty]] | None:
    """Charges an agent with these duties, and no others, at once: which were given, which withdrawn. What the agent had
    of the kinds withdrawn goes back into the queue. None for an account that is no agent's, or another viewer."""
    agent = _locked_agent(db, viewer, account_id)
    if agent is None:
        return None
    before = _duties(db, [account_id]).get(account_id, frozenset())
    for duty in sorted(duties - before):
        give_duty(db, account_id, duty, now, by=viewer.account_id)
    for duty in sorted(before - duties):
        db.delete(db.get_one(DeskDuty, (account_id, duty)))
    db.flush()
    lost = kinds_of(before - duties)
    pass_on(db, viewer, keyring, account_id, now, kinds=lost)
    return duties - before, before - duties


def send_away(
    db: Session, viewer: Viewer, keyring: Keyring, account_id: int, until: date, to: int | None, now: datetime
) -> int | None:
    """An agent is away until the end of a day; what they have goes to a colleague `to`, or back into the queue, as does
    what that colleague may not work on. How many requests; None for nobody of the desk, or another viewer."""
    if _locked_staff(db, viewer, account_id) is None:
        return None
    declare_away(db, account_id, until, now, by=viewer.account_id)
    return pass_on(db, viewer, keyring, account_id, now, to=to)


def call_back(db: Session, viewer: Viewer, account_id: int, now: datetime) -> bool:
    """An agent is back sooner. False for nobody of the desk, or another viewer."""
    if _locked_staff(db, viewer, account_id) is None:
        return False
    end_absences(db, account_id, now)
    return True


def pass_on(
    db: Session,
    viewer: Viewer | None,
    keyring: Keyring,
    account_id: int,
    now: datetime,
    *,
    to: int | None = None,
    kinds: frozenset[str] | None = None,
) -> int:
    """Gives what an account has, of these kinds (all when None), to a colleague or back into the queue; how many.
    `viewer`: None for an operator at the server."""
    query = select(WorkItem).where(WorkItem.assignee_id == account_id, WorkItem.turn != Turn.NOBODY)
    if kinds is not None:
        query = query.where(col(WorkItem.kind).in_(sorted(kinds)))
    items = db.exec(query.order_by(col(WorkItem.id)).with_for_update(key_share=True)).all()
    able = _able(db, to) if to is not None else frozenset()
    for item in items:
        heir = to if to and item.kind in able and _may_have(db, keyring, to, item) else None
        item.assignee_id, item.assigned_at = heir, now if heir else None
        db.add(item)
        act = WorkAct.ASSIGNED if heir else WorkAct.GIVEN_BACK
        add_step(db, keyring, item, act, now, by=viewer.account_id if viewer else None, to=heir or account_id)
    db.flush()
    return len(items)


def _may_have(db: Session, keyring: Keyring, account_id: int, item: WorkItem) -> bool:
    return item.space != Space.DESK and not is_party_to_item(db, keyring, account_id, item)


def _able(db: Session, account_id: int) -> frozenset[str]:
    if db.get_one(Account, account_id).role == Role.SUPERVISOR:
        return kinds_of(frozenset(Duty))
    return kinds_of(_duties(db, [account_id]).get(account_id, frozenset()))


def _agents(db: Session, now: datetime, day: date) -> list[Agent]:
    staff = db.exec(select(Account).where(_at_work()).order_by(col(Account.display_name), col(Account.id))).all()
    ids = [account.id or 0 for account in staff]
    duties, away, loads = _duties(db, ids), away_until(db, ids, day), _loads(db, ids, now)
    return [
        Agent(
            id=account.id or 0,
            name=account.display_name,
            role=Role(account.role),
            duties=frozenset(Duty) if account.role == Role.SUPERVISOR else duties.get(account.id or 0, frozenset()),
            away_until=away.get(account.id or 0),
            held=loads.get(account.id or 0, (0, 0))[0],
            late=loads.get(account.id or 0, (0, 0))[1],
        )
        for account in staff
    ]


def _loads(db: Session, ids: list[int], now: datetime) -> dict[int, tuple[int, int]]:
    late = func.sum(case((col(WorkItem.order_at) < now, 1), else_=0))
    query = select(WorkItem.assignee_id, func.count(), late).where(
        col(WorkItem.assignee_id).in_(ids), WorkItem.turn == Turn.DESK
    )
    return {row[0] or 0: (int(row[1]), int(row[2])) for row in db.exec(query.group_by(col(WorkItem.assignee_id)))}


def _duties(db: Session, ids: list[int]) -> dict[int, frozenset[Duty]]:
    found: dict[int, set[Duty]] = {}
    for row in db.exec(select(DeskDuty).where(col(DeskDuty.account_id).in_(ids))):
        found.setdefault(row.account_id, set()).add(Duty(row.duty))
    return {account_id: frozenset(duties) for account_id, duties in found.items()}


def _at_work() -> ColumnElement[bool]:
    return and_(col(Account.space) == Space.DESK, ~suspended, ~closed)


def _locked_staff(db: Session, viewer: Viewer, account_id: int) -> Account | None:
    if viewer.role != Role.SUPERVISOR:
        return None
    return db.exec(select(Account).where(Account.id == account_id, _at_work()).with_for_update(key_share=True)).first()


def _locked_agent(db: Session, viewer: Viewer, account_id: int) -> Account | None:
    found = _locked_staff(db, viewer, account_id)
    return found if found is not None and found.role == Role.AGENT else None
