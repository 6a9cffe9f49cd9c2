"""The benefits list and the explanation of each line: /adherent/prestations (R-21, R-50)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from portal.data.benefits import Status
from portal.data.evidence import Action
from portal.data.explanation import explain
from portal.data.line_corrections import Rewriting, history_around
from portal.data.listing import line_page, payment_shares, private_totals, totals
from portal.data.listing_rows import Line, Sort
from portal.data.payments import due_of
from portal.data.visibility import Relative, Scope, visible_scope
from portal.formatting import long_date, today
from portal.labels import FAMILY_LABELS, STATUS_LABELS
from portal.pages.member.benefits_filters import SORT_LABELS, Query, read_query
from portal.permissions import Permission, requires
from portal.rendering import Crumb, render_page
from portal.routing import page
from portal.valuation_words import due_words
from portal.web import PortalRequest

TITLE = "Vos prestations"
READS = [requires(Permission.BENEFITS_READ)]


@page("/adherent/prestations", name="member.benefits", guards=READS)
def benefits_page(request: PortalRequest) -> Response[bytes]:
    context = list_context(request)
    query: Query = context["query"]
    return render_page(
        request, "member/benefits/index.html", TITLE, errors=query.errors, crumbs=home_crumbs(request), **context
    )


@page("/adherent/prestations/{line:str}", name="member.benefit", guards=READS)
def benefit_page(request: PortalRequest, line: FromPath[str]) -> Response[bytes]:
    crumbs = [*home_crumbs(request), Crumb(TITLE, request.services.urls("member.benefits"))]
    return render_page(
        request,
        "member/benefits/line.html",
        "Pourquoi ce montant\u00a0?",
        crumbs=crumbs,
        **explanation_context(request, line),
    )


def home_crumbs(request: PortalRequest) -> list[Crumb]:
    """The breadcrumb's first step in the member's space."""
    return [Crumb("Accueil", request.services.urls("member.home"))]


@dataclass(frozen=True, slots=True)
class Group:
    """Lines that one payment covers, or that wait for theirs."""

    lines: list[tuple[Line, str]]
    has_heading: bool

    @property
    def first(self) -> Line:
        return self.lines[0][0]

    @property
    def is_refused(self) -> bool:
        """Nothing was paid, and nothing will be."""
        return self.first.payment_id is None and self.first.status == Status.REFUSED


def list_context(request: PortalRequest) -> dict[str, Any]:
    """The list and what stands around it: page and fragment share it. Raises 404 for a foreign line."""
    context = _lines(request)
    context |= _around(request, context["scope"], context["query"])
    _note(request, context, {person.person_id for person in context["private"]})
    return context


def lines_context(request: PortalRequest) -> dict[str, Any]:
    """The lines of the request's query string, from its cursor on. Raises 404 for a foreign line."""
    context = _lines(request)
    _note(request, context)
    return context


def _note(request: PortalRequest, context: dict[str, Any], told_totals_of: Iterable[int] = ()) -> None:
    lines = [line for group in context["groups"] for line, _ in group.lines]
    persons = sorted({line.person_id for line in lines}.union(told_totals_of))
    filters = context["query"].parameters
    request.note_read(Action.BENEFITS_READ, "liste", filters=filters, lines=len(lines), persons=persons)


def _lines(request: PortalRequest) -> dict[str, Any]:
    scope = visible_scope(request.db, request.viewer, today())
    query = read_query(request.query_params, scope, request.services.keyring)
    shown = line_page(request.db, request.viewer, scope, query.filters, _cursor(request))
    if shown is None:
        raise NotFoundException
    opaque = request.services.keyring.conceal("line", (line.id for line in shown.lines))
    return {
        "query": query,
        "scope": scope,
        "names": scope.names,
        "groups": list(_groups(zip(shown.lines, opaque, strict=True), query.filters.sort)),
        "shares": payment_shares(
            request.db, request.viewer, scope, {line.payment_id for line in shown.lines if line.payment_id}
        ),
        "waits": _waits(request, shown.lines),
        "next": opaque[-1] if shown.more else None,
        "labels": {"soin": FAMILY_LABELS, "etat": STATUS_LABELS, "tri": SORT_LABELS},
    }


def _waits(request: PortalRequest, lines: Iterable[Line]) -> dict[int, str]:
    """When lines that wait for their payment will be paid, or why they are not, by line."""
    waiting = {line.id: line.supplementary_cents for line in lines if line.status == Status.PENDING}
    return {line_id: due_words(due, waiting[line_id]) for line_id, due in due_of(request.db, waiting).items()}


def explanation_context(request: PortalRequest, opaque: str) -> dict[str, Any]:
    """The explanation of one line. Raises 404 when the line is unknown or not the viewer's to see."""
    line_id = request.services.keyring.reveal("line", opaque)
    explanation = explain(request.db, request.viewer, line_id, today()) if line_id is not None else None
    if explanation is None:
        raise NotFoundException
    request.note_read(Action.BENEFITS_READ, f"ligne:{line_id}", persons=[explanation.line.person_id])
    return {"explanation": explanation, "opaque": opaque, "history": _history(request, explanation.line.id)}


def _history(request: PortalRequest, line_id: int) -> list[tuple[Rewriting, str, str]]:
    """How the line was put right, with the names of the lines that each step replaced and made."""
    steps = history_around(request.db, line_id)
    conceal = request.services.keyring.conceal
    before = conceal("line", (step.before.id or 0 for step in steps))
    after = conceal("line", (step.after.id or 0 if step.after else 0 for step in steps))
    return list(zip(steps, before, after, strict=True))


def _chips(request: PortalRequest, query: Query, scope: Scope) -> list[tuple[str, str]]:
    """What narrows the list, in words, each with the URL of the list without it."""
    filters, url = query.filters, request.services.urls
    names = scope.names
    shown = {
        "beneficiaire": filters.person_id and names[filters.person_id],
        "soin": filters.family and FAMILY_LABELS[filters.family],
        "etat": filters.status and STATUS_LABELS[filters.status],
        "du": filters.start and f"depuis le {long_date(filters.start)}",
        "au": filters.end and f"jusqu’au {long_date(filters.end)}",
        "q": filters.text and f"«\u00a0{filters.text}\u00a0»",
    }
    return [(text, url("member.benefits", query.without(name))) for name, text in shown.items() if text]


def _around(request: PortalRequest, scope: Scope, query: Query) -> dict[str, Any]:
    visible = [relative for relative in _once(scope.relatives) if relative.in_detail]
    opaque = request.services.keyring.conceal("person", (relative.person_id for relative in visible))
    return {
        "chips": _chips(request, query, scope),
        "problems": {error.field: error.message for error in query.errors},
        "is_first": "apres" not in request.query_params,
        "totals": totals(request.db, request.viewer, scope, query.filters),
        "private": private_totals(request.db, request.viewer, scope, query.filters),
        "people": list(zip(opaque, (scope.names[relative.person_id] for relative in visible), strict=True)),
    }


def _once(relatives: Iterable[Relative]) -> Iterable[Relative]:
    return {relative.person_id: relative for relative in relatives}.values()


def _cursor(request: PortalRequest) -> int | None:
    given = request.query_params.get("apres")
    if given is None:
        return None
    line_id = request.services.keyring.reveal("line", given)
    if line_id is None:
        raise NotFoundException
    return line_id


def _groups(lines: Iterable[tuple[Line, str]], sort: Sort) -> Iterator[Group]:
    if sort is not Sort.RECENT:
        rows = list(lines)
        return iter([Group(rows, has_heading=False)] if rows else [])
    return (Group(list(run), has_heading=True) for _, run in groupby(lines, key=lambda row: _settled_by(row[0])))


def _settled_by(line: Line) -> tuple[int | None, bool]:
    """What lines under one heading share: their payment, or that there will be none, or that it is awaited."""
    return line.payment_id, line.payment_id is None and line.status == Status.REFUSED
