"""Builds the gazetteer that the portal ships, from a table of communes.

    python tools/build_gazetteer.py COMMUNES.csv

The table has one row per commune or municipal district: insee_code, name, postcodes (separated by spaces),
department, population, latitude, longitude, precision. It comes from GeoNames (CC BY 4.0) and INSEE's Code officiel
géographique
(Licence Ouverte 2.0). The districts of Paris have no position of their own there: theirs stand below, near the middle
of where people live.
"""

import csv
import lzma
import sys
from pathlib import Path

TARGET = Path(__file__).parents[1] / "src/portal/places/communes.tsv.xz"
PARIS = {
    "75101": (48.8626, 2.3363), "75102": (48.8683, 2.3428), "75103": (48.8629, 2.3600), "75104": (48.8543, 2.3576),
    "75105": (48.8444, 2.3507), "75106": (48.8491, 2.3329), "75107": (48.8562, 2.3122), "75108": (48.8727, 2.3126),
    "75109": (48.8772, 2.3375), "75110": (48.8761, 2.3607), "75111": (48.8591, 2.3801), "75112": (48.8400, 2.3950),
    "75113": (48.8284, 2.3623), "75114": (48.8292, 2.3265), "75115": (48.8401, 2.2928), "75116": (48.8600, 2.2700),
    "75117": (48.8873, 2.3068), "75118": (48.8926, 2.3481), "75119": (48.8871, 2.3849), "75120": (48.8634, 2.4012),
}  # fmt: skip
DIGITS = 4  # ten metres


def rows(source: Path) -> list[str]:
    """Tab-separated lines, by INSEE code: code, name, postcodes, population, latitude, longitude."""
    with source.open(encoding="utf8", newline="") as file:
        return sorted(_line(row) for row in csv.DictReader(file))


def _line(row: dict[str, str]) -> str:
    code = row["insee_code"]
    latitude, longitude = PARIS.get(code, (float(row["latitude"]), float(row["longitude"])))
    name = row["name"].replace("'", "’")
    position = f"{latitude:.{DIGITS}f}\t{longitude:.{DIGITS}f}"
    return f"{code}\t{name}\t{row['postcodes']}\t{row['population']}\t{position}"


if __name__ == "__main__":
    TARGET.write_bytes(lzma.compress("\n".join(rows(Path(sys.argv[1]))).encode(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{TARGET}: {TARGET.stat().st_size} bytes")
