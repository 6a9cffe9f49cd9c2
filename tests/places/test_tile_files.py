"""Tiles kept on the disk: fresh for so long, whole or not at all, the oldest gone first (R-24)."""

import os
import time
from pathlib import Path

import pytest

from portal.places import tile_files
from portal.places.tile_files import Kept, TileFiles

DAY = 86_400
MOST = 10_000


@pytest.fixture
def files(tmp_path: Path) -> TileFiles:
    return TileFiles(tmp_path / "tiles", "source", days=30, most_bytes=MOST)


def age(folder: Path, path: str, days: float) -> None:
    then = time.time() - days * DAY
    os.utime(folder / "tiles" / "source" / path, (then, then))


def total(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_tile_kept_is_fresh_for_thirty_days_then_only_better_than_nothing(files, tmp_path) -> None:
    assert files.find("1/0/0") is None
    files.keep("1/0/0", b"x")
    assert files.find("1/0/0") == Kept(b"x", is_fresh=True)
    age(tmp_path, "1/0/0", 29.9)
    assert files.find("1/0/0") == Kept(b"x", is_fresh=True)
    age(tmp_path, "1/0/0", 30.1)
    assert files.find("1/0/0") == Kept(b"x", is_fresh=False)


def test_tiles_of_another_source_are_not_this_ones(files, tmp_path) -> None:
    files.keep("1/0/0", b"x")
    other = TileFiles(tmp_path / "tiles", "other", days=30, most_bytes=MOST)
    assert other.find("1/0/0") is None


def test_oldest_tiles_of_all_sources_go_first_when_there_are_too_many(files, tmp_path) -> None:
    old = TileFiles(tmp_path / "tiles", "other", days=30, most_bytes=MOST)
    old.keep("1/0/0", b"x" * 1000)
    os.utime(tmp_path / "tiles" / "other" / "1/0/0", (0, 0))
    for number in range(9):
        files.keep(f"5/0/{number}", b"x" * 1000)
        age(tmp_path, f"5/0/{number}", 20 - number)
    files.keep("6/0/0", b"x" * 1000)
    assert old.find("1/0/0") is None
    assert files.find("5/0/0") is None
    assert files.find("5/0/8") is not None
    assert files.find("6/0/0") is not None
    assert not (tmp_path / "tiles" / "other" / "1").joinpath("0").exists()


def test_folder_never_grows_past_its_size_by_more_than_an_eighth(files, tmp_path) -> None:
    for number in range(200):
        files.keep(f"9/0/{number}", b"x" * 300)
        assert total(tmp_path) <= MOST * 9 / 8


def test_tiles_that_another_process_wrote_are_counted_in_time(files, tmp_path) -> None:
    files.keep("9/0/0", b"x")
    other = TileFiles(tmp_path / "tiles", "source", days=30, most_bytes=MOST)
    for number in range(200):
        (files if number % 2 else other).keep(f"9/1/{number}", b"x" * 300)
        assert total(tmp_path) <= MOST * 10 / 8


def test_folder_is_not_measured_at_each_tile(files, monkeypatch) -> None:
    looks = []
    walk = tile_files._files
    monkeypatch.setattr(tile_files, "_files", lambda folder: looks.append(folder) or walk(folder))
    for number in range(100):
        files.keep(f"9/0/{number}", b"x" * 90)
    assert len(looks) <= 9


def test_draft_that_a_crash_left_is_no_tile_and_goes_with_the_oldest(files, tmp_path) -> None:
    files.keep("9/0/0", b"x")
    draft = tmp_path / "tiles" / "source" / "9" / "0" / ".1.abc"
    draft.write_bytes(b"x" * 5000)
    os.utime(draft, (0, 0))
    for number in range(1, 8):
        files.keep(f"9/0/{number}", b"x" * 1000)
    assert not draft.exists()


def test_disk_that_takes_nothing_costs_a_line_in_the_log_alone(files, tmp_path, caplog) -> None:
    (tmp_path / "tiles").write_text("a file where the folder should be")
    files.keep("1/0/0", b"x")
    assert files.find("1/0/0") is None
    assert "a map tile was not kept" in caplog.text


def test_folder_is_for_the_portal_alone(files, tmp_path) -> None:
    files.keep("1/0/0", b"x")
    assert (tmp_path / "tiles").stat().st_mode & 0o777 == 0o700
