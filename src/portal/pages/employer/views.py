"""What the employer's pages share: who acts, the way back, employees by their opaque names."""

from collections.abc import Iterable

from litestar.exceptions import NotFoundException
from sqlmodel import Session

from portal.data.employee_acts import Acting
from portal.data.employees import Employee, find_employee, lock_employee
from portal.data.evidence import Action
from portal.data.group_figures import needed_figures
from portal.formatting import day_in_france
from portal.rendering import Crumb
from portal.web import PortalRequest

EMPLOYEE = "employee"


def home_crumb(request: PortalRequest) -> Crumb:
    """The first step of every breadcrumb of the space."""
    return Crumb("Accueil", request.services.urls("employer.home"))


def acting(request: PortalRequest, db: Session, *, batch: int | None = None) -> Acting:
    """The viewer at work on employees, now. Raises `FiguresUnknown` when the insurer has not set the figures of today:
    answered by a 503 that says so."""
    figures = needed_figures(db, day_in_france(request.now))
    return Acting(request.viewer, request.services.keyring, request.now, figures, batch)


def employee_names(request: PortalRequest, employee_ids: Iterable[int]) -> list[str]:
    """Opaque names of employees, for addresses."""
    return request.services.keyring.conceal(EMPLOYEE, employee_ids)


def found_employee(request: PortalRequest, db: Session, opaque: str) -> Employee:
    """The employee behind an address. Raises `NotFoundException` for another company's."""
    employee = find_employee(db, request.viewer, request.revealed(EMPLOYEE, opaque))
    if employee is None:
        raise NotFoundException
    return employee


def note_employee_read(request: PortalRequest, employee: Employee) -> None:
    """Notes in the evidence that the viewer read what is known of an employee."""
    persons = [employee.person_id] if employee.person_id else []
    request.note_read(Action.EMPLOYEE_READ, f"salarie:{employee.id}", persons=persons)


def locked_employee(request: PortalRequest, db: Session, opaque: str, version: int | None) -> Employee:
    """The same, for changing it in this transaction. Raises `EmployeeMoved` when somebody changed it meanwhile."""
    employee = lock_employee(db, request.viewer, request.revealed(EMPLOYEE, opaque), version)
    if employee is None:
        raise NotFoundException
    return employee
