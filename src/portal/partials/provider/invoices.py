"""Fragments of the list of invoices: filtered in place, and gone on with."""

from litestar import Response
from sqlmodel import Session

from portal.pages.provider.invoice_filters import Query
from portal.pages.provider.invoices import READS, TITLE, asked_query, list_context, rows_context, sent_query
from portal.rendering import render_fragment
from portal.routing import async_action, fragment
from portal.web import PortalRequest

# The element around the form too: what a wrong filter changes, and what its correction changes back.
WHOLE = "factures"


@async_action("/fragments/professionnel/factures", name="provider.invoices.results", guards=READS)
async def results(request: PortalRequest) -> Response[bytes]:
    sent = await request.form()
    return await request.database.run(_results, request, sent)


@fragment("/fragments/professionnel/factures/suite", name="provider.invoices.more", guards=READS)
def more(request: PortalRequest) -> Response[bytes]:
    context = rows_context(request, request.db, asked_query(request))
    return render_fragment(request, "provider/invoices/rows.html", **context)


def _results(request: PortalRequest, sent: object) -> Response[bytes]:
    with request.database.read() as db:
        return _answer(request, db, sent_query(request, sent))


def _answer(request: PortalRequest, db: Session, query: Query) -> Response[bytes]:
    context = list_context(request, db, query)
    page_url = request.services.urls("provider.invoices", query.parameters)
    if not query.errors and request.htmx.target != WHOLE:
        return render_fragment(request, "provider/invoices/results.html", page_url=page_url, **context)
    answer = render_fragment(
        request,
        "provider/invoices/corrected.html",
        page_url=None if query.errors else page_url,
        status=422 if query.errors else 200,
        title=TITLE,
        **context,
    )
    answer.headers["HX-Retarget"] = f"#{WHOLE}"
    return answer


HANDLERS = [results, more]
