"""SEPA mandates on paper: the only place where the company's IBAN stands whole. …/mandats/<mandat>/pdf (R-31)."""

from anyio import to_thread
from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.types import Guard

from portal.data.accounts import Space
from portal.data.company_bank import signed_mandate
from portal.data.evidence import Action
from portal.data.organisations import company_of
from portal.headers import DOCUMENT_POLICY
from portal.pages.account.organisation_bank_fronts import FRONTS
from portal.permissions import Permission, recently_confirmed, requires
from portal.routing import async_page
from portal.sepa_mandate_documents import SignedMandate, mandate_pdf
from portal.web import PortalRequest

FRONT = FRONTS[Space.EMPLOYER]
READS: list[Guard] = [requires(Permission.SEPA_MANDATE), recently_confirmed]


@async_page(f"{FRONT.path}/mandats/{{change:str}}/pdf", name="employer.bank.mandate", guards=READS)
async def mandate_file(request: PortalRequest, change: FromPath[str]) -> Response[bytes]:
    signed = await request.database.run(_signed, request, change)
    settings = request.services.settings
    body = await to_thread.run_sync(mandate_pdf, signed, settings.insurer, settings.creditor_id)
    headers = {
        "Content-Disposition": f'attachment; filename="mandat-{signed.row.mandate}.pdf"',
        "Content-Security-Policy": DOCUMENT_POLICY,
    }
    return Response(body, media_type="application/pdf", headers=headers)


def _signed(request: PortalRequest, change: str) -> SignedMandate:
    row = signed_mandate(request.db, request.viewer, request.revealed(FRONT.area.name, change))
    if row is None or row.asked_at is None:
        raise NotFoundException
    decrypt = request.services.keyring.decrypt
    request.note_read(Action.SEPA_MANDATE_DOWNLOADED, row.mandate or "")
    return SignedMandate(
        row,
        company_of(request.db, row.company_id),
        decrypt(row.iban_encrypted),
        decrypt(row.holder_encrypted),
        decrypt(row.signer_encrypted) if row.signer_encrypted else "",
        row.asked_at,
    )
