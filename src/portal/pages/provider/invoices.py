"""The practice's invoices: the list, one, its files. /professionnel/factures (R-40). Files hold what filters show."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import IO, Any

from litestar import Response
from litestar.exceptions import HTTPException, NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.data.evidence import Action
from portal.data.invoice_listing import (
    export_invoices,
    find_invoice,
    invoice_page,
    invoice_totals,
    lateness_on,
    persons_of_invoices,
)
from portal.data.invoice_reading import lines_paying, reject_on, steps_of
from portal.data.invoices import InvoiceState
from portal.downloads import FileDownload
from portal.formatting import day_in_france, money, short_date, today
from portal.headers import DOCUMENT_POLICY
from portal.invoice_words import CHANNEL_LABELS, INVOICE_COLUMNS, LATE, NEXT, STATE_LABELS
from portal.pages.provider.invoice_filters import SEARCH, Query, read_query, typed_query
from portal.permissions import Permission, may, requires
from portal.rendering import Crumb, render_page
from portal.routing import async_action, page
from portal.spreadsheets import CSV_MEDIA_TYPE, XLSX_MEDIA_TYPE, csv_stream, xlsx_stream
from portal.web import PortalRequest

Pieces = Callable[[Iterable[Any]], Iterator[bytes]]

TITLE = "Factures"
READS = [requires(Permission.INVOICES_READ)]
INVOICE, TRANSFER = "invoice", "transfer"
STATES = [(LATE, "En retard de paiement"), *((state.value, words) for state, (words, _) in STATE_LABELS.items())]


@page("/professionnel/factures", name="provider.invoices", guards=READS)
def list_page(request: PortalRequest) -> Response[bytes]:
    return _list(request, request.db, _asked(request))


@async_action("/professionnel/factures/recherche", name="provider.invoices.search", guards=READS)
async def search(request: PortalRequest) -> Response[bytes] | Redirect:
    sent = await request.form()
    return await request.database.run(_searched, request, sent)


@page("/professionnel/factures/export.csv", name="provider.invoices.csv", guards=READS)
def csv_export(request: PortalRequest) -> FileDownload:
    return _download(request, partial(csv_stream, columns=INVOICE_COLUMNS), CSV_MEDIA_TYPE, "csv")


@page("/professionnel/factures/export.xlsx", name="provider.invoices.xlsx", guards=READS)
def xlsx_export(request: PortalRequest) -> FileDownload:
    pieces = partial(xlsx_stream, columns=INVOICE_COLUMNS, sheet="Factures")
    return _download(request, pieces, XLSX_MEDIA_TYPE, "xlsx")


@page("/professionnel/factures/{invoice:str}", name="provider.invoice", guards=READS)
def invoice_sheet(request: PortalRequest, invoice: FromPath[str]) -> Response[bytes]:
    db = request.db
    row = find_invoice(db, request.viewer, request.revealed(INVOICE, invoice))
    if row is None:
        raise NotFoundException
    request.note_read(Action.INVOICES_READ, row.number, persons=[row.person_id] if row.person_id else [])
    paid = lines_paying(db, row)
    transfers = request.services.keyring.conceal(TRANSFER, (line.transfer.id or 0 for line in paid))
    return render_page(
        request,
        "provider/invoices/invoice.html",
        f"Facture {row.number}",
        crumbs=[home_crumb(request), Crumb(TITLE, request.services.urls("provider.invoices"))],
        row=row,
        name=invoice,
        state=STATE_LABELS[InvoiceState(row.state)],
        advice=NEXT[InvoiceState(row.state)],
        is_late=lateness_on(db, day_in_france(request.now)).holds(row),
        reject=reject_on(db, row.reject_code, row.state_on) if row.reject_code else None,
        steps=[(step, STATE_LABELS[InvoiceState(step.state)][0]) for step in steps_of(db, row)],
        paid=list(zip(paid, transfers, strict=True)),
        may_read_transfers=may(request.viewer, Permission.TRANSFERS_READ),
        paid_cents=sum(line.amount_cents for line in paid),
        channel=CHANNEL_LABELS.get(row.channel, row.channel),
    )


def home_crumb(request: PortalRequest) -> Crumb:
    """The first step of every breadcrumb of the space."""
    return Crumb("Accueil", request.services.urls("provider.home"))


def _asked(request: PortalRequest) -> Query:
    return read_query(request.query_params, request.viewer, request.services.keyring)


def _searched(request: PortalRequest, sent: Any) -> Response[bytes] | Redirect:
    query = typed_query(sent, request.viewer, request.services.keyring)
    if not query.errors:
        return Redirect(request.services.urls("provider.invoices", query.parameters), status_code=303)
    with request.database.read() as db:
        return _list(request, db, query)


def _list(request: PortalRequest, db: Session, query: Query) -> Response[bytes]:
    context = _context(request, db, query)
    crumbs = [home_crumb(request)]
    return render_page(request, "provider/invoices/index.html", TITLE, errors=query.errors, crumbs=crumbs, **context)


def _context(request: PortalRequest, db: Session, query: Query) -> dict[str, Any]:
    """The rows from the request's cursor on; what is read is evidence. Raises 404 for a foreign cursor."""
    viewer, late = request.viewer, lateness_on(db, day_in_france(request.now))
    shown = invoice_page(db, viewer, query.filters, late, _cursor(request))
    if shown is None:
        raise NotFoundException
    names = request.services.keyring.conceal(INVOICE, (row.id for row in shown.rows))
    persons = sorted({row.person_id for row in shown.rows if row.person_id})
    request.note_read(
        Action.INVOICES_READ, "liste", filters=query.without(SEARCH), invoices=len(shown.rows), persons=persons
    )
    return {
        "query": query,
        "problems": {error.field: error.message for error in query.errors},
        "rows": [
            (row, name, STATE_LABELS[InvoiceState(row.state)], late.holds(row))
            for row, name in zip(shown.rows, names, strict=True)
        ],
        "totals": invoice_totals(db, viewer, query.filters, late),
        "states": STATES,
        "chips": _chips(request, query),
        "next": names[-1] if shown.more else None,
    }


def _cursor(request: PortalRequest) -> int | None:
    given = request.query_params.get("apres")
    return request.revealed(INVOICE, given) if given is not None else None


def _chips(request: PortalRequest, query: Query) -> list[tuple[str, str]]:
    """What narrows the list, in words, each with the URL of the list without it."""
    filters, states = query.filters, dict(STATES)
    shown = {
        SEARCH: filters.patient and f"«\u00a0{filters.patient}\u00a0»",
        "etat": states.get(query.raw["etat"], ""),
        "du": filters.since and f"depuis le {short_date(filters.since)}",
        "au": filters.until and f"jusqu’au {short_date(filters.until)}",
        "numero": filters.number and f"facture {filters.number}",
        "lot": filters.lot and f"lot {filters.lot}",
        "montant": filters.cents is not None and money(filters.cents),
    }
    url = request.services.urls
    return [(str(text), url("provider.invoices", query.without(name))) for name, text in shown.items() if text]


def _download(request: PortalRequest, pieces: Pieces, media_type: str, suffix: str) -> FileDownload:
    """The filter's invoices; noted in the evidence before the first one leaves. Raises 422 for a wrong filter."""
    query, late = _asked(request), lateness_on(request.db, day_in_france(request.now))
    if query.errors:
        raise HTTPException(status_code=422)
    persons = persons_of_invoices(request.db, request.viewer, query.filters, late)
    request.note_read(Action.INVOICES_DOWNLOADED, suffix, filters=query.without(SEARCH), persons=persons)
    request.db.close()  # a client may take its time, and connections are few
    database, viewer = request.database, request.viewer

    def write(file: IO[bytes]) -> None:
        with database.read() as db:
            file.writelines(pieces(export_invoices(db, viewer, query.filters, late)))

    name = f"factures-{today().isoformat()}.{suffix}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Security-Policy": DOCUMENT_POLICY}
    folder = request.services.settings.data_folder / "tmp"
    return FileDownload(write, folder, media_type=media_type, headers=headers)


HANDLERS = [list_page, search, csv_export, xlsx_export, invoice_sheet]
