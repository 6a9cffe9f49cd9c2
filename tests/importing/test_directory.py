"""Imports of the directory: placed, compared by address, and left by who is in it no more (R-24)."""

import pytest
from sqlmodel import Session, func, select

from portal.data.coverage import GuaranteeRule, GuaranteeVersion
from portal.data.directory import Practice, Service
from portal.database import Database
from portal.formatting import today
from portal.importing.run import Report
from portal.places.distance import Position, distance_km
from tests.importing.samples import Importer, csv_text, row
from tests.support import factories

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


@pytest.mark.engines("postgresql")
def test_table_is_vacuumed_as_soon_as_it_is_imported(importer: Importer) -> None:
    """PostgreSQL would vacuum it within some minutes by itself; until then, searches fetch every row they compare."""
    query = "SELECT vacuum_count FROM pg_stat_user_tables WHERE relname = 'practice'"
    ((before,),) = importer.query(query)
    importer.one(KIND)
    assert importer.query(query) == [(before + 1,)]


OTHER = {"address": "3 r. de l'Eglise", "name": "OPTIQUE OEUVRARD"}


def test_place_that_comes_twice_in_a_file_is_one_and_each_row_says_its_part(importer: Importer) -> None:
    """The first row's word counts; the second one completes it. The same file again changes nothing."""
    silent = row(KIND, phone="", latitude="", longitude="", services="fauteuil", languages="fr")
    second = row(KIND, **OTHER, services="domicile", languages="en, fr", latitude="45,5", longitude="4,5")
    text = csv_text(KIND, silent, row(KIND, national_id="990000026"), second)
    first, again = importer(KIND, text, is_strict=True), importer(KIND, text, is_strict=True)
    assert (first.created, first.merged, first.rejected) == (2, 1, 0)
    assert (again.updated, again.unchanged, again.merged) == (0, 2, 1)
    (kept, _) = stored(importer, "national_id, name, phone, languages, latitude, services")
    assert kept[1:5] == ("Optique Œuvrard", "01 99 00 00 00", " en fr ", 45.5)
    assert Service(kept[5]) == Service.AT_HOME | Service.WHEELCHAIR | Service.SATURDAY
    assert importer.problems() == []


def test_rows_of_one_place_are_one_however_far_apart_they_stand(importer: Importer) -> None:
    others = [row(KIND, address=f"{number} rue du Parc") for number in range(1, 2_101)]
    report = importer(KIND, csv_text(KIND, row(KIND, phone=""), *others, row(KIND, **OTHER), row(KIND)))
    assert (report.created, report.merged, report.rejected) == (2_101, 2, 0)
    assert importer.query("SELECT phone FROM practice WHERE address LIKE '3, rue%'") == [("01 99 00 00 00",)]


def test_half_a_position_is_not_completed_by_another_row(importer: Importer) -> None:
    importer(KIND, csv_text(KIND, row(KIND, longitude=""), row(KIND, **OTHER)))
    assert [each[1] for each in importer.problems()] == ["longitude"]


def test_two_professionals_of_one_establishment_are_its_one_place(importer: Importer) -> None:
    """A FINESS names the establishment; two RPPS at one address are two people."""
    assert importer(KIND, csv_text(KIND, row(KIND), row(KIND, name="Deuxième opticien"))).created == 1
    people = [row(KIND, national_id=number) for number in ("10000000017", "10000000025")]
    assert importer(KIND, csv_text(KIND, row(KIND), *people)).created == 2


def test_two_professions_of_one_shop_are_two_places_to_be_found(importer: Importer) -> None:
    text = csv_text(KIND, row(KIND), row(KIND, profession="audioprothesiste"))
    assert (importer(KIND, text).created, importer(KIND, text).unchanged) == (2, 2)
    importer.one(KIND)
    left = stored(importer, "profession, left_on")
    assert [(name, day is None) for name, day in left] == [("audioprothesiste", False), ("opticien", True)]


def test_two_offices_of_one_professional_stay_two_places(importer: Importer) -> None:
    offices = (
        row(KIND),
        row(KIND, address="3 rue de l’Église", postcode="42100"),
        row(KIND, address="5 rue de l’Église"),
    )
    report = importer(KIND, csv_text(KIND, *offices))
    assert (report.created, report.merged) == (3, 0)


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


def test_strict_file_with_a_rejected_row_changes_nobody(importer: Importer) -> None:
    importer(KIND, csv_text(KIND, row(KIND), row(KIND, national_id="990000026")))
    wrong = csv_text(KIND, row(KIND, name="Autre nom"), row(KIND, national_id="990000034", profession="plombier"))
    report = importer(KIND, wrong, is_strict=True)
    assert (report.rejected, report.is_committed) == (1, False)
    assert set(stored(importer, "name, left_on")) == {("Optique Œuvrard", None)}


def test_act_of_a_price_is_one_of_the_imported_acts(importer: Importer) -> None:
    """The remaining charge is worked out by it: an act that nobody knows would silently say nothing."""
    importer.one("acts")
    assert importer.one(KIND, act=row("acts")["code"]).created == 1
    assert importer.one(KIND, act="XYZ").rejected == 1
    assert "cet acte est inconnu" in importer.rejects.read_text()


def test_file_without_any_place_makes_nobody_leave(importer: Importer) -> None:
    importer.one(KIND)
    importer(KIND, csv_text(KIND))
    assert stored(importer, "left_on") == [(None,)]


class Meanwhile:
    """Somebody who writes while a file is read."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.held: list[int] = []

    def before(self, _db: Session) -> None:
        with self._database.write() as other:
            factories.person(other, "Meanwhile")

    def after(self, db: Session, _report: Report) -> None:
        tables = (Practice, GuaranteeVersion, GuaranteeRule)
        self.held = [db.exec(select(func.count()).select_from(table)).one() for table in tables]


@pytest.mark.parametrize(
    ("kind", "changes", "held"),
    [
        ("directory", {"address": "8 rue Neuve", "city": "Lyon", "postcode": "69001"}, [2, 1, 1]),
        ("guarantees", {"rule": "autre"}, [1, 1, 2]),
    ],
)
def test_dry_run_lets_others_write_while_it_reads_and_keeps_nothing(importer: Importer, kind, changes, held) -> None:
    """SQLite has one writer: whoever checks a large file must not be it."""
    importer.before("guarantees")
    for each in ("guarantees", "directory"):
        importer.one(each)
    meanwhile = Meanwhile(importer.database)
    report = importer(kind, csv_text(kind, row(kind, **changes)), is_dry_run=True, watch=meanwhile)
    assert (report.created, report.is_committed, meanwhile.held) == (1, False, held)
    assert [importer.count(table) for table in ("practice", "guarantee_version", "guarantee_rule")] == [1, 1, 1]
    assert ("Meanwhile",) in importer.query("SELECT first_name FROM person")
