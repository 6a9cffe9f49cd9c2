"""Street addresses, found by one configured service that may be slow, wrong or hostile (R-24, R-62)."""

import json
import logging
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from portal.places.distance import Position
from portal.places.geocoder import KEPT, KEPT_SECONDS, MOST_BYTES, Address, Geocoder
from tests.support.loops import run
from tests.support.sources import Reply, always, feature, found, stop

STREET = feature("8 Boulevard du Port 80000 Amiens", 2.290084, 49.897443, 0.49159 + 0.4)
TYPED = "8 bd du port amiens"
AMIENS = Address("8 Boulevard du Port 80000 Amiens", Position(49.897443, 2.290084), 0.49159 + 0.4)


@pytest.fixture
def geocoder(host, settings, clock) -> Geocoder:
    host.answer = always(found(STREET))
    return Geocoder(settings.model_copy(update={"geocoder_url": host.url + "/geocodage"}), clock)


@pytest.fixture
def find(geocoder):
    """What each text gives, one after the other."""

    async def each(texts: tuple[str, ...]) -> list[tuple[Address, ...]]:
        try:
            return [await geocoder.find(text) for text in texts]
        finally:
            await geocoder.close()

    return lambda *texts: run(each(texts))


def test_address_typed_is_asked_as_addok_wants_it_and_found(host, find) -> None:
    assert find(TYPED) == [(AMIENS,)]
    [asked] = host.asked
    assert urlsplit(asked.path).path == "/geocodage/search/"
    assert parse_qs(urlsplit(asked.path).query) == {"q": [TYPED], "limit": ["5"], "autocomplete": ["0"]}


def test_surest_come_first_and_the_unsure_not_at_all(host, find) -> None:
    scores = {"a": 0.5, "b": 0.9, "c": 0.49, "d": 0.7}
    host.answer = always(found(*(feature(name, 2, 48, score) for name, score in scores.items())))
    assert [address.label for address in find(TYPED)[0]] == ["b", "d", "a"]
    host.answer = always(found(*(feature(str(number), 2, 48) for number in range(20))))
    assert len(find("12 rue des Lilas")[0]) == 5


def test_address_that_is_unknown_gives_none_and_is_no_failure(host, find) -> None:
    host.answer = always(found())
    assert find("a b c", "d e f", "g h i", "j k l") == [(), (), (), ()]
    assert len(host.asked) == 4


def _changed(**parts) -> bytes:
    return found({**STREET, **parts})


def _at(*coordinates) -> bytes:
    return _changed(geometry={"type": "Point", "coordinates": coordinates})


HOSTILE = {
    "no JSON": Reply(b"<html>"),
    "no UTF-8": Reply(b'{"type":"FeatureCollection","features":[\xff]}'),
    "empty": Reply(),
    "another type": Reply(b'{"type":"Feature","features":[]}'),
    "a list": Reply(b"[]"),
    "no features": Reply(b'{"type":"FeatureCollection"}'),
    "no geometry": Reply(_changed(geometry=None)),
    "a line": Reply(_changed(geometry={"type": "LineString", "coordinates": [[2, 48], [2, 49]]})),
    "beyond the pole": Reply(_at(2, 90.1)),
    "beyond the date line": Reply(_at(-180.5, 48)),
    "swapped far away": Reply(_at(48, 165.0)),
    "texts as numbers": Reply(_at("2", "48")),
    "no number": Reply(_at(2, 48).replace(b"48", b"NaN")),
    "infinity": Reply(_at(2, 48).replace(b"48", b"1e999")),
    "one coordinate": Reply(_at(2)),
    "no label": Reply(_changed(properties={"score": 1})),
    "a label without end": Reply(_changed(properties={"score": 1, "label": "x" * 201})),
    "a score in words": Reply(_changed(properties={"score": "high", "label": "x"})),
    "deep where nobody looks": Reply(b'{"x":' + b"[" * 60_000),
    "deep": Reply(b'{"features":' + b"[" * 20_000),
    "huge": Reply(found(STREET) + b" " * MOST_BYTES),
    "failing": Reply(found(STREET), 500),
    "another success": Reply(found(STREET), 203),
    "without content": Reply(status=204),
    "bad request": Reply(found(STREET), 400),
    "slow": Reply(found(STREET), seconds=3),
}


@pytest.mark.parametrize("reply", HOSTILE.values(), ids=HOSTILE.keys())
def test_answer_of_no_use_gives_none_and_one_line_without_the_address(host, find, caplog, reply) -> None:
    caplog.set_level(logging.DEBUG, "portal")
    host.answer = lambda _: reply
    begun = time.monotonic()
    assert find("12 rue du Canari") == [()]
    assert time.monotonic() - begun < 2
    [line] = caplog.records
    assert "gave nothing" in line.getMessage()
    assert "canari" not in caplog.text.lower()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_address_typed_follows_no_redirection_to_another_host(host, elsewhere, find, status) -> None:
    host.answer = always(status=status, headers={"Location": elsewhere.url + "/search/?q=canari"})
    assert find(TYPED) == [()]


HOSTS = [
    "@169.254.169.254/",
    "a@127.0.0.1:1",
    "../../admin?x=",
    "a\r\nHost: evil\r\n\r\nGET /x",
    "%0d%0aX: y",
    "abc&limit=9#f",
]


@pytest.mark.parametrize("typed", HOSTS)
def test_hostile_text_stays_within_the_question(host, find, typed) -> None:
    """SSRF and header injection: whatever is typed, one question to the configured service, in one parameter."""
    find(typed)
    [asked] = host.asked
    parts = urlsplit(asked.path)
    assert parts.path == "/geocodage/search/"
    query = parse_qs(parts.query)
    [text] = query.pop("q")
    assert query == {"limit": ["5"], "autocomplete": ["0"]}
    assert text.isprintable()
    assert asked.headers["host"] == host.url.removeprefix("http://")


@pytest.mark.parametrize("typed", ["", "  ", "ab", "\x00\x01\x02\x03", "----", "\ud800\ud800\ud800"])
def test_text_too_short_for_an_address_is_asked_of_nobody(host, find, typed) -> None:
    assert find(typed) == [()]
    assert host.asked == []


def test_text_without_end_is_cut_to_what_the_service_takes(host, find) -> None:
    find("é" * 10_000)
    assert parse_qs(urlsplit(host.asked[0].path).query)["q"] == ["é" * 200]


def test_label_is_one_line_of_printable_signs(host, find) -> None:
    host.answer = always(found(feature("12 rue\r\n\u202eCanari", 2, 48)))
    assert find(TYPED)[0][0].label == "12 rueCanari"


def test_service_that_failed_three_times_is_left_alone_for_a_minute(host, find, clock) -> None:
    host.answer = always(status=502)
    find("1 rue A", "2 rue A", "3 rue A", "4 rue A", "5 rue A")
    assert len(host.asked) == 3
    clock.now = 61
    host.answer = always(found(STREET))
    assert find("6 rue A") == [(AMIENS,)]


def test_service_that_is_down_gives_none_at_once(host, find) -> None:
    stop(host)
    assert find(TYPED) == [()]


def test_same_text_is_asked_once_in_ten_minutes(host, find, clock) -> None:
    assert find(TYPED, TYPED) == [(AMIENS,), (AMIENS,)]
    assert len(host.asked) == 1
    clock.now = KEPT_SECONDS + 1
    find(TYPED)
    assert len(host.asked) == 2


def test_failure_is_not_remembered_and_memory_is_bounded(host, find, geocoder) -> None:
    host.answer = always(status=500)
    find(TYPED)
    host.answer = always(found(STREET))
    assert find(TYPED) == [(AMIENS,)]
    for number in range(KEPT + 10):
        geocoder._remember(str(number), ())
    assert len(geocoder._known) == KEPT


def test_portal_without_a_service_asks_nobody(host, settings) -> None:
    off = Geocoder(settings)
    assert off.is_on is False
    assert run(off.find(TYPED)) == ()


def test_answer_of_the_real_service_is_understood(host, find) -> None:
    """The documented answer of the API Adresse, with the fields that we do not read."""
    properties = STREET["properties"] | {"housenumber": "8", "id": "80021_6590_00008", "x": 648952.58}
    answer = {"type": "FeatureCollection", "version": "draft", "attribution": "BAN", "limit": 5, "query": TYPED}
    answer |= {"features": [STREET | {"properties": properties}]}
    host.answer = always(json.dumps(answer).encode())
    assert find(TYPED) == [(AMIENS,)]
