"""The handlers of the employer's space."""

from portal.pages.employer import (
    affiliation,
    contribution_disputes,
    contribution_files,
    contributions,
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
    contributions.list_page,
    contributions.compare_page,
    contributions.call_page,
    contribution_files.pdf_file,
    contribution_files.csv_file,
    contribution_files.xlsx_file,
    contribution_disputes.form_page,
    contribution_disputes.send,
    contribution_disputes.dispute_page,
]
