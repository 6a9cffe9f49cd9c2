"""Statements of benefits: the list, issuing, reading, downloading. /adherent/releves (R-22, R-50, R-51)."""

from typing import Any

from anyio import CapacityLimiter, to_thread
from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.data.evidence import Action
from portal.data.statement_periods import Period
from portal.data.statements import (
    Issued,
    find_file,
    find_statement,
    first_cover_day,
    issued_statements,
    months_paid,
)
from portal.data.visibility import persons_in, visible_scope
from portal.formatting import today
from portal.forms import FieldError, single_values
from portal.headers import DOCUMENT_POLICY
from portal.pages.member.statement_forms import FIELDS, LONGEST_YEARS, read_request
from portal.pages.member.statement_list import State, download_of, others_of, years_of
from portal.permissions import Permission, requires
from portal.rendering import Crumb, render_page
from portal.routing import async_action, page
from portal.spreadsheets import CSV_MEDIA_TYPE
from portal.statement_documents import glossary, mentions, payment_notes, payment_title, shows_other_cover
from portal.statements import NothingPaid, issue_statement
from portal.web import PortalRequest

TITLE = "Vos relevés"
READS = [requires(Permission.STATEMENTS_READ)]
ISSUES = [requires(Permission.STATEMENTS_ISSUE)]
KIND = "statement"
MEDIA_TYPES = {"pdf": "application/pdf", "csv": CSV_MEDIA_TYPE}
NOTHING_PAID = "Aucun remboursement n’a été versé pendant cette période. Choisissez-en une autre."

TO_ISSUE = {State.READY, State.OUTDATED}
TYPESETTING_THREADS = 2
_typesetting = CapacityLimiter(TYPESETTING_THREADS)


@page("/adherent/releves", name="member.statements", guards=READS)
def statements_page(request: PortalRequest) -> Response[bytes]:
    return _list(request, dict.fromkeys(FIELDS, ""))


@async_action("/adherent/releves", name="member.statements.issue", guards=ISSUES)
async def issue(request: PortalRequest) -> Response[bytes] | Redirect:
    raw = single_values(await request.form(), FIELDS, longest=30)
    first_day = await request.database.run(first_cover_day, request.db, request.viewer)
    asked = read_request(raw, first_day or today(), today())
    if asked.period is None:
        return await request.database.run(_list, request, raw, asked.errors)
    try:
        issued = await to_thread.run_sync(_issue, request, asked.period, limiter=_typesetting)
    except NothingPaid:
        field = "periode" if raw["periode"] else "du"
        return await request.database.run(_list, request, raw, (FieldError(field, NOTHING_PAID),))
    return Redirect(request.services.urls("member.statement", statement=_conceal(request, issued)), status_code=303)


@page("/adherent/releves/{statement:str}", name="member.statement", guards=READS)
def statement_page(request: PortalRequest, statement: FromPath[str]) -> Response[bytes]:
    found = find_statement(request.db, request.viewer, _reveal(request, statement))
    if found is None:
        raise NotFoundException
    issued, content = found
    request.note_read(Action.STATEMENT_DOWNLOADED, issued.number, format="html", persons=content.person_ids)
    return render_page(
        request,
        "member/statements/statement.html",
        f"Relevé n°\u00a0{issued.number}",
        crumbs=[*_home(request), Crumb(TITLE, request.services.urls("member.statements"))],
        download=download_of(issued, statement),
        content=content,
        names=content.names(),
        payments=[(payment_title(payment), payment_notes(payment), payment) for payment in content.payments],
        glossary=glossary(content),
        has_other=shows_other_cover(content),
        mentions=mentions(request.services.settings.insurer),
    )


@page("/adherent/releves/{statement:str}/pdf", name="member.statement.pdf", guards=READS)
def pdf_file(request: PortalRequest, statement: FromPath[str]) -> Response[bytes]:
    return _file(request, statement, "pdf")


@page("/adherent/releves/{statement:str}/csv", name="member.statement.csv", guards=READS)
def csv_file(request: PortalRequest, statement: FromPath[str]) -> Response[bytes]:
    return _file(request, statement, "csv")


def _list(request: PortalRequest, raw: dict[str, str], errors: tuple[FieldError, ...] = ()) -> Response[bytes]:
    return render_page(
        request,
        "member/statements/index.html",
        TITLE,
        crumbs=_home(request),
        errors=errors,
        raw=raw,
        **_history(request),
    )


def _history(request: PortalRequest) -> dict[str, Any]:
    day = today()
    db, viewer = request.db, request.viewer
    issued = issued_statements(db, viewer)
    opaque = request.services.keyring.conceal(KIND, (row.id for row in issued))
    downloads = [download_of(row, name) for row, name in zip(issued, opaque, strict=True)]
    paid = months_paid(db, viewer, day)
    persons = sorted(persons_in(visible_scope(db, viewer, day).detailed))
    request.note_read(Action.BENEFITS_READ, "releves", persons=persons)
    first_day = first_cover_day(db, viewer) or day
    years = years_of(paid, downloads, first_day, day)
    return {
        "years": years,
        "has_buttons": any(row.state in TO_ISSUE for year in years for row in year.rows),
        "others": others_of(downloads),
        "first_day": first_day,
        "longest_years": LONGEST_YEARS,
        "history_months": request.services.settings.history_months,
        "day": day,
    }


def _issue(request: PortalRequest, period: Period) -> Issued:
    def witness(db: Session, proof: str) -> None:
        request.record(db, Action.STATEMENT_ISSUED, proof)

    insurer = request.services.settings.insurer
    return issue_statement(request.database, request.viewer, period, insurer, request.now, witness)[0]


def _file(request: PortalRequest, statement: str, kind: str) -> Response[bytes]:
    found = find_file(request.db, request.viewer, _reveal(request, statement), kind)
    if found is None:
        raise NotFoundException
    request.note_read(Action.STATEMENT_DOWNLOADED, found.number, format=kind, persons=found.persons)
    headers = {
        "Content-Disposition": f'attachment; filename="releve-{found.number}.{kind}"',
        "Content-Security-Policy": DOCUMENT_POLICY,
    }
    return Response(found.body, media_type=MEDIA_TYPES[kind], headers=headers)


def _reveal(request: PortalRequest, opaque: str) -> int:
    statement_id = request.services.keyring.reveal(KIND, opaque)
    if statement_id is None:
        raise NotFoundException
    return statement_id


def _conceal(request: PortalRequest, issued: Issued) -> str:
    return request.services.keyring.conceal(KIND, [issued.id])[0]


def _home(request: PortalRequest) -> list[Crumb]:
    return [Crumb("Accueil", request.services.urls("member.home"))]
