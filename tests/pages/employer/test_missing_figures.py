"""Without the legal figures of the day: a 503 that says so where they are needed, and never a 500 (R-60)."""

import re

import pytest
from sqlalchemy import text

from portal.formatting import today
from portal.pages.employer.contract import KIND
from portal.payroll_jobs import CONTRACT
from tests.pages.employer.test_roles import employer_routes
from tests.support.entry import ask, send

SAID = "chiffres légaux du jour"


@pytest.fixture
def bare(client, firm):
    """The firm with an employee, once the figures are gone."""
    firm.employee = firm.hire()
    with client.services.database.write() as db:
        db.execute(text("DELETE FROM parameter"))
    return firm


@pytest.mark.engines("sqlite")
def test_no_page_of_the_employer_fails_without_legal_figures_r60(client, app, bare) -> None:
    known = {
        "employee": bare.name("employee", bare.employee),
        "category": bare.name(KIND, bare.category),
        "contract": bare.name(CONTRACT, bare.contract),
    }
    wrong = []
    for method, path, _ in employer_routes(app):
        asked = re.sub(r"\{(\w+):\w+\}|\{(\w+)\}", lambda found: known.get(found[1] or found[2], "x"), path)
        if method == "GET" and ask(client, asked).status_code == 500:
            wrong.append(asked)
    assert wrong == []


def test_act_that_needs_the_figures_is_refused_in_words_and_writes_nothing_r60(client, bare) -> None:
    path = bare.path(bare.employee, "/sortie")
    fields = {"date": today().isoformat(), "jour": today().isoformat(), "motif": "licenciement", "version": "1"}
    answer = send(client, path, fields, form_at="/employeur/salaries")
    assert answer.status_code == 503
    assert SAID in answer.text
    assert answer.headers["retry-after"] == "3600"
    with client.services.database.read() as db:
        assert db.execute(text("SELECT count(*) FROM departure")).scalar() == 0


def test_payroll_sheet_without_figures_shows_what_is_known_r32(client, bare) -> None:
    page = client.get("/employeur/contrat/parametrage")
    assert (client.status, "Pas encore connu" in page.text) == (200, True)
