"""What every act on an employee has in common: who acts and when, what refuses it, the event it leaves, taking it back.

An act judges, writes through `Changes` and leaves one `EmployeeEvent`, by which it can be taken back and by which a
contribution statement explains what it regularises. The caller has locked the employee, and records the evidence.
"""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from portal.data.batches import added
from portal.data.departures import departure_of
from portal.data.employees import (
    Employee,
    EmployeeEvent,
    EmploymentPeriod,
    EventKind,
    PeriodKind,
    period_on,
    periods_of,
)
from portal.data.group_figures import GroupFigures
from portal.data.reversal import Changes, take_back
from portal.data.rules import add_months
from portal.data.sessions import Viewer
from portal.formatting import day_in_france
from portal.security import Keyring

FINAL = frozenset({EventKind.REINSTATED, EventKind.INVITATION_ENDED})
"""Acts that are never taken back: a link was withdrawn, a departure told as cancelled."""

AHEAD_MONTHS = 12
"""How far ahead an act may take effect."""


class Refused(Exception):
    """The act cannot be done; `code` says why (`REFUSALS` in `employee_words`), `field` which field of a form."""

    def __init__(self, code: str, field: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.field = field


@dataclass(frozen=True, slots=True)
class Acting:
    """Who acts, when, under which figures; `batch`: as a part of which import."""

    viewer: Viewer
    keyring: Keyring
    now: datetime
    figures: GroupFigures
    batch: int | None = None

    @property
    def today(self) -> date:
        return day_in_france(self.now)


def check_effect(acting: Acting, day: date, field: str) -> None:
    if day < add_months(acting.today, -acting.figures.backdating_months):
        raise Refused("too-early", field)
    if day > add_months(acting.today, AHEAD_MONTHS):
        raise Refused("too-late", field)


def open_period(db: Session, employee: Employee, day: date) -> EmploymentPeriod:
    """The last period, which must hold `day` and have no end. Raises `Refused`."""
    periods = periods_of(db, employee)
    period = period_on(periods, day)
    if period is None:
        raise Refused("not-employed", "jour")
    if period is not periods[-1] or period.ends_on is not None:
        raise Refused("later-period", "jour")
    return period


def succeed(
    db: Session, changes: Changes, period: EmploymentPeriod, from_day: date, *, kind: PeriodKind, category_id: int
) -> None:
    """Lets another period follow from a day on; one that begins that day is changed instead."""
    if period.starts_on == from_day:
        changes.set(period, kind=kind, category_id=category_id)
        return
    changes.set(period, ends_on=from_day - timedelta(days=1))
    following = EmploymentPeriod(employee_id=period.employee_id, category_id=category_id, kind=kind, starts_on=from_day)
    changes.add(following)


def last_event(db: Session, employee: Employee, *, but: EventKind | None = None) -> EmployeeEvent | None:
    """The last act that was not taken back, of another kind than `but`. A number given later (`correct_entry`) is none:
    it stays, so it bars nothing, and is never said to be taken back."""
    last = select(func.max(EmployeeEvent.id)).where(
        EmployeeEvent.employee_id == employee.id, col(EmployeeEvent.undone_at).is_(None), EmployeeEvent.kind != but
    )
    last = last.where(or_(EmployeeEvent.kind != EventKind.CORRECTED, EmployeeEvent.done != "[]"))
    return db.exec(select(EmployeeEvent).where(EmployeeEvent.id == last.scalar_subquery())).first()


def note(
    db: Session,
    acting: Acting,
    employee: Employee,
    kind: EventKind,
    effective_on: date,
    changes: Changes,
    **details: Any,
) -> EmployeeEvent:
    event = EmployeeEvent(
        employee_id=employee.id or 0,
        kind=kind,
        effective_on=effective_on,
        recorded_at=acting.now,
        by=acting.viewer.account_id,
        batch=acting.batch,
        details=json.dumps(details, default=str),
        done=changes.as_json(),
    )
    return leave(db, employee, event)


def leave(db: Session, employee: Employee, event: EmployeeEvent) -> EmployeeEvent:
    """Leaves the event of an act on an employee; what others saw of the employee is of an earlier version now."""
    employee.version += 1
    return added(db, event)


def undo_event(db: Session, acting: Acting, employee: Employee, event: EmployeeEvent) -> None:
    """Takes back the last act on an employee. Raises `Refused` for another one, `ChangedSince` for what was changed
    after it."""
    last = last_event(db, employee)
    if last is None or last.id != event.id:
        raise Refused("not-last")
    if event.kind in FINAL:
        raise Refused("final")
    revert(db, acting, employee, event)


def revert(db: Session, acting: Acting, employee: Employee, event: EmployeeEvent) -> None:
    """Takes back an act after which nothing was done but what it does not bear on. Raises `ChangedSince`."""
    take_back(db, event.done)
    departure = departure_of(db, employee)
    if event.kind == EventKind.LEFT and departure is not None:
        departure.cancelled_at = acting.now
        db.add(departure)
    event.undone_at, event.undone_by = acting.now, acting.viewer.account_id
    employee.version += 1
    db.add_all((event, employee))
    db.flush()
