"""Employees who leave, come back, or are on unpaid leave (R-30)."""

from datetime import date, timedelta

from sqlmodel import Session

from portal.data.batches import added
from portal.data.departures import Departure, departure_of
from portal.data.employee_acts import Acting, Refused, check_effect, last_event, note, open_period, revert
from portal.data.employee_cover import end_cover, resume_cover, suspend_cover
from portal.data.employees import (
    Employee,
    EmployeeAbsence,
    EmployeeEvent,
    EmploymentPeriod,
    EventKind,
    PeriodKind,
    absences_of,
)
from portal.data.exemption_rows import EndCause
from portal.data.exemptions import end_accepted
from portal.data.leaving_rules import CONSEQUENCES, Evin, LeavingReason, portability_of
from portal.data.reversal import Changes


def let_go(
    db: Session, acting: Acting, employee: Employee, left_on: date, reason: LeavingReason
) -> tuple[Departure, EmployeeEvent]:
    """Records the last day of an employment and what follows: portability when the reason gives a right to it and cover
    was held. Raises `Refused`."""
    period = check_departure(db, acting, employee, left_on)
    changes = Changes(db)
    changes.set(period, ends_on=left_on)
    end_accepted(db, changes, employee, left_on, EndCause.LEFT)
    departure = _departure(db, acting, employee, period, left_on, reason)
    _end_absences(db, changes, employee, departure)
    if period.kind == PeriodKind.AFFILIATED:
        end_cover(db, changes, employee, departure.portability_ends_on or left_on)
    months = departure.portability_months
    event = note(db, acting, employee, EventKind.LEFT, left_on, changes, reason=reason, months=months)
    return departure, event


def check_departure(db: Session, acting: Acting, employee: Employee, left_on: date) -> EmploymentPeriod:
    """The period that a departure would end. Raises `Refused`."""
    check_effect(acting, left_on, "jour")
    return open_period(db, employee, left_on)


def reinstate(db: Session, acting: Acting, employee: Employee) -> EmployeeEvent:
    """Takes a departure back, as if the employee had never left; who is hired again later is declared anew.

    Raises `Refused`, and `ChangedSince` when the cover was changed after the departure.
    """
    departure, left = departure_of(db, employee), _departed(db, employee)
    if departure is None or left is None:
        raise Refused("not-left")
    revert(db, acting, employee, left)
    return note(db, acting, employee, EventKind.REINSTATED, departure.left_on + timedelta(days=1), Changes(db))


def may_reinstate(db: Session, employee: Employee) -> bool:
    """Whether the last that was done is a departure: whoever was hired again since has no other to take back."""
    return _departed(db, employee) is not None


def grant_leave(
    db: Session, acting: Acting, employee: Employee, starts_on: date, ends_on: date | None, *, keeps_cover: bool
) -> EmployeeEvent:
    """Grants unpaid leave, both days included; without an end, until `end_leave`. Raises `Refused`."""
    check_effect(acting, starts_on, "debut")
    period = open_period(db, employee, starts_on)
    if any(absence.ends_on is None or absence.ends_on >= starts_on for absence in absences_of(db, employee)):
        raise Refused("absent-already", "debut")
    changes = Changes(db)
    changes.add(
        EmployeeAbsence(employee_id=employee.id or 0, starts_on=starts_on, ends_on=ends_on, keeps_cover=keeps_cover)
    )
    if not keeps_cover and period.kind == PeriodKind.AFFILIATED:
        suspend_cover(db, changes, employee, starts_on - timedelta(days=1), ends_on and ends_on + timedelta(days=1))
    return note(db, acting, employee, EventKind.ABSENT, starts_on, changes, until=ends_on, keeps_cover=keeps_cover)


def end_leave(db: Session, acting: Acting, employee: Employee, back_on: date) -> EmployeeEvent:
    """Ends a leave with the day of return: one without an end, or sooner than was said. Raises `Refused`."""
    check_effect(acting, back_on, "jour")
    absence = next((one for one in absences_of(db, employee) if _is_within(one, back_on)), None)
    if absence is None:
        raise Refused("not-absent", "jour")
    changes = Changes(db)
    if not absence.keeps_cover:
        resume_cover(db, changes, employee, absence, back_on)
    changes.set(absence, ends_on=back_on - timedelta(days=1))
    return note(db, acting, employee, EventKind.BACK, back_on, changes)


def _departed(db: Session, employee: Employee) -> EmployeeEvent | None:
    """The departure, when nothing followed but corrections of what was declared: they bear on nothing of it."""
    last = last_event(db, employee, but=EventKind.CORRECTED)
    return last if last is not None and last.kind == EventKind.LEFT else None


def _is_within(absence: EmployeeAbsence, back_on: date) -> bool:
    """Whether one may come back that day: after the first day of the leave, before the day that follows its last."""
    return absence.starts_on < back_on and (absence.ends_on is None or back_on <= absence.ends_on)


def _end_absences(db: Session, changes: Changes, employee: Employee, departure: Departure) -> None:
    """Ends leaves with the employment. Portability gives back the cover that one suspended: it is owed to whoever had a
    right to it before (L911-8)."""
    left_on = departure.left_on
    for absence in absences_of(db, employee):
        if absence.ends_on is None or absence.ends_on > left_on:
            if departure.portability_months and not absence.keeps_cover:
                resume_cover(db, changes, employee, absence, max(left_on + timedelta(days=1), absence.starts_on))
            if absence.starts_on > left_on:
                changes.remove(absence)
            else:
                changes.set(absence, ends_on=left_on)


def _departure(
    db: Session, acting: Acting, employee: Employee, period: EmploymentPeriod, left_on: date, reason: LeavingReason
) -> Departure:
    is_covered = period.kind == PeriodKind.AFFILIATED
    right = portability_of(reason, employee.hired_on, left_on, acting.figures)
    departure = Departure(
        employee_id=employee.id or 0,
        left_on=left_on,
        reason=reason,
        contract_months=right.contract_months,
        portability_months=right.months if is_covered else 0,
        portability_starts_on=right.starts_on if is_covered else None,
        portability_ends_on=right.ends_on if is_covered else None,
        evin=CONSEQUENCES[reason].evin if is_covered else Evin.NEVER,
        recorded_at=acting.now,
    )
    return added(db, departure)
