"""The directory in place: communes while one types, results while one chooses."""

from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.types import Guard

from portal.pages.public.directory import practice_row, results_context, shown_practice
from portal.pages.public.directory_fronts import FRONTS, Front, asked_by, with_addresses
from portal.pages.public.tiles import for_readers
from portal.permissions import public
from portal.places.gazetteer import LONGEST, gazetteer
from portal.places.geocoder import Address
from portal.practice_costs import costs_of
from portal.reading_guards import counted_suggestion
from portal.rendering import render_fragment
from portal.routing import async_page, fragment
from portal.web import PortalRequest

SUGGESTS: list[Guard] = [public, for_readers, counted_suggestion]


@fragment("/fragments/professionnels-agrees/lieux", name="directory.places", guards=SUGGESTS)
def places(request: PortalRequest) -> Response[bytes]:
    typed = request.query_params.get("lieu", "")[:LONGEST]
    return render_fragment(request, "public/directory/places.html", communes=gazetteer().suggest(typed))


def _popup(request: PortalRequest, front: Front, opaque: str) -> Response[bytes]:
    practice = shown_practice(request, opaque)
    row = practice_row(request, practice, opaque, costs_of(request, [practice], is_personal=front.is_personal))
    return render_fragment(request, "public/directory/practice.html", front=front, row=row)


def _results(request: PortalRequest, front: Front, addresses: tuple[Address, ...]) -> Response[bytes]:
    asked = asked_by(request, front, addresses)
    return render_fragment(
        request,
        "public/directory/results.html",
        page_url=request.services.urls(front.index, dict(asked.parameters)),
        status=422 if asked.problem else 200,
        has_errors=False,  # of the page around: what is wrong is said here
        **results_context(request, front, asked),
    )


def _handlers(front: Front) -> list[HTTPRouteHandler]:
    @async_page(f"/fragments{front.path}", name=front.results, guards=front.reads)
    async def results(request: PortalRequest) -> Response[bytes]:
        return await with_addresses(request, _results, front)

    @fragment(f"/fragments{front.path}/{{practice:str}}", name=front.popup, guards=front.reads)
    def popup(request: PortalRequest, practice: FromPath[str]) -> Response[bytes]:
        return _popup(request, front, practice)

    return [results, popup]


HANDLERS = [places, *(handler for front in FRONTS for handler in _handlers(front))]
