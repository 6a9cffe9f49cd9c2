"""Recovery codes: /compte/securite/codes-de-secours, shown until they are noted down; new ones in their place."""

from litestar import Response
from litestar.response import Redirect

from portal.data.second_factors import factors_of
from portal.entry.second_factors import hide_codes, renew_codes, shown_codes
from portal.headers import DOCUMENT_POLICY
from portal.pages.account.factors import SENSITIVE, changed, security_crumbs
from portal.permissions import Permission, requires
from portal.rendering import render_page
from portal.routing import action, page
from portal.web import PortalRequest

TITLE = "Vos codes de secours"
FILE = "codes-de-secours.txt"
SHOWS = [requires(Permission.RECOVERY_CODES)]


@page("/compte/securite/codes-de-secours", name="recovery.codes", guards=SHOWS)
def codes_page(request: PortalRequest) -> Response[bytes] | Redirect:
    codes = shown_codes(request)
    if not codes:
        return Redirect(request.services.urls("recovery.new"), status_code=303)
    return render_page(request, "account/recovery/codes.html", TITLE, crumbs=security_crumbs(request), codes=codes)


@page("/compte/securite/codes-de-secours.txt", name="recovery.file", guards=SHOWS)
def codes_file(request: PortalRequest) -> Response[bytes] | Redirect:
    codes = shown_codes(request)
    if not codes:
        return Redirect(request.services.urls("recovery.new"), status_code=303)
    text = request.services.templates.get_template("pages/account/recovery/codes.txt").render(codes=codes)
    headers = {"Content-Disposition": f'attachment; filename="{FILE}"', "Content-Security-Policy": DOCUMENT_POLICY}
    return Response(text.encode(), media_type="text/plain; charset=utf-8", headers=headers)


@action("/compte/securite/codes-de-secours", name="recovery.done", guards=SHOWS)
def done(request: PortalRequest) -> Redirect:
    hide_codes(request)
    return Redirect(request.services.urls("start"), status_code=303)


@page("/compte/securite/codes-de-secours/nouveaux", name="recovery.new", guards=SENSITIVE)
def new_page(request: PortalRequest) -> Response[bytes]:
    return _new_page(request)


@action("/compte/securite/codes-de-secours/nouveaux", name="recovery.make", guards=SENSITIVE)
def make(request: PortalRequest) -> Response[bytes] | Redirect:
    made = renew_codes(request)
    return changed(request, made, "recovery.codes") if made else _new_page(request)


def _new_page(request: PortalRequest) -> Response[bytes]:
    factors = factors_of(request.db, request.viewer)
    crumbs = security_crumbs(request)
    return render_page(request, "account/recovery/new.html", "Codes de secours", crumbs=crumbs, factors=factors)
