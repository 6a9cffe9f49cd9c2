"""The map of approved professionals, a document of its own that the list frames (R-24)."""

import secrets

from litestar import Response
from litestar.handlers import HTTPRouteHandler

from portal.data.directory import Near, Practice, find_practice, nearest_practices
from portal.directory_words import away_words, profession_label
from portal.headers import framed_headers
from portal.pages.public.directory_fronts import FRONTS, Front, asked_by, with_addresses
from portal.pages.public.directory_query import HOME, LONGEST_VALUE, MAP, POSITION, PRACTICE, Asked
from portal.pages.public.tiles import tiles_pattern
from portal.places.distance import Position, distance_km
from portal.places.gazetteer import gazetteer
from portal.places.geocoder import Address
from portal.practice_map import Marker, Tiles, Written, write_map
from portal.rendering import render_page
from portal.routing import async_page
from portal.web import PortalRequest

MOST_MARKERS = 500
SHOWN = "montre"
FIRST_SEEN, AT_HAND_KM, SPREAD = 20, 20.0, 4
# Where nothing is asked: France, from Brest to Strasbourg.
COUNTRY = Position(46.6, 2.4)
COUNTRY_BOUNDS = [[42.3, -4.8], [51.1, 8.2]]
LARGE_TOWNS, NEAR_TOWNS, NEAR_KM = 60, 60, 50.0


def _map(request: PortalRequest, front: Front, addresses: tuple[Address, ...]) -> Response[bytes]:
    asked = asked_by(request, front, addresses)
    nonce = secrets.token_urlsafe(16)
    title = f"Carte des professionnels autour {asked.of_place}" if asked.place else "Carte des professionnels"
    answer = render_page(
        request, "public/directory/map.html", title, front=front, map=_written(request, front, asked, nonce)
    )
    answer.headers.update(framed_headers(nonce))
    return answer


def _written(request: PortalRequest, front: Front, asked: Asked, nonce: str) -> Written:
    nearest, shown = _drawn(request, asked)
    names = request.services.keyring.conceal(PRACTICE, (near.practice.id or 0 for near in nearest))
    centre = asked.wish.centre if asked.wish else COUNTRY
    told = {
        "centre": centre,
        "bounds": _bounds(centre, nearest) if nearest else COUNTRY_BOUNDS,
        "shown": request.services.keyring.conceal(PRACTICE, [shown.id or 0])[0] if shown else "",
        "closest": 15,
        "outline": request.services.assets.url("img/france.json"),
        "towns": [] if request.services.tiles.has_source else _towns(centre),
        "sheet": request.services.urls(front.popup, practice="_"),
        "search": request.services.urls(front.index, asked.asking({"lieu": "", POSITION: "", HOME: "", MAP: "1"})),
    }
    markers = [_marker(*pair) for pair in zip(nearest, names, strict=True)]
    pattern = tiles_pattern(request)
    tiles = Tiles(pattern, request.services.settings.map_attribution) if pattern else None
    return write_map(centre, markers, told, tiles, nonce)


def _drawn(request: PortalRequest, asked: Asked) -> tuple[tuple[Near, ...], Practice | None]:
    """The nearest places, and the one that the list wants shown: last, when it is not among them (who is open changes
    from one minute to the next)."""
    if asked.wish is None:
        return (), None
    nearest = nearest_practices(request.db, asked.wish, MOST_MARKERS).nearest
    shown = _shown(request)
    if shown is None or any(near.practice.id == shown.id for near in nearest):
        return nearest, shown
    return (*nearest, Near(shown, distance_km(asked.wish.centre, shown.position))), shown


def _shown(request: PortalRequest) -> Practice | None:
    """The place that the address names, if it is still in the directory; anything else counts for nothing."""
    name = request.query_params.get(SHOWN, "")[:LONGEST_VALUE]
    practice = find_practice(request.db, request.services.keyring.reveal(PRACTICE, name) or 0)
    return practice if practice and practice.left_on is None else None


def _marker(near: Near, name: str) -> Marker:
    words = f"{near.practice.name}, {profession_label(near.practice)}, à {away_words(near.practice, near.km)}"
    return Marker(near.practice.position, name, words)


def _bounds(centre: Position, nearest: tuple[Near, ...]) -> list[Position]:
    """The corners of what is seen first: where one asked about, and the nearest places, but those overseas."""
    limit = max(AT_HAND_KM, SPREAD * nearest[: FIRST_SEEN // 4][-1].km)
    seen = [centre, *(near.practice.position for near in nearest[:FIRST_SEEN] if near.km <= limit)]
    latitudes, longitudes = zip(*seen, strict=True)
    return [Position(min(latitudes), min(longitudes)), Position(max(latitudes), max(longitudes))]


def _towns(centre: Position) -> list[tuple[float, float, str]]:
    """The towns to name where there are no tiles: the country's largest, and the largest around; largest first."""
    chosen = {*gazetteer().largest(LARGE_TOWNS), *gazetteer().around(centre, NEAR_KM, NEAR_TOWNS)}
    towns = sorted(chosen, key=lambda commune: -commune.population)
    return [(round(town.position.latitude, 3), round(town.position.longitude, 3), town.short_name) for town in towns]


def _handler(front: Front) -> HTTPRouteHandler:
    @async_page(f"{front.path}/carte", name=front.map, guards=front.draws)
    async def drawn(request: PortalRequest) -> Response[bytes]:
        return await with_addresses(request, _map, front)

    return drawn


HANDLERS = [_handler(front) for front in FRONTS]
