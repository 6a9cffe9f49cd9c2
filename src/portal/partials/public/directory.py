"""The directory in place: communes while one types, results while one chooses."""

from litestar import Response
from litestar.params import FromPath
from litestar.types import Guard

from portal.pages.public.directory import (
    OF_MEMBERS,
    OPEN_READS,
    OPEN_TO_ALL,
    READS,
    Front,
    asked_by,
    costs_of,
    practice_row,
    results_context,
    shown_practice,
    with_addresses,
)
from portal.pages.public.tiles import for_readers
from portal.permissions import public
from portal.places.gazetteer import LONGEST, gazetteer
from portal.places.geocoder import Address
from portal.reading_guards import counted_suggestion
from portal.rendering import render_fragment
from portal.routing import async_page, fragment
from portal.web import PortalRequest

SUGGESTS: list[Guard] = [public, for_readers, counted_suggestion]


@fragment("/fragments/professionnels-agrees/lieux", name="directory.places", guards=SUGGESTS)
def places(request: PortalRequest) -> Response[bytes]:
    typed = request.query_params.get("lieu", "")[:LONGEST]
    return render_fragment(request, "public/directory/places.html", communes=gazetteer().suggest(typed))


@async_page("/fragments/professionnels-agrees", name=OPEN_TO_ALL.results, guards=OPEN_READS)
async def open_results(request: PortalRequest) -> Response[bytes]:
    return await with_addresses(request, _results, OPEN_TO_ALL)


@async_page("/fragments/adherent/professionnels", name=OF_MEMBERS.results, guards=READS)
async def member_results(request: PortalRequest) -> Response[bytes]:
    return await with_addresses(request, _results, OF_MEMBERS)


@fragment("/fragments/professionnels-agrees/{practice:str}", name=OPEN_TO_ALL.popup, guards=OPEN_READS)
def open_popup(request: PortalRequest, practice: FromPath[str]) -> Response[bytes]:
    return _popup(request, OPEN_TO_ALL, practice)


@fragment("/fragments/adherent/professionnels/{practice:str}", name=OF_MEMBERS.popup, guards=READS)
def member_popup(request: PortalRequest, practice: FromPath[str]) -> Response[bytes]:
    return _popup(request, OF_MEMBERS, practice)


def _popup(request: PortalRequest, front: Front, opaque: str) -> Response[bytes]:
    practice = shown_practice(request, opaque)
    row = practice_row(request, practice, opaque, costs_of(request, front, practice))
    return render_fragment(request, "public/directory/practice.html", front=front, row=row)


def _results(request: PortalRequest, front: Front, addresses: tuple[Address, ...]) -> Response[bytes]:
    asked = asked_by(request, front, addresses)
    return render_fragment(
        request,
        "public/directory/results.html",
        page_url=request.services.urls(front.index, dict(asked.parameters)),
        status=422 if asked.problem else 200,
        **results_context(request, front, asked),
    )


HANDLERS = [places, open_results, member_results, open_popup, member_popup]
