"""R-51: the record of who did what is append-only, and any change to it is found and named."""

import hashlib
import json
import random
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from portal.data.evidence import Action, Outcome, entry_of, head, record, record_many
from portal.data.evidence_audit import Verdict, rows_of_account, verify_chain
from portal.data.evidence_chain import HASHED_FIELDS, commitment_of, row_hash
from tests.support.evidence import START, attacker, scalar, viewer, write_chain
from tests.support.queries import queries

ROWS = 40
ANCHORED = (15, 40)
MUTATIONS = 300


def verdict_on(db, anchors=None) -> Verdict:
    return verify_chain(db, anchors or {})


def hashes(database, seqs) -> dict[int, str]:
    return {seq: scalar(database, "SELECT hash FROM evidence WHERE seq = :seq", seq=seq) for seq in seqs}


def test_member_reads_and_the_row_says_who_what_when(database):
    with database.write() as db:
        seq = record(
            db, viewer(), Action.BENEFITS_READ, object="xyz", acting_for=9, details={"b": 1, "a": "é"}, now=START
        )
    with database.read() as db:
        (row,) = rows_of_account(db, 7, None)
    assert seq == row["seq"] == 1
    assert (row["actor"], row["acting_for"], row["session"], row["object"]) == (7, 9, "ab" * 8, "xyz")
    assert (row["at"], row["action"], row["outcome"]) == ("2026-03-01 08:00:00.000000", "benefits.read", "ok")
    assert row["details"] == '{"a":"é","b":1}'


def test_stranger_recomputes_a_hash_with_the_standard_library_alone(database):
    write_chain(database, 2)
    with database.read() as db:
        first, second = rows_of_account(db, 7, None)
    canonical = json.dumps([second[name] for name in HASHED_FIELDS], ensure_ascii=False, separators=(",", ":"))
    assert second["hash"] == hashlib.sha256(b"\x00" + canonical.encode()).hexdigest()
    assert second["commitment"] == hashlib.sha256((second["salt"] + second["details"]).encode()).hexdigest()
    assert (first["prev_hash"], second["prev_hash"], first["next_hash"]) == ("0" * 64, first["hash"], second["hash"])


def test_refused_sign_in_of_an_unknown_person_is_recorded(database):
    with database.write() as db:
        record(db, None, Action.SESSION_REFUSED, outcome=Outcome.REFUSED, reason="unknown", details={"address": "::1"})
    with database.read() as db:
        assert verdict_on(db).fault is None
    assert scalar(database, "SELECT outcome FROM evidence WHERE actor IS NULL AND session IS NULL") == "refused"


@pytest.mark.parametrize("hostile", ["\x00", "\ud800", "a\nb\u2028", "'; DROP TABLE evidence; --", "x" * 100_000])
def test_hostile_text_is_recorded_and_verifies(database, hostile):
    with database.write() as db:
        record(db, viewer(), Action.BENEFITS_READ, object=hostile, reason=hostile, details={"q": hostile})
    with database.read() as db:
        assert verdict_on(db).fault is None


def test_act_that_is_rolled_back_leaves_no_evidence(database):
    def failing_act() -> None:
        with database.write() as db:
            record(db, viewer(), Action.STATEMENT_ISSUED)
            raise RuntimeError("act failed")

    with pytest.raises(RuntimeError, match="act failed"):
        failing_act()
    with database.read() as db:
        assert head(db).seq == 0
        assert verdict_on(db) == Verdict()


def test_instant_of_any_zone_is_recorded_in_utc(database):
    paris = datetime.fromisoformat("2026-07-01T00:30:00.000007+02:00")
    with database.write() as db:
        record(db, viewer(), Action.SESSION_OPENED, now=paris)
    with database.read() as db:
        (row,) = rows_of_account(db, 7, None)
        assert verdict_on(db).fault is None
    assert row["at"] == "2026-06-30 22:30:00.000007"


def test_threads_append_at_once_and_leave_no_gap(database):
    def append(worker: int) -> None:
        for number in range(25):
            with database.write() as db:
                record(db, viewer(worker), Action.BENEFITS_READ, object=f"{worker}-{number}")

    threads = [threading.Thread(target=append, args=(worker,)) for worker in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as db:
        verdict = verdict_on(db)
    assert (verdict.fault, verdict.rows) == (None, 150)
    assert scalar(database, "SELECT count(DISTINCT object) FROM evidence") == 150


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE evidence SET reason = 'x' WHERE seq = 2",
        "UPDATE evidence SET seq = 9 WHERE seq = 3",
        "DELETE FROM evidence WHERE seq = 3",
        "DELETE FROM evidence",
        "UPDATE evidence_detail SET details = '{}' WHERE seq = 1",
        "UPDATE evidence_detail SET salt = ''",
    ],
)
def test_programs_mistake_or_misuse_is_refused_by_the_database(database, statement):
    write_chain(database, 3)
    with pytest.raises(DBAPIError, match="append-only"), database.write() as db:
        db.execute(text(statement))
    with database.read() as db:
        assert verdict_on(db).rows == 3


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize("table", ["evidence", "evidence_detail"])
def test_replacing_a_row_is_refused_on_sqlite(database, table):
    write_chain(database, 3)
    with pytest.raises(DBAPIError, match="append-only"), database.write() as db:
        db.execute(text(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} WHERE seq = 2"))


@pytest.mark.engines("postgresql")
def test_truncating_is_refused_on_postgresql(database):
    write_chain(database, 3)
    with pytest.raises(DBAPIError, match="append-only"), database.write() as db:
        db.execute(text("TRUNCATE evidence CASCADE"))


def test_erased_details_leave_a_chain_that_verifies(database):
    write_chain(database, 5)
    with database.write() as db:
        db.execute(text("DELETE FROM evidence_detail WHERE seq IN (2, 5)"))
    with database.read() as db:
        verdict = verdict_on(db)
    assert (verdict.fault, verdict.details, verdict.erased) == (None, 5, 2)


def test_commitment_hides_details_that_are_easy_to_guess(database):
    write_chain(database, 2)
    with database.write() as db:
        record_many(db, [entry_of(viewer(), Action.BENEFITS_READ, details={"q": "dentiste"}, now=START)] * 2)
    assert scalar(database, "SELECT count(DISTINCT commitment) FROM evidence WHERE seq > 2") == 2


def flipped(value: object) -> object:
    """The value with its least possible change."""
    if isinstance(value, str) and value:
        return value[:-1] + ("1" if value[-1] == "0" else "0")
    return (value or 0) + 1 if not isinstance(value, str) else "0"


def edit_column(db, rng, seq: int) -> int:
    column = rng.choice([*HASHED_FIELDS[1:], "hash"])
    if column == "at":
        step = "datetime(at, '+1 second') || '.000000'" if is_sqlite(db) else "at + interval '1 microsecond'"
        db.execute(text(f"UPDATE evidence SET at = {step} WHERE seq = :seq"), {"seq": seq})
        return seq
    value = db.execute(text(f'SELECT "{column}" FROM evidence WHERE seq = :seq'), {"seq": seq}).scalar()
    db.execute(text(f'UPDATE evidence SET "{column}" = :value WHERE seq = :seq'), {"value": flipped(value), "seq": seq})
    return seq


def edit_details(db, rng, seq: int) -> int:
    column = rng.choice(["salt", "details"])
    value = db.execute(text(f"SELECT {column} FROM evidence_detail WHERE seq = :seq"), {"seq": seq}).scalar()
    db.execute(text(f"UPDATE evidence_detail SET {column} = :v WHERE seq = :seq"), {"v": flipped(value), "seq": seq})
    return seq


def delete_row(db, rng, seq: int) -> int:
    if rng.random() < 0.5:
        db.execute(text("DELETE FROM evidence_detail WHERE seq = :seq"), {"seq": seq})
    db.execute(text("DELETE FROM evidence WHERE seq = :seq"), {"seq": seq})
    return seq


def swap_rows(db, rng, seq: int) -> int:
    other = rng.choice([number for number in range(1, ROWS + 1) if number != seq])
    for old, new in ((seq, -1), (other, seq), (-1, other)):
        db.execute(text("UPDATE evidence SET seq = :new WHERE seq = :old"), {"new": new, "old": old})
    return min(seq, other)


def insert_row(db, rng, seq: int) -> int:
    """A copy of a true row slips in before `seq`; the rows after it move on by one."""
    for number in range(ROWS, seq - 1, -1):
        db.execute(text("UPDATE evidence_detail SET seq = seq + 1 WHERE seq = :n"), {"n": number})
        db.execute(text("UPDATE evidence SET seq = seq + 1 WHERE seq = :n"), {"n": number})
    source = rng.choice([number for number in range(1, ROWS + 2) if number not in {seq, seq + 1}])
    copied = ", ".join(f'"{name}"' for name in (*HASHED_FIELDS[1:], "hash"))
    db.execute(
        text(f"INSERT INTO evidence (seq, {copied}) SELECT :seq, {copied} FROM evidence WHERE seq = :source"),
        {"seq": seq, "source": source},
    )
    return seq


def insert_before_all(db, rng, seq: int) -> int:
    copied = ", ".join(f'"{name}"' for name in (*HASHED_FIELDS[1:], "hash"))
    db.execute(text(f"INSERT INTO evidence (seq, {copied}) SELECT -{seq}, {copied} FROM evidence WHERE seq = {seq}"))
    return 1


def truncate_tail(db, rng, seq: int) -> int:
    for table in rng.choice([("evidence",), ("evidence_detail", "evidence")]):
        db.execute(text(f"DELETE FROM {table} WHERE seq >= :seq"), {"seq": seq})
    return seq


def rewrite_whole(db, rng, seq: int) -> int:
    """Changes a row and recomputes every hash after it: only a checkpoint can tell, at the row it signed."""
    at = "at" if is_sqlite(db) else "to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
    names = ", ".join(at if name == "at" else f'"{name}"' for name in HASHED_FIELDS)
    query = text(f"SELECT {names} FROM evidence WHERE seq >= :seq ORDER BY seq")
    previous = db.execute(text("SELECT hash FROM evidence WHERE seq = :n"), {"n": seq - 1}).scalar() or "0" * 64
    for row in db.execute(query, {"seq": seq}).all():
        reason = "forgé" if row[0] == seq else row[8]
        values = [*row[:8], reason, row[9], previous]
        db.execute(
            text("UPDATE evidence SET reason = :reason, prev_hash = :previous, hash = :hash WHERE seq = :seq"),
            {"reason": reason, "previous": previous, "hash": row_hash(values), "seq": row[0]},
        )
        previous = row_hash(values)
    return min(anchor for anchor in ANCHORED if anchor >= seq)


def is_sqlite(db) -> bool:
    return db.get_bind().dialect.name == "sqlite"


ATTACKS = (
    edit_column,
    edit_column,
    edit_details,
    delete_row,
    swap_rows,
    insert_row,
    insert_before_all,
    truncate_tail,
    rewrite_whole,
)


def test_every_random_mutation_is_found_and_its_first_row_named(database):
    write_chain(database, ROWS)
    anchors, rng = hashes(database, ANCHORED), random.Random(51)
    missed = []
    for number in range(MUTATIONS):
        attack, seq = ATTACKS[number % len(ATTACKS)], rng.randint(1, ROWS)
        with attacker(database) as db:
            expected = attack(db, rng, seq)
            fault = verdict_on(db, anchors).fault
        if fault is None or fault.seq != expected:
            missed.append((attack.__name__, seq, expected, fault))
    assert missed == []
    with database.read() as db:
        assert verdict_on(db, anchors).fault is None


def test_details_added_to_a_row_that_had_none_are_found(database):
    with database.write() as db:
        record(db, viewer(), Action.SESSION_OPENED)
    with attacker(database) as db:
        db.execute(text("INSERT INTO evidence_detail (seq, salt, details) VALUES (1, 'a', '{}')"))
        fault = verdict_on(db).fault
    assert fault is not None
    assert (fault.seq, "had no details" in fault.problem) == (1, True)


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize("value", ["CAST(x'ff' AS TEXT)", "x'6f626a65742d34'", "12", "1.5", "'objet-4 '"])
@pytest.mark.parametrize("column", ["object", "at", "hash", "actor", "commitment"])
def test_value_of_a_foreign_type_is_named_and_never_a_crash(database, column, value):
    write_chain(database, 9)
    with attacker(database) as db:
        db.execute(text(f"UPDATE evidence SET {column} = {value} WHERE seq = 5"))
        fault = verdict_on(db).fault
    assert fault is not None
    assert fault.seq == 5


@pytest.mark.engines("sqlite")
def test_byte_changed_in_the_file_itself_is_found(database, settings):
    write_chain(database, 30)
    database.dispose()
    path = Path(settings.data_folder / "portal.sqlite3")
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = path.read_bytes()
    path.write_bytes(content.replace(b"objet-17", b"objet-77"))
    with database.read() as db:
        fault = verdict_on(db).fault
    assert fault is not None
    assert fault.seq == 18


def test_account_extract_holds_its_rows_and_nobody_elses(database):
    write_chain(database, 3)
    with database.write() as db:
        record(db, viewer(8, 4), Action.BENEFITS_READ, now=datetime(2026, 4, 1, tzinfo=UTC))
        record(db, viewer(8, 4), Action.BENEFITS_READ, acting_for=3)
    with database.read() as db:
        assert [row["seq"] for row in rows_of_account(db, 7, 3)] == [1, 2, 3, 5]
        assert [row["seq"] for row in rows_of_account(db, 8, None)] == [4, 5]
        assert rows_of_account(db, 99, None) == []


@pytest.fixture
def read_by_others(database):
    """Account 7 reads its own person 3 and nobody (rows 1, 2); account 8 reads 3 and 5, then 5 alone (rows 3, 4)."""
    reads = ((viewer(), [3]), (viewer(), []), (viewer(8, 5), [5, 3, 5]), (viewer(8, 5), [5]))
    with database.write() as db:
        for who, persons in reads:
            record(db, who, Action.BENEFITS_READ, details={"persons": persons}, now=START)
        record(db, viewer(8, 5), Action.BENEFITS_READ, details={"filters": {"q": "persons"}}, now=START)
    return database


def test_account_extract_answers_who_read_its_person(read_by_others):
    """R-51: the reads of other accounts whose details show the person."""
    with read_by_others.read() as db:
        assert [(row["seq"], row["actor"]) for row in rows_of_account(db, 7, 3)] == [(1, 7), (2, 7), (3, 8)]
        assert [row["seq"] for row in rows_of_account(db, 9, 5)] == [3, 4]
        assert [row["seq"] for row in rows_of_account(db, 7, None)] == [1, 2]
        assert verdict_on(db).fault is None


def test_erased_details_name_nobody_any_more(read_by_others):
    with read_by_others.write() as db:
        db.execute(text("DELETE FROM evidence_detail WHERE seq = 3"))
    with read_by_others.read() as db:
        assert [row["seq"] for row in rows_of_account(db, 7, 3)] == [1, 2]
        assert verdict_on(db).fault is None
    assert scalar(read_by_others, "SELECT count(*) FROM evidence_person WHERE seq = 3") == 0


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("DELETE FROM evidence_person WHERE seq = 3 AND person_id = 3", 3),
        ("DELETE FROM evidence_person", 1),
        ("INSERT INTO evidence_person (seq, person_id) VALUES (4, 3)", 4),
        ("INSERT INTO evidence_person (seq, person_id) VALUES (5, 3)", 5),
        ("UPDATE evidence_person SET person_id = 6 WHERE seq = 4", 4),
    ],
)
def test_read_filed_under_other_persons_is_found(read_by_others, statement, named):
    """An index that leaves a person out would hide who read them."""
    with attacker(read_by_others) as db:
        db.execute(text(statement))
        fault = verdict_on(db).fault
    assert fault is not None
    assert (fault.seq, "filed under other persons" in fault.problem) == (named, True)


@pytest.mark.engines("sqlite")
def test_account_extract_searches_by_index_alone(database):
    """It must not read the whole chain: a person's rows are few among millions."""
    with queries(database) as seen, database.read() as db:
        rows_of_account(db, 7, 3)
    with database.read() as db:
        values = (3,) * seen[-1].count("?")
        plan = [row.detail for row in db.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {seen[-1]}", values)]
    assert plan
    assert [step for step in plan if step.startswith("SCAN evidence")] == []


def test_salt_and_details_cannot_be_shifted_into_each_other():
    assert commitment_of("a" * 32, '{"b":1}') != commitment_of("a" * 31, '{"b":1}')
