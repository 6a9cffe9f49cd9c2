"""R-51: signed checkpoints outside the database expose a chain cut or rewritten; extracts stand on their own."""

import json
import random
import stat
from datetime import date

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlmodel import Session

from portal.commands.audit import command
from portal.data.accounts import Account
from portal.data.evidence import Action, record
from portal.data.statement_periods import month_of
from portal.evidence.audit import audit
from portal.evidence.checkpoints import (
    FILE,
    PRIVATE_KEY,
    PUBLIC_KEY,
    Checkpoint,
    CheckpointConflict,
    UnreadableKey,
    public_key,
    read_checkpoints,
    sign,
    signing_key,
    write_checkpoint,
)
from portal.insurer import Insurer
from portal.statements import issue_statement
from tests.support import factories
from tests.support.evidence import START, disarm, scalar, viewer, write_chain


def checkpointed(database, settings, rounds: int = 3, rows: int = 4) -> list[Checkpoint]:
    """A chain that grew between checkpoints: rows 1-4, a note of the checkpoint in row 5, rows 6-9…"""
    written = []
    for _ in range(rounds):
        write_chain(database, rows)
        written.append(write_checkpoint(database, settings))
    return written


def change(database, *statements: str) -> None:
    """What a database administrator does for good."""
    with Session(database.writer) as db:
        disarm(db)
        for statement in statements:
            db.execute(text(statement))
        db.commit()


def fault_of(database, settings, **copies):
    return audit(database, settings, **copies).verdict.fault


@pytest.fixture
def lines(settings):
    """The checkpoint file's lines, to read and to rewrite."""
    path = settings.checkpoints / FILE

    def rewrite(edit) -> None:
        path.write_text("".join(f"{line}\n" for line in edit(path.read_text().splitlines())))

    return rewrite


def contents(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def portal(database, settings, monkeypatch):
    """Runs `portal audit …` on the test's database."""
    for name, value in {
        "DATA_FOLDER": str(settings.data_folder),
        "DATABASE_URL": database.url,
        "ORIGIN": settings.origin,
        "SECRET_KEYS": "s" * 32,
        "DATA_KEYS": "d" * 32,
    }.items():
        monkeypatch.setenv(f"PORTAL_{name}", value)
    return lambda *arguments: CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_checkpoint_signs_the_head_and_the_chain_notes_it(database, settings):
    write_chain(database, 4)
    checkpoint = write_checkpoint(database, settings)
    assert checkpoint.seq == 4
    assert checkpoint.hash == scalar(database, "SELECT hash FROM evidence WHERE seq = 4")
    assert checkpoint.is_signed_by(public_key(settings.checkpoints / PUBLIC_KEY))
    assert scalar(database, "SELECT object FROM evidence WHERE action = 'checkpoint.signed' AND seq = 5") == "4"


def test_private_key_is_for_its_owner_alone_and_is_kept(database, settings):
    first = checkpointed(database, settings, rounds=2)
    mode = (settings.checkpoints / PRIVATE_KEY).stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert all(one.is_signed_by(signing_key(settings.checkpoints).public_key()) for one in first)


@pytest.mark.parametrize("left", [(PUBLIC_KEY,), (FILE,), (PUBLIC_KEY, FILE)])
def test_lost_private_key_is_never_replaced_where_something_was_signed(database, settings, left):
    """After a restore, say: a new key would make every earlier signature worthless, and nobody would hear of it."""
    checkpointed(database, settings, rounds=1)
    for path in settings.checkpoints.iterdir():
        if path.name not in left:
            path.unlink()
    write_chain(database, 1)
    before = {FILE: b""} | contents(settings.checkpoints)
    with pytest.raises(UnreadableKey, match=r"private\.pem is gone"):
        write_checkpoint(database, settings)
    assert contents(settings.checkpoints) == before


def test_first_use_cut_short_goes_on_with_the_same_key(database, settings):
    """The private key is there first: what a power cut left of a first use is finished, not refused."""
    key = signing_key(settings.checkpoints)
    (settings.checkpoints / PUBLIC_KEY).unlink()
    assert signing_key(settings.checkpoints).private_bytes_raw() == key.private_bytes_raw()
    assert public_key(settings.checkpoints / PUBLIC_KEY) == key.public_key()


def test_nothing_is_signed_when_nothing_happened(database, settings):
    assert write_checkpoint(database, settings) is None
    checkpointed(database, settings, rounds=1)
    assert write_checkpoint(database, settings) is None
    assert write_checkpoint(database, settings) is None
    assert len((settings.checkpoints / FILE).read_text().splitlines()) == 1


def test_untouched_record_is_found_good(database, settings):
    checkpointed(database, settings)
    found = audit(database, settings)
    assert (found.verdict.fault, found.verdict.rows, found.checkpoints, found.covered) == (None, 15, 3, 14)


def test_empty_record_is_found_good(database, settings):
    assert fault_of(database, settings) is None


@pytest.mark.parametrize("first_lost", [2, 6, 11, 13, 14])
def test_cut_tail_is_found_through_the_checkpoint(database, settings, first_lost):
    checkpointed(database, settings)
    change(
        database,
        f"DELETE FROM evidence_detail WHERE seq >= {first_lost}",
        f"DELETE FROM evidence WHERE seq >= {first_lost}",
    )
    assert fault_of(database, settings).seq == first_lost


def rebuilt(database) -> None:
    """The administrator writes another history of the same length, every hash right."""
    change(database, "DELETE FROM evidence_detail", "DELETE FROM evidence")
    for reached in (4, 9, 14):
        write_chain(database, 4)
        with database.write() as db:
            record(db, None, Action.CHECKPOINT_SIGNED, object=str(reached))


def test_rewritten_chain_is_found_at_the_first_checkpoint(database, settings):
    checkpointed(database, settings)
    rebuilt(database)
    assert fault_of(database, settings).seq == 4


def test_signing_refuses_a_chain_that_contradicts_the_last_checkpoint(database, settings):
    checkpointed(database, settings)
    rebuilt(database)
    write_chain(database, 2)
    with pytest.raises(CheckpointConflict, match="row 14"):
        write_checkpoint(database, settings)
    assert len((settings.checkpoints / FILE).read_text().splitlines()) == 3


@pytest.mark.parametrize(("kept", "gone"), [((0, 1), 14), ((0, 2), 9), ((1, 2), 4), ((0,), 9), ((), 4)])
def test_checkpoint_that_left_the_file_is_found(database, settings, lines, kept, gone):
    checkpointed(database, settings)
    lines(lambda all_lines: [all_lines[index] for index in kept])
    fault = fault_of(database, settings)
    assert fault is not None
    assert (fault.seq, "checkpoint" in fault.problem) == (gone, True)


def test_missing_checkpoint_file_is_found(database, settings):
    checkpointed(database, settings)
    (settings.checkpoints / FILE).unlink()
    assert fault_of(database, settings).seq == 4


def test_checkpoints_in_another_order_are_found(database, settings, lines):
    checkpointed(database, settings)
    lines(lambda all_lines: all_lines[::-1])
    assert "does not follow" in fault_of(database, settings).problem


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.engines("sqlite")
def test_changed_byte_of_the_checkpoint_file_is_found(database, settings, seed):
    checkpointed(database, settings)
    path, rng = settings.checkpoints / FILE, random.Random(seed)
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content) - 1)] ^= 1 << rng.randrange(7)
    path.write_bytes(content)
    assert fault_of(database, settings) is not None


def forged(checkpoint: Checkpoint, key: Ed25519PrivateKey, **changes) -> str:
    fields = {name: getattr(checkpoint, name) for name in ("origin", "seq", "hash", "at", "previous")} | changes
    return Checkpoint(**fields, signature=sign(key, Checkpoint(**fields).signed_bytes)).line


def test_checkpoint_of_another_key_is_found(database, settings, lines):
    *_, last = checkpointed(database, settings)
    lines(lambda all_lines: [*all_lines[:2], forged(last, Ed25519PrivateKey.generate(), hash="f" * 64)])
    fault = fault_of(database, settings)
    assert (fault.seq, "not signed by this key" in fault.problem) == (14, True)


def test_swapped_key_and_resigned_checkpoints_are_found_with_a_copy_of_the_key(database, settings, tmp_path):
    checkpointed(database, settings)
    copy = tmp_path / "public-copy.pem"
    copy.write_bytes((settings.checkpoints / PUBLIC_KEY).read_bytes())
    change(database, "DELETE FROM evidence_detail", "DELETE FROM evidence")
    for path in settings.checkpoints.iterdir():
        path.unlink()
    checkpointed(database, settings)
    assert fault_of(database, settings) is None
    fault = fault_of(database, settings, key=copy)
    assert (fault.seq, "not signed by this key" in fault.problem) == (4, True)


def test_rollback_of_everything_is_found_with_a_copy_of_the_checkpoints(database, settings, lines, tmp_path):
    checkpointed(database, settings)
    copy = tmp_path / "checkpoints-copy.jsonl"
    copy.write_bytes((settings.checkpoints / FILE).read_bytes())
    lines(lambda all_lines: all_lines[:1])
    change(database, "DELETE FROM evidence_detail WHERE seq > 5", "DELETE FROM evidence WHERE seq > 5")
    assert fault_of(database, settings) is None
    assert fault_of(database, settings, checkpoints=copy).seq == 6


def test_copy_that_is_behind_is_no_fault(database, settings, tmp_path):
    checkpointed(database, settings)
    copy = tmp_path / "checkpoints-copy.jsonl"
    copy.write_bytes((settings.checkpoints / FILE).read_bytes())
    checkpointed(database, settings, rounds=1)
    assert fault_of(database, settings, checkpoints=copy) is None


def test_line_torn_by_a_power_cut_is_replaced_by_the_next_checkpoint(database, settings):
    checkpointed(database, settings, rounds=2)
    with (settings.checkpoints / FILE).open("a") as file:
        file.write('{"origin":"https://po')
    write_chain(database, 1)
    write_checkpoint(database, settings)
    good, flaws = read_checkpoints(settings.checkpoints / FILE, public_key(settings.checkpoints / PUBLIC_KEY))
    assert ([checkpoint.seq for checkpoint in good], flaws) == ([4, 9, 11], [])


@pytest.mark.parametrize("content", ["", "not a key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_file_without_a_key_is_refused_by_name(tmp_path, content):
    path = tmp_path / "key.pem"
    path.write_text(content)
    with pytest.raises(UnreadableKey, match=r"key\.pem"):
        public_key(path)


def test_operator_verifies_and_reads_how_much_is_covered(database, settings, portal):
    checkpointed(database, settings)
    result = portal("verify")
    assert result.exit_code == 0
    assert "15 rows are as they were written" in result.output
    assert "the last covers row 14, 1 rows came after it" in result.output


def test_operator_is_told_the_first_broken_row(database, settings, portal):
    checkpointed(database, settings)
    change(database, "UPDATE evidence SET actor = 8 WHERE seq = 7", "UPDATE evidence SET actor = 8 WHERE seq = 12")
    result = portal("verify")
    assert result.exit_code == 1
    assert "row 7 was changed" in result.output


@pytest.fixture
def issued(database) -> str:
    """The number of a statement issued in row 1."""
    with database.write() as db:
        home = factories.household(db)
        factories.paid_line(db, home.contract, posted_on=date(2026, 3, 2))
    who = viewer(7, home.member.id)
    period, insurer = month_of(date(2026, 3, 2)), Insurer(name="M", address="A", phone="0", email="a@b.fr", network="K")

    def witness(db, proof: str) -> None:
        record(db, who, Action.STATEMENT_ISSUED, object=proof)

    return issue_statement(database, who, period, insurer, START, witness)[0].number


def test_operator_reads_that_the_stored_statements_are_those_issued(issued, portal):
    result = portal("verify")
    assert (result.exit_code, "1 stored statements are as they were issued" in result.output) == (0, True)


def test_operator_is_told_which_statement_was_changed(issued, database, portal):
    """R-22: same number, same bytes, and the chain proves it."""
    change(database, "UPDATE statement SET pdf = csv")
    result = portal("verify")
    assert result.exit_code == 1
    assert f"row 1 issued the statement {issued}, whose stored pdf is no longer the one issued" in result.output


def test_operator_is_told_the_first_of_two_faults(issued, database, settings, portal):
    checkpointed(database, settings)
    change(database, "UPDATE statement SET csv = pdf", "UPDATE evidence SET actor = 8 WHERE seq = 7")
    assert "row 1 issued the statement" in portal("verify").output


def test_operator_without_the_key_is_told_that_nothing_was_verified(database, settings, portal):
    checkpointed(database, settings)
    (settings.checkpoints / PUBLIC_KEY).unlink()
    result = portal("verify")
    assert result.exit_code == 1
    assert "cannot verify" in result.output


@pytest.fixture
def extract(database, settings, portal, tmp_path):
    """An extract of the account 1000000016, which has two rows among others."""
    write_chain(database, 3)
    with database.write() as db:
        account = Account(
            id=900,
            identifier="1000000016",
            space="adherent",
            role="adherent",
            display_name="Anne Essai",
            password_hash="x",
        )
        db.add(account)
        db.flush()
        for name in ("a", "b"):
            record(db, viewer(account.id), Action.BENEFITS_READ, object=name, details={"address": "192.0.2.9"})
    write_checkpoint(database, settings)
    path = tmp_path / "extract.json"
    result = portal("export", "--account", "1000000016", "--output", path)
    assert result.exit_code == 0, result.output
    return path


def test_extract_is_checked_with_the_public_key_alone(extract, settings, monkeypatch, portal):
    monkeypatch.setenv("PORTAL_DATABASE_URL", "sqlite:////nowhere/at/all.sqlite3")
    result = portal("check-export", extract, "--public-key", settings.checkpoints / PUBLIC_KEY)
    assert (result.exit_code, "2 rows of account 1000000016" in result.output) == (0, True)


def test_extract_holds_details_neighbours_and_the_last_checkpoint(extract, database):
    content = json.loads(extract.read_text())
    assert [row["object"] for row in content["rows"]] == ["a", "b"]
    assert json.loads(content["rows"][0]["details"]) == {"address": "192.0.2.9"}
    assert content["rows"][1]["next_hash"] == scalar(database, "SELECT hash FROM evidence WHERE seq = 6")
    assert content["checkpoint"]["seq"] == 5
    assert extract.stat().st_mode & 0o077 == 0


def test_extraction_is_itself_recorded(extract, database):
    assert scalar(database, "SELECT count(*) FROM evidence WHERE action = 'evidence.exported'") == 1


@pytest.mark.parametrize(
    "edit",
    [
        lambda content: content["rows"][0].update(object="c"),
        lambda content: content["rows"].pop(),
        lambda content: content["rows"].reverse(),
        lambda content: content.update(account="1000000024"),
        lambda content: content["rows"][0].update(details="{}"),
        lambda content: content["checkpoint"].update(seq=4),
        lambda content: content.update(signature="AAAA"),
        lambda content: content.pop("signature"),
        lambda content: content.pop("rows"),
        lambda content: content.update(format="autre"),
    ],
)
@pytest.mark.engines("sqlite")
def test_changed_extract_is_refused(extract, settings, portal, edit):
    content = json.loads(extract.read_text())
    edit(content)
    extract.write_text(json.dumps(content))
    assert portal("check-export", extract, "--public-key", settings.checkpoints / PUBLIC_KEY).exit_code == 1


@pytest.mark.parametrize("content", ["", "[]", "null", "{}", '"x"', "{", "\ufffd"])
@pytest.mark.engines("sqlite")
def test_file_that_is_no_extract_is_refused_in_plain_words(database, settings, portal, tmp_path, content):
    checkpointed(database, settings, rounds=1)
    path = tmp_path / "other.json"
    path.write_text(content)
    result = portal("check-export", path, "--public-key", settings.checkpoints / PUBLIC_KEY)
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")


def test_unknown_account_is_refused_and_leaves_no_file(database, portal, tmp_path):
    result = portal("export", "--account", "1000000024", "--output", tmp_path / "none.json")
    assert (result.exit_code, "no account" in result.output) == (1, True)
    assert not (tmp_path / "none.json").exists()


def test_extract_without_the_key_is_refused_and_leaves_no_file(extract, settings, portal, tmp_path):
    (settings.checkpoints / PRIVATE_KEY).unlink()
    path = tmp_path / "other.json"
    result = portal("export", "--account", json.loads(extract.read_text())["account"], "--output", path)
    assert (result.exit_code, path.exists()) == (1, False)
    assert "private.pem is gone" in result.output


def test_extract_never_overwrites_a_file(extract, portal):
    before = extract.read_bytes()
    assert portal("export", "--account", "1000000016", "--output", extract).exit_code == 1
    assert extract.read_bytes() == before
