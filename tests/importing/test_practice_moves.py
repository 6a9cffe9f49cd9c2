"""Files made before a practice changed its address or its number do not undo the change (R-24, R-61)."""

from datetime import date, timedelta

import pytest

from portal.data.columns import utc_now
from portal.data.practice_changes import PracticeChange, Wanted
from portal.data.practice_moving import apply_practice_change
from portal.formatting import today
from tests.importing.samples import Importer, csv_text, row
from tests.support import factories
from tests.support.practices import drafted_change, wanted_address, wanted_number

BEFORE, SINCE = today() - timedelta(days=20), today() - timedelta(days=5)
KIND, NUMBER, OTHER = "directory", "990000018", "990000101"
NEW = ("3 place Neuve", "69003", "Lyon")


def change(importer: Importer, wanted: Wanted) -> None:
    """What the practice of the samples asked for, applied on its day."""
    with importer.database.write() as db:
        provider_id = importer.query("SELECT id FROM provider ORDER BY id")[0][0]
        account = factories.provider_account(db, importer.keyring, provider_id=provider_id)
        case = drafted_change(db, factories.viewer_of(db, account), wanted, utc_now())
        change = db.get_one(PracticeChange, case.id)
        change.takes_effect_on = wanted.wanted_on
        db.flush()
        assert apply_practice_change(db, case.id, utc_now()) is not None


@pytest.fixture
def known(importer: Importer) -> Importer:
    """The practice of the samples, and its place, as checked before it moved."""
    importer.before(KIND)
    importer.one(KIND, checked_on=BEFORE.isoformat())
    return importer


def places(importer: Importer) -> list[tuple]:
    return importer.query("SELECT national_id, address, city, left_on IS NULL FROM practice ORDER BY id")


def test_file_checked_before_the_move_leaves_the_place_where_it_is_now(known: Importer) -> None:
    change(known, wanted_address(SINCE, NEW))
    report = known.one(KIND, checked_on=BEFORE.isoformat())
    assert (report.created, report.rejected) == (0, 0)
    assert [tuple(map(str, one[:3])) for one in places(known)] == [(NUMBER, "3 place Neuve", "Lyon")]
    assert bool(places(known)[0][3])


def test_file_checked_since_the_move_says_where_the_place_is(known: Importer) -> None:
    change(known, wanted_address(SINCE, NEW))
    known.one(KIND, checked_on=SINCE.isoformat())
    assert [(one[1], bool(one[3])) for one in places(known)] == [
        ("3 place Neuve", False),
        ("3, rue de l’Église", True),
    ]


def test_file_with_both_addresses_has_one_place(known: Importer) -> None:
    change(known, wanted_address(SINCE, NEW))
    moved = dict(zip(("address", "postcode", "city"), NEW, strict=True))
    both = (row(KIND, checked_on=BEFORE.isoformat()), row(KIND, **moved, checked_on=today().isoformat()))
    report = known(KIND, csv_text(KIND, *both))
    assert (report.created, report.merged, report.rejected) == (0, 1, 0)
    assert len(places(known)) == 1


def test_place_that_moved_and_came_back_is_where_it_came_back(known: Importer) -> None:
    first = ("3, rue de l’Église", "42000", "Saint-Étienne")
    change(known, wanted_address(SINCE, NEW))
    change(known, wanted_address(SINCE + timedelta(days=2), first))
    known.one(KIND, checked_on=BEFORE.isoformat())
    assert [one[1] for one in places(known) if one[3]] == ["3, rue de l’Église"]


def test_former_number_names_the_same_practice_in_every_file(known: Importer) -> None:
    change(known, wanted_number(SINCE, OTHER))
    assert known.one("providers", name="Optique Exemple nouvelle").updated == 1
    assert known.query("SELECT national_id, name FROM provider") == [(OTHER, "Optique Exemple nouvelle")]
    assert known.one("agreements").updated + known.one("agreements").unchanged == 1
    known.one(KIND, checked_on=BEFORE.isoformat())
    assert [one[0] for one in places(known)] == [OTHER]
    assert known.one("provider-addresses", since="2024-01-01").created == 1


def test_row_whose_day_is_no_day_is_rejected_by_its_column(known: Importer) -> None:
    change(known, wanted_address(SINCE, NEW))
    known.one(KIND, checked_on="hier")
    assert [each[1] for each in known.problems()] == ["checked_on"]


def test_address_of_a_practice_is_the_last_that_began(known: Importer) -> None:
    known.one("provider-addresses", since=date(2020, 5, 1).isoformat(), address="9 rue Neuve")
    assert known.count("provider_address") == 2
