"""Periods of cover keep their numbers: the codes of printed cards name them (R-25)."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError

from portal.data.beneficiary_changes import BeneficiaryChange
from portal.data.cases import Case
from portal.data.coverage import Beneficiary
from portal.database import Database
from tests.support import factories
from tests.support.databases import move_to

BEFORE, AFTER = "0029", "0030"
NOW = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)

pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture
def earlier(tmp_path):
    """A database of before, with a household and a change that names one of its periods of cover."""
    database = Database(f"sqlite:///{tmp_path / 'earlier.sqlite3'}")
    move_to(database, BEFORE)
    with database.write() as db:
        home = factories.household(db, spouse="Paul", children={"Zoé": date(2015, 9, 3)})
        row = {"reference": "D-1", "kind": "ajout", "space": "adherent", "state": "brouillon", "version": 1}
        # By its columns of then: the model has grown since.
        (case_id,) = db.execute(
            insert(Case.__table__).values(**row, opened_at=NOW, changed_at=NOW)
        ).inserted_primary_key
        cover = db.get_one(Beneficiary, 2)
        db.add(
            BeneficiaryChange(
                case_id=case_id, contract_id=home.contract.id, beneficiary_id=cover.id, relationship="conjoint"
            )
        )
    yield database
    database.dispose()


def covers(database: Database) -> list:
    with database.read() as db:
        return db.connection().execute(text("SELECT * FROM beneficiary ORDER BY id")).all()


def test_migration_keeps_periods_of_cover_and_what_names_them(earlier) -> None:
    before = covers(earlier)
    assert len(before) == 3
    for revision, back in ((AFTER, False), (BEFORE, True), (AFTER, False)):
        move_to(earlier, revision, back=back)
        assert covers(earlier) == before
    with earlier.write() as db:
        assert db.connection().execute(text("PRAGMA foreign_key_check")).all() == []
        with pytest.raises(IntegrityError), db.begin_nested():
            db.connection().execute(text("DELETE FROM beneficiary WHERE id = 2"))


def test_number_of_a_withdrawn_period_is_not_given_again(earlier) -> None:
    move_to(earlier, AFTER)
    with earlier.write() as db:
        newest = covers(earlier)[-1].id
        db.delete(db.get_one(Beneficiary, newest))
        db.flush()
        assert factories.household(db).contract.id
        assert factories.person(db).id
    assert covers(earlier)[-1].id == newest + 1
