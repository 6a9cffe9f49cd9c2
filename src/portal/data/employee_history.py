"""What happened to an employee, by whom, and taking back the last act on the day it was done (R-30)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from portal.data.accounts import Account
from portal.data.employee_acts import FINAL, Acting, Refused, last_event, undo_event
from portal.data.employees import Employee, EmployeeEvent, events_of
from portal.data.reversal import ChangedSince
from portal.data.sessions import Viewer
from portal.formatting import day_in_france


class Author(StrEnum):
    """Who acted, when it is no colleague, whose name alone is told."""

    COLLEAGUE = "collegue"
    EMPLOYEE = "salarie"
    INSURER = "mutuelle"


@dataclass(frozen=True, slots=True)
class Told:
    """An event with who did it and who took it back: a colleague's name, else which kind of author."""

    event: EmployeeEvent
    author: Author
    name: str
    undone_by: str


def history_of(db: Session, viewer: Viewer, employee: Employee) -> list[Told]:
    """What happened to an employee whom the caller has reached, the newest first."""
    events = events_of(db, employee)
    accounts = _accounts(db, {number for event in events for number in (event.by, event.undone_by) if number})
    return [_told(viewer, event, accounts) for event in events]


def undoable(db: Session, employee: Employee, now: datetime) -> EmployeeEvent | None:
    """The last act, when it may still be taken back: until midnight, in France, of the day it was done."""
    event = last_event(db, employee)
    return event if event is not None and not _refusal(event, now) else None


def undo_last(db: Session, acting: Acting, employee: Employee, event_id: int) -> EmployeeEvent:
    """Takes back the act that the person saw as the last one. Raises `Refused`, and `ChangedSince` when what it wrote
    was changed, or has been built upon (an account opened on it)."""
    event = last_event(db, employee)
    if event is None or event.id != event_id:
        raise Refused("not-last")
    code = _refusal(event, acting.now)
    if code:
        raise Refused(code)
    try:
        undo_event(db, acting, employee, event)
    except IntegrityError:
        raise ChangedSince from None
    return event


def _refusal(event: EmployeeEvent, now: datetime) -> str:
    if day_in_france(event.recorded_at) != day_in_france(now):
        return "undo-too-late"
    return "undo-none" if event.kind in FINAL else ""


def _told(viewer: Viewer, event: EmployeeEvent, accounts: dict[int, Account]) -> Told:
    who = accounts.get(event.by or 0)
    is_colleague = who is not None and who.company_id is not None and who.company_id == viewer.company_id
    if is_colleague and who is not None:
        author, name = Author.COLLEAGUE, who.display_name
    else:
        is_employee = event.by_link or (who is not None and who.person_id is not None)
        author, name = (Author.EMPLOYEE if is_employee else Author.INSURER), ""
    undone = accounts.get(event.undone_by or 0)
    is_known = undone is not None and undone.company_id == viewer.company_id
    return Told(event, author, name, undone.display_name if is_known and undone is not None else "")


def _accounts(db: Session, numbers: set[int]) -> dict[int, Account]:
    if not numbers:
        return {}
    return {account.id or 0: account for account in db.exec(select(Account).where(col(Account.id).in_(numbers)))}
