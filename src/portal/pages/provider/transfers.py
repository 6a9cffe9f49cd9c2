"""The transfers that the practice received: the list, one with its lines, its notice. /professionnel/versements."""

from typing import Any

from anyio import to_thread
from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from portal.data.evidence import Action
from portal.data.organisations import provider_of
from portal.data.practice_bank import account_on
from portal.data.transfer_reading import LineRow, TransferRow, find_transfer, lines_of_transfer, months_of, transfers_of
from portal.formatting import day_in_france, long_date
from portal.headers import DOCUMENT_POLICY
from portal.pages.provider.invoices import INVOICE, TRANSFER, home_crumb
from portal.permissions import Permission, may, requires
from portal.rendering import Crumb, render_page
from portal.routing import async_page, page
from portal.transfer_documents import TransferFile, transfer_pdf
from portal.web import PortalRequest

TITLE = "Versements"
READS = [requires(Permission.TRANSFERS_READ)]
SHOWN = 25
# What asks for the transfers to look at: a gap, or a line whose invoice is not known.
UNEXPLAINED = "a-regarder"


@page("/professionnel/versements", name="provider.transfers", guards=READS)
def list_page(request: PortalRequest) -> Response[bytes]:
    context = list_context(request)
    return render_page(request, "provider/transfers/index.html", TITLE, crumbs=[home_crumb(request)], **context)


def list_context(request: PortalRequest) -> dict[str, Any]:
    """The list, and the months beside its first page: page and fragment share it. Raises 404 for a foreign cursor."""
    after, is_narrowed = request.query_params.get("apres", ""), request.query_params.get("etat") == UNEXPLAINED
    place = _found(request, after) if after else None
    found = transfers_of(request.db, request.viewer, place, SHOWN + 1, unexplained=is_narrowed)
    names = request.services.keyring.conceal(TRANSFER, (row.id for row in found))
    kept = {"etat": UNEXPLAINED} if is_narrowed else {}
    request.note_read(Action.TRANSFERS_READ, "liste", filters=kept)
    return {
        "rows": list(zip(found[:SHOWN], names, strict=False)),
        "months": [] if after else months_of(request.db, request.viewer, day_in_france(request.now)),
        "next": kept | {"apres": names[SHOWN - 1]} if len(found) > SHOWN else None,
        "is_narrowed": is_narrowed,
        "unexplained": {"etat": UNEXPLAINED},
    }


@page("/professionnel/versements/{transfer:str}", name="provider.transfer", guards=READS)
def transfer_page(request: PortalRequest, transfer: FromPath[str]) -> Response[bytes]:
    row = _found(request, transfer)
    lines = lines_of_transfer(request.db, row)
    request.note_read(Action.TRANSFERS_READ, row.reference, persons=_persons(lines))
    names = request.services.keyring.conceal(INVOICE, (line.invoice_id or 0 for line in lines))
    return render_page(
        request,
        "provider/transfers/transfer.html",
        f"Versement du {long_date(row.paid_on)}",
        crumbs=[home_crumb(request), Crumb(TITLE, request.services.urls("provider.transfers"))],
        row=row,
        credited=_credited(request, row),
        name=transfer,
        lines=list(zip(lines, names, strict=True)),
        may_read_invoices=may(request.viewer, Permission.INVOICES_READ),
    )


@async_page("/professionnel/versements/{transfer:str}/pdf", name="provider.transfer.pdf", guards=READS)
async def pdf_file(request: PortalRequest, transfer: FromPath[str]) -> Response[bytes]:
    file = await request.database.run(_file, request, transfer)
    body = await to_thread.run_sync(transfer_pdf, file, request.services.settings.insurer)
    headers = {
        "Content-Disposition": f'attachment; filename="avis-de-reglement-{file.transfer.paid_on}.pdf"',
        "Content-Security-Policy": DOCUMENT_POLICY,
    }
    return Response(body, media_type="application/pdf", headers=headers)


def _file(request: PortalRequest, opaque: str) -> TransferFile:
    """All that the notice says; noted in the evidence."""
    row = _found(request, opaque)
    lines = lines_of_transfer(request.db, row)
    request.note_read(Action.TRANSFERS_DOWNLOADED, row.reference, persons=_persons(lines))
    practice = provider_of(request.db, request.viewer.provider_id or 0)
    return TransferFile(row, practice, lines, _credited(request, row))


def _credited(request: PortalRequest, row: TransferRow) -> str:
    """The account that a transfer went to: as its file says, else the practice's of that day; masked."""
    account = None if row.iban_masked else account_on(request.db, request.viewer, row.paid_on)
    return account.masked if account else row.iban_masked


def _found(request: PortalRequest, opaque: str) -> TransferRow:
    """The transfer behind an address. Raises `NotFoundException` for another practice's."""
    row = find_transfer(request.db, request.viewer, request.revealed(TRANSFER, opaque))
    if row is None:
        raise NotFoundException
    return row


def _persons(lines: list[LineRow]) -> list[int]:
    return sorted({line.person_id for line in lines if line.person_id})


HANDLERS = [list_page, transfer_page, pdf_file]
