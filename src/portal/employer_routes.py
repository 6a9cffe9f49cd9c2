"""The handlers of the employer's space."""

from portal.pages.employer import (
    affiliation,
    employee,
    employee_acts,
    employee_correction,
    employee_group,
    employees,
    home,
    import_files,
    imports,
)
from portal.partials.employer import employees as employee_fragments
from portal.partials.employer import imports as import_fragments

HANDLERS = [
    home.home,
    *employees.HANDLERS,
    *affiliation.HANDLERS,
    *employee_group.HANDLERS,
    *employee.HANDLERS,
    *employee_acts.HANDLERS,
    *employee_correction.HANDLERS,
    *employee_fragments.HANDLERS,
    imports.list_page,
    imports.send,
    import_files.template_csv,
    import_files.template_xlsx,
    imports.file_page,
    imports.match,
    imports.apply,
    imports.undo,
    imports.try_again,
    import_files.refused_csv,
    import_fragments.progress,
]
