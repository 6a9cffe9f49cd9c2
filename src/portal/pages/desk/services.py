"""Withdrawing services from a space and opening them again (R-65): /gestion/services, for supervisors."""

from typing import Any

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from portal.closures import services_of
from portal.data.accounts import Space
from portal.data.evidence import Action
from portal.data.site_state import SERVICE_LABELS, Service, SiteState, SwitchState, last_switches, switch_service
from portal.forms import FieldError, single_values
from portal.labels import SPACE_LABELS
from portal.pages.desk.reasons import LONGEST, reason_errors
from portal.permissions import Permission, recently_confirmed, requires
from portal.rendering import Crumb, render_page
from portal.routing import async_action, page
from portal.web import PortalRequest

SUPERVISOR = requires(Permission.DESK_SERVICES)
NAMES: dict[str, Space] = {space.value: space for space in Space}


@page("/gestion/services", name="desk.services", guards=[SUPERVISOR])
def services(request: PortalRequest) -> Response[bytes]:
    state = request.services.site.current()
    spaces = [(SPACE_LABELS[space], _offers(state, space)) for space in Space if services_of(space)]
    rows = [(row, SPACE_LABELS[Space(row.space)], _label(row.service)) for row in last_switches(request.db)]
    return render_page(request, "desk/services/index.html", "Services en ligne", spaces=spaces, switches=rows)


@page("/gestion/services/{espace:str}/{service:str}", name="desk.service", guards=[SUPERVISOR, recently_confirmed])
def service_page(request: PortalRequest, espace: FromPath[str], service: FromPath[str]) -> Response[bytes]:
    return _form(request, *_named(espace, service), reason="")


@async_action(
    "/gestion/services/{espace:str}/{service:str}", name="desk.service.switch", guards=[SUPERVISOR, recently_confirmed]
)
async def switch(request: PortalRequest, espace: FromPath[str], service: FromPath[str]) -> Response[bytes] | Redirect:
    space, named = _named(espace, service)
    sent = single_values(await request.form(), ("etat", "motif"), longest=LONGEST + 1, texts=("motif",))
    errors = reason_errors(sent["motif"])
    if sent["etat"] not in {*SwitchState}:
        errors.append(FieldError("etat", "Rouvrez cette page : le formulaire reçu est incomplet."))
    if errors:
        return _form(request, space, named, sent["motif"], errors)
    await request.database.run_writing(_switch, request, space, named, SwitchState(sent["etat"]), sent["motif"])
    request.services.site.forget()
    return Redirect(request.services.urls("desk.services"), status_code=303)


def _switch(request: PortalRequest, space: Space, service: Service, state: SwitchState, reason: str) -> None:
    with request.database.write() as db:
        if switch_service(db, request.viewer, space, service, state, reason, request.now):
            request.record(db, Action.SERVICE_SWITCHED, f"{space}/{service}", state=state, reason=reason)


def _named(space: str, service: str) -> tuple[Space, Service]:
    """The space and the service of a URL; 404 for a pair that is not switchable."""
    if space not in NAMES or service not in services_of(NAMES[space]):
        raise NotFoundException
    return NAMES[space], Service(service)


def _form(
    request: PortalRequest, space: Space, service: Service, reason: str, errors: list[FieldError] | None = None
) -> Response[bytes]:
    withdrawal = request.services.site.current().withdrawal(space, service)
    verb = "Rouvrir" if withdrawal else "Retirer"
    title = f"{verb} «\u00a0{SERVICE_LABELS[service]}\u00a0»"
    return render_page(
        request,
        "desk/services/service.html",
        title,
        crumbs=[Crumb("Services en ligne", request.services.urls("desk.services"))],
        errors=errors or [],
        space=SPACE_LABELS[space],
        names={"espace": space.value, "service": service.value},
        withdrawal=withdrawal,
        reason=reason,
    )


def _offers(state: SiteState, space: Space) -> list[dict[str, Any]]:
    return [
        {
            "label": SERVICE_LABELS[service],
            "names": {"espace": space.value, "service": service.value},
            "withdrawal": state.withdrawal(space, service),
        }
        for service in services_of(space)
    ]


def _label(service: str) -> str:
    return SERVICE_LABELS[Service(service)] if service in {*Service} else service
