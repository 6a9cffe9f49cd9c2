"""Calls for contributions: the list, one, two side by side. /employeur/cotisations (R-32)."""

from collections.abc import Iterable
from typing import Any

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from sqlmodel import Session

from portal.case_links import CASE
from portal.contribution_words import (
    METHOD_LABELS,
    RULE,
    STATE_LABELS,
    cause_label,
    months_label,
    period_label,
    what,
)
from portal.data.cases import Case
from portal.data.contribution_calls import (
    ContributionCall,
    ContributionLine,
    calls_of,
    contract_of,
    find_call,
    lines_of,
    payments_counted,
)
from portal.data.contribution_disputes import open_disputes
from portal.data.contribution_lines import LineKind
from portal.data.contribution_reading import (
    account_of,
    category_labels,
    compare_calls,
    employees_named,
    events_named,
    regularised_cents,
)
from portal.data.employees import Employee
from portal.data.evidence import Action
from portal.formatting import day_in_france
from portal.pages.employer.views import employee_names, home_crumb
from portal.permissions import Permission, may, requires
from portal.rendering import Crumb, render_page
from portal.routing import page
from portal.web import PortalRequest

TITLE = "Cotisations"
READS = [requires(Permission.CONTRIBUTIONS_READ)]
CALL, LINE = "contribution-call", "contribution-line"
SHOWN = 24


@page("/employeur/cotisations", name="employer.contributions", guards=READS)
def list_page(request: PortalRequest) -> Response[bytes]:
    after = request.query_params.get("apres", "")
    found = calls_of(request.db, request.viewer, found_call(request, after) if after else None, SHOWN + 1)
    shown = found[:SHOWN]
    names = request.services.keyring.conceal(CALL, (call.id or 0 for call in found))
    account = account_of(request.db, request.viewer, day_in_france(request.now))
    request.note_read(Action.CONTRIBUTIONS_READ)
    return render_page(
        request,
        "employer/contributions/index.html",
        TITLE,
        crumbs=[home_crumb(request)],
        account=account,
        day=day_in_france(request.now),
        calls=[
            (account.standings[call.id or 0], name, period_label(call))
            for call, name in zip(shown, names, strict=False)
        ],
        next_name=names[SHOWN - 1] if len(found) > SHOWN else "",
        states=STATE_LABELS,
        rule=RULE,
    )


@page("/employeur/cotisations/comparaison", name="employer.contributions.compare", guards=READS)
def compare_page(request: PortalRequest) -> Response[bytes]:
    first, second = (found_call(request, request.query_params.get(name, "")) for name in ("de", "a"))
    request.note_read(Action.CONTRIBUTIONS_READ, first.number, other=second.number)
    db = request.db
    categories = category_labels(db, request.viewer)
    return render_page(
        request,
        "employer/contributions/compare.html",
        "Comparer deux périodes",
        crumbs=crumbs(request),
        calls=(first, second),
        labels=(period_label(first), period_label(second)),
        rows=[(what(categories, row.category_id, row.structure), row) for row in compare_calls(db, first, second)],
        regularised=(regularised_cents(db, first), regularised_cents(db, second)),
    )


@page("/employeur/cotisations/{call:str}", name="employer.contribution", guards=READS)
def call_page(request: PortalRequest, call: FromPath[str]) -> Response[bytes]:
    found = found_call(request, call)
    db, viewer = request.db, request.viewer
    lines = lines_of(db, found)
    views = line_views(request, db, found, lines)
    named = persons_of(view["employee"] for view in views)
    request.note_read(Action.CONTRIBUTIONS_READ, found.number, persons=named)
    return render_page(
        request,
        "employer/contributions/call.html",
        f"Cotisations {period_label(found)}",
        crumbs=crumbs(request),
        call=found,
        name=call,
        contract=contract_of(db, found),
        standing=account_of(db, viewer, day_in_france(request.now)).standings[found.id or 0],
        headcount=[view for view in views if view["line"].kind == LineKind.HEADCOUNT],
        regularisations=[view for view in views if view["line"].kind == LineKind.REGULARISATION],
        payments=payments_counted(db, found),
        states=STATE_LABELS,
        methods=METHOD_LABELS,
        may_contest=may(viewer, Permission.CONTRIBUTIONS_CONTEST),
        rule=RULE,
    )


def line_views(
    request: PortalRequest, db: Session, call: ContributionCall, lines: list[ContributionLine]
) -> list[dict[str, Any]]:
    """Each line in words, with the employee whom it names, and whether it is contested."""
    categories = category_labels(db, request.viewer)
    employees, events = employees_named(db, request.viewer, lines), events_named(db, lines)
    opened = employees if may(request.viewer, Permission.EMPLOYEES_READ) else {}
    links = dict(zip(opened, employee_names(request, opened), strict=True))
    contested = open_disputes(db, [call.id or 0]).get(call.id or 0, {})
    names = request.services.keyring.conceal(LINE, (line.id or 0 for line in lines))
    return [
        {
            "line": line,
            "name": name,
            "months": months_label(line),
            "label": what(categories, line.category_id, line.structure),
            "before": what(categories, line.before_category_id, line.before_structure),
            "cause": cause_label(line, events.get(line.event_id or 0)),
            "employee": employees.get(line.employee_id or 0),
            "employee_url": employee_url(request, links.get(line.employee_id or 0)),
            "is_contested": line.id in contested,
            "dispute_url": _dispute_url(request, contested.get(line.id or 0)),
        }
        for line, name in zip(lines, names, strict=True)
    ]


def _dispute_url(request: PortalRequest, case: Case | None) -> str:
    """Where a dispute is read: by whoever opened it; empty for the others."""
    if case is None or case.account_id != request.viewer.account_id:
        return ""
    name = request.services.keyring.conceal(CASE, [case.id or 0])[0]
    return request.services.urls("employer.contribution.dispute", case=name)


def employee_url(request: PortalRequest, opaque: str | None) -> str:
    """Where an employee's page is; empty without one."""
    try:
        return request.services.urls("employer.employee", employee=opaque) if opaque else ""
    except KeyError:
        return ""


def persons_of(employees: Iterable[Employee | None]) -> list[int]:
    """The persons behind the employees whom a call names: whose data it showed, for the evidence."""
    return sorted({each.person_id for each in employees if each is not None and each.person_id is not None})


def found_call(request: PortalRequest, opaque: str) -> ContributionCall:
    """The call behind an address. Raises `NotFoundException` for another company's."""
    call = find_call(request.db, request.viewer, request.revealed(CALL, opaque))
    if call is None:
        raise NotFoundException
    return call


def crumbs(request: PortalRequest) -> list[Crumb]:
    """The way to a page under the contributions."""
    return [home_crumb(request), Crumb(TITLE, request.services.urls("employer.contributions"))]
