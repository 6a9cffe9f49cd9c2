"""Letters to those who left: which are due, to which address, each taken once (R-30).

No viewer: the worker's job asks. Whoever takes a letter locks its departure, so that of two workers one posts it; the
unique key of the table refuses a second one whatever happens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlmodel import Session, col, select

from portal.data.accounts import Account, Role
from portal.data.departures import Departure, LeaverLetter, LetterKind, letters_of
from portal.data.employees import Employee
from portal.data.group_figures import GroupFigures
from portal.data.leaver_letter_rules import Window, due_on, windows_of
from portal.data.leavers import Left, departure_left, recent_departures
from portal.data.organisations import Company
from portal.data.persons import Person
from portal.data.rules import add_months
from portal.data.standing import closed
from portal.formatting import day_in_france

# Longer than any letter may wait for an address: request of a contract of one's own, and a month for late declarations.
LOOK_BACK_MONTHS = 8


class Due(NamedTuple):
    """A letter that has to be posted."""

    departure_id: int
    kind: LetterKind


class Recipient(NamedTuple):
    """Where to write. `account_id`: whose portal account it is; None without one."""

    email: str
    account_id: int | None


@dataclass(frozen=True, slots=True)
class Taken:
    """A letter that this transaction posts."""

    left: Left
    kind: LetterKind
    recipient: Recipient


@dataclass(frozen=True, slots=True)
class Returned:
    """Somebody who had been told of a departure that was taken back; `company`: its name."""

    employee: Employee
    company: str
    recipient: Recipient


def letters_due(db: Session, figures: GroupFigures, today: date) -> list[Due]:
    """The letters that have to be posted today, to somebody whose address is known."""
    lefts = recent_departures(db, add_months(today, -LOOK_BACK_MONTHS), today)
    posted = _posted(db, lefts)
    due = [
        (left, Due(left.departure.id or 0, kind))
        for left in lefts
        for kind in due_on(_windows(left, figures), today)
        if (left.departure.id, kind) not in posted
    ]
    return [each for left, each in due if recipient_of(db, left.employee)] + _taken_back(db)


def take_letter(db: Session, due: Due, figures: GroupFigures, now: datetime) -> Taken | None:
    """Takes a letter for this writing transaction; None when it was posted, or is no longer to be: the departure was
    taken back, the employee came back, the address is gone."""
    left = departure_left(db, due.departure_id)
    if left is None or due.kind in letters_of(db, due.departure_id):
        return None
    recipient = recipient_of(db, left.employee)
    if recipient is None or due.kind not in due_on(_windows(left, figures), day_in_france(now)):
        return None
    _keep(db, due, left.employee, now)
    return Taken(left, due.kind, recipient)


def take_cancelled(db: Session, due: Due, now: datetime) -> Returned | None:
    """Takes the letter that says that a departure was taken back, for this writing transaction; None when it was
    posted, or when nothing had been told."""
    lock = select(Departure).where(Departure.id == due.departure_id).with_for_update()
    departure = db.exec(lock.execution_options(populate_existing=True)).one()
    posted = letters_of(db, due.departure_id)
    employee = db.get_one(Employee, departure.employee_id)
    recipient = recipient_of(db, employee)
    if departure.cancelled_at is None or not posted or LetterKind.CANCELLED in posted or recipient is None:
        return None
    _keep(db, due, employee, now)
    return Returned(employee, db.get_one(Company, employee.company_id).name, recipient)


def recipient_of(db: Session, employee: Employee) -> Recipient | None:
    """Where to write to an employee: the open account of the person, the address that the insurer knows, the one that
    the employer gave; None without any."""
    query = select(Account.id, Account.email).where(
        Account.person_id == employee.person_id, Account.email != "", Account.role == Role.MEMBER, ~closed
    )
    account = db.exec(query.order_by(col(Account.id))).first() if employee.person_id is not None else None
    if account is not None:
        return Recipient(account[1], account[0])
    known = db.exec(select(Person.email).where(Person.id == employee.person_id)).first()
    email = known or employee.email
    return Recipient(email, None) if email else None


def _windows(left: Left, figures: GroupFigures) -> dict[LetterKind, Window]:
    return windows_of(left.leaving, left.recorded_on, figures)


def _posted(db: Session, lefts: Sequence[Left]) -> set[tuple[int, str]]:
    """The letters posted since the oldest of some departures, which come by number."""
    if not lefts:
        return set()
    query = select(LeaverLetter.departure_id, LeaverLetter.kind)
    return set(db.exec(query.where(LeaverLetter.departure_id >= (lefts[0].departure.id or 0))))


def _taken_back(db: Session) -> list[Due]:
    """Departures that were told of, then taken back."""
    told = select(LeaverLetter.departure_id).where(LeaverLetter.kind != LetterKind.CANCELLED)
    untold = select(LeaverLetter.departure_id).where(LeaverLetter.kind == LetterKind.CANCELLED)
    query = select(Departure.id).where(
        col(Departure.cancelled_at).is_not(None), col(Departure.id).in_(told), col(Departure.id).not_in(untold)
    )
    return [Due(number or 0, LetterKind.CANCELLED) for number in db.exec(query.order_by(col(Departure.id)))]


def _keep(db: Session, due: Due, employee: Employee, now: datetime) -> None:
    ids = {"departure_id": due.departure_id, "employee_id": employee.id or 0}
    db.add(LeaverLetter(**ids, kind=due.kind, posted_at=now))
    db.flush()
