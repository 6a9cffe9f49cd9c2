"""Approved professionals near a place, for everybody and for members: /professionnels-agrees, /adherent/professionnels.

One list, one sheet, in two spaces (R-24). A member sees in addition what a price leaves to pay.
"""

from typing import Any

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from portal.data.directory import Level, Practice, find_practice, nearest_practices
from portal.directory_words import (
    LANGUAGE_LABELS,
    PROFESSION_LABELS,
    SERVICE_LABELS,
    away_words,
    language_words,
    level_labels,
    opening_words,
    profession_label,
    service_words,
    week_words,
)
from portal.forms import FieldError
from portal.headers import framing_headers
from portal.pages.public.directory_fronts import FRONTS, Front, asked_by, with_addresses
from portal.pages.public.directory_query import OPEN, PRACTICE, SERVICE_FIELDS, Asked, next_page
from portal.permissions import Permission, may
from portal.places.gazetteer import gazetteer
from portal.places.geocoder import Address
from portal.practice_costs import Cost, Costs, costs_of
from portal.rendering import Crumb, render_page
from portal.routing import async_page, page
from portal.vcard import vcard
from portal.web import PortalRequest


def title_of(request: PortalRequest) -> str:
    """What the list is called: « Professionnels agréés Kalivia »."""
    return f"Professionnels agréés {request.services.settings.network_name}"


def results_context(request: PortalRequest, front: Front, asked: Asked) -> dict[str, Any]:
    """What the results show, as a page and in place."""
    found = nearest_practices(request.db, asked.wish) if asked.wish else None
    nearest = found.nearest if found else ()
    names = request.services.keyring.conceal(PRACTICE, (near.practice.id or 0 for near in nearest))
    costs = costs_of(request, (near.practice for near in nearest), is_personal=front.is_personal)
    pairs = zip(nearest, names, strict=True)
    return {
        "asked": asked,
        "front": front,
        "viewer_keeps": front.is_personal,
        "may_keep": front.is_personal and may(request.viewer, Permission.PLACE_SAVE),
        "found": found,
        "rows": [practice_row(request, near.practice, name, costs, near.km) for near, name in pairs],
        "next": next_page(request, asked, found) if found else "",
    }


def practice_row(
    request: PortalRequest, practice: Practice, name: str, costs: Costs, km: float | None = None
) -> dict[str, Any]:
    """What the list and the map's popup say of one place. `name`: opaque; `costs`: of the prices; `km`: how
    far, where that is known."""
    words, tone = opening_words(practice, request.now)
    return {
        "practice": practice,
        "name": name,
        "profession": profession_label(practice),
        "level": level_labels(request.services.settings.network_name)[Level(practice.level)],
        "services": service_words(practice),
        "price": practice.price_cents,
        "cost": costs.get((practice.act_code, practice.price_cents or 0), Cost("Tarif")),
        "away": away_words(practice, km) if km is not None else "",
        "open": words,
        "tone": tone,
    }


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
        row=practice_row(request, practice, opaque, costs_of(request, [practice], is_personal=front.is_personal)),
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


def _handlers(front: Front) -> list[HTTPRouteHandler]:
    @async_page(front.path, name=front.index, guards=front.reads)
    async def index(request: PortalRequest) -> Response[bytes]:
        return await with_addresses(request, _list, front)

    @page(f"{front.path}/{{practice:str}}", name=front.practice, guards=front.reads)
    def sheet(request: PortalRequest, practice: FromPath[str]) -> Response[bytes]:
        return _sheet(request, front, practice)

    @page(f"{front.path}/{{practice:str}}/vcard", name=front.card, guards=front.reads)
    def card(request: PortalRequest, practice: FromPath[str]) -> Response[bytes]:
        return _card(request, practice)

    return [index, sheet, card]


HANDLERS = [handler for front in FRONTS for handler in _handlers(front)]
