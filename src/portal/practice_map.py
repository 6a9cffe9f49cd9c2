"""The map of approved professionals: what Folium writes for a document of its own, framed by the list (R-24).

Folium's own document asks for ten files of other hosts, forbids zooming by two fingers and styles inline. What is kept
of it is its element and its script; the page around them, its style sheets and its libraries are the portal's. Markers
are one table of rows that the browser draws: five hundred of Folium's elements would take half a second to write.

Folium renders what its templates wrote as a template again: a name with braces in it would run. None reaches it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from branca.element import Figure, MacroElement
from folium import Map, TileLayer
from folium.plugins import FastMarkerCluster
from folium.template import Template
from markupsafe import Markup, escape

from portal.places.distance import Position

CLOSEST, FARTHEST = 18, 3
FITTED = 15  # a few streets
TILED_TO = 19


# Stands for a brace until Folium is done; JSON writes it as the escape that then becomes the brace's own.
_BRACE, _WRITTEN, _ESCAPED = "\ue000", "\\ue000", "\\u007b"


class Marker(NamedTuple):
    """A professional on the map. `name`: opaque; `words`: what a screen reader says of it."""

    position: Position
    name: str
    words: str


@dataclass(frozen=True, slots=True)
class Tiles:
    """Where tiles come from: an address of the portal with {z}, {x} and {y}, and whom to credit."""

    url: str
    credit: str


@dataclass(frozen=True, slots=True)
class Written:
    """The element of the map, and that of the script which draws it."""

    html: Markup
    script: Markup


class _Start(MacroElement):
    """Hands the map and its markers over to the portal's own script."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            portalMap.start({{ this._parent.get_name() }}, {{ this.markers.get_name() }}, {{ this.told | tojson }});
        {% endmacro %}
        """
    )

    def __init__(self, markers: FastMarkerCluster, told: dict[str, Any]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.markers, self.told = markers, _braceless(told)


def write_map(
    centre: Position, markers: Sequence[Marker], told: dict[str, Any], tiles: Tiles | None, nonce: str
) -> Written:
    """Folium's element and script. `told`: what `static/js/map.js` needs besides, anything that JSON can say; `nonce`:
    the script's, in the document's policy."""
    drawn = Map(centre, tiles=None, zoom_control=False, zoom_start=FITTED, minZoom=FARTHEST, maxZoom=CLOSEST)
    if tiles:
        TileLayer(tiles.url, attr=_braceless(str(escape(tiles.credit))), max_native_zoom=TILED_TO).add_to(drawn)
    cluster = FastMarkerCluster(  # type: ignore[no-untyped-call]
        [(*marker.position, marker.name, _braceless(marker.words)) for marker in markers],
        callback="portalMap.marker",
        icon_create_function="portalMap.group",
        animate=False,
        showCoverageOnHover=False,
        maxClusterRadius=44,
    )
    cluster.add_to(drawn)
    _Start(cluster, told).add_to(drawn)
    figure = cast("Figure", drawn.get_root())
    figure.render()
    # Folium writes what it is given as JSON in which no tag can begin.
    script = Markup(figure.script.render().replace(_WRITTEN, _ESCAPED))  # noqa: S704
    return Written(Markup(figure.html.render()), Markup('<script nonce="{}">{}</script>').format(nonce, script))  # noqa: S704


def _braceless(value: Any) -> Any:
    """A value for JSON whose texts open no brace."""
    if isinstance(value, str):
        return value.replace("{", _BRACE)
    if isinstance(value, dict):
        return {key: _braceless(each) for key, each in value.items()}
    return [_braceless(each) for each in value] if isinstance(value, list | tuple) else value
