"""R-51: reads are recorded through a spool that costs the request nothing and loses nothing silently."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

import portal.evidence.journal
import portal.evidence.spool
from portal.data.accounts import Account
from portal.data.columns import utc_now
from portal.data.evidence import Action, entry_of
from portal.data.evidence_audit import verify_chain
from portal.data.sessions import Stage, find_viewer, open_session
from portal.database import Database, DatabaseBusy
from portal.evidence.journal import Journal, JournalUnavailable
from portal.evidence.spool import Spool, line_of
from portal.security import fingerprint
from tests.support.evidence import scalar, viewer

KILLS = 3

READER = """
import sys
import time
from portal.database import Database
from portal.data.evidence import Action, entry_of
from portal.evidence.journal import Journal
from portal.settings import load_settings

settings = load_settings()
journal = Journal(Database(settings.resolved_database_url), settings)
journal.start()
number = 0
while True:
    journal.note(entry_of(None, Action.BENEFITS_READ, object=f"{sys.argv[1]}-{number}", details={"n": number}))
    print(number, flush=True)
    number += 1
    time.sleep(0.0005)
"""


def read_entry(name: str = "x", **details):
    return entry_of(viewer(), Action.BENEFITS_READ, object=name, details={"address": "192.0.2.1", **details})


def objects(database) -> list[str]:
    with database.read() as db:
        assert verify_chain(db, {}).fault is None
        return list(db.execute(text("SELECT object FROM evidence ORDER BY seq")).scalars())


def damages(database) -> list[dict]:
    query = text("SELECT details FROM evidence JOIN evidence_detail USING (seq) WHERE action = 'journal.damaged'")
    with database.read() as db:
        return [json.loads(details) for details in db.execute(query).scalars()]


def spools(settings) -> list[Path]:
    return sorted((settings.data_folder / "spool").glob("*"))


@pytest.fixture
def journal(database, settings):
    opened = Journal(database, settings)
    yield opened
    opened._hand_over(None)


class Untouchable:
    """Stands for a database that nobody may use."""

    def __getattr__(self, name):
        raise AssertionError(f"the request path asked the database for {name}")


class Flaky(Database):
    """A database that fails on demand, before or after its commit."""

    fails_before = fails_after = False

    @contextmanager
    def write(self):
        if self.fails_before:
            raise DatabaseBusy
        with super().write() as db:
            yield db
        if self.fails_after:
            raise DatabaseBusy


def test_read_is_noted_without_the_database_and_is_on_file_at_once(settings):
    journal = Journal(Untouchable(), settings)
    journal.note(read_entry("lu"))
    journal.seen("ab" * 32, utc_now())
    (spool,) = spools(settings)
    assert b'"object":"lu"' in spool.read_bytes()
    assert spool.stat().st_mode & 0o077 == 0
    journal._hand_over(None)


def test_notes_reach_the_chain_in_order_with_who_and_details(database, journal):
    for number in range(1200):
        journal.note(read_entry(str(number), n=number))
    journal.flush()
    assert objects(database) == [str(number) for number in range(1200)]
    assert scalar(database, "SELECT count(*) FROM evidence WHERE actor = 7 AND session = 'abababababababab'") == 1200
    assert json.loads(scalar(database, "SELECT details FROM evidence_detail WHERE seq = 4"))["n"] == 3
    assert journal.backlog == 0


def test_flushing_twice_adds_nothing(database, journal):
    journal.note(read_entry())
    journal.flush()
    journal.flush()
    journal.note(read_entry("y"))
    journal.flush()
    assert objects(database) == ["x", "y"]


def test_thread_moves_notes_by_itself_and_stop_leaves_no_spool(database, settings):
    journal = Journal(database, settings)
    journal.start()
    journal.note(read_entry("a"))
    deadline = time.monotonic() + 10
    while journal.backlog and time.monotonic() < deadline:
        time.sleep(0.02)
    assert objects(database) == ["a"]
    journal.note(read_entry("b"))
    journal.stop()
    assert objects(database)[:2] == ["a", "b"]
    assert spools(settings) == []
    assert scalar(database, "SELECT count(*) FROM journal_position") == 0
    assert (settings.checkpoints / "checkpoints.jsonl").exists()


def test_threads_note_at_once_and_none_is_lost(database, journal):
    def note(worker: int) -> None:
        for number in range(200):
            journal.note(read_entry(f"{worker}-{number}"))

    threads = [threading.Thread(target=note, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        journal.flush()
    journal.flush()
    found = objects(database)
    assert len(found) == len(set(found)) == 1600


@pytest.mark.parametrize("hostile", ["\x00", "\ud800", '"\n"', "\r\n", "\u2028", "é" * 10_000])
def test_hostile_text_passes_the_journal_and_never_blocks_it(database, journal, hostile):
    journal.note(read_entry(hostile, filtre=hostile))
    journal.note(read_entry("suivant"))
    journal.flush()
    assert objects(database)[1:] == ["suivant"]
    assert damages(database) == []


@pytest.mark.parametrize("kill", range(KILLS))
def test_killed_process_loses_no_acknowledged_note_and_doubles_none(database, settings, kill):
    environment = os.environ | {
        "PORTAL_DATA_FOLDER": str(settings.data_folder),
        "PORTAL_DATABASE_URL": database.url,
        "PORTAL_SECRET_KEYS": "s" * 32,
        "PORTAL_DATA_KEYS": "d" * 32,
    }
    with subprocess.Popen([sys.executable, "-c", READER, str(kill)], stdout=subprocess.PIPE, env=environment) as child:
        first = child.stdout.readline()
        threading.Timer(0.2 + 0.7 * kill, child.kill).start()
        acknowledged = (first + child.stdout.read()).split(b"\n")[:-1]
    assert child.returncode == -signal.SIGKILL
    Journal(database, settings).flush()
    found = objects(database)
    assert len(acknowledged) > 100
    assert len(found) == len(set(found))
    assert {f"{kill}-{number.decode()}" for number in acknowledged} <= set(found)
    assert damages(database) == []
    assert spools(settings) == []


def leave_behind(settings, *lines: bytes) -> Path:
    """A spool as a dead process leaves it."""
    folder = settings.data_folder / "spool"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "1-dead.spool"
    path.write_bytes(b"".join(lines))
    return path


def test_torn_last_line_of_a_dead_process_becomes_evidence(database, settings, journal):
    whole, torn = line_of(read_entry("entier")), line_of(read_entry("coupé"))[:40]
    leave_behind(settings, whole, torn)
    journal.flush()
    assert objects(database) == ["entier", "1-dead.spool"]
    (damage,) = damages(database)
    assert (damage["offset"], damage["length"]) == (len(whole), 40)
    assert spools(settings) == []


@pytest.mark.parametrize(
    "junk",
    [b"\xff\xfe\n", b"{}\n", b"\n\nnothing\n", b"00000000 {}\n", b"x" * 300_000 + b"\n"],
    ids=["binary", "no-checksum", "text", "no-entry", "endless"],
)
def test_unreadable_line_becomes_evidence_and_its_neighbours_are_kept(database, settings, journal, junk):
    before, after = line_of(read_entry("avant")), line_of(read_entry("après"))
    leave_behind(settings, before, junk, after)
    journal.flush()
    found = objects(database)
    assert (found[0], found[-1]) == ("avant", "après")
    assert sum(damage["length"] for damage in damages(database)) == len(junk.strip(b"\n"))


def test_changed_line_that_is_still_json_is_not_believed(database, settings, journal):
    leave_behind(settings, line_of(read_entry("vrai")).replace(b"vrai", b"faux"))
    journal.flush()
    assert objects(database) == ["1-dead.spool"]
    assert len(damages(database)) == 1


def test_live_neighbours_spool_is_left_alone(database, settings, journal):
    neighbour = Journal(database, settings)
    neighbour.note(read_entry("voisin"))
    journal.note(read_entry("moi"))
    journal.flush()
    assert objects(database) == ["moi"]
    neighbour.flush()
    assert objects(database) == ["moi", "voisin"]
    neighbour._hand_over(None)


def test_long_spool_is_replaced_and_deleted(database, settings, journal, monkeypatch):
    monkeypatch.setattr(portal.evidence.journal, "ROTATE_BYTES", 1)
    for number in range(5):
        journal.note(read_entry(str(number)))
        journal.flush()
    assert objects(database) == ["0", "1", "2", "3", "4"]
    assert len(spools(settings)) == 1
    assert scalar(database, "SELECT count(*) FROM journal_position") == 0


def test_deleted_spool_is_saved_and_replaced(database, settings, journal):
    journal.note(read_entry("un"))
    spools(settings)[0].unlink()
    journal.note(read_entry("deux"))
    journal.flush()
    journal.note(read_entry("trois"))
    assert len(spools(settings)) == 1
    journal.flush()
    assert objects(database) == ["un", "deux", "trois"]


def test_cut_spool_becomes_evidence(database, settings, journal):
    journal.note(read_entry("un"))
    journal.flush()
    os.truncate(spools(settings)[0], 0)
    journal.flush()
    journal.note(read_entry("deux"))
    journal.flush()
    assert objects(database) == ["un", spools(settings)[0].name, "deux"]
    assert damages(database)[0]["found"] == 0


@contextmanager
def locked(database):
    """Somebody outside holds the evidence table."""
    if database.is_sqlite:
        with closing(sqlite3.connect(database.url.removeprefix("sqlite:///"), isolation_level=None)) as raw:
            raw.execute("BEGIN IMMEDIATE")
            yield
            raw.execute("ROLLBACK")
    else:
        with psycopg.connect(database.url.replace("+psycopg", "")) as raw:
            raw.execute("LOCK TABLE evidence IN ACCESS EXCLUSIVE MODE")
            yield
            raw.rollback()


def test_reads_go_on_while_the_database_is_locked_and_are_recorded_after(database, settings):
    journal = Journal(database, settings)
    journal.start()
    with locked(database):
        started = time.monotonic()
        for number in range(600):
            journal.note(read_entry(str(number)))
        assert time.monotonic() - started < 2
        time.sleep(1.2)
        assert journal.backlog > 0
    journal.stop()
    assert objects(database)[:600] == [str(number) for number in range(600)]


@pytest.mark.parametrize("moment", ["fails_before", "fails_after"])
def test_failing_write_is_tried_again_and_recorded_once(database, settings, moment):
    flaky = Flaky(database.url)
    journal = Journal(flaky, settings)
    journal.note(read_entry("une fois"))
    setattr(flaky, moment, True)
    for _ in range(2):
        with pytest.raises(DatabaseBusy):
            journal.flush()
    setattr(flaky, moment, False)
    journal.flush()
    assert objects(database) == ["une fois"]
    journal._hand_over(None)
    flaky.dispose()


def test_stop_without_a_database_leaves_the_notes_to_the_next_start(database, settings):
    flaky = Flaky(database.url)
    journal = Journal(flaky, settings)
    journal.note(read_entry("plus tard"))
    flaky.fails_before = True
    journal.stop()
    assert objects(database) == []
    Journal(database, settings).flush()
    assert objects(database) == ["plus tard"]
    flaky.dispose()


def test_read_is_refused_when_the_spool_folder_is_unusable(settings):
    settings.data_folder.mkdir(parents=True)
    (settings.data_folder / "spool").write_text("not a folder")
    with pytest.raises(JournalUnavailable):
        Journal(Untouchable(), settings).note(read_entry())


def test_read_is_refused_when_the_disk_is_full(settings):
    journal = Journal(Untouchable(), settings)
    journal._spool = Spool(Path("/dev/full"), os.open("/dev/full", os.O_WRONLY))
    with pytest.raises(JournalUnavailable, match="No space left"):
        journal.note(read_entry())
    journal._spool.close()


def test_entry_too_long_for_a_line_is_refused(settings):
    with pytest.raises(JournalUnavailable, match="too long"):
        Journal(Untouchable(), settings).note(read_entry("x" * 70_000))


def test_half_written_note_is_refused_and_the_next_one_is_whole(database, journal, monkeypatch):
    journal.note(read_entry("un"))
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(portal.evidence.spool.os, "write", lambda descriptor, line: write(descriptor, line[:50]))
        with pytest.raises(JournalUnavailable, match="only 50"):
            journal.note(read_entry("à moitié"))
    journal.note(read_entry("deux"))
    journal.flush()
    found = objects(database)
    assert (found[0], found[-1], len(found)) == ("un", "deux", 3)
    assert damages(database)[0]["length"] == 50


def signed_in(database) -> str:
    """Token of a session whose last request was ten minutes ago."""
    long_ago = utc_now() - timedelta(minutes=10)
    with database.write() as db:
        account = Account(
            identifier="1000000016", space="adherent", role="adherent", display_name="Anne Essai", password_hash="x"
        )
        db.add(account)
        db.flush()
        return open_session(db, account.id, Stage.FULL, long_ago)


@pytest.mark.parametrize("with_note", [True, False])
def test_activity_keeps_the_session_alive(database, journal, with_note):
    token, now = signed_in(database), utc_now()
    journal.seen(fingerprint(token), now)
    if with_note:
        journal.note(read_entry())
    journal.flush()
    with database.read() as db:
        assert find_viewer(db, token, now + timedelta(minutes=19)) is not None
        assert find_viewer(db, token, now + timedelta(minutes=21)) is None


def test_activity_survives_a_database_that_fails_once(database, settings):
    flaky = Flaky(database.url)
    journal = Journal(flaky, settings)
    token, now = signed_in(database), utc_now()
    journal.seen(fingerprint(token), now)
    flaky.fails_before = True
    with pytest.raises(DatabaseBusy):
        journal.flush()
    flaky.fails_before = False
    journal.flush()
    with database.read() as db:
        assert find_viewer(db, token, now + timedelta(minutes=19)) is not None
    flaky.dispose()
