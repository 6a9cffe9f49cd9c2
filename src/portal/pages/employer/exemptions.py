"""The register of a company's exemptions: /employeur/dispenses (R-30). Its files hold exactly what its filters show."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from litestar import Response
from litestar.exceptions import NotFoundException
from sqlmodel import Session

from portal.data.evidence import Action
from portal.data.exemption_gaps import undocumented
from portal.data.exemption_register import (
    RegisterFilters,
    RegisterRow,
    Shown,
    Standing,
    count_shown,
    exemptions_of,
    grounds_of_company,
    grounds_used,
    register_page,
)
from portal.exemption_words import RULE, SHOWN_LABELS, STANDING_LABELS, standing_words
from portal.formatting import day_in_france
from portal.forms import FieldError
from portal.pages.employer.views import employee_names, home_crumb
from portal.permissions import Permission, requires
from portal.rendering import render_page
from portal.routing import page
from portal.web import PortalRequest

TITLE, KIND = "Dispenses", "exemption"
READS = [requires(Permission.EXEMPTIONS_READ)]
MANAGES = [requires(Permission.EXEMPTIONS_MANAGE)]
WRONG = "Ce choix n’existe pas. Choisissez-en un dans la liste."
# Those exempt without any request, by name: the others are told by their number.
NAMED = 10


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked (`raw`), what it means, what is wrong with it."""

    raw: dict[str, str]
    filters: RegisterFilters
    errors: tuple[FieldError, ...]

    @property
    def parameters(self) -> dict[str, str]:
        """The query string that asks for the same list: only what is set."""
        return {name: value for name, value in self.raw.items() if value and value != Shown.ALL}


@page("/employeur/dispenses", name="employer.exemptions", guards=READS)
def list_page(request: PortalRequest) -> Response[bytes]:
    context = list_context(request, request.db)
    codes = grounds_of_company(request.db, request.viewer, day_in_france(request.now))
    return render_page(
        request,
        "employer/exemptions/index.html",
        TITLE,
        errors=context["query"].errors,
        crumbs=[home_crumb(request)],
        rule=RULE,
        codes=codes.items(),
        **context,
    )


def list_context(request: PortalRequest, db: Session) -> dict[str, Any]:
    """The register as the query string filters it: page and fragment share it. Raises 404 for a foreign cursor."""
    day, viewer = day_in_france(request.now), request.viewer
    grounds = grounds_used(db, viewer)
    query = read_query(request.query_params, {code for code, _ in grounds})
    rows, has_more = _rows(request, db, query)
    views = _views(request, rows)
    counts = count_shown(db, viewer, day, query.filters.ground)
    request.note_read(Action.EXEMPTIONS_READ, "registre", filters=query.parameters, exemptions=len(rows))
    return {
        "query": query,
        "rows": views,
        "next": views[-1][1] if has_more else "",
        "count": counts[query.filters.shown],
        "shown": [(shown.value, f"{label} ({counts[shown]})") for shown, label in SHOWN_LABELS.items()],
        "grounds": grounds,
        "problems": {error.field: error.message for error in query.errors},
        "may_manage": may_manage(request),
        **_without_request(request, db),
    }


def read_query(sent: Mapping[str, Any], grounds: set[str]) -> Query:
    """The filters in a query string; what is not understood is left out of them and reported."""
    raw = {name: str(sent.get(name, ""))[:80] for name in ("etat", "cas")}
    errors = []
    if raw["etat"] and raw["etat"] not in set(Shown):
        errors.append(FieldError("etat", WRONG))
    if raw["cas"] and raw["cas"] not in grounds:
        errors.append(FieldError("cas", WRONG))
    wrong = {error.field for error in errors}
    shown = Shown.ALL if "etat" in wrong else Shown(raw["etat"] or Shown.ALL)
    return Query(raw, RegisterFilters(shown, "" if "cas" in wrong else raw["cas"]), tuple(errors))


def exemption_views(request: PortalRequest, db: Session, employee_id: int) -> list[tuple[Any, ...]]:
    """The exemptions of an employee whom the caller has reached, the newest first: row, opaque name, state, words; none
    for whoever may not see the register."""
    if not request.services.site.is_permitted(request.viewer, "employer.exemptions"):
        return []
    rows = exemptions_of(db, request.viewer, employee_id, day_in_france(request.now))
    return _views(request, rows)


def may_manage(request: PortalRequest) -> bool:
    """Whether the viewer may record and decide."""
    return request.services.site.is_permitted(request.viewer, "employer.exemption.accept")


def _views(request: PortalRequest, rows: list[RegisterRow]) -> list[tuple[Any, ...]]:
    names = request.services.keyring.conceal(KIND, (row.id for row in rows))
    return [
        (row, name, STANDING_LABELS[Standing(row.standing)], standing_words(row))
        for row, name in zip(rows, names, strict=True)
    ]


def _rows(request: PortalRequest, db: Session, query: Query) -> tuple[list[RegisterRow], bool]:
    given = request.query_params.get("apres")
    after = request.revealed(KIND, given) if given is not None else None
    found = register_page(db, request.viewer, query.filters, day_in_france(request.now), after)
    if found is None:
        raise NotFoundException
    return found


def _without_request(request: PortalRequest, db: Session) -> dict[str, Any]:
    """Those who are exempt though nothing proves it."""
    count, employees = undocumented(db, request.viewer, day_in_france(request.now), NAMED)
    names = employee_names(request, (employee.id or 0 for employee in employees))
    return {"unproven_count": count, "unproven": [(one.name, name) for one, name in zip(employees, names, strict=True)]}


HANDLERS = [list_page]
