"""`/metrics` (R-60): OpenMetrics for whoever holds the token, from the networks that the settings name; off by default.

Whoever may not ask learns nothing: the address does not exist. Nothing in it is about a person.
"""

import secrets
from ipaddress import ip_network

from litestar import Response
from litestar.exceptions import NotFoundException

from portal.meters import MEDIA_TYPE
from portal.operation_metrics import figure_metrics
from portal.permissions import public
from portal.routing import page
from portal.sessions import plain_address
from portal.settings import Settings
from portal.web import PortalRequest

SCHEME = "Bearer "


@page("/metrics", name="metrics", guards=[public])
def metrics(request: PortalRequest) -> Response[bytes]:
    settings = request.services.settings
    if not (settings.tells_metrics and _has_token(request, settings) and _is_near(request, settings)):
        raise NotFoundException
    is_closed = request.services.site.current().maintenance(request.now) is not None
    figures = request.services.figures.current()
    told = figure_metrics(figures, request.now, settings.data_folder, maintenance=is_closed)
    return Response(request.services.meters.text(told), media_type=MEDIA_TYPE)


def _has_token(request: PortalRequest, settings: Settings) -> bool:
    """Read each time: a token is changed by changing the file."""
    if settings.metrics_token_file is None:
        return True
    told = request.headers.get("authorization", "")
    wanted = settings.metrics_token_file.read_text(encoding="utf-8").strip()
    is_told = told.startswith(SCHEME) and bool(wanted)
    return is_told and secrets.compare_digest(told.removeprefix(SCHEME).encode(), wanted.encode())


def _is_near(request: PortalRequest, settings: Settings) -> bool:
    """By the connection's own address: what a proxy tells of another may be invented."""
    if not settings.metrics_networks:
        return True
    peer = plain_address((request.scope["client"] or ("",))[0])
    return peer is not None and any(peer in ip_network(network) for network in settings.metrics_networks)


HANDLERS = [metrics]
