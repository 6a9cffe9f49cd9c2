"""R-51: who read whom is found by person, also for what was recorded before the index existed."""

import pytest
from sqlmodel import SQLModel

from portal.data.evidence import Action, _linked, entry_of, head
from portal.data.evidence_audit import rows_of_account, verify_chain
from portal.data.evidence_persons import index_rows, persons_shown
from portal.database import Database
from tests.support.databases import PostgresServer, move_to
from tests.support.evidence import START, viewer

BEFORE_THE_INDEX = "0010"


@pytest.mark.parametrize(
    ("details", "persons"),
    [
        (None, set()),
        ({}, set()),
        ({"persons": [3, 3, 5]}, {3, 5}),
        ({"persons": "3"}, set()),
        ({"persons": [True, "3", None, 4]}, {4}),
        ({"filters": {"persons": [3]}}, set()),
    ],
)
def test_persons_shown_are_those_the_details_list(details, persons) -> None:
    assert persons_shown(details) == persons
    assert index_rows([(9, details)]) == [{"seq": 9, "person_id": person} for person in sorted(persons)]


@pytest.fixture
def empty(engine_name: str, request: pytest.FixtureRequest, tmp_path) -> Database:
    """A database without tables."""
    if engine_name == "sqlite":
        return Database(f"sqlite:///{tmp_path / 'earlier.sqlite3'}")
    server: PostgresServer = request.getfixturevalue("postgres")
    return Database(server.url(server.create_database()))


def test_reads_recorded_before_the_index_are_filed_by_the_migration(empty: Database) -> None:
    move_to(empty, BEFORE_THE_INDEX)
    with empty.write() as db:
        for persons in ([3], [3, 5], None):
            append_as_before(db, {"persons": persons} if persons else {"filters": {"q": "persons"}})
    move_to(empty, "head")
    with empty.read() as db:
        assert [row["seq"] for row in rows_of_account(db, 99, 3)] == [1, 2]
        assert [row["seq"] for row in rows_of_account(db, 99, 5)] == [2]
        assert verify_chain(db, {}).fault is None
    empty.dispose()


def append_as_before(db, details: dict) -> None:
    """A row with its details alone."""
    rows, kept = _linked(head(db), [entry_of(viewer(), Action.BENEFITS_READ, details=details, now=START)])
    for table, values in (("evidence", rows), ("evidence_detail", kept)):
        db.connection().execute(SQLModel.metadata.tables[table].insert(), values)
