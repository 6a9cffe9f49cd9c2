"""The practice's own software and its access to the API: /professionnel/logiciel (R-42, R-62, R-72).

Whoever holds the agreement makes it, sees its secret once, renews it, ends it; each act asks for a recent proof of
identity, and is told by letter. Where the API is off, none of this exists.
"""

from litestar import Response
from litestar.connection import ASGIConnection
from litestar.exceptions import NotFoundException
from litestar.handlers import BaseRouteHandler
from litestar.response import Redirect
from litestar.types import Guard
from sqlmodel import Session

from portal.data.evidence import Action
from portal.data.pending_secrets import Kind, find_secret, forget_secret, keep_secret
from portal.data.software import (
    Software,
    SoftwareExists,
    SoftwareGone,
    create_software,
    renew_secret,
    revoke_software,
    secrets_of,
    software_of,
    use_of,
)
from portal.forms import FieldError
from portal.pages.provider.software_forms import Wish, empty_values, read_software
from portal.permissions import Permission, recently_confirmed, requires
from portal.rendering import Crumb, render_page
from portal.routing import action, async_action, page
from portal.software_notices import CREATED, RENEWED, REVOKED, tell_of_software
from portal.software_words import EXISTS, GONE
from portal.web import PortalRequest

TITLE, PATH = "Logiciel", "/professionnel/logiciel"


async def with_api(connection: ASGIConnection, _: BaseRouteHandler) -> None:
    """Guard: 404 where the API is off."""
    if not connection.app.state.services.settings.rights_api:
        raise NotFoundException


MANAGES: list[Guard] = [requires(Permission.SOFTWARE_MANAGE), recently_confirmed, with_api]


@page(PATH, name="provider.software", guards=MANAGES)
def software_page(request: PortalRequest) -> Response[bytes]:
    return _page(request, empty_values(), [])


@async_action(PATH, name="provider.software.create", guards=MANAGES)
async def create(request: PortalRequest) -> Response[bytes] | Redirect:
    values, wish, errors = read_software(await request.form(), is_new=True, takes_certificate=_binds(request))
    if wish is not None:
        try:
            await request.database.run_writing(_create, request, wish)
        except SoftwareExists:
            errors = [FieldError("", EXISTS)]
    return await request.database.run(_page, request, values, errors) if errors else _done(request)


@async_action(f"{PATH}/secret", name="provider.software.renew", guards=MANAGES)
async def renew(request: PortalRequest) -> Response[bytes] | Redirect:
    values, wish, errors = read_software(await request.form(), is_new=False, takes_certificate=_binds(request))
    if wish is not None:
        try:
            await request.database.run_writing(_renew, request, wish)
        except SoftwareGone:
            errors = [FieldError("", GONE)]
    return await request.database.run(_page, request, values, errors) if errors else _done(request)


@action(f"{PATH}/arret", name="provider.software.revoke", guards=MANAGES)
def revoke(request: PortalRequest) -> Response[bytes] | Redirect:
    try:
        with request.database.write() as db:
            ended = revoke_software(db, request.viewer, request.viewer.provider_id or 0, request.now)
            forget_secret(db, request.viewer, Kind.SOFTWARE)
            _told(request, db, ended, REVOKED, Action.SOFTWARE_REVOKED)
    except SoftwareGone:
        return _page(request, empty_values(), [FieldError("", GONE)])
    return _done(request)


@action(f"{PATH}/note", name="provider.software.noted", guards=MANAGES)
def noted(request: PortalRequest) -> Redirect:
    """The secret is in the software: it is not shown again."""
    with request.database.write() as db:
        forget_secret(db, request.viewer, Kind.SOFTWARE)
    return _done(request)


def _create(request: PortalRequest, wish: Wish) -> None:
    with request.database.write() as db:
        made, secret = create_software(db, request.viewer, wish.name, wish.certificate, request.now)
        _show(request, db, secret)
        _told(request, db, made, CREATED, Action.SOFTWARE_CREATED)


def _renew(request: PortalRequest, wish: Wish) -> None:
    with request.database.write() as db:
        held, secret = renew_secret(db, request.viewer, wish.certificate, request.now, at_once=wish.at_once)
        _show(request, db, secret)
        _told(request, db, held, RENEWED, Action.SOFTWARE_SECRET_RENEWED)


def _show(request: PortalRequest, db: Session, secret: str) -> None:
    """Keeps the secret for this session alone, until it is noted or a quarter of an hour has passed."""
    keep_secret(db, request.viewer, request.services.keyring, Kind.SOFTWARE, secret, request.now)


def _told(request: PortalRequest, db: Session, software: Software, what: str, act: Action) -> None:
    tell_of_software(request.services, db, software, what, request.viewer.display_name)
    request.record(db, act, software.client_id)


def _binds(request: PortalRequest) -> bool:
    """Whether a trusted proxy says which certificate a caller has."""
    return bool(request.services.settings.certificate_header)


def _done(request: PortalRequest) -> Redirect:
    return Redirect(request.services.urls("provider.software"), status_code=303)


def _page(request: PortalRequest, values: dict[str, str], errors: list[FieldError]) -> Response[bytes]:
    """The access as it is now. A form that comes back with errors was filled in long after its transaction began."""
    with request.database.read() as db:
        software = software_of(db, request.viewer)
        keyring, now = request.services.keyring, request.now
        return render_page(
            request,
            "provider/software/index.html",
            TITLE,
            crumbs=[Crumb("Accueil", request.services.urls("provider.home"))],
            errors=errors,
            values=values,
            software=software,
            use=use_of(db, software) if software else None,
            kept=secrets_of(db, software, now) if software else [],
            secret=find_secret(db, request.viewer, keyring, Kind.SOFTWARE, now) if software else None,
            binds=_binds(request),
            origin=request.services.settings.origin,
        )


HANDLERS = [software_page, create, renew, revoke, noted]
