"""The two fronts of the directory, for everybody and for members: paths, names of routes, who reads, around where.

Every page and fragment of the directory stands once in the code, and is made for each front (R-24).
"""

from collections.abc import Callable
from dataclasses import dataclass

from litestar import Response
from litestar.connection import ASGIConnection
from litestar.exceptions import NotFoundException
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from portal.data.saved_places import saved_place
from portal.pages.public.directory_addresses import addresses_typed
from portal.pages.public.directory_query import Asked, read_asked
from portal.permissions import Permission, public, requires
from portal.places.geocoder import Address
from portal.reading_guards import counted_map, counted_read
from portal.web import PortalRequest


async def when_open(connection: ASGIConnection, _: BaseRouteHandler) -> None:
    """Guard: the directory is open to everybody only where the insurer has so chosen."""
    if not connection.app.state.services.settings.open_directory:
        raise NotFoundException


@dataclass(frozen=True, slots=True)
class Front:
    """The directory in one space. `index`: the name of its list's route, with which those of the others begin;
    `who`: the guards that say who reads at all."""

    path: str
    index: str
    home: str
    layout: str
    who: tuple[Guard, ...]

    @property
    def is_personal(self) -> bool:
        """Whether it is read by somebody whose place and guarantees are known."""
        return self is OF_MEMBERS

    @property
    def practice(self) -> str:
        return f"{self.index}.practice"

    @property
    def card(self) -> str:
        return f"{self.index}.card"

    @property
    def results(self) -> str:
        return f"{self.index}.results"

    @property
    def map(self) -> str:
        return f"{self.index}.map"

    @property
    def popup(self) -> str:
        return f"{self.index}.popup"

    @property
    def reads(self) -> list[Guard]:
        return [*self.who, counted_read]

    @property
    def draws(self) -> list[Guard]:
        return [*self.who, counted_map]


OPEN_TO_ALL = Front("/professionnels-agrees", "directory", "home", "layouts/minimal.html", (public, when_open))
OF_MEMBERS = Front(
    "/adherent/professionnels",
    "member.directory",
    "member.home",
    "layouts/base.html",
    (requires(Permission.DIRECTORY_READ),),
)
FRONTS = (OPEN_TO_ALL, OF_MEMBERS)


async def with_addresses(
    request: PortalRequest,
    answer: Callable[[PortalRequest, Front, tuple[Address, ...]], Response[bytes]],
    front: Front,
) -> Response[bytes]:
    """Asks the address service, if there is one, and holds up nobody meanwhile; then answers as reading handlers do."""
    addresses = await addresses_typed(request)
    return await request.database.run(answer, request, front, addresses)


def asked_by(request: PortalRequest, front: Front, addresses: tuple[Address, ...]) -> Asked:
    """What is asked; in the member's space, around the saved place unless another is given."""
    home = saved_place(request.db, request.viewer) if front.is_personal else None
    return read_asked(request, addresses, home)
