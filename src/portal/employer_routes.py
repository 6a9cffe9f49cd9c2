"""The handlers of the employer's space."""

from portal.pages.employer import (
    affiliation,
    employee,
    employee_acts,
    employee_correction,
    employee_group,
    employees,
    home,
)
from portal.partials.employer import employees as employee_fragments

HANDLERS = [
    home.home,
    *employees.HANDLERS,
    *affiliation.HANDLERS,
    *employee_group.HANDLERS,
    *employee.HANDLERS,
    *employee_acts.HANDLERS,
    *employee_correction.HANDLERS,
    *employee_fragments.HANDLERS,
]
