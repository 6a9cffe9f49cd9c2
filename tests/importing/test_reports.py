"""Every import leaves a report (R-60): when, by whom, what became of the rows, or why nothing did."""

import pytest
from sqlmodel import select

from portal.data.import_runs import ImportRun, RunState, last_runs, last_successes
from portal.importing import reports
from portal.importing.problems import UnreadableFile
from portal.importing.registry import KINDS
from portal.importing.reports import reported_import
from portal.importing.run import Request

HEADER = ";".join(KINDS["parameters"].columns)
GOOD = "essai;Un essai;centimes;4000;2031-01-01;;Essai"


@pytest.fixture
def load(database, keyring, tmp_path):
    def run(*lines: str, **options):
        path = tmp_path / "parametres.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf8")
        return reported_import(
            database, keyring, Request(KINDS["parameters"], path, tmp_path / "rejets.csv", **options)
        )

    return run


def reports_of(database) -> list[ImportRun]:
    with database.read() as db:
        return list(db.exec(select(ImportRun).order_by(ImportRun.id)))


def test_operator_who_imports_leaves_a_report_of_every_row(load, database, monkeypatch) -> None:
    monkeypatch.setattr(reports.getpass, "getuser", lambda: "exploitant")
    load(HEADER, GOOD, "essai;Un essai;centimes;x;pas-un-jour;;Essai")
    (run,) = reports_of(database)
    assert (run.kind, run.file_name, run.made_by, run.state) == (
        "parameters",
        "parametres.csv",
        "exploitant",
        "termine",
    )
    assert (run.created, run.updated, run.unchanged, run.rejected > 0) == (1, 0, 0, True)
    assert (len(run.sha256), run.ended_at >= run.begun_at, run.reason) == (64, True, "")
    with database.read() as db:
        assert last_successes(db) == {"parameters": run.ended_at}


@pytest.mark.parametrize(
    ("options", "state"), [({"is_dry_run": True}, RunState.DRY_RUN), ({"is_strict": True}, RunState.STRICT)]
)
def test_import_that_keeps_nothing_leaves_a_report_and_is_no_success(load, database, options, state) -> None:
    load(HEADER, GOOD, "essai;Un essai;centimes;x;pas-un-jour;;Essai", **options)
    (run,) = reports_of(database)
    assert run.state == state
    with database.read() as db:
        assert last_successes(db) == {}


def test_unreadable_file_leaves_a_report_that_says_why(load, database) -> None:
    with pytest.raises(UnreadableFile) as problem:
        load("rien;de;tel")
    (run,) = reports_of(database)
    assert (run.state, run.reason) == (RunState.UNREADABLE, str(problem.value))


def test_import_that_fails_half_way_leaves_the_class_of_its_error_and_no_word_of_it(
    load, database, monkeypatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("canari-7f3a d’une personne")

    monkeypatch.setattr(reports, "run_import", broken)
    with pytest.raises(RuntimeError):
        load(HEADER, GOOD)
    (run,) = reports_of(database)
    assert (run.state, run.reason, run.created) == (RunState.FAILED, "RuntimeError", 0)


def test_import_that_is_killed_stays_at_work_in_its_report(load, database, monkeypatch) -> None:
    """Nobody is there to end it: the page says that it is at work, or was interrupted."""
    monkeypatch.setattr(reports, "_end", lambda *_, **__: None)
    load(HEADER, GOOD)
    with database.read() as db:
        (run,) = last_runs(db)
    assert (run.state, run.ended_at) == (RunState.RUNNING, None)


def test_server_that_knows_nobody_imports_all_the_same(load, database, monkeypatch) -> None:
    def unknown() -> str:
        raise KeyError("getpwuid(): uid not found: 1000")

    monkeypatch.setattr(reports.getpass, "getuser", unknown)
    load(HEADER, GOOD)
    assert reports_of(database)[0].made_by == ""
