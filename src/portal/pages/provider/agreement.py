"""The practice's agreement: what it covers, its versions, its people, its changes. /professionnel/convention (R-03)."""

from typing import Any

from anyio import to_thread
from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from portal.agreement_documents import AgreementFile, agreement_pdf
from portal.case_areas import STATE_LABELS
from portal.data.agreements import Terms, agreements_of, covered_care, find_agreement
from portal.data.cases import CaseState
from portal.data.evidence import Action
from portal.data.organisation_bank import change_waiting
from portal.data.organisation_bank_reading import read_account
from portal.data.organisations import provider_of
from portal.data.practice_addresses import address_on
from portal.data.practice_bank import PRACTICE
from portal.data.practice_changes import changes_of, is_finess
from portal.data.team import team_of
from portal.formatting import day_in_france
from portal.headers import DOCUMENT_POLICY
from portal.pages.account.pieces import CASE
from portal.pages.provider.invoices import home_crumb
from portal.permissions import Permission, requires
from portal.practice_words import KIND_LABELS, asked_in_words
from portal.rendering import Crumb, render_page
from portal.routing import async_page, page
from portal.web import PortalRequest

PATH, TITLE, AGREEMENT = "/professionnel/convention", "Convention de tiers payant", "agreement"
READS = [requires(Permission.AGREEMENT_READ)]


@page(PATH, name="provider.agreement", guards=READS)
def agreement_page(request: PortalRequest) -> Response[bytes]:
    db, viewer, day = request.db, request.viewer, day_in_france(request.now)
    practice = provider_of(db, viewer.provider_id or 0)
    agreements = agreements_of(db, viewer)
    names = request.services.keyring.conceal(AGREEMENT, (terms.agreement.id or 0 for terms in agreements))
    request.note_read(Action.AGREEMENT_READ, agreements[0].agreement.number if agreements else "")
    return render_page(
        request,
        "provider/agreement/index.html",
        TITLE,
        crumbs=[home_crumb(request)],
        agreements=list(zip(agreements, names, strict=True)),
        practice=practice,
        has_finess=is_finess(practice.national_id),
        address=address_on(db, practice.id or 0, day),
        care=covered_care(db, practice, day),
        changes=_changes(request),
        users=len(team_of(db, viewer)),
        may_see_team=request.services.site.is_permitted(viewer, "provider.team"),
        day=day,
        **_account(request),
    )


@async_page(f"{PATH}/{{agreement:str}}/versions/{{version:str}}/pdf", name="provider.agreement.pdf", guards=READS)
async def pdf_file(request: PortalRequest, agreement: FromPath[str], version: FromPath[str]) -> Response[bytes]:
    file = await request.database.run(_file, request, agreement, version)
    body = await to_thread.run_sync(agreement_pdf, file, request.services.settings.insurer)
    name = f"convention-{file.agreement.number}-version-{file.version.number}.pdf"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Security-Policy": DOCUMENT_POLICY,
    }
    return Response(body, media_type="application/pdf", headers=headers)


def agreement_crumbs(request: PortalRequest) -> list[Crumb]:
    """The way to a page under the agreement."""
    return [home_crumb(request), Crumb(TITLE, request.services.urls("provider.agreement"))]


def _account(request: PortalRequest) -> dict[str, Any]:
    """What the page says of the bank account, to whoever may read it."""
    if not request.services.site.is_permitted(request.viewer, "provider.bank"):
        return {"may_read_bank": False}
    account = read_account(request.db, request.viewer, PRACTICE, request.services.keyring, request.now)
    return {
        "may_read_bank": True,
        "account": account.current,
        "is_to_approve": change_waiting(request.db, request.viewer, PRACTICE) is not None,
    }


def _changes(request: PortalRequest) -> dict[str, Any]:
    viewer = request.viewer
    asked = changes_of(request.db, viewer)
    names = request.services.keyring.conceal(CASE, (one.case.id or 0 for one in asked))
    return {
        "may_ask": request.services.site.is_permitted(viewer, "provider.practice.start"),
        "rows": [
            {
                "asked": one,
                "name": name if one.case.account_id == viewer.account_id else "",
                "label": KIND_LABELS[one.kind],
                "what": asked_in_words(one.row),
                "state": STATE_LABELS[CaseState(one.case.state)],
            }
            for one, name in zip(asked, names, strict=True)
        ],
        "open": {one.kind.value for one in asked if one.is_open},
    }


def _file(request: PortalRequest, opaque: str, number: str) -> AgreementFile:
    """All that the document says; noted in the evidence."""
    terms = _found(request, opaque)
    version = next((each for each in terms.versions if str(each.number) == number), None)
    if version is None:
        raise NotFoundException
    practice = provider_of(request.db, terms.agreement.provider_id)
    day = version.told_on(day_in_france(request.now))
    request.note_read(Action.AGREEMENT_DOWNLOADED, f"{terms.agreement.number}/{number}")
    return AgreementFile(
        terms.agreement,
        version,
        practice,
        address_on(request.db, practice.id or 0, day),
        covered_care(request.db, practice, day),
        day,
    )


def _found(request: PortalRequest, opaque: str) -> Terms:
    terms = find_agreement(request.db, request.viewer, request.revealed(AGREEMENT, opaque))
    if terms is None:
        raise NotFoundException
    return terms


HANDLERS = [agreement_page, pdf_file]
