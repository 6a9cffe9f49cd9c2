"""`portal import` as an operator types it (R-51 for its trace)."""

import hashlib
import json

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from portal.cli import main
from portal.importing.national_directory import TITLES
from portal.settings import Settings
from tests.importing.samples import Importer, csv_text, row


class Shell:
    def __init__(self, importer: Importer, settings: Settings) -> None:
        self.folder = importer.folder
        self._environment = {
            "PORTAL_DATABASE_URL": importer.database.url,
            "PORTAL_DATA_FOLDER": str(settings.data_folder),
            "PORTAL_SECRET_KEYS": settings.secret_keys[0].get_secret_value(),
            "PORTAL_DATA_KEYS": settings.data_keys[0].get_secret_value(),
        }

    def write(self, content: str) -> str:
        path = self.folder / "actes.csv"
        path.write_text(content, encoding="utf-8")
        return str(path)

    def __call__(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, ["import", *arguments], env=self._environment)


@pytest.fixture
def shell(importer: Importer, settings: Settings) -> Shell:
    return Shell(importer, settings)


def test_operator_imports_twice_and_reads_the_counts(shell: Shell) -> None:
    path = shell.write(csv_text("acts", row("acts"), row("acts", code="CS")))
    assert shell("acts", path).output == "acts : 2 créées, 0 modifiées, 0 inchangées\n"
    again = shell("acts", path)
    assert (again.exit_code, again.output) == (0, "acts : 0 créées, 0 modifiées, 2 inchangées\n")


def test_operator_reads_how_many_rows_were_merged_or_spoke_of_nobody(shell: Shell) -> None:
    path = shell.write(csv_text("directory", row("directory"), row("directory", address="3 R DE L'EGLISE")))
    counts = "1 créées, 0 modifiées, 0 inchangées, 1 réunies à une autre"
    assert shell("directory", path).output == f"directory : {counts}\n"
    extract = shell.write("|".join(TITLES) + "\n" + "|".join(["10000000017"] * len(TITLES)) + "\n")
    counts = "0 créées, 0 modifiées, 0 inchangées, 1 sans objet ici"
    assert shell("national-directory", extract).output == f"national-directory : {counts}\n"


def test_operator_is_told_where_the_rejected_rows_are(shell: Shell) -> None:
    path = shell.write(csv_text("acts", row("acts"), row("acts", code="CS", family="x")))
    result = shell("acts", path)
    assert result.exit_code == 0
    assert f"1 ligne rejetée, expliquée dans {path}.rejets.csv" in result.output
    assert (shell.folder / "actes.csv.rejets.csv").exists()


def test_strict_operator_gets_exit_code_1_and_an_unchanged_database(shell: Shell, importer: Importer) -> None:
    path = shell.write(csv_text("acts", row("acts"), row("acts", code="CS", family="x")))
    result = shell("acts", path, "--strict", "--rejects", str(shell.folder / "mes-rejets.csv"))
    assert result.exit_code == 1
    assert "acts : rien n’a été enregistré (--strict)." in result.output
    assert "créées" not in result.output, "what was rolled back is no count of rows created"
    assert (shell.folder / "mes-rejets.csv").exists()
    assert importer.count("act") == 0


def test_strict_dry_run_announces_no_row_that_would_be_rolled_back(shell: Shell) -> None:
    path = shell.write(csv_text("acts", row("acts"), row("acts", code="CS", family="x")))
    result = shell("acts", path, "--strict", "--dry-run")
    assert result.exit_code == 1
    assert "rien n’a été enregistré (--strict)" in result.output
    assert "créées" not in result.output


def test_dry_run_says_so(shell: Shell, importer: Importer) -> None:
    result = shell("acts", shell.write(csv_text("acts", row("acts"))), "--dry-run")
    assert result.exit_code == 0
    assert result.output == (
        "Essai à blanc : rien n’a été enregistré. Sans cet essai :\nacts : 1 créées, 0 modifiées, 0 inchangées\n"
    )
    assert importer.count("act") == 0


@pytest.mark.parametrize("name", ["absent.csv", ".", "actes.csv"])
def test_unreadable_files_give_exit_code_2_and_no_traceback(shell: Shell, name: str) -> None:
    shell.write("code;libellé\n")
    result = shell("acts", str(shell.folder / name))
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    assert result.output.strip()


def test_rejects_in_a_missing_folder_give_exit_code_2_and_commit_nothing(shell: Shell, importer: Importer) -> None:
    path = shell.write(csv_text("acts", row("acts"), row("acts", code="CS", family="x")))
    result = shell("acts", path, "--rejects", str(shell.folder / "absent" / "r.csv"))
    assert result.exit_code == 2
    assert "ne peut pas être écrit" in result.output
    assert importer.count("act") == 0


def test_an_import_leaves_evidence_with_the_digest_of_the_file(shell: Shell, importer: Importer) -> None:
    content = csv_text("acts", row("acts"))
    shell("acts", shell.write(content))
    with importer.database.read() as db:
        action, kind = db.connection().execute(text("SELECT action, object FROM evidence")).one()
        details = json.loads(db.connection().execute(text("SELECT details FROM evidence_detail")).scalar_one())
    assert (action, kind) == ("import.completed", "acts")
    digest = hashlib.sha256((shell.folder / "actes.csv").read_bytes()).hexdigest()
    counts = {"created": 1, "updated": 0, "unchanged": 0, "rejected": 0}
    assert details == counts | {"file": "actes.csv", "sha256": digest}
