"""Map tiles: named by plain numbers, known by their first bytes, fetched once, kept, given when old (R-24, R-62)."""

import asyncio
import os
from pathlib import Path

import pytest

from portal.places.tiles import MOST_BYTES, Tile, Tiles, media_type_of, read_tile
from tests.support.loops import run
from tests.support.sources import JPEG, PNG, WEBP, Reply, always, stop

SOME = Tile(5, 16, 11)


@pytest.fixture
def settings(settings, host):
    return settings.model_copy(update={"tiles_url": host.url + "/plan?niveau={z}&colonne={x}&rang={y}&cle=k"})


@pytest.fixture
def get(settings):
    """Asks for tiles at the same time, as a process that has just started."""

    async def all_at_once(wanted: tuple[Tile, ...]) -> list[bytes | None]:
        tiles = Tiles(settings)
        try:
            return await asyncio.gather(*(tiles.get(tile) for tile in wanted))
        finally:
            await tiles.close()

    return lambda *wanted: run(all_at_once(wanted or (SOME,)))


def kept_files(settings) -> list[Path]:
    return [path for path in settings.tiles_folder.rglob("*") if path.is_file()]


def make_old(settings) -> None:
    for path in kept_files(settings):
        os.utime(path, (0, 0))


@pytest.mark.parametrize(
    ("named", "tile"),
    [
        (("0", "0", "0"), Tile(0, 0, 0)),
        (("1", "1", "1"), Tile(1, 1, 1)),
        (("19", "524287", "524287"), Tile(19, 524287, 524287)),
    ],
)
def test_numbers_within_the_map_name_a_tile(named, tile) -> None:
    assert read_tile(*named) == tile


@pytest.mark.parametrize(
    "text",
    [
        "", "-1", "+1", "-0", "01", "00", "1.0", "1e3", "0x1", "1_0", " 1", "1\n", "1\r\nHost: x", "١", "²", "..", "a",
        "1/2", "@host", "{z}", "%31", "9" * 7, "9" * 5000,
    ],
)  # fmt: skip
def test_text_that_is_no_plain_number_names_no_tile(text) -> None:
    assert read_tile(text, "0", "0") is None
    assert read_tile("9", text, "0") is None
    assert read_tile("9", "0", text) is None


@pytest.mark.parametrize("named", ["0/1/0", "0/0/1", "3/8/0", "3/0/8", "20/0/0", "99/0/0"])
def test_number_beyond_the_map_names_no_tile(named) -> None:
    assert read_tile(*named.split("/")) is None


@pytest.mark.parametrize(
    ("content", "known"), [(PNG, "image/png"), (JPEG, "image/jpeg"), (WEBP, "image/webp")], ids=["png", "jpeg", "webp"]
)
def test_image_is_known_by_its_first_bytes(content, known) -> None:
    assert media_type_of(content + b"rest") == known


@pytest.mark.parametrize("content", [b"", b"<html>", b"<svg/>", b"GIF89a", b"RIFF....WAVE", b"\x89PN", b"%PDF-1.7"])
def test_whatever_else_is_no_tile(content) -> None:
    with pytest.raises(ValueError, match="no image"):
        media_type_of(content)


def test_tile_is_asked_by_its_numbers_once_and_then_kept(host, settings, get) -> None:
    path = "/plan?niveau=5&colonne=16&rang=11&cle=k"
    assert get() == get() == [PNG + path.encode()]
    assert [asked.path for asked in host.asked] == [path]
    assert [path.relative_to(settings.tiles_folder).parts[1:] for path in kept_files(settings)] == [("5", "16", "11")]


def test_same_tile_asked_by_many_at_once_is_fetched_once(host, get) -> None:
    host.answer = always(PNG, seconds=0.2)
    assert get(*[SOME] * 50) == [PNG] * 50
    assert len(host.asked) == 1


def test_different_tiles_are_fetched_side_by_side(host, get) -> None:
    host.answer = always(PNG, seconds=0.2)
    wanted = [Tile(9, x, y) for x in range(4) for y in range(4)]
    assert get(*wanted) == [PNG] * 16
    assert len(host.asked) == 16


def test_whoever_goes_away_takes_the_tile_from_nobody_else(host, settings) -> None:
    async def one_leaves() -> bytes | None:
        tiles = Tiles(settings)
        first = asyncio.create_task(tiles.get(SOME))
        second = asyncio.create_task(tiles.get(SOME))
        await asyncio.sleep(0.1)
        first.cancel()
        try:
            return await second
        finally:
            await tiles.close()

    host.answer = always(PNG, seconds=0.4)
    assert run(one_leaves()) == PNG
    assert len(host.asked) == 1


def test_portal_that_stops_does_not_wait_for_the_source(host, settings) -> None:
    async def stopped() -> None:
        tiles = Tiles(settings)
        asked = asyncio.create_task(tiles.get(SOME))
        await asyncio.sleep(0.1)
        await tiles.close()
        with pytest.raises(asyncio.CancelledError):
            await asked

    host.answer = always(PNG, seconds=2)
    run(stopped())


def test_old_tile_is_fetched_again(host, settings, get) -> None:
    get()
    make_old(settings)
    host.answer = always(PNG + b"new")
    assert get() == get() == [PNG + b"new"]
    assert len(host.asked) == 2


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=500),
        Reply(status=404),
        Reply(status=302, headers={"Location": "http://127.0.0.1:1/"}),
        Reply(b"<html>Panne</html>"),
        Reply(b""),
        Reply(PNG + b"x" * MOST_BYTES),
    ],
    ids=["failing", "without it", "redirecting", "answering HTML", "empty", "huge"],
)
def test_old_tile_is_given_while_its_source_is_of_no_use(host, settings, get, reply) -> None:
    [there] = get()
    make_old(settings)
    host.answer = lambda _: reply
    assert get() == [there]
    assert get(Tile(1, 0, 0)) == [None]
    assert len(kept_files(settings)) == 1


def test_old_tile_is_given_while_its_source_is_down(host, settings, get) -> None:
    [there] = get()
    make_old(settings)
    stop(host)
    assert get(SOME, Tile(1, 0, 0)) == [there, None]


def test_source_that_is_slow_is_given_up_after_three_seconds(host, get) -> None:
    host.answer = always(PNG, seconds=5)
    assert get() == [None]


def test_file_that_a_power_cut_emptied_is_fetched_again(host, settings, get) -> None:
    [there] = get()
    [path] = kept_files(settings)
    path.write_bytes(b"")
    assert get() == [there]
    assert path.read_bytes() == there


def test_tile_that_cannot_be_kept_is_given_all_the_same(host, settings, get) -> None:
    settings.data_folder.mkdir()
    settings.tiles_folder.write_text("a file where the folder should be")
    assert get()[0].startswith(PNG)


def test_another_source_begins_with_no_tile(host, settings, get) -> None:
    get()
    other = settings.model_copy(update={"tiles_url": host.url + "/{z}/{x}/{y}"})

    async def one() -> bytes | None:
        tiles = Tiles(other)
        try:
            return await tiles.get(SOME)
        finally:
            await tiles.close()

    assert run(one()) == PNG + b"/5/16/11"
    assert len(kept_files(settings)) == 2
