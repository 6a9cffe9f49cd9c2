"""Imports of the directory: placed, compared by address, and left by who is in it no more (R-24)."""

import pytest

from portal.data.directory import Service
from portal.formatting import today
from portal.places.distance import Position, distance_km
from tests.importing.samples import Importer, csv_text, row

KIND = "directory"


def stored(importer: Importer, columns: str):
    return importer.stored(KIND, columns)


def test_place_is_kept_as_it_is_found_and_shown(importer: Importer) -> None:
    importer.one(KIND)
    ((key, services, languages, hours, price, approximate, left),) = stored(
        importer, "place_key, services, languages, hours, price_cents, is_approximate, left_on"
    )
    assert key == "42000 3 rue de l eglise"
    assert services == Service.FULLY_COVERED | Service.WHEELCHAIR | Service.SATURDAY
    assert (languages, price, bool(approximate), left) == (" en fr ", 12000, False, None)
    assert hours == "lu-ve 09:00-12:00 14:00-19:00; sa 09:30-13:00"


@pytest.mark.parametrize("city", ["Saint-Étienne", "ST ETIENNE", "Inconnue-sur-Rien"])
def test_place_without_a_position_is_in_its_commune_and_says_so(importer: Importer, city: str) -> None:
    """An unknown name with a known postcode is that postcode's commune."""
    importer.one(KIND, city=city, latitude="", longitude="")
    ((latitude, longitude, approximate),) = stored(importer, "latitude, longitude, is_approximate")
    assert distance_km(Position(latitude, longitude), Position(45.434, 4.39)) < 2
    assert approximate


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"national_id": "123"}, "national_id"),
        ({"profession": "plombier"}, "profession"),
        ({"postcode": "4200"}, "postcode"),
        ({"city": "Nulle Part", "postcode": "00000", "latitude": "", "longitude": ""}, "city"),
        ({"latitude": ""}, "longitude"),
        ({"latitude": "91"}, "latitude"),
        ({"longitude": "est"}, "longitude"),
        ({"latitude": "nan"}, "latitude"),
        ({"services": "massages"}, "services"),
        ({"languages": "français"}, "languages"),
        ({"hours": "lundi 9h-12h"}, "hours"),
        ({"hours": "lu 12h-9h"}, "hours"),
        ({"hours": "lu 9h-12h 11h-14h"}, "hours"),
        ({"hours": "lu 9h-12h; lu 14h-16h"}, "hours"),
        ({"level": "or"}, "level"),
        ({"checked_on": ""}, "checked_on"),
    ],
)
def test_what_is_wrong_is_rejected_by_its_column(importer: Importer, changes, column) -> None:
    importer.one(KIND, **changes)
    assert [each[1] for each in importer.problems()] == [column]
    assert importer.count("practice") == 0


def test_same_place_written_otherwise_is_one_and_another_place_is_another(importer: Importer) -> None:
    importer.one(KIND)
    assert importer.one(KIND, address="3 RUE DE L'EGLISE").updated == 1
    importer(KIND, csv_text(KIND, row(KIND), row(KIND, address="9 place Neuve")))
    assert importer.count("practice") == 2


def test_who_is_not_in_the_file_leaves_and_may_come_back(importer: Importer) -> None:
    importer(KIND, csv_text(KIND, row(KIND), row(KIND, national_id="990000026")))
    report = importer.one(KIND)
    assert (report.updated, report.unchanged) == (1, 1)
    left = dict(stored(importer, "national_id, left_on"))
    assert (left["990000018"], str(left["990000026"])) == (None, today().isoformat())
    importer(KIND, csv_text(KIND, row(KIND), row(KIND, national_id="990000026")))
    assert {each for _, each in stored(importer, "national_id, left_on")} == {None}


def test_file_with_a_rejected_row_is_not_whole_and_nobody_leaves(importer: Importer) -> None:
    importer(KIND, csv_text(KIND, row(KIND), row(KIND, national_id="990000026")))
    importer(KIND, csv_text(KIND, row(KIND), row(KIND, national_id="990000026", profession="plombier")))
    assert {each for _, each in stored(importer, "national_id, left_on")} == {None}
