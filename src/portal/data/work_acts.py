"""What agents do with a request among themselves: take it, hand it over, escalate it, put it to sleep (R-05).

Each act holds the item's row until the transaction ends: of two agents at once, the second learns what the first did.
Rows are held for what is written in them alone (`key_share`), so that what merely refers to them waits for nobody.
Acts on the request itself (an answer, a decision) are the desk's of its kind (`case_desk.py`, `fraud.py`).
"""

from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select

from portal.data.accounts import Account, Role
from portal.data.desk_team import is_colleague_for
from portal.data.parties import is_party_to_item
from portal.data.sessions import Viewer
from portal.data.work_items import Turn, Urgency, WorkItem, usual_urgency
from portal.data.work_reach import items_for
from portal.data.work_steps import WorkAct, add_step
from portal.formatting import PARIS, day_in_france
from portal.security import Keyring

# What no rule sets a date for sleeps no longer than this.
LONGEST_SNOOZE = timedelta(days=30)
# Another agent may take what was seen as the next while it is being locked.
TRIES = 5


class Held(Exception):
    """Somebody else has it: `name`, since `since`."""

    def __init__(self, name: str, since: datetime | None) -> None:
        super().__init__()
        self.name, self.since = name, since


class NothingToDo(Exception):
    """The act says nothing of the item as it is: it is over, waits for the person, or is so already."""


class NotForThem(Exception):
    """The colleague may not work on it: not charged with its kind, away, gone, or party to it."""


class WrongDay(Exception):
    """A day of waking that is past, or too late; `latest` is the last one possible, None when none is."""

    def __init__(self, latest: date | None) -> None:
        super().__init__()
        self.latest = latest


def find_item(db: Session, viewer: Viewer, keyring: Keyring, item_id: int) -> WorkItem | None:
    """An item that the viewer is charged with, and not party to; None when there is none."""
    return db.exec(select(WorkItem).where(WorkItem.id == item_id, items_for(db, viewer, keyring))).first()


def item_of_case(db: Session, viewer: Viewer, keyring: Keyring, case_id: int) -> WorkItem | None:
    """The item of a case, as `find_item`."""
    return db.exec(select(WorkItem).where(WorkItem.case_id == case_id, items_for(db, viewer, keyring))).first()


def item_of_report(db: Session, viewer: Viewer, keyring: Keyring, report_id: int) -> WorkItem | None:
    """The item of a fraud report, as `find_item`."""
    return db.exec(select(WorkItem).where(WorkItem.report_id == report_id, items_for(db, viewer, keyring))).first()


def item_of_death(db: Session, viewer: Viewer, keyring: Keyring, death_id: int) -> WorkItem | None:
    """The item of a death, as `find_item`."""
    return db.exec(select(WorkItem).where(WorkItem.death_id == death_id, items_for(db, viewer, keyring))).first()


def reports_read(db: Session, viewer: Viewer, keyring: Keyring) -> set[int]:
    """The fraud reports under way that the viewer is charged with."""
    query = select(WorkItem.report_id).where(
        col(WorkItem.report_id).is_not(None), WorkItem.turn == Turn.DESK, items_for(db, viewer, keyring)
    )
    return {report_id for report_id in db.exec(query) if report_id is not None}


def lock_item(db: Session, viewer: Viewer, keyring: Keyring, item_id: int) -> WorkItem | None:
    """As `find_item`, held until the transaction ends."""
    query = select(WorkItem).where(WorkItem.id == item_id, items_for(db, viewer, keyring))
    locked = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return db.exec(locked).first()


def take(
    db: Session, viewer: Viewer, keyring: Keyring, item: WorkItem, now: datetime, *, instead_of: int | None = None
) -> None:
    """The viewer takes a locked item that nobody has, or that `instead_of` has, knowingly.

    Raises `Held` when somebody else has it, `NothingToDo` when it is over or the viewer's already, `NotForThem` when
    the viewer is party to it.
    """
    if item.turn == Turn.NOBODY or item.assignee_id == viewer.account_id:
        raise NothingToDo
    if item.assignee_id is not None and item.assignee_id != instead_of:
        raise held_by(db, item)
    _check_no_party(db, keyring, item, viewer.account_id)
    _give(db, item, viewer.account_id, now)
    add_step(db, keyring, item, WorkAct.TAKEN, now, by=viewer.account_id)


def take_next(db: Session, viewer: Viewer, keyring: Keyring, now: datetime) -> WorkItem | None:
    """The viewer takes what is most urgent among what nobody has; None when nothing waits. Two agents at once never get
    the same: what one is taking, the other passes over."""
    item = _next_free(db, viewer, keyring, now)
    if item is not None:
        take(db, viewer, keyring, item, now)
    return item


def _next_free(db: Session, viewer: Viewer, keyring: Keyring, now: datetime) -> WorkItem | None:
    query = select(WorkItem).where(_waits(now), col(WorkItem.assignee_id).is_(None), items_for(db, viewer, keyring))
    first = query.order_by(col(WorkItem.urgency), col(WorkItem.order_at), col(WorkItem.id)).limit(1)
    locked = first.with_for_update(skip_locked=True, key_share=True).execution_options(populate_existing=True)
    return next((found for _ in range(TRIES) if (found := db.exec(locked).first()) is not None), None)


def assign(db: Session, viewer: Viewer, keyring: Keyring, item: WorkItem, to: int, words: str, now: datetime) -> None:
    """Hands a locked item over to a colleague, with a word. Whoever has it does, or anybody when nobody has it;
    supervisors always may. Raises `Held`, `NothingToDo` (over, or theirs already), `NotForThem`."""
    if item.turn == Turn.NOBODY or item.assignee_id == to:
        raise NothingToDo
    check_free(db, viewer, item)
    if not is_colleague_for(db, to, item.kind, item.space, day_in_france(now)):
        raise NotForThem
    _check_no_party(db, keyring, item, to)
    _give(db, item, to, now)
    add_step(db, keyring, item, WorkAct.ASSIGNED, now, by=viewer.account_id, to=to, text=words)


def give_back(db: Session, viewer: Viewer, keyring: Keyring, item: WorkItem, words: str, now: datetime) -> None:
    """Puts a locked item back into the queue, for anybody. Raises `Held`, `NothingToDo` when nobody has it."""
    if item.assignee_id is None:
        raise NothingToDo
    check_free(db, viewer, item)
    before = item.assignee_id
    _give(db, item, None, now)
    add_step(db, keyring, item, WorkAct.GIVEN_BACK, now, by=viewer.account_id, to=before, text=words)


def escalate(db: Session, viewer: Viewer, keyring: Keyring, item: WorkItem, reason: str, now: datetime) -> None:
    """Puts a locked item before the supervisors, at the head of the queue. Raises `NothingToDo` when it is over, or
    there already."""
    if item.turn == Turn.NOBODY or item.escalated_at is not None:
        raise NothingToDo
    item.escalated_at, item.urgency, item.snoozed_until = now, Urgency.URGENT, None
    _keep(db, item)
    add_step(db, keyring, item, WorkAct.ESCALATED, now, by=viewer.account_id, text=reason)


def settle(db: Session, viewer: Viewer, keyring: Keyring, item: WorkItem, words: str, now: datetime) -> None:
    """A supervisor gives an escalated item, locked, back its usual place. Raises `NothingToDo`, `PermissionError`."""
    if viewer.role != Role.SUPERVISOR:
        raise PermissionError
    if item.escalated_at is None:
        raise NothingToDo
    item.escalated_at, item.urgency = None, usual_urgency(item.kind)
    _keep(db, item)
    add_step(db, keyring, item, WorkAct.SETTLED, now, by=viewer.account_id, text=words)


def snooze(
    db: Session, viewer: Viewer, keyring: Keyring, item: WorkItem, until: date, reason: str, now: datetime
) -> None:
    """Hides a locked item until the morning of a day, or until its author writes; never beyond the day when an answer
    is owed. Raises `Held`, `NothingToDo` when the desk need not act, `WrongDay`."""
    if item.turn != Turn.DESK:
        raise NothingToDo
    check_free(db, viewer, item)
    latest = latest_waking(item, now)
    if latest is None or not day_in_france(now) < until <= latest:
        raise WrongDay(latest)
    item.snoozed_until = datetime.combine(until, time.min, PARIS)
    _keep(db, item)
    text = {"until": item.snoozed_until, "text": reason}
    add_step(db, keyring, item, WorkAct.SNOOZED, now, by=viewer.account_id, **text)


def latest_waking(item: WorkItem, now: datetime) -> date | None:
    """The last day until which an item may sleep: the one when an answer is owed; None when that is today or past."""
    latest = day_in_france(item.due_at if item.due_at is not None else now + LONGEST_SNOOZE)
    return latest if latest > day_in_france(now) else None


def wake(db: Session, viewer: Viewer, keyring: Keyring, item: WorkItem, now: datetime) -> None:
    """A locked item is to be done again. Raises `Held`, `NothingToDo` when it does not sleep."""
    if item.snoozed_until is None or item.snoozed_until <= now:
        raise NothingToDo
    check_free(db, viewer, item)
    item.snoozed_until = None
    _keep(db, item)
    add_step(db, keyring, item, WorkAct.WOKEN, now, by=viewer.account_id)


def note(db: Session, viewer: Viewer, keyring: Keyring, item: WorkItem, text: str, now: datetime) -> None:
    """Keeps words for colleagues, also about what is over."""
    add_step(db, keyring, item, WorkAct.NOTED, now, by=viewer.account_id, text=text)


def check_free(db: Session, viewer: Viewer, item: WorkItem) -> None:
    """Raises `Held` when somebody else has it, and the viewer is no supervisor."""
    if item.assignee_id not in {None, viewer.account_id} and viewer.role != Role.SUPERVISOR:
        raise held_by(db, item)


def holder_name(db: Session, item: WorkItem) -> str:
    """Who has it; empty for nobody."""
    return db.get_one(Account, item.assignee_id).display_name if item.assignee_id else ""


def held_by(db: Session, item: WorkItem) -> Held:
    """Who has it, as an exception to raise."""
    return Held(holder_name(db, item), item.assigned_at)


def _waits(now: datetime) -> ColumnElement[bool]:
    is_awake = or_(col(WorkItem.snoozed_until).is_(None), col(WorkItem.snoozed_until) <= now)
    return (col(WorkItem.turn) == Turn.DESK) & is_awake


def _check_no_party(db: Session, keyring: Keyring, item: WorkItem, account_id: int) -> None:
    if is_party_to_item(db, keyring, account_id, item):
        raise NotForThem


def _give(db: Session, item: WorkItem, to: int | None, now: datetime) -> None:
    item.assignee_id, item.assigned_at = to, now if to is not None else None
    _keep(db, item)


def _keep(db: Session, item: WorkItem) -> None:
    db.add(item)
    db.flush()
