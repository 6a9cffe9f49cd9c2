"""The member's guarantees: the table on a day, in words and in euros, and the document. /adherent/garanties (R-20)."""

from typing import Any

from anyio import to_thread
from litestar import Response
from litestar.exceptions import NotFoundException

from portal.data.evidence import Action
from portal.data.guarantee_examples import Example, worked_examples
from portal.data.guarantees import GuaranteeTable, Offer, guarantee_tables
from portal.data.leavers import own_departure
from portal.formatting import today
from portal.guarantee_documents import guarantees_pdf
from portal.guarantee_views import Asked, read_asked, table_groups
from portal.guarantee_words import HEADING_LABELS, NOTHING, shares_of
from portal.headers import DOCUMENT_POLICY
from portal.permissions import Permission, requires
from portal.rendering import Crumb, render_page
from portal.routing import async_page, page
from portal.web import PortalRequest

TITLE = "Vos garanties"
READS = [requires(Permission.GUARANTEES_READ)]


def table_context(request: PortalRequest, asked: Asked) -> dict[str, Any]:
    """What the page and its fragment show. The contract in force on the day is told whole; the others are named."""
    tables = guarantee_tables(request.db, request.viewer, asked.day)
    table = tables[0] if tables else None
    request.note_read(Action.GUARANTEES_READ, table.contract.number if table else "")
    return {
        "asked": asked,
        "problems": {error.field: error.message for error in asked.errors},
        "table": table,
        "others": tables[1:],
        "groups": table_groups(request.db, table, asked.text) if table else [],
        "is_today": asked.day == today(),
        "has_left": own_departure(request.db, request.viewer, today()) is not None,
        "offers": [_offer(each) for each in table.offers] if table else [],
        "labels": HEADING_LABELS,
    }


def _offer(offer: Offer) -> tuple[str, str, list[tuple[str, str, str]]]:
    """An option's name, what it is for, and each guarantee before and after it, in words."""
    changes = [
        (after.label, shares_of(before).together if before else NOTHING, shares_of(after).together)
        for before, after in offer.changes
    ]
    return offer.option.name, offer.option.description, changes


@page("/adherent/garanties", name="member.guarantees", guards=READS)
def guarantees_page(request: PortalRequest) -> Response[bytes]:
    asked = read_asked(request)
    return render_page(
        request,
        "member/guarantees/index.html",
        TITLE,
        crumbs=_home(request),
        errors=asked.errors,
        **table_context(request, asked),
    )


@page("/adherent/garanties/remboursements", name="member.guarantees.refunds", guards=READS)
def refunds_page(request: PortalRequest) -> Response[bytes]:
    return render_page(request, "member/guarantees/refunds.html", "Comment vous êtes remboursé", crumbs=crumbs(request))


@async_page("/adherent/garanties/pdf", name="member.guarantees.pdf", guards=READS)
async def pdf_file(request: PortalRequest) -> Response[bytes]:
    asked = read_asked(request)
    table, examples = await request.database.run(_document_content, request, asked)
    body = await to_thread.run_sync(guarantees_pdf, table, examples, request.services.settings.insurer, request.now)
    name = f"garanties-{table.contract.number}-{asked.day.isoformat()}.pdf"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Security-Policy": DOCUMENT_POLICY,
    }
    return Response(body, media_type="application/pdf", headers=headers)


def _document_content(request: PortalRequest, asked: Asked) -> tuple[GuaranteeTable, list[Example]]:
    tables = guarantee_tables(request.db, request.viewer, asked.day)
    if not tables or tables[0].version is None or asked.errors:
        raise NotFoundException
    request.note_read(Action.GUARANTEES_DOWNLOADED, tables[0].contract.number)
    return tables[0], worked_examples(request.db, tables[0])


def crumbs(request: PortalRequest) -> list[Crumb]:
    """The way to a page under the guarantees."""
    return [*_home(request), Crumb(TITLE, request.services.urls("member.guarantees"))]


def _home(request: PortalRequest) -> list[Crumb]:
    return [Crumb("Accueil", request.services.urls("member.home"))]
