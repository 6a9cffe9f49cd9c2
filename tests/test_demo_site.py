"""The demonstration's site: made by the import in one go, kept, and unknown to the rest of the portal."""

import csv
import re
import shutil
import sqlite3
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner
from litestar.testing import TestClient

import portal
from portal.commands.demo import command
from portal.database import Database
from portal.demo import site
from portal.demo.site import PASSWORD, TOTP_SECRET, NotADemonstration, demo_help, demo_settings
from portal.importing.registry import KINDS
from portal.security import OneTimeCode
from tests.support import work
from tests.support.applications import application_on
from tests.support.client import AuditingClient
from tests.support.demonstration import ORIGIN, prepare_small
from tests.support.html import text_of
from tests.support.mail import letters

ACCOUNTS = {
    "1000000016": ("adherent", "adherent"),
    "1000000024": ("adherent", "adherent"),
    "1000000032": ("adherent", "ayant_droit"),
    "1000000040": ("adherent", "adherent"),
    "1000000057": ("adherent", "adherent"),
    "1000000065": ("adherent", "ayant_droit"),
    "2000000014": ("employeur", "signataire"),
    "2000000022": ("employeur", "gestionnaire_paie"),
    "2000000030": ("employeur", "signataire"),
    "3000000012": ("professionnel", "professionnel"),
    "3000000020": ("professionnel", "professionnel"),
    "3000000038": ("professionnel", "professionnel"),
    "3000000046": ("professionnel", "professionnel"),
    "3000000053": ("professionnel", "equipe"),
    "9000000019": ("gestion", "gestionnaire"),
    "9000000027": ("gestion", "superviseur"),
    "9000000035": ("gestion", "superviseur"),
}
TRIED_ABOVE = "9000000019"  # a code works once, so this account signs in once
# The company's own acts make persons too, under references that the portal gives.
FILED = {
    "person": "reference NOT LIKE 'E-%' AND reference NOT LIKE 'F-%'",
    "payment": "method <> 'rectification' AND id NOT IN (SELECT payment_id FROM payment_order)",
    "benefit_line": "source <> 'demande'",
}
HOMES = {"adherent": "/adherent", "employeur": "/employeur", "professionnel": "/professionnel", "gestion": "/gestion"}

pytestmark = pytest.mark.xdist_group("demo-site")


def asked(folder: Path, query: str) -> list[tuple]:
    raw = sqlite3.connect(folder / "portal.sqlite3")
    found = raw.execute(query).fetchall()
    raw.close()
    return found


@pytest.fixture(scope="module")
def made(small_demonstration, tmp_path_factory) -> Path:
    """A small demonstration, of which visitors change what they like."""
    return shutil.copytree(small_demonstration, tmp_path_factory.mktemp("demonstration") / "demo")


@pytest.fixture
def visitor(made):
    settings = demo_settings(made, ORIGIN).model_copy(update={"worker": "separate"})  # letters stay to be read
    app = application_on(settings, Database(settings.resolved_database_url), demo_help())
    with TestClient(app, base_url=ORIGIN, raise_server_exceptions=False) as http:
        yield AuditingClient(http)


# --- made once, by the import ---


def test_demonstration_holds_every_row_of_its_import_files(made) -> None:
    for kind, table in {"persons": "person", "payments": "payment", "benefit-lines": "benefit_line"}.items():
        with (made / "import" / f"{kind}.csv").open(encoding="utf8") as file:
            written = len(list(csv.DictReader(file, delimiter=";")))
        assert asked(made, f"SELECT count(*) FROM {table} WHERE {FILED.get(table, 'true')}") == [(written,)]
        assert written > 0
    assert list((made / "import").glob("*.rejets.csv")) == []


def test_import_of_the_demonstration_is_in_the_evidence(made) -> None:
    assert asked(made, "SELECT count(*) FROM evidence WHERE action = 'import.completed'")[0][0] == len(KINDS)


def test_queue_of_the_desk_agrees_with_everything_that_was_sent(made) -> None:
    """R-05: each request has exactly one item, whose turn and day due are its own."""
    database = Database(demo_settings(made, ORIGIN).resolved_database_url)
    with database.read() as db:
        assert work.in_step(db) == []
    database.dispose()
    assert {act for (act,) in asked(made, "SELECT act FROM work_step")} >= {"prise-en-charge", "escalade", "note"}


def test_accounts_are_those_of_the_documentation(made) -> None:
    found = asked(made, "SELECT identifier, space, role, totp_encrypted IS NOT NULL FROM account ORDER BY identifier")
    assert {identifier: (space, role) for identifier, space, role, _ in found} == ACCOUNTS
    assert all(bool(has_code) == (identifier[0] in "239") for identifier, _, _, has_code in found)
    assert {account.identifier for account in demo_help().accounts} == set(ACCOUNTS)


def test_second_run_changes_nothing(made) -> None:
    before = (made / "keys.json").read_text(), asked(made, "SELECT max(seq) FROM evidence")
    assert prepare_small(made) == []
    assert ((made / "keys.json").read_text(), asked(made, "SELECT max(seq) FROM evidence")) == before


def test_keys_are_the_folders_own_and_private(made, tmp_path) -> None:
    assert stat.S_IMODE((made / "keys.json").stat().st_mode) == 0o600
    ours, others = demo_settings(made, ORIGIN), demo_settings(tmp_path, ORIGIN)
    assert ours.secret_keys == demo_settings(made, ORIGIN).secret_keys != others.secret_keys


def test_interrupted_preparation_is_finished_by_the_next(tmp_path, monkeypatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(site, "create_accounts", stop)
        with pytest.raises(KeyboardInterrupt):
            prepare_small(tmp_path)
    assert asked(tmp_path, "SELECT count(*) FROM account") == [(0,)]
    assert len(prepare_small(tmp_path)) == len(KINDS)
    (tmp_path / site.READY).unlink()  # as if stopped just before the last step
    prepare_small(tmp_path)
    assert asked(tmp_path, "SELECT count(*) FROM account") == [(len(ACCOUNTS),)]


@pytest.mark.parametrize("extra", [None, "import"])
def test_foreign_database_is_refused_and_left_alone(tmp_path, extra) -> None:
    if extra:
        (tmp_path / extra).mkdir()
    path = tmp_path / "portal.sqlite3"
    raw = sqlite3.connect(path)
    raw.execute("CREATE TABLE person (id INTEGER)")
    raw.close()
    before = path.read_bytes()
    with pytest.raises(NotADemonstration):
        prepare_small(tmp_path)
    assert path.read_bytes() == before
    result = CliRunner().invoke(command, ["--data", str(tmp_path), "--prepare-only"])
    assert result.exit_code == 1
    assert "choose another folder" in result.output
    assert path.read_bytes() == before


# --- the demonstration's page ---


def test_page_shows_the_accounts_the_password_and_a_code_that_works(visitor) -> None:
    page = visitor.get("/demonstration")
    shown = text_of(page.one("main"))
    assert PASSWORD in shown
    assert {text_of(node) for node in page.css("tbody th")} == set(ACCOUNTS)
    code = re.search(r"\b\d{6}\b", text_of(page.one("strong.num")))
    assert code is not None
    assert OneTimeCode(TOTP_SECRET).verify(code.group(), valid_window=1)
    visitor.sign_in(TRIED_ABOVE, PASSWORD)
    visitor.answer_code(code.group())
    assert visitor.path == "/gestion"


@pytest.mark.parametrize("identifier", [identifier for identifier in ACCOUNTS if identifier != TRIED_ABOVE])
def test_each_account_signs_in_to_its_space(visitor, identifier) -> None:
    sign_in(visitor, identifier, TOTP_SECRET)
    assert visitor.path == HOMES[ACCOUNTS[identifier][0]]


def sign_in(visitor, identifier: str, totp: str | None = None) -> None:
    """Signs in by the forms, with the code that a member's unknown browser is asked for."""
    visitor.sign_in(identifier, PASSWORD, totp)
    if visitor.path.startswith("/connexion/code-email"):
        newest = letters(visitor.services.database, visitor.services)[-1]
        code = re.search(r"^ +(\d{3}\s?\d{3})$", newest.text, re.MULTILINE)
        assert code is not None
        visitor.answer_code(code.group(1))


def test_sign_in_leads_to_the_demonstrations_page(visitor) -> None:
    page = visitor.get("/connexion")
    assert [node for node in page.css("a") if node.attributes["href"] == "/demonstration"]
    assert "Démonstration, données fictives" in page.text


def test_member_of_the_demonstration_reads_lines_and_statements(visitor) -> None:
    sign_in(visitor, "1000000016")
    assert visitor.get("/adherent/prestations").css("li.line")
    assert visitor.get("/adherent/releves").one("h1")
    assert visitor.status == 200


def test_member_who_left_is_told_until_when_the_space_stays_open(visitor) -> None:
    sign_in(visitor, "1000000040")
    assert "a pris fin le" in text_of(visitor.get("/adherent").one("main"))


@pytest.mark.parametrize("number", range(len(demo_help().sign_ups)))
def test_page_says_what_to_type_to_sign_up_and_it_works(made, visitor, number) -> None:
    """Each line of the page, typed into its form, finds somebody: a letter other than « nothing matches » leaves."""
    page = visitor.get("/demonstration")
    row = demo_help().sign_ups[number]
    (shown,) = [text_of(node) for node in page.css(".rows small") if text_of(node).startswith(row.fields[:12])
                and row.who in text_of(node.parent)]  # fmt: skip
    told = dict(pair.split("\u00a0: ", 1) for pair in shown.rstrip(".").split(", "))
    names = {"Nom": "nom", "nom": "nom", "prénom": "prenom", "date de naissance": "naissance",
             "n° d’adhérent": "numero-adherent",
             "n° de contrat": "numero-contrat", "SIRET": "siret", "RPPS": "numero", "FINESS": "numero",
             "n° de convention": "convention"}  # fmt: skip
    fields = {names[label]: value for label, value in told.items()} | {"email": f"essai{number}@courriel.example"}
    if row.space == "adherent":
        parent = "son parent" in row.who
        fields |= {"pour": "represente" if parent else "moi"}
        fields |= {"representant": "Camille Exemple", "lien": "parent"} if parent else {}
    path = f"/inscription/{row.space}"
    visitor.get(path)
    visitor.submit(f'form[action="{path}"]', **fields, accepte="1")
    assert visitor.path == "/inscription/e-mails"
    newest = asked(made, "SELECT action, outcome FROM evidence WHERE action LIKE 'account.%' OR action LIKE '%sent' "
                         "OR action LIKE '%reminded' ORDER BY seq DESC LIMIT 1")  # fmt: skip
    assert newest != [("account.requested", "refused")] or "déjà" in row.who


# --- nothing else knows ---


def test_nothing_outside_the_demonstration_knows_its_accounts() -> None:
    source = Path(portal.__file__).parent
    secrets = [*ACCOUNTS, PASSWORD, TOTP_SECRET]
    others = [path for path in source.rglob("*") if path.is_file() and (source / "demo") not in path.parents]
    texts = {path: path.read_bytes() for path in others if path.suffix not in {".pyc", ".woff2", ".ttf"}}
    assert len(texts) > 80
    assert [path.name for path, body in texts.items() for secret in secrets if secret.encode() in body] == []
