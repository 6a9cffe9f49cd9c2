"""`portal terms`: what an operator publishes is what people accept (R-14, R-16)."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from portal.commands.terms import command
from portal.terms_publishing import MOST_BYTES, instant_of
from tests.support.evidence import disarm, scalar
from tests.support.terms import CHANGES, FIRST, SECOND


@pytest.fixture
def run(database, settings, monkeypatch):
    """Runs `portal terms …` on the test's database."""
    ours = settings.model_copy(update={"database_url": database.url})
    monkeypatch.setattr("portal.commands.terms.load_settings", lambda: ours)

    def invoke(*arguments: object):
        return CliRunner().invoke(command, [str(argument) for argument in arguments])

    return invoke


@pytest.fixture
def files(tmp_path):
    paths = {"first": FIRST, "second": SECOND, "changes": CHANGES}
    for name, text in paths.items():
        (tmp_path / f"{name}.md").write_bytes(text.encode())
    return {name: tmp_path / f"{name}.md" for name in paths}


def test_operator_publishes_the_exact_bytes_with_their_evidence(run, files, database) -> None:
    files["first"].write_bytes(FIRST.replace("\n", "\r\n").encode())
    digest = hashlib.sha256(files["first"].read_bytes()).hexdigest()
    result = run("publish", files["first"])
    assert result.exit_code == 0, result.output
    assert f"sha256 {digest}" in result.output
    assert "version 1 is published" in result.output
    stored = scalar(database, "SELECT text FROM terms_version")
    assert stored.encode() == files["first"].read_bytes()
    assert scalar(database, "SELECT object FROM evidence WHERE action = 'terms.published'") == f"1 sha256:{digest}"


def test_operator_announces_the_next_version_with_words_from_a_file(run, files, database) -> None:
    run("publish", files["first"])
    result = run("publish", files["second"], "--effective", "2099-01-01", "--changes", files["changes"])
    assert "version 2, in effect from 2099-01-01 00:00 (Paris)" in result.output
    assert "articles that change: Article 2 – Accès" in result.output
    assert scalar(database, "SELECT changes FROM terms_version WHERE number = 2") == CHANGES
    listed = run("list").output.splitlines()
    assert [line.split(",")[0] for line in listed] == ["2  announced", "1  in force"]


def test_dry_run_shows_and_publishes_nothing(run, files, database) -> None:
    result = run("publish", files["first"], "--dry-run")
    assert "version 1" in result.output
    assert "nothing was published" in result.output
    assert scalar(database, "SELECT count(*) FROM terms_version") == 0
    assert scalar(database, "SELECT count(*) FROM evidence") == 0
    assert run("list").output == "no version is published\n"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"# T\n\n## A\n\n> x\n", "line 5: « blockquote »"),
        (b"Sans titre", "starts with « # Title »"),
        (b"# T\n\n## A\n\n\xff\n", "not UTF-8"),
        (b"# T\n\n## A\n\nx\x00y\n", "control character"),
        (b"\xef\xbb\xbf# T\n\n## A\n", "byte order mark"),
        (b"# T\n\n## A\n\n" + b"x" * MOST_BYTES, "at most"),
    ],
)
def test_operator_is_told_what_is_wrong_with_the_file(run, files, database, body, words) -> None:
    files["first"].write_bytes(body)
    for options in ((), ("--dry-run",)):
        result = run("publish", files["first"], *options)
        assert result.exit_code == 1
        assert words in result.output
    assert scalar(database, "SELECT count(*) FROM terms_version") == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "say what changes"),
        (("--changes", "# Un titre"), "a heading has no place"),
        (("--changes", "Du neuf.", "--effective", "2020-01-01"), "now or later"),
        (("--changes", "Du neuf.", "--effective", "demain"), "give a day as"),
    ],
)
def test_operator_cannot_publish_a_change_without_its_words_or_in_the_past(
    run, files, database, options, words
) -> None:
    run("publish", files["first"])
    result = run("publish", files["second"], *options)
    assert result.exit_code != 0
    assert words in result.output
    assert scalar(database, "SELECT count(*) FROM terms_version") == 1


def test_list_tells_a_text_altered_behind_the_triggers(run, files, database) -> None:
    run("publish", files["first"])
    with database.write() as db:
        disarm(db)
        db.connection().exec_driver_sql("UPDATE terms_version SET text = 'autre'")
    assert "ALTERED" in run("list").output


@pytest.mark.parametrize(
    ("typed", "instant"),
    [
        ("2027-01-01", "2026-12-31T23:00:00"),
        ("2027-07-01 08:30", "2027-07-01T06:30:00"),
        ("2027-07-01T08:30+00:00", "2027-07-01T08:30:00"),
    ],
)
def test_effective_instant_is_read_in_paris(typed, instant) -> None:
    assert instant_of(typed) - datetime.fromisoformat(instant).replace(tzinfo=UTC) == timedelta(0)
