"""The demonstration's member who left: an agreed end of contract, a year of portability, an offer that was let go."""

from datetime import UTC, date, datetime, time, timedelta

from sqlmodel import Session

from portal.data.departing import let_go
from portal.data.departures import LeaverLetter, LetterKind, departure_of
from portal.data.employee_acts import Acting
from portal.data.employees import Employee, employees_of_person, periods_of
from portal.data.group_figures import group_figures_on
from portal.data.leaver_letter_rules import windows_of
from portal.data.leavers import Left
from portal.data.leaving_rules import LeavingReason
from portal.data.rules import add_months
from portal.database import Database
from portal.demo.viewers import viewer_of
from portal.security import Keyring

LEAVER, CLERK = "1000000040", "2000000022"
DECLARED_AFTER = timedelta(days=3)


def show_leaver(database: Database, keyring: Keyring) -> None:
    """Ends the employment twelve months before the cover, and posts the letters of then; nothing when it is done."""
    with database.write() as db:
        person_id = viewer_of(db, LEAVER).person_id
        for employee in employees_of_person(db, person_id or 0):
            if departure_of(db, employee) is None:
                _leave(db, keyring, employee)


def _leave(db: Session, keyring: Keyring, employee: Employee) -> None:
    period = periods_of(db, employee)[-1]
    cover_ended_on = period.ends_on
    if cover_ended_on is None:
        raise LookupError(employee.id)
    left_on = add_months(cover_ended_on, -12)
    figures = group_figures_on(db, left_on)
    if figures is None:
        raise LookupError(left_on)
    period.ends_on = None
    db.add(period)
    db.flush()
    acting = Acting(viewer_of(db, CLERK), keyring, _at(left_on + DECLARED_AFTER), figures)
    departure, _ = let_go(db, acting, employee, left_on, LeavingReason.AGREED)
    left = Left(employee, departure, period)
    for kind, window in windows_of(left.leaving, left.recorded_on, figures).items():
        _post(db, left, kind, window.opens_on)


def _post(db: Session, left: Left, kind: LetterKind, day: date) -> None:
    ids = {"departure_id": left.departure.id or 0, "employee_id": left.employee.id or 0}
    db.add(LeaverLetter(**ids, kind=kind, posted_at=_at(day)))


def _at(day: date) -> datetime:
    return datetime.combine(day, time(9), UTC)
