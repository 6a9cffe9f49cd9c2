"""`portal account` and `portal maintenance`: the same effect and record as the desk's pages, by nobody signed in."""

import json
import re
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from portal.commands.account import command as account_command
from portal.commands.maintenance import command as maintenance_command
from portal.data.work_acts import take
from portal.data.work_items import WorkItem
from portal.formatting import PARIS
from tests.support import factories, work
from tests.support.entry import ask, enter, try_password
from tests.support.mail import letters
from tests.support.server import environment

WHY = "Vérification en cours."


@pytest.fixture
def run(client, settings):
    """Runs a command on the test's database."""
    variables = environment(settings, client.services.database.url)

    def invoke(command, *arguments: str, answer: str = "") -> tuple[int, str]:
        result = CliRunner().invoke(command, arguments, env=variables, input=answer)
        return result.exit_code, result.output

    return invoke


def acts(client) -> list[tuple]:
    """Without a reason in the chain, which nothing can erase: what was told stands in the details."""
    query = """SELECT actor, action, object, reason, details FROM evidence JOIN evidence_detail USING (seq)
               WHERE actor IS NULL ORDER BY seq"""
    with client.services.database.read() as db:
        rows = [tuple(row) for row in db.execute(text(query))]
    assert {reason for *_, reason, _ in rows} == {""}
    return [(*row, json.loads(details).get("told", "")) for *row, _, details in rows]


@pytest.mark.parametrize("ending", [("suspend",), ("close", "--yes")])
def test_operator_who_ends_an_agent_s_account_puts_its_requests_back(client, run, make, member, ending) -> None:
    agent = make(factories.desk_account)
    with client.services.database.write() as db:
        item = work.sent_case(db, factories.viewer_of(db, member), datetime.now(UTC))
        take(db, factories.viewer_of(db, agent), client.services.keyring, item, datetime.now(UTC))
    name, *options = ending
    assert run(account_command, name, agent.identifier, "--reason", WHY, *options)[0] == 0
    with client.services.database.read() as db:
        assert db.get_one(WorkItem, item.id).assignee_id is None


def test_operator_suspends_and_lifts_with_evidence_and_letters(client, run, member) -> None:
    """R-63."""
    enter(client, member)
    assert ask(client, "/adherent").status_code == 200
    assert run(account_command, "suspend", member.identifier, "--reason", WHY)[0] == 0
    assert ask(client, "/adherent").status_code == 303
    assert "suspendu" in run(account_command, "show", member.identifier)[1]
    assert run(account_command, "suspend", member.identifier, "--reason", WHY)[0] == 1
    assert run(account_command, "lift", member.identifier, "--reason", "Identité vérifiée.")[0] == 0
    about = f"compte:{member.id}"
    assert acts(client) == [
        (None, "account.suspended", about, WHY),
        (None, "account.restored", about, "Identité vérifiée."),
    ]
    sent = letters(client.services.database, client.services)
    assert [letter.name for letter in sent] == ["account-suspended", "account-restored"]
    assert WHY in sent[0].text


def test_operator_closes_only_after_a_confirmation(client, run, member) -> None:
    assert run(account_command, "close", member.identifier, "--reason", WHY, answer="n\n")[0] == 1
    assert "open" in run(account_command, "show", member.identifier)[1]
    assert run(account_command, "close", member.identifier, "--reason", WHY, "--yes")[0] == 0
    assert "ferme" in run(account_command, "show", member.identifier)[1]


def test_operator_ends_sessions(client, run, member) -> None:
    enter(client, member)
    code, output = run(account_command, "end-sessions", member.identifier, "--reason", WHY)
    assert (code, "signed out" in output) == (0, True)
    assert ask(client, "/adherent").status_code == 303
    assert run(account_command, "end-sessions", member.identifier, "--reason", WHY)[0] == 1


def test_showing_an_account_tells_nothing_personal(client, run, member) -> None:
    output = run(account_command, "show", member.identifier)[1]
    assert member.identifier in output
    assert not [word for word in ("Zoé", "zoe@", "1971", "Marchand") if word in output]


def test_unknown_identifier_is_named(client, run) -> None:
    code, output = run(account_command, "show", "1234567897")
    assert (code, output) == (1, "Error: no account has the identifier 1234567897\n")


def test_account_without_an_address_is_said_to_the_operator(client, run, make) -> None:
    silent = make(factories.provider_account)
    assert "no address" in run(account_command, "suspend", silent.identifier, "--reason", WHY)[1]


def test_erasing_what_is_due_says_how_many(client, run) -> None:
    assert run(account_command, "erase-due") == (0, "0 erased\n")


def test_operator_starts_lists_and_stops_a_maintenance(client, run) -> None:
    """R-60: the running server obeys without a restart."""
    assert run(maintenance_command, "list")[1] == "no maintenance\n"
    assert run(maintenance_command, "start", "--minutes", "15")[0] == 0
    client.services.site.forget()
    assert ask(client, "/").status_code == 503
    assert "  on  " in run(maintenance_command, "list")[1]
    assert run(maintenance_command, "start")[0] == 1
    assert run(maintenance_command, "stop")[0] == 0
    client.services.site.forget()
    assert ask(client, "/").status_code == 200
    assert run(maintenance_command, "stop")[0] == 1
    assert [action for _, action, _, _ in acts(client)] == ["maintenance.planned", "maintenance.ended"]


def test_operator_plans_in_paris_time_and_cancels(client, run) -> None:
    year = datetime.now(UTC).year + 1
    times = ("--from", f"{year}-01-09 22:00", "--to", f"{year}-01-09 23:30", "--announce", f"{year}-01-02")
    assert run(maintenance_command, "plan", *times)[0] == 0
    (window,) = client.services.site.current().windows
    assert window.starts_at.astimezone(PARIS).hour == 22
    assert run(maintenance_command, "stop", "--id", str(window.id))[0] == 0
    assert "cancelled" in run(maintenance_command, "list")[1]


@pytest.mark.parametrize(
    "times",
    [
        ("--from", "2020-01-01 10:00", "--to", "2020-01-01 11:00"),
        ("--from", "2099-01-01 10:00", "--to", "2099-01-01 09:00"),
        ("--from", "2099-01-01 10:00", "--to", "2099-01-03 10:00"),
        ("--from", "demain", "--to", "2099-01-03 10:00"),
    ],
)
def test_maintenance_that_cannot_be_is_refused(client, run, times) -> None:
    assert run(maintenance_command, "plan", *times)[0] != 0
    assert client.services.site.current().windows == ()


@pytest.mark.parametrize(("options", "role"), [((), "gestionnaire"), (("--supervisor",), "superviseur")])
def test_first_of_the_staff_is_hired_and_signs_in_with_what_the_letters_say(client, run, options, role) -> None:
    """R-05, R-11: a new installation has nobody at its desk; identifier and password come in two letters."""
    code, told = run(account_command, "create-agent", "Camille Roux", "camille@mutuelle.example", *options)
    assert code == 0
    by_name = {letter.name: letter for letter in letters(client.services.database, client.services)}
    assert set(by_name) == {"sign-up-identifier", "sign-up-password"}
    identifier = told.split()[0]
    assert identifier in by_name["sign-up-identifier"].text
    assert identifier not in by_name["sign-up-password"].text
    password = re.search(r"(?:[2-9a-z]{4}-){6}[2-9a-z]{4}", by_name["sign-up-password"].text)
    assert password is not None
    answer = try_password(client, identifier, password.group())
    assert answer.status_code == 303
    with client.services.database.read() as db:
        found = db.execute(text("SELECT space, role FROM account WHERE identifier = :it"), {"it": identifier}).one()
    assert tuple(found) == ("gestion", role)
    assert [act[1] for act in acts(client)][:2] == ["account.created", "credentials.sent"]


def test_nobody_is_hired_at_what_is_no_address(client, run) -> None:
    assert run(account_command, "create-agent", "Camille Roux", "camille")[0] == 1
    assert letters(client.services.database, client.services) == []


def test_operator_closes_one_space_alone(client, run, member, make) -> None:
    """R-60: as the desk's page does; the others notice nothing."""
    assert run(maintenance_command, "start", "--space", "gestion")[0] == 2
    assert run(maintenance_command, "start", "--space", "adherent")[0] == 0
    assert "  on  adherent  " in run(maintenance_command, "list")[1]
    assert run(maintenance_command, "start", "--space", "adherent")[0] == 1
    year = datetime.now(UTC).year + 1
    times = ("--from", f"{year}-01-09 22:00", "--to", f"{year}-01-09 23:30", "--space", "employeur")
    assert run(maintenance_command, "plan", *times)[0] == 0
    client.services.site.forget()
    enter(client, member)
    assert ask(client, "/adherent").status_code == 503
    enter(client, make(factories.employer_account))
    assert ask(client, "/employeur").status_code == 200
