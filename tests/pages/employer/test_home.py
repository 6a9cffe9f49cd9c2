"""The employer's start page: what waits, the next due day, the headcount; for whoever may know (R-02, R-30, R-32)."""

from datetime import date, timedelta

import pytest
from sqlmodel import select

from portal.data.accounts import Role
from portal.data.cases import CaseState, move_case
from portal.data.columns import utc_now
from portal.data.contribution_calls import ContributionLine
from portal.data.contribution_disputes import Motive, contest_line
from portal.data.contribution_issuing import issue_call
from portal.data.contribution_rules import Period, last_day_of
from portal.data.departing import let_go
from portal.data.employee_imports import EmployeeImport, EmployeeImportRow, ImportState
from portal.data.leaving_rules import LeavingReason
from portal.data.mandates import Mandate
from portal.data.rules import add_months
from portal.formatting import long_date, today
from tests.support import staff
from tests.support.entry import enter
from tests.support.marked_firm import EVERYTHING, marked_firm, morning
from tests.support.queries import queries

MONTH = today().replace(day=1)
MOST_QUERIES = 30


def titles(client) -> list[str]:
    client.get("/employeur")
    return [" ".join(node.text().split()) for node in client.page.css(".tasks strong")]


def called(client, firm, months_ago: int) -> None:
    month = add_months(MONTH, -months_ago)
    firm.hire(f"Essai{months_ago}", at=morning(month), hired_on=month, starts_on=month)
    with client.services.database.write() as db:
        issue_call(db, firm.contract.id, Period(month, last_day_of(month)), morning(add_months(month, 1)))


def file_of(client, firm, state: ImportState, *, refused: int = 0, is_kept: bool = True) -> EmployeeImport:
    with client.services.database.write() as db:
        name = f"{state.value}-{refused}"
        values = {"company_id": firm.company.id, "account_id": firm.clerk.id, "digest": name, "state": state, "rows": 9}
        kept = name if is_kept else None
        made = EmployeeImport(**values, file_name="paie.csv", storage_name=kept, sent_at=utc_now())
        db.add(made)
        db.flush()
        for line in range(refused):
            db.add(EmployeeImportRow(import_id=made.id, line=line + 2, action="A", result=3))
    return made


def test_new_company_is_told_what_to_begin_with_r02(client, firm) -> None:
    client.get("/employeur")
    assert "Rien ne vous attend" in client.page.text
    assert client.page.one(".empty h2").text() == "Aucun salarié couvert pour l’instant"
    assert client.page.one(".empty a").attributes["href"] == "/employeur/salaries/affiliation"
    assert client.page.css(".headcount, .hero") == []


def test_reader_of_a_new_company_is_offered_nothing_that_is_refused_r72(client, firm) -> None:
    enter(client, firm.reader)
    client.get("/employeur")
    assert client.page.css(".empty h2")
    assert client.page.css(".empty a") == []


def test_late_call_comes_first_with_what_is_left_r32(client, firm) -> None:
    called(client, firm, 3)
    assert titles(client) == [f"1 bordereau en retard depuis le {_long(3)} : 48,06 €"]
    assert client.page.one(".hero h2").text() == f"Échéance dépassée, le {_long(3)}"
    client.click(f"Voir le bordereau : {titles(client)[0]}")
    assert client.status == 200


def _long(months_ago: int) -> str:
    return long_date(add_months(MONTH, 1 - months_ago).replace(day=15))


def test_files_that_wait_and_refused_rows_are_told_until_they_are_gone_r30(client, firm) -> None:
    file_of(client, firm, ImportState.CHECKED)
    file_of(client, firm, ImportState.APPLIED, refused=2)
    file_of(client, firm, ImportState.APPLIED, refused=3, is_kept=False)
    file_of(client, firm, ImportState.UNDONE, refused=4)
    assert titles(client) == ["2 lignes refusées dans vos fichiers de salariés", "1 fichier de salariés à terminer"]


def test_dispute_that_waits_for_a_piece_leads_to_it_r32(client, firm) -> None:
    called(client, firm, 1)
    with client.services.database.write() as db:
        line_id, keyring = db.exec(select(ContributionLine.id)).first(), client.services.keyring
        case = contest_line(db, staff.viewer(firm.clerk), keyring, line_id, Motive.PRICE, "Faux.", utc_now())
        move_case(db, case, CaseState.INCOMPLETE, utc_now(), by=None)
    assert "Une contestation attend une réponse de votre part" in titles(client)
    client.click("Répondre : Une contestation attend une réponse de votre part")
    assert client.page.one("h1").text().startswith("Contestation")
    enter(client, firm.reader)
    assert not any("contestation" in title for title in titles(client))


def test_portability_and_mandates_about_to_end_are_told_r30(client, firm) -> None:
    long_ago = add_months(MONTH, -2)
    leaver = firm.hire("Portable", at=morning(long_ago), hired_on=long_ago, starts_on=long_ago)
    with client.services.database.write() as db:
        acting = staff.acting(client.services.keyring, firm.clerk, utc_now())
        left = let_go(db, acting, leaver, add_months(today(), -2), LeavingReason.DISMISSAL)[0]
        left.portability_ends_on = today() + timedelta(days=30)
        db.add(left)
        boss = staff.user(db, client.services.keyring, firm.company, Role.SIGNATORY)
        holder = staff.user(db, client.services.keyring, firm.company, Role.DECLARANT)
        ends_on = today() + timedelta(days=30)
        db.add(Mandate(account_id=holder.id, company_id=firm.company.id, firm="F", scope=EVERYTHING, ends_on=ends_on))
    assert [title.partition(" à ")[0] for title in titles(client)] == ["1 portabilité"]
    enter(client, boss)
    assert [title.partition(" à ")[0] for title in titles(client)] == ["1 mandat", "1 portabilité"]
    with client.services.database.write() as db:
        left.portability_ends_on = today() + timedelta(days=31)
        db.merge(left)
    assert [title.partition(" à ")[0] for title in titles(client)] == ["1 mandat"]


def test_portability_of_whoever_was_hired_again_is_not_told_r30(client, firm) -> None:
    long_ago = add_months(MONTH, -2)
    with client.services.database.write() as db:
        then = staff.acting(client.services.keyring, firm.clerk, morning(long_ago))
        again = {"nir": "290049900134517", "birth_date": date(1990, 4, 12)}
        hired = {"hired_on": long_ago, "starts_on": long_ago}
        leaver = staff.employee(db, then, firm.contract, firm.category, **again, **hired)
        now = staff.acting(client.services.keyring, firm.clerk, utc_now())
        left = let_go(db, now, leaver, add_months(today(), -2), LeavingReason.DISMISSAL)[0]
        left.portability_ends_on = today() + timedelta(days=30)
        db.add(left)
        staff.employee(db, now, firm.contract, firm.category, **again, hired_on=today(), starts_on=today())
    assert titles(client) == []


def test_another_companys_tasks_are_nobody_elses_r72(client, firm) -> None:
    called(client, firm, 2)
    file_of(client, firm, ImportState.CHECKED)
    enter(client, firm.other)
    assert titles(client) == []
    assert client.page.css(".hero, .headcount") == []


def test_headcount_is_drawn_and_told_in_a_table_r02(client, firm) -> None:
    for months_ago in (3, 2, 1):
        called(client, firm, months_ago)
    client.get("/employeur")
    for chart in client.page.css(".headcount svg"):
        named = [client.page.one(f"#{name}") for name in chart.attributes["aria-labelledby"].split()]
        assert [node.tag for node in named] == ["title", "desc"]
        assert "De 1 à 3 salariés couverts" in named[1].text()
        assert len(chart.css("rect")) == 4
    rows = [[cell.text() for cell in row.css("th, td")] for row in client.page.css(".unfolds tbody tr")]
    assert [row[1:] for row in rows] == [["3", "3", "3"], ["3", "3", "3"], ["2", "2", "2"], ["1", "1", "1"]]
    assert rows[0][0] == "Aujourd’hui"


@pytest.mark.parametrize("scope", ["cotisations:lire", "salaries:lire", "contrat:lire"])
def test_mandated_firm_sees_what_its_mandate_opens_r10(client, firm, scope) -> None:
    called(client, firm, 3)
    with client.services.database.write() as db:
        holder = staff.user(db, client.services.keyring, firm.company, Role.DECLARANT)
        ends_on = today() + timedelta(days=90)
        db.add(Mandate(account_id=holder.id, company_id=firm.company.id, firm="F", scope=scope, ends_on=ends_on))
    enter(client, holder)
    client.get("/employeur")
    assert bool(client.page.css(".hero")) is scope.startswith("cotisations")
    assert bool(client.page.css(".headcount")) is scope.startswith("salaries")


def test_start_page_costs_as_many_queries_whatever_the_company_r02(client, firm) -> None:
    called(client, firm, 3)
    with queries(client.services.database) as few:
        client.get("/employeur")
    for months_ago in (2, 1):
        called(client, firm, months_ago)
    for name in "ABCDEFGH":
        firm.hire(name)
    with queries(client.services.database) as many:
        client.get("/employeur")
    assert len(many) == len(few) <= MOST_QUERIES


@pytest.mark.parametrize("role", [Role.SIGNATORY, Role.READER, Role.DECLARANT])
def test_everything_to_do_leads_where_the_role_may_go_r72(client, role) -> None:
    with client.services.database.write() as db:
        firm = marked_firm(db, client.services)
    enter(client, firm.users[role])
    client.get("/employeur")
    links = [link.attributes["href"] for link in client.page.css(".tasks a, .hero a")]
    assert links
    for link in links:
        client.get(link)
        assert client.status == 200, link
