"""The files of a call for contributions: PDF/UA-1, and rows for CSV and XLSX."""

from dataclasses import dataclass
from typing import Any

from portal.contribution_words import METHOD_LABELS, RULE, cause_label, months_label, period_label, what
from portal.data.contribution_calls import ContributionCall, ContributionLine, ContributionPayment
from portal.data.contribution_lines import LineKind
from portal.data.employees import Employee, EmployeeEvent
from portal.data.organisations import Company, GroupContract
from portal.documents import breakable, typeset
from portal.formatting import local_day, long_date, money, number, short_date
from portal.insurer import Insurer
from portal.spreadsheets import Column, Kind

PDF_SOURCE = "contribution-call.typ"


@dataclass(frozen=True, slots=True)
class CallFile:
    """All that the files of a call say."""

    call: ContributionCall
    company: Company
    contract: GroupContract
    lines: list[ContributionLine]
    payments: list[ContributionPayment]
    categories: dict[int, str]
    employees: dict[int, Employee]
    events: dict[int, EmployeeEvent]


@dataclass(frozen=True, slots=True)
class FileRow:
    """A line as a spreadsheet holds it."""

    number: str
    kind: str
    months: str
    label: str
    before: str
    cause: str
    matricule: str
    employee: str
    people: int
    month_count: int
    unit_cents: int
    amount_cents: int
    employer_cents: int
    employee_cents: int


COLUMNS = (
    Column("Bordereau", "number"),
    Column("Nature", "kind", labels={LineKind.HEADCOUNT: "Effectif", LineKind.REGULARISATION: "Régularisation"}),
    Column("Période", "months"),
    Column("Catégorie et structure", "label"),
    Column("Appelé auparavant", "before"),
    Column("Cause", "cause"),
    Column("Matricule", "matricule"),
    Column("Salarié", "employee"),
    Column("Personnes", "people", Kind.COUNT),
    Column("Mois", "month_count", Kind.COUNT),
    Column("Prix mensuel", "unit_cents", Kind.MONEY),
    Column("Montant", "amount_cents", Kind.MONEY),
    Column("Part employeur", "employer_cents", Kind.MONEY),
    Column("Part salarié", "employee_cents", Kind.MONEY),
)


def rows_of(file: CallFile) -> list[FileRow]:
    """The lines of a call, in words."""
    return [_row(file, line) for line in file.lines]


def call_pdf(file: CallFile, insurer: Insurer) -> bytes:
    """The PDF/UA-1 of a call. The same call gives the same bytes. Slow: off the event loop."""
    return typeset(PDF_SOURCE, pdf_data(file, insurer), file.call.issued_at)


def pdf_data(file: CallFile, insurer: Insurer) -> dict[str, Any]:
    """What the Typst source receives: texts only, ready to print."""
    call = file.call
    rows = rows_of(file)
    return {
        "reference": call.number,
        "title": f"Bordereau de cotisations {call.number}",
        "subtitle": period_label(call),
        "insurer": insurer.model_dump(),
        "facts": [
            ("Entreprise", breakable(file.company.name, 18), False),
            ("SIRET", file.company.siret, True),
            ("Contrat", file.contract.number, True),
            ("Édité le", local_day(call.issued_at), False),
            ("À payer au plus tard le", long_date(call.due_on), False),
            ("Mode de paiement", METHOD_LABELS[call.method], False),
        ],
        "headcount": [_cells(row) for row in rows if row.kind == LineKind.HEADCOUNT],
        "regularisations": [_cells(row) for row in rows if row.kind == LineKind.REGULARISATION],
        "payments": [
            (short_date(each.received_on), each.reference, number(each.amount_cents)) for each in file.payments
        ],
        "sums": [
            ("Solde du bordereau précédent", money(call.previous_cents)),
            ("Paiements reçus depuis", money(-call.received_cents)),
            ("Cotisations et régularisations de ce bordereau", money(call.amount_cents)),
            ("À payer" if call.due_cents >= 0 else "En votre faveur", money(abs(call.due_cents))),
        ],
        "shares": f"Part employeur {money(call.employer_cents)}, part salarié {money(call.employee_cents)}, "
        f"dont taxe de solidarité additionnelle {money(call.tax_cents)}.",
        "rule": RULE,
    }


def _row(file: CallFile, line: ContributionLine) -> FileRow:
    employee = file.employees.get(line.employee_id or 0)
    is_regularised = line.kind == LineKind.REGULARISATION
    return FileRow(
        file.call.number,
        line.kind,
        months_label(line),
        what(file.categories, line.category_id, line.structure),
        what(file.categories, line.before_category_id, line.before_structure) if is_regularised else "",
        cause_label(line, file.events.get(line.event_id or 0)) if is_regularised else "",
        (employee.matricule or "") if employee else "",
        employee.name if employee else "",
        line.people,
        line.months,
        line.unit_cents,
        line.amount_cents,
        line.employer_cents,
        line.employee_cents,
    )


def _cells(row: FileRow) -> dict[str, str]:
    who = f"{row.employee}\u00a0: " if row.employee else ""
    label = f"{who}{row.cause} ({row.before} → {row.label})" if row.cause else row.label
    return {
        "label": breakable(label, 18),
        "months": row.months,
        "people": f"{row.people} × {row.month_count}",
        "unit": number(row.unit_cents),
        "employer": number(row.employer_cents),
        "employee": number(row.employee_cents),
        "amount": number(row.amount_cents),
    }
