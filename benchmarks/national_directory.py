"""How fast, and in how much memory, an extract of the national directory is read.
`python -m benchmarks.national_directory [LINES] [PLACES]`."""

import argparse
import csv
import json
import tempfile
from datetime import date
from pathlib import Path

from benchmarks.importing import measure
from portal.database import Database
from portal.demo.directory import ADDRESS, POSTCODE, directory_rows
from portal.importing.national_directory import TITLES
from portal.importing.registry import KINDS
from portal.schema import migrate
from portal.security import Keyring
from portal.settings import Settings

OTHER_COLUMNS = 45  # the extract has 56
FILLING = "DE LA REPUBLIQUE À ÉTIENNE"


def write_extract(path: Path, lines: int, places: list[tuple[str, ...]]) -> Path:
    """An extract of `lines` lines, of which one in ten is about a place of the directory."""
    padding = "|".join([*(f"Autre {number}" for number in range(OTHER_COLUMNS)), ""])
    other = "|".join([*(FILLING[: number % 26] for number in range(OTHER_COLUMNS)), ""])
    with path.open("w", encoding="utf-8") as file:
        print("|".join(TITLES) + "|" + padding, file=file)
        for number in range(lines):
            place = places[number // 10 % len(places)] if number % 10 == 0 else None
            house, street = place[ADDRESS].split(" ", 1) if place else ("3", FILLING)
            site, postcode = (place[0], place[POSTCODE]) if place else ("", "42000")
            cells = (
                f"1{number:010}",
                "Opticien-Lunetier",
                "",
                site,
                house,
                "",
                "Rue",
                street,
                postcode,
                "0199000001",
                "",
            )
            print("|".join(cells) + "|" + other, file=file)
    return path


def main() -> None:
    """Writes a directory and an extract, imports the extract twice, prints each measure as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lines", type=int, nargs="?", default=200_000)
    parser.add_argument("places", type=int, nargs="?", default=20_000)
    options = parser.parse_args()
    places = list(directory_rows(options.places, 7, date(2026, 11, 24)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = Database(f"sqlite:///{folder / 'bench.sqlite3'}")
        migrate(database)
        keyring = Keyring(Settings(secret_keys=["s" * 32], data_keys=["d" * 32]))  # type: ignore[list-item]
        with (folder / "directory.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter=";").writerows([KINDS["directory"].columns, *places])
        extract = write_extract(folder / "extract.txt", options.lines, places)
        for kind, path in (("directory", folder / "directory.csv"), *[("national-directory", extract)] * 2):
            print(json.dumps(measure(database, keyring, kind, path)))
        database.dispose()


if __name__ == "__main__":
    main()
