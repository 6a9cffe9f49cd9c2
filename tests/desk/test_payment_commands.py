"""`portal payments`: an operator makes the bank's file, and takes in what came back (R-21)."""

from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from sqlmodel import select

from portal.commands.payments import command
from portal.data.benefits import BenefitLine, Payment
from portal.data.payments import queue
from portal.formatting import today
from tests.support import factories
from tests.support.server import environment
from tests.support.valuing import report_bank

OURS = "FR7630001007941234567890185"


@pytest.fixture
def run(client, settings):
    """Runs a command on the test's database; `iban`: the account that transfers leave from."""
    variables = environment(settings, client.services.database.url)

    def invoke(*arguments: str, iban: str = OURS) -> tuple[int, str]:
        given = variables | ({"PORTAL_TRANSFERS_IBAN": iban} if iban else {})
        result = CliRunner().invoke(command, arguments, env=given)
        return result.exit_code, result.output

    return invoke


@pytest.fixture
def due(client):
    """A line that is due today."""
    with client.services.database.write() as db:
        family = factories.household(db)
        factories.member_account(db, client.services.keyring, family.member, email="anne@exemple.example")
        report_bank(db, client.services.keyring, family.member.id)
        line = factories.line(db, family.contract)
        queue(db, line, today(), datetime.now(UTC))
        return line.id


def test_operator_makes_the_file_then_takes_in_what_came_back(client, run, due, tmp_path) -> None:
    code, told = run("run")
    assert code == 0
    assert told.startswith("1 paid\n")
    assert told.strip().endswith(f"virements-{today().isoformat()}.xml")
    assert run("run") == (0, "0 paid\n")
    assert (
        run("file", "--day", today().isoformat(), iban="")[1].strip().endswith(f"virements-{today().isoformat()}.xml")
    )
    assert "no run of" in run("file", "--day", "2026-01-05")[1]
    with client.services.database.read() as db:
        (reference,) = db.exec(select(Payment.reference)).all()
    file = tmp_path / "retours.csv"
    file.write_text(f"reference;returned_on;code\n{reference};{today().isoformat()};AC04\nV-autre;2026-01-02;AC04\n")
    assert run("returned", str(file)) == (0, "1 taken in, 1 known before, or not ours\n")
    assert run("returned", str(file)) == (0, "0 taken in, 2 known before, or not ours\n")
    with client.services.database.read() as db:
        assert db.get_one(BenefitLine, due).status == "en_cours"


def test_operator_is_told_what_is_missing_before_anything_is_paid(client, run, due, tmp_path) -> None:
    assert "PORTAL_TRANSFERS_IBAN" in run("run", iban="")[1]
    assert run("run", iban="FR7630001007941234567890186")[0] != 0
    yesterday, far = today() - timedelta(days=1), today() + timedelta(days=8)
    for day in (yesterday, far):
        assert "give today" in run("run", "--day", day.isoformat())[1]
    file = tmp_path / "autre.csv"
    file.write_text("nom;montant\n")
    assert "no file of returns" in run("returned", str(file))[1]
    with client.services.database.read() as db:
        assert not db.exec(select(Payment)).all()
