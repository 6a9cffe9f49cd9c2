"""The employer's calls for contributions, read, downloaded, compared, contested (R-32)."""

import re
from datetime import UTC, date, datetime

import pytest
from sqlmodel import select

from portal.contribution_jobs import issue_due_calls
from portal.data.accounts import Role
from portal.data.cases import Case, CaseKind, CaseState
from portal.data.contribution_calls import ContributionCall, ContributionLine
from portal.data.contribution_issuing import issue_call
from portal.data.contribution_rules import Period
from portal.data.contributions import Structure
from portal.data.employees import Employee
from portal.data.mandates import Area, Extent, Mandate, scope_text
from portal.data.organisations import Company
from portal.pages.employer.contributions import CALL, LINE
from tests.support import staff
from tests.support.entry import enter
from tests.support.evidence_rows import Evidence
from tests.support.queries import queries

JUNE = Period(date(2026, 6, 1), date(2026, 6, 30))
JULY = Period(date(2026, 7, 1), date(2026, 7, 31))


@pytest.fixture
def firm(client):
    class Firm:
        pass

    keyring = client.services.keyring
    with client.services.database.write() as db:
        made = Firm()
        staff.figures(db)
        company = staff.company(db)
        contract = staff.group_contract(db, company)
        category = staff.category(db, contract)
        made.clerk = staff.user(db, keyring, company)
        made.reader = staff.user(db, keyring, company, Role.READER)
        made.stranger = staff.user(db, keyring, staff.company(db))
        acting = staff.acting(keyring, made.clerk)
        staff.employee(db, acting, contract, category)
        first = issue_call(db, contract.id, JUNE, datetime(2026, 7, 2, 9, tzinfo=UTC))
        late = staff.acting(keyring, made.clerk, datetime(2026, 7, 9, 9, tzinfo=UTC))
        staff.employee(db, late, contract, category, last_name="=Tard", first_name="Ana")
        second = issue_call(db, contract.id, JULY, datetime(2026, 8, 2, 9, tzinfo=UTC))
        made.contract_id = contract.id
        made.first, made.second = keyring.conceal(CALL, [first.id, second.id])
        made.line = keyring.conceal(LINE, [db.exec(select(ContributionLine.id)).first()])[0]
    return made


def status(client, path: str) -> int:
    client.get(path)
    return client.status


def content(client, path: str) -> bytes:
    client.get(path, audit=False)
    return client.answer.content


def read(client, path: str) -> str:
    client.get(path)
    return client.answer.text


def test_clerk_reads_a_call_that_reconciles(client, firm) -> None:
    """R-32"""
    enter(client, firm.clerk)
    assert "juillet 2026" in read(client, "/employeur/cotisations")
    client.get(f"/employeur/cotisations/{firm.second}")
    plain = re.sub(r"\s|\u00a0|\u202f", " ", client.answer.text)
    assert "Affiliation au 1er juin 2026" in plain
    assert "144,18" in plain
    assert "192,24" in plain


@pytest.mark.parametrize("path", ["", "/pdf", "/csv", "/xlsx"])
def test_call_of_another_company_is_not_found(client, firm, path) -> None:
    """R-32"""
    enter(client, firm.stranger)
    assert status(client, f"/employeur/cotisations/{firm.first}{path}") == 404


def test_files_of_a_call_hold_what_the_page_shows(client, firm) -> None:
    """R-32: a name that looks like a formula stays a text."""
    enter(client, firm.clerk)
    assert content(client, f"/employeur/cotisations/{firm.second}/pdf").startswith(b"%PDF")
    text = content(client, f"/employeur/cotisations/{firm.second}/csv").decode()
    assert "48,06" in text
    assert "Ana =Tard" in text
    assert content(client, f"/employeur/cotisations/{firm.second}/xlsx").startswith(b"PK")


def test_two_periods_are_compared_with_the_reason(client, firm) -> None:
    """R-32"""
    enter(client, firm.clerk)
    assert "Effet de" in read(client, f"/employeur/cotisations/comparaison?de={firm.first}&a={firm.second}")


def test_comparison_asks_for_the_categories_once(client, firm) -> None:
    """R-32: however many rows there are."""
    with client.services.database.write() as db:
        line = db.exec(select(ContributionLine)).first()
        db.add(ContributionLine(**line.model_dump(exclude={"id"}) | {"structure": Structure.FAMILY}))
    enter(client, firm.clerk)
    with queries(client.services.database) as seen:
        read(client, f"/employeur/cotisations/comparaison?de={firm.first}&a={firm.second}")
    assert sum("staff_category" in each for each in seen) == 1


@pytest.mark.parametrize("path", ["", "/csv"])
def test_whom_a_call_names_can_know_who_read_it(client, firm, path) -> None:
    """R-51"""
    enter(client, firm.clerk)
    with client.services.database.read() as db:
        person_id = db.exec(select(Employee.person_id).where(Employee.last_name == "=Tard")).one()
    evidence = Evidence(client)
    (content if path else read)(client, f"/employeur/cotisations/{firm.second}{path}")
    assert [each.details["persons"] for each in evidence.fresh() if "persons" in each.details] == [[person_id]]


def test_firm_mandated_for_calls_alone_meets_no_link_that_is_closed(client, firm) -> None:
    """R-72: the employee is named, and leads nowhere without the mandate for employees."""
    with client.services.database.write() as db:
        company = db.get_one(Company, firm.clerk.company_id)
        holder = staff.user(db, client.services.keyring, company, Role.DECLARANT)
        scope = scope_text({Area.CONTRIBUTIONS: Extent.READ})
        ends_on = date(2090, 1, 1)
        db.add(Mandate(account_id=holder.id, company_id=company.id, firm="Cabinet", scope=scope, ends_on=ends_on))
    enter(client, holder)
    assert "=Tard" in read(client, f"/employeur/cotisations/{firm.second}")
    assert not client.page.css('a[href*="/employeur/salaries/"]')
    enter(client, firm.clerk)
    read(client, f"/employeur/cotisations/{firm.second}")
    assert client.page.css('a[href*="/employeur/salaries/"]')


def test_clerk_contests_a_line_once_and_the_call_shows_it(client, firm) -> None:
    """R-32"""
    enter(client, firm.clerk)
    path = f"/employeur/cotisations/contester/{firm.line}"
    client.get(path)
    client.submit(texte="")
    assert client.status == 422
    client.submit(motif="tarif", texte="Le prix a changé en mai.")
    dispute = client.path
    assert dispute.startswith("/employeur/cotisations/contestations/")
    client.get(path)
    client.submit(motif="tarif", texte="Le prix a changé en mai.")
    assert client.status == 422
    with client.services.database.read() as db:
        cases = db.exec(select(Case).where(Case.kind == CaseKind.CONTRIBUTION_DISPUTE)).all()
    assert [case.state for case in cases] == [CaseState.SENT]
    assert "Contesté" in read(client, "/employeur/cotisations")
    call = f"/employeur/cotisations/{firm.first}"
    assert f'href="{dispute}"' in read(client, call)
    enter(client, firm.reader)
    page = read(client, call)
    assert "Contestée" in page
    assert dispute.rpartition("/")[0] not in page  # whoever opened it follows it


def test_reader_reads_and_does_not_contest(client, firm) -> None:
    """R-32, R-72"""
    enter(client, firm.reader)
    assert status(client, f"/employeur/cotisations/{firm.first}") == 200
    assert status(client, f"/employeur/cotisations/contester/{firm.line}") == 403


def test_job_issues_what_has_ended_and_nothing_twice(client, firm) -> None:
    """R-32"""
    services, now = client.services, datetime(2026, 10, 3, 9, tzinfo=UTC)
    issue_due_calls(services, now)
    issue_due_calls(services, now)
    with services.database.read() as db:
        starts = db.exec(
            select(ContributionCall.period_start).where(ContributionCall.group_contract_id == firm.contract_id)
        )
        assert [day.month for day in starts] == [6, 7, 8, 9]
