"""The map beside the list: its document and policy, its markers and popups; positions in the address (R-24, R-62)."""

import gzip
import json
import re
from datetime import date

import pytest

from portal.data.directory import Near, Practice
from portal.pages.public import directory_map
from portal.pages.public.directory_map import _bounds
from portal.places.distance import Position
from portal.practice_map import Marker, Tiles, write_map
from tests.pages.public.test_directory import LYON, OPEN, OWN, index, names, practice  # noqa: F401  (a fixture)
from tests.support.entry import ask

pytestmark = pytest.mark.engines("sqlite")

MOST_BYTES = 60 * 1024


def rows(page: str) -> list[list]:
    """The markers that the document holds."""
    return json.loads(re.search(r"var data = (\[.*\]);", page)[1])


def told(page: str) -> dict:
    return json.loads(re.search(r"portalMap\.start\(\w+, \w+, (\{.*\})\);", page)[1])


def test_map_shows_the_professionals_that_the_list_shows(client, index) -> None:  # noqa: F811
    page = client.get(f"{index}/carte?lieu=lyon").text
    assert len(rows(page)) == 31
    first = rows(page)[0]
    assert first[3] == "Optique 1, Opticien, à 2,4 km"
    assert first[:2] == pytest.approx([LYON.latitude + 1 / 200, LYON.longitude])
    client.get(f"{index}/carte?lieu=lyon&profession=dentiste")
    assert [row[3].split(",")[0] for row in rows(client.answer.text)] == ["Dr Fabule"]


def test_list_frames_the_map_only_when_it_is_asked_for(client, index) -> None:  # noqa: F811
    client.get(f"{index}?lieu=lyon")
    assert not client.page.css("iframe")
    client.click("Voir sur une carte")
    frame = client.page.one("iframe")
    assert frame.attributes["title"] == "Carte des professionnels autour de Lyon (69)"
    client.get(frame.attributes["src"])
    assert len(rows(client.answer.text)) == 31
    client.get(f"{index}?lieu=lyon&carte=1")
    client.click("Masquer la carte")
    assert not client.page.css("iframe")


def test_markup_in_a_name_never_becomes_a_tag_of_the_document(client, index) -> None:  # noqa: F811
    with client.services.database.write() as db:
        db.add(practice(77, -0.001, name="</script><img src=x onerror=alert(1)>'\"{{ 7*7 }}{% x %}{# y #}"))
    page = client.get(f"{index}/carte?lieu=lyon").text
    assert "<img" not in page
    assert any(
        row[3].startswith("</script><img src=x onerror=alert(1)>'\"{{ 7*7 }}{% x %}{# y #}, Opticien")
        for row in rows(page)
    )


def test_popup_is_the_very_row_of_the_list(client, index) -> None:  # noqa: F811
    page = client.get(f"{index}/carte?lieu=lyon").text
    name = rows(page)[0][2]
    popup = ask(client, told(page)["sheet"].removesuffix("_") + name).text
    client.get(f"{index}?lieu=lyon")
    row = client.page.one(f"#professionnel-{name}")
    assert " ".join(row.text().split()) in " ".join(re.sub("<[^>]+>", "", popup).split())
    assert ask(client, told(page)["sheet"].removesuffix("_") + "x" * 22).status_code == 404


def test_position_is_rounded_and_said_by_the_commune_near_it(client, index) -> None:  # noqa: F811
    client.get(f"{index}?position=45.76404321,4.83571234")
    assert len(names(client)) == 20
    assert "près de Lyon" in client.page.text
    assert client.page.one("form[role=search] input[name=position]").attributes["value"] == "45.764,4.836"
    assert "45.76404321" not in client.answer.text


def test_typed_place_wins_over_the_position_of_the_search_before(client, index) -> None:  # noqa: F811
    client.get(f"{index}?lieu=lyon&position=-20.879,55.448")
    assert "Autour de Lyon (69)" in client.page.text
    assert client.page.one("form[role=search] input[name=position]").attributes["value"] == ""


@pytest.mark.parametrize(
    "position", ["91,0", "0,181", "x,y", "1e5,3", "45.7", "nan,nan", "45.7,4.8,1", "%00", "٤٥.٧,٤.٨"]
)
def test_hostile_position_counts_as_none(client, index, position) -> None:  # noqa: F811
    client.get(f"{index}?position={position}")
    assert not client.page.css(".nearest")
    assert rows(client.get(f"{index}/carte?position={position}").text) == []


def test_map_of_nothing_shows_the_country_and_its_largest_towns(client, index) -> None:  # noqa: F811
    page = client.get(f"{index}/carte").text
    assert told(page)["bounds"] == [[42.3, -4.8], [51.1, 8.2]]
    assert [town[2] for town in told(page)["towns"][:3]] == ["Paris", "Marseille", "Lyon"]


def test_search_of_elsewhere_keeps_the_other_criteria(client, index) -> None:  # noqa: F811
    page = client.get(f"{index}/carte?lieu=lyon&profession=dentiste&fauteuil=1").text
    assert told(page)["search"] == f"{index}?profession=dentiste&fauteuil=1&carte=1"


def test_place_that_the_list_wants_shown_is_on_the_map_however_far(client, index, monkeypatch) -> None:  # noqa: F811
    """Also one that has not all that is asked (who is open changes); one that has left, or is none, changes nothing."""
    monkeypatch.setattr(directory_map, "MOST_MARKERS", 5)
    client.get(f"{index}?lieu=lyon&carte=1")
    link = client.page.css("[data-portal-show]")[7].attributes
    client.get(link["href"])
    name = link["data-portal-show"]
    assert link["target"] == "carte"
    assert [row[2] for row in rows(client.answer.text)][5:] == [name]
    assert told(client.answer.text)["shown"] == name
    with client.services.database.write() as db:
        db.get(Practice, client.services.keyring.reveal("practice", name)).left_on = date(2026, 11, 1)
    for other in (name, "x" * 22, "é", "%00", ""):
        page = client.get(f"{index}/carte?lieu=lyon&montre={other}").text
        assert len(rows(page)) == 5
        assert told(page)["shown"] == ""
    assert rows(client.get(f"{index}/carte?montre={name}").text) == []


def test_first_view_leaves_out_the_places_overseas() -> None:
    near = tuple(Near(Practice(latitude=-20.9, longitude=55.4 + n / 1000), n / 10) for n in range(6))
    far = tuple(Near(Practice(latitude=48.8, longitude=2.3), 9300.0) for _ in range(14))
    south_west, north_east = _bounds(Position(-20.9, 55.4), near + far)
    assert (south_west.longitude, north_east.longitude) == (55.4, 55.405)


def test_map_of_500_markers_is_less_than_60_kilobytes_on_the_wire() -> None:
    names_of = [f"{number:022}" for number in range(500)]
    markers = [
        Marker(Position(45 + n / 997, 4 + n / 991), name, f"Optique {n}, Opticien, à {n} km")
        for n, name in enumerate(names_of)
    ]
    written = write_map(LYON, markers, {}, None, "x")
    assert len(gzip.compress((written.html + written.script).encode())) < MOST_BYTES


def test_tiles_come_from_the_portal_and_their_credit_is_text() -> None:
    script = write_map(LYON, [], {}, Tiles("/carte/tuiles/{z}/{x}/{y}", "© <b>IGN</b>"), "x").script
    assert '"/carte/tuiles/{z}/{x}/{y}"' in script
    assert "<b>" not in script
    assert "http" not in script
