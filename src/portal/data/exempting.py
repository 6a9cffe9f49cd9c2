"""What an employer decides about exemptions, and their end (R-30).

Accepting and ending are acts on the employee, which can be taken back (ADR 19): the exemption changes with them, by the
same note. The caller has locked employee and exemption (`exemptions.lock_exemption`) and records the evidence.
"""

from datetime import date, timedelta

from sqlmodel import Session

from portal.data.affiliating import affiliate_declared, exempt
from portal.data.employee_acts import Acting, Refused, check_effect, note, open_period
from portal.data.employees import Employee, EmployeeEvent, EventKind, PeriodKind
from portal.data.exemption_pieces import missing_slots
from portal.data.exemption_rows import EndCause, Exemption, ExemptionState, Origin, StepKind
from portal.data.exemptions import Wish, accepted_of, add_step, ask_exemption, ground_of
from portal.data.reversal import Changes
from portal.data.staff_categories import StaffCategory


def record_exemption(db: Session, acting: Acting, employee: Employee, wish: Wish) -> Exemption:
    """Records the written request that an employee gave to the employer. Raises `Refused` as `ask_exemption` does, and
    for a day from which it could not be accepted any more."""
    _check_effect(db, acting, employee, wish.starts_on)
    return ask_exemption(db, employee, wish, acting.now, origin=Origin.PAPER, viewer=acting.viewer)


def accept_exemption(db: Session, acting: Acting, employee: Employee, exemption: Exemption) -> EmployeeEvent:
    """Grants what was asked: the employee is exempt from that day; an exemption that held until then is replaced.
    Raises `Refused`."""
    _check_accepted(db, acting, employee, exemption)
    changes = Changes(db)
    _replace(db, changes, employee, exemption)
    changes.set(exemption, state=ExemptionState.ACCEPTED)
    db.flush()
    code = ground_of(db, exemption).code
    if open_period(db, employee, exemption.starts_on).kind == PeriodKind.EXEMPT:
        event = note(db, acting, employee, EventKind.EXEMPTED, exemption.starts_on, changes, case=code)
    else:
        event = exempt(db, acting, employee, exemption.starts_on, code, changes)
    _moved(db, acting, exemption, StepKind.ACCEPTED, event_id=event.id)
    return event


def refuse_exemption(db: Session, acting: Acting, exemption: Exemption, reason: str) -> None:
    """Refuses what was asked; the employee is told `reason`. Raises `Refused`."""
    _check_asked(exemption)
    exemption.state = ExemptionState.REFUSED
    _moved(db, acting, exemption, StepKind.REFUSED, reason=acting.keyring.encrypt(reason))


def cancel_exemption(db: Session, acting: Acting, exemption: Exemption) -> None:
    """Gives a request up before it is decided: recorded by mistake, or taken back by the employee. Raises `Refused`."""
    _check_asked(exemption)
    exemption.state = ExemptionState.CANCELLED
    _moved(db, acting, exemption, StepKind.CANCELLED)


def end_exemption(
    db: Session, acting: Acting, employee: Employee, exemption: Exemption, category: StaffCategory, from_day: date
) -> EmployeeEvent:
    """Affiliates an exempt employee from a day on: the exemption ends the day before. Raises `Refused`."""
    if exemption.state != ExemptionState.ACCEPTED:
        raise Refused("not-exempt")
    check_effect(acting, from_day, "jour")
    if open_period(db, employee, from_day).kind != PeriodKind.EXEMPT:
        raise Refused("not-exempt")
    exemption.version += 1
    return affiliate_declared(db, acting, employee, category, from_day)


def _check_asked(exemption: Exemption) -> None:
    if exemption.state != ExemptionState.ASKED:
        raise Refused("exemption-decided")


def _check_effect(db: Session, acting: Acting, employee: Employee, starts_on: date) -> None:
    """Whoever is exempt already goes on being so: nothing is regularised, however late the renewal comes."""
    if open_period(db, employee, starts_on).kind != PeriodKind.EXEMPT:
        check_effect(acting, starts_on, "jour")


def _check_accepted(db: Session, acting: Acting, employee: Employee, exemption: Exemption) -> None:
    _check_asked(exemption)
    _check_effect(db, acting, employee, exemption.starts_on)
    if exemption.valid_until is not None and exemption.valid_until < acting.today:
        raise Refused("exemption-expired")
    if missing_slots(db, exemption, ground_of(db, exemption)):
        raise Refused("exemption-evidence")


def _replace(db: Session, changes: Changes, employee: Employee, following: Exemption) -> None:
    held = accepted_of(db, employee)
    if held is None:
        return
    if following.starts_on < held.starts_on:
        raise Refused("exemption-earlier")
    last_day = max(held.starts_on, following.starts_on - timedelta(days=1))
    changes.set(held, state=ExemptionState.ENDED, ended_on=last_day, end_cause=EndCause.REPLACED)
    db.flush()


def _moved(
    db: Session,
    acting: Acting,
    exemption: Exemption,
    kind: StepKind,
    *,
    event_id: int | None = None,
    reason: bytes | None = None,
) -> None:
    exemption.version += 1
    db.add(exemption)
    add_step(db, exemption, kind, acting.now, by=acting.viewer.account_id, event_id=event_id, reason=reason)
