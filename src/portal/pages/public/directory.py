"""Approved professionals near a place, for everybody and for members: /professionnels-agrees, /adherent/professionnels.

One list, one sheet, in two spaces (R-24). A member sees in addition what a price leaves to pay.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from litestar import Response
from litestar.connection import ASGIConnection
from litestar.exceptions import NotFoundException
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath
from litestar.types import Guard

from portal.data.directory import Level, Practice, find_practice, nearest_practices
from portal.data.saved_places import saved_place
from portal.directory_words import (
    LANGUAGE_LABELS,
    PROFESSION_LABELS,
    SERVICE_LABELS,
    distance_words,
    language_words,
    level_labels,
    opening_words,
    profession_label,
    service_words,
    week_words,
)
from portal.forms import FieldError
from portal.headers import framing_headers
from portal.pages.public.directory_addresses import addresses_typed
from portal.pages.public.directory_query import OPEN, PRACTICE, SERVICE_FIELDS, Asked, next_page, read_asked
from portal.permissions import Permission, may, public, requires
from portal.places.gazetteer import gazetteer
from portal.places.geocoder import Address
from portal.practice_costs import Cost, costs_for
from portal.reading_guards import counted_read
from portal.rendering import Crumb, render_page
from portal.routing import async_page, page
from portal.vcard import vcard
from portal.web import PortalRequest

READS: list[Guard] = [requires(Permission.DIRECTORY_READ), counted_read]


async def when_open(connection: ASGIConnection, _: BaseRouteHandler) -> None:
    """Guard: the directory is open to everybody only where the insurer has so chosen."""
    if not connection.app.state.services.settings.open_directory:
        raise NotFoundException


OPEN_READS: list[Guard] = [public, when_open, counted_read]


@dataclass(frozen=True, slots=True)
class Front:
    """The directory in one space: its layout, and the names of its routes."""

    layout: str
    index: str
    practice: str
    card: str
    results: str
    home: str
    map: str
    popup: str


OPEN_TO_ALL = Front(
    "layouts/minimal.html",
    "directory",
    "directory.practice",
    "directory.card",
    "directory.results",
    "home",
    "directory.map",
    "directory.popup",
)
OF_MEMBERS = Front(
    "layouts/base.html",
    "member.directory",
    "member.practice",
    "member.practice.card",
    "member.directory.results",
    "member.home",
    "member.directory.map",
    "member.directory.popup",
)


@async_page("/professionnels-agrees", name=OPEN_TO_ALL.index, guards=OPEN_READS)
async def open_list(request: PortalRequest) -> Response[bytes]:
    return await with_addresses(request, _list, OPEN_TO_ALL)


@page("/professionnels-agrees/{practice:str}", name=OPEN_TO_ALL.practice, guards=OPEN_READS)
def open_sheet(request: PortalRequest, practice: FromPath[str]) -> Response[bytes]:
    return _sheet(request, OPEN_TO_ALL, practice)


@page("/professionnels-agrees/{practice:str}/vcard", name=OPEN_TO_ALL.card, guards=OPEN_READS)
def open_card(request: PortalRequest, practice: FromPath[str]) -> Response[bytes]:
    return _card(request, practice)


@async_page("/adherent/professionnels", name=OF_MEMBERS.index, guards=READS)
async def member_list(request: PortalRequest) -> Response[bytes]:
    return await with_addresses(request, _list, OF_MEMBERS)


@page("/adherent/professionnels/{practice:str}", name=OF_MEMBERS.practice, guards=READS)
def member_sheet(request: PortalRequest, practice: FromPath[str]) -> Response[bytes]:
    return _sheet(request, OF_MEMBERS, practice)


@page("/adherent/professionnels/{practice:str}/vcard", name=OF_MEMBERS.card, guards=READS)
def member_card(request: PortalRequest, practice: FromPath[str]) -> Response[bytes]:
    return _card(request, practice)


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
    home = saved_place(request.db, request.viewer) if front is OF_MEMBERS else None
    return read_asked(request, addresses, home)


def title_of(request: PortalRequest) -> str:
    """What the list is called: « Professionnels agréés Kalivia »."""
    return f"Professionnels agréés {request.services.settings.network_name}"


def results_context(request: PortalRequest, front: Front, asked: Asked) -> dict[str, Any]:
    """What the results show, as a page and in place."""
    found = nearest_practices(request.db, asked.wish) if asked.wish else None
    nearest = found.nearest if found else ()
    names = request.services.keyring.conceal(PRACTICE, (near.practice.id or 0 for near in nearest))
    costs = costs_of(request, front, *(near.practice for near in nearest))
    pairs = zip(nearest, names, strict=True)
    return {
        "asked": asked,
        "front": front,
        "viewer_keeps": front is OF_MEMBERS,
        "may_keep": front is OF_MEMBERS and may(request.viewer, Permission.PLACE_SAVE),
        "found": found,
        "rows": [practice_row(request, near.practice, name, costs, near.km) for near, name in pairs],
        "next": next_page(request, asked, found) if found else "",
    }


def practice_row(
    request: PortalRequest, practice: Practice, name: str, costs: Mapping[Cost, int], km: float | None = None
) -> dict[str, Any]:
    """What the list and the map's popup say of one place. `name`: opaque; `costs`: what prices leave to pay; `km`: how
    far, where that is known."""
    words, tone = opening_words(practice, request.now)
    return {
        "practice": practice,
        "name": name,
        "profession": profession_label(practice),
        "level": level_labels(request.services.settings.network_name)[Level(practice.level)],
        "services": service_words(practice),
        "price": practice.price_cents,
        "left": costs.get((practice.act_code, practice.price_cents or 0)),
        "away": distance_words(km) if km is not None else "",
        "open": words,
        "tone": tone,
    }


def costs_of(request: PortalRequest, front: Front, *practices: Practice) -> Mapping[Cost, int]:
    """What prices leave to pay: to members."""
    return costs_for(request, practices) if front is OF_MEMBERS else {}


def form_context(request: PortalRequest, asked: Asked) -> dict[str, Any]:
    """The choices of the search's form."""
    levels = level_labels(request.services.settings.network_name)
    return {
        "professions": [(each.value, label) for each, label in PROFESSION_LABELS.items()],
        "languages": list(LANGUAGE_LABELS.items()),
        "levels": [(each.value, label) for each, label in levels.items()],
        "services": [(name, SERVICE_LABELS[each], bool(asked.value(name))) for name, each in SERVICE_FIELDS.items()]
        + [(OPEN, "Ouvert en ce moment", bool(asked.value(OPEN)))],
    }


def _list(request: PortalRequest, front: Front, addresses: tuple[Address, ...]) -> Response[bytes]:
    asked = asked_by(request, front, addresses)
    answer = render_page(
        request,
        "public/directory/index.html",
        title_of(request),
        crumbs=_crumbs(request, front)[:1],
        errors=[FieldError("lieu", asked.problem)] if asked.problem else [],
        layout=front.layout,
        count=len(gazetteer()),
        **results_context(request, front, asked),
        **form_context(request, asked),
    )
    answer.headers.update(framing_headers())
    return answer


def _sheet(request: PortalRequest, front: Front, opaque: str) -> Response[bytes]:
    practice = shown_practice(request, opaque)
    return render_page(
        request,
        "public/directory/practice.html",
        practice.name,
        crumbs=_crumbs(request, front),
        layout=front.layout,
        front=front,
        row=practice_row(request, practice, opaque, costs_of(request, front, practice)),
        geo=f"geo:{practice.latitude},{practice.longitude}",
        directions=_directions(request, practice),
        week=week_words(practice),
        spoken=language_words(practice),
    )


def _directions(request: PortalRequest, practice: Practice) -> str:
    """A page of another site that shows the way, for who has no application for `geo:`; empty without one."""
    pattern = request.services.settings.directions_url
    return pattern.format(latitude=practice.latitude, longitude=practice.longitude)


def _card(request: PortalRequest, opaque: str) -> Response[bytes]:
    body = vcard(shown_practice(request, opaque)).encode()
    headers = {"Content-Disposition": 'attachment; filename="professionnel.vcf"'}
    return Response(body, media_type="text/vcard; charset=utf-8", headers=headers)


def shown_practice(request: PortalRequest, opaque: str) -> Practice:
    """The place of an opaque name, also one that has left. Raises a 404."""
    practice = find_practice(request.db, request.revealed(PRACTICE, opaque))
    if practice is None:
        raise NotFoundException
    return practice


def _crumbs(request: PortalRequest, front: Front) -> list[Crumb]:
    urls = request.services.urls
    return [Crumb("Accueil", urls(front.home)), Crumb(title_of(request), urls(front.index))]


HANDLERS = [open_list, open_sheet, open_card, member_list, member_sheet, member_card]
