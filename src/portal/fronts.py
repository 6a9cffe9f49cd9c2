"""By which of its names somebody comes to the portal: the users' one, the desk's own, or one name for both (R-05).

With `PORTAL_DESK_HOST` the desk answers under that name alone, and nothing of the users' spaces is served there; a
network that `PORTAL_DESK_NETWORKS` leaves out, or `PORTAL_DESK_ENABLED=false`, leaves no desk at all. What one front
does not serve is 404 there, whoever asks; an account of the other side is unknown there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from litestar.connection import ASGIConnection
from litestar.exceptions import NotFoundException
from litestar.handlers import BaseRouteHandler

from portal.data.accounts import Role, Space
from portal.grants import GRANTS, Permission
from portal.permissions import Requires, policy_of
from portal.settings import Settings

DESK_PATHS = ("/gestion", "/fragments/gestion")
_DESK_MAY = GRANTS[Role.AGENT] | GRANTS[Role.SUPERVISOR] | {Permission.SECOND_FACTOR, Permission.EMAIL_CODE}
# What anyone may open under the desk's own name: the way in, its help and legal pages, what machines ask for. What a
# session needs besides (second factor, own account) carries a permission that agents hold.
ENTRANCE = frozenset(
    {
        "home", "start", "help", "delays", "accessibility", "privacy", "terms", "terms.versions", "terms.version",
        "terms.changes", "terms.markdown", "terms.pdf", "health", "readiness", "metrics", "robots", "static",
        "sign-in", "sign-in.submit", "sign-in.options", "sign-in.passkey", "factor.lost", "link",
        "password.forgotten", "password.forgotten.submit", "password.forgotten.sent", "password.reset",
        "password.reset.submit", "password.reset.done", "identifier.forgotten", "identifier.forgotten.submit",
        "identifier.sent", "fraud.report", "fraud.report.submit", "fraud.sent", "fraud.confirm",
        "fraud.confirm.submit", "fraud.done", "email.confirm", "email.confirm.submit", "email.refuse", "email.outcome",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Front:
    """What is served under the name by which a request came. `settings`: those of the portal, with that origin."""

    users: bool
    desk: bool
    settings: Settings

    def serves(self, space: str) -> bool:
        """Whether accounts of this space exist here."""
        return self.desk if space == Space.DESK else self.users


class Fronts:
    """The portal's names. The Host header tells the name, the socket the peer; no forwarded header does."""

    def __init__(self, settings: Settings) -> None:
        self._networks = [ip_network(network) for network in settings.desk_networks]
        desk = settings.model_copy(update={"origin": settings.desk_origin})
        is_shared, is_on = not settings.desk_host, settings.desk_enabled
        self._near = _named(settings, Front(True, is_shared and is_on, settings), Front(False, is_on, desk))
        self._far = _named(settings, Front(True, False, settings), Front(False, False, desk))

    def of(self, host: bytes, peer: str) -> Front | None:
        """The front of a request; None for a name that is not ours, or no more than the desk's where it is closed."""
        front = (self._near if self._lets_in(peer) else self._far).get(host)
        return front if front and (front.users or front.desk) else None

    def _lets_in(self, peer: str) -> bool:
        if not self._networks:
            return True
        address = _plain(peer)
        return address is not None and any(address in network for network in self._networks)


def is_of_the_desk(path: str) -> bool:
    """Whether a path, or a route's template, belongs to the desk."""
    return any(path == start or path.startswith(f"{start}/") for start in DESK_PATHS)


async def refuse_elsewhere(connection: ASGIConnection, handler: BaseRouteHandler) -> None:
    """Application guard, before all others: what is not served under this name does not exist."""
    front: Front = connection.scope["state"]["front"]
    if not is_served(front, handler):
        raise NotFoundException


def is_served(front: Front, handler: BaseRouteHandler) -> bool:
    """Whether a handler answers under this front."""
    if any(is_of_the_desk(path) for path in handler.paths):
        return front.desk
    return front.users or _may_the_desk_need(handler)


def _may_the_desk_need(handler: BaseRouteHandler) -> bool:
    policy = policy_of(handler)
    if isinstance(policy, Requires):
        return policy.permission in _DESK_MAY
    return handler.name in ENTRANCE


def _named(settings: Settings, users: Front, desk: Front) -> Mapping[bytes, Front]:
    ours = {host.encode("latin-1"): users for host in settings.hosts}
    return ours | {host.encode("latin-1"): desk for host in settings.desk_hosts}


def _plain(text: str) -> IPv4Address | IPv6Address | None:
    """An address; an IPv4 one also when it comes wrapped in IPv6."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
