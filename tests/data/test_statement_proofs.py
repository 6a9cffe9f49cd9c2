"""R-22, R-51: the chain proves the bytes of every issued statement; the audit names the first that differs."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text

from portal.data.evidence import Action, record
from portal.data.statement_periods import month_of
from portal.data.statement_proofs import check_statements
from portal.data.statements import Issued
from portal.insurer import Insurer
from portal.statements import issue_statement
from tests.support import factories as make
from tests.support.evidence import attacker, scalar, viewer

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
MONTHS = (date(2026, 8, 5), date(2026, 9, 5), date(2026, 10, 5))
INSURER = Insurer(name="Mutuelle", address="1 rue A", phone="01", email="a@b.example", network="K")


@pytest.fixture
def issued(database) -> list[Issued]:
    """Three statements of one member, each recorded in the row of its number: 1, 2, 3."""
    with database.write() as db:
        home = make.household(db)
        for day in MONTHS:
            make.paid_line(db, home.contract, posted_on=day)
    who = viewer(7, home.member.id)

    def witness(db, proof: str) -> None:
        record(db, who, Action.STATEMENT_ISSUED, object=proof, now=NOW)

    return [issue_statement(database, who, month_of(day), INSURER, NOW, witness)[0] for day in MONTHS]


def verdict_of(database):
    with database.read() as db:
        return check_statements(db)


def verdict_after(database, statement: str, **values):
    with attacker(database) as db:
        db.execute(text(statement), values)
        return check_statements(db)


def test_issued_statements_match_what_the_chain_says_of_them(database, issued):
    verdict = verdict_of(database)
    assert (verdict.kept, verdict.gone, verdict.unproven, verdict.fault) == (3, 0, 0, None)


def test_digests_stand_in_the_row_itself_beyond_the_erasure_of_details(database, issued):
    words = scalar(database, "SELECT object FROM evidence WHERE seq = 2").split(" ")
    assert words[0] == issued[1].number
    assert [word.partition(":")[0] for word in words[1:]] == ["pdf", "csv", "content"]
    assert {len(word.partition(":")[2]) for word in words[1:]} == {64}


@pytest.mark.parametrize("part", ["pdf", "csv", "content"])
@pytest.mark.parametrize("seq", [1, 2, 3])
def test_statement_with_one_changed_byte_is_named(database, issued, part, seq):
    number = issued[seq - 1].number
    last = f"substr({part}, 1, length({part}) - 1)"
    other = f"CAST({last} || x'21' AS BLOB)" if is_sqlite(database) else f"{last} || '\\x21'::bytea"
    fault = verdict_after(database, f"UPDATE statement SET {part} = {other} WHERE number = :n", n=number).fault
    assert fault is not None
    assert fault.seq == seq
    assert (number in fault.problem, f"stored {part} " in fault.problem) == (True, True)


def test_first_of_two_changed_statements_is_named(database, issued):
    query = "UPDATE statement SET csv = pdf WHERE number <> :n"
    assert verdict_after(database, query, n=issued[0].number).fault.seq == 2


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize("value", ["'texte'", "12", "x''"])
def test_value_of_a_foreign_type_is_named_and_never_a_crash(database, issued, value):
    query = f"UPDATE statement SET pdf = {value} WHERE number = :n"
    assert verdict_after(database, query, n=issued[1].number).fault.seq == 2


def test_statements_that_took_each_others_files_are_named(database, issued):
    query = "UPDATE statement SET pdf = (SELECT pdf FROM statement WHERE number = :other) WHERE number = :n"
    assert verdict_after(database, query, n=issued[2].number, other=issued[0].number).fault.seq == 3


def test_statement_deleted_at_the_end_of_its_time_is_no_fault(database, issued):
    verdict = verdict_after(database, "DELETE FROM statement WHERE number = :n", n=issued[0].number)
    assert (verdict.kept, verdict.gone, verdict.fault) == (2, 1, None)


def test_statement_that_nobody_issued_is_named(database, issued):
    """Also one that took the number's place: the row of the chain then finds nothing of that number."""
    query = "UPDATE statement SET number = 'R-2026-09-0000000' WHERE number = :n"
    verdict = verdict_after(database, query, n=issued[1].number)
    assert verdict.fault.seq == 4
    assert "R-2026-09-0000000" in verdict.fault.problem


def test_statement_recorded_without_digests_is_counted_apart(database, issued):
    """As the portal recorded them before it proved their bytes."""
    with attacker(database) as db:
        db.execute(text("UPDATE evidence SET object = substr(object, 1, 17) WHERE seq = 1"))
        verdict = check_statements(db)
    assert (verdict.kept, verdict.unproven, verdict.fault) == (2, 1, None)


def is_sqlite(database) -> bool:
    return database.url.startswith("sqlite")
