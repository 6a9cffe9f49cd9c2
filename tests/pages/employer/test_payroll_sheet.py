"""The month's payroll codes on screen and as files, and the letter about next month's (R-32)."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import select

from portal.data.accounts import Role
from portal.data.mandates import Mandate
from portal.data.payroll_codes import PayrollCode, PayrollSetting
from portal.data.rules import add_months
from portal.data.staff_categories import CategoryRate
from portal.formatting import today
from portal.payroll_jobs import CONTRACT, tell_of_next_sheets
from tests.support import staff
from tests.support.entry import ask, enter
from tests.support.evidence_rows import done
from tests.support.mail import letters

PATH = "/employeur/contrat/parametrage"
NOW = datetime(2026, 6, 20, 9, tzinfo=UTC)
NEXT = date(2026, 7, 1)
WRONG_MONTHS = ["2026-13", "2026-00", "0001-01", "99999-1", "juin", "²026-06", "2026-06-01", "9999-12"]


@pytest.fixture
def coded(client, firm):
    """The firm, its codes known."""
    with client.services.database.write() as db:
        values = {"group_contract_id": firm.contract.id, "valid_from": date(2019, 1, 1)}
        db.add(PayrollSetting(reference="SANTE-1", organism_code="MUT099", **values))
        for category in (firm.category, firm.managers):
            for structure in ("isole", "duo", "famille"):
                row = {"structure": structure, "valid_from": date(2019, 1, 1)}
                db.add(PayrollCode(category_id=category.id, option_code=structure.upper(), **row))
    return firm


def raise_rate(client, firm, day: date, rate: int = 130) -> None:
    """The price of a single employee is another one from a day on."""
    with client.services.database.write() as db:
        query = select(CategoryRate).where(CategoryRate.category_id == firm.category.id)
        before = db.exec(query.where(CategoryRate.structure == "isole").order_by(CategoryRate.id.desc())).first()
        if before.valid_from == day:
            before.pmss_rate = rate
            return
        before.valid_to = day - timedelta(days=1)
        values = {"category_id": firm.category.id, "structure": "isole", "employer_percent": 50}
        db.add(CategoryRate(valid_from=day, pmss_rate=rate, **values))


def words(client, path: str) -> str:
    return " ".join(client.get(path).text.replace("\u00a0", " ").split())


def month(day: date) -> str:
    return f"{day:%Y-%m}"


def test_clerk_reads_rubrics_codes_and_amounts_of_this_month_r32(client, coded) -> None:
    page = words(client, PATH)
    for text_ in ("S21.G00.15.001", "SANTE-1", "MUT099", "S21.G00.70.005", "NONCADRES", "4005,00", "48,06", "24,03"):
        assert text_ in page, text_
    assert "Rien ne change" in page
    assert done(client, "payroll-sheet.read") >= 1


def test_coming_month_that_changes_says_what_before_and_after_r32(client, coded) -> None:
    coming = add_months(today().replace(day=1), 1)
    raise_rate(client, coded, coming)
    page = words(client, f"{PATH}?mois={month(coming)}")
    assert "1,20 % → 1,30 %" in page
    assert "Mois à venir" in page


def test_month_with_an_amended_rate_says_which_value_counts_r32(client, coded) -> None:
    first = today().replace(day=1)
    raise_rate(client, coded, first + timedelta(days=14))
    page = words(client, PATH)
    assert "Les valeurs changent pendant le mois" in page
    assert "du 1er au 14" in page


@pytest.mark.parametrize(
    "asked", ["2026-13", "2026-00", "0001-01", "99999-1", "juin", "²026-06", "2026-06-01", "9999-12"]
)
def test_month_that_is_none_or_too_far_is_explained_and_no_500_r32(client, coded, asked) -> None:
    page = client.get(f"{PATH}?mois={asked}")
    assert client.status == 422
    assert page.one("#mois-erreur")
    assert ask(client, f"{PATH}/csv?mois={asked}").status_code == 422


def test_month_before_the_contract_or_after_it_is_said_to_be_empty_r32(client, coded) -> None:
    assert "n’avait pas commencé" in words(client, f"{PATH}?mois=2018-12")
    assert ask(client, f"{PATH}/pdf?mois=2018-12").status_code == 404
    with client.services.database.write() as db:
        db.execute(text("UPDATE group_contract SET ends_on = '2025-03-31' WHERE id = :id"), {"id": coded.contract.id})
    assert "était terminé" in words(client, f"{PATH}?mois=2025-04")
    assert "48,06" in words(client, f"{PATH}?mois=2025-03")


def test_company_without_a_contract_reads_an_empty_page_r32(client, coded) -> None:
    enter(client, coded.other)
    assert "Aucun contrat" in words(client, PATH)
    assert ask(client, f"{PATH}/csv").status_code == 404


@pytest.mark.parametrize("rest", ["", "/csv", "/pdf"])
def test_sheet_of_another_company_does_not_exist_r72(client, coded, rest) -> None:
    path = f"{PATH}{rest}?contrat={coded.name(CONTRACT, coded.contract)}"
    assert ask(client, path).status_code == 200
    assert ask(client, f"{PATH}{rest}?contrat=x").status_code == 404
    enter(client, coded.other)
    assert ask(client, path).status_code == 404


def test_files_hold_what_the_page_shows_and_run_no_formula_r51(client, coded) -> None:
    with client.services.database.write() as db:
        db.execute(text("UPDATE staff_category SET label = '=1+1' WHERE id = :id"), {"id": coded.category.id})
    rows = ask(client, f"{PATH}/csv").text.splitlines()
    assert rows[0].lstrip("\ufeff").startswith("Mois;Contrat;Du;Au;")
    assert any(";'=1+1;Isolé;S21.G00.81.004;" in row and row.endswith(";48,06") for row in rows)
    pdf = ask(client, f"{PATH}/pdf").content
    assert pdf.startswith(b"%PDF")
    assert b"pdfuaid" in pdf
    assert done(client, "payroll-sheet.downloaded") == 2


def told(client) -> list[str]:
    found = letters(client.services.database, client.services)
    return sorted(letter.to for letter in found if letter.name == "payroll-sheet-changed")


@pytest.fixture
def people(client, coded):
    """Everybody who may have to do with the firm's contributions, by address."""
    keyring = client.services.keyring
    with client.services.database.write() as db:
        db.execute(text("UPDATE account SET email = ''"))
        for role in (Role.SIGNATORY, Role.CLERK, Role.READER):
            staff.user(db, keyring, coded.company, role, email=f"{role}@ateliers.example")
        staff.user(
            db, keyring, coded.company, Role.CLERK, email="parti@ateliers.example", access_ends_on=date(2026, 6, 1)
        )
        for scope in ("cotisations:agir", "cotisations:lire", "salaries:agir"):
            address = f"{scope.replace(':', '-')}@cabinet.example"
            account = staff.user(db, keyring, coded.company, Role.DECLARANT, email=address)
            held = {"company_id": coded.company.id, "firm": "Cabinet", "ends_on": date(2027, 6, 1)}
            db.add(Mandate(account_id=account.id, scope=scope, **held))
    return coded


def test_those_who_manage_contributions_are_told_once_of_next_month_r32(client, people) -> None:
    assert tell_of_next_sheets(client.services, NOW) == 0
    raise_rate(client, people, NEXT)
    assert [tell_of_next_sheets(client.services, NOW) for _ in range(2)] == [1, 0]
    expected = ["cotisations-agir@cabinet.example", "gestionnaire_paie@ateliers.example", "signataire@ateliers.example"]
    assert told(client) == expected


def test_change_amended_again_is_told_again_and_a_later_month_is_not_r32(client, people) -> None:
    raise_rate(client, people, NEXT)
    tell_of_next_sheets(client.services, NOW)
    raise_rate(client, people, NEXT, 140)
    assert tell_of_next_sheets(client.services, NOW) == 1
    assert len(told(client)) == 6
    assert tell_of_next_sheets(client.services, NOW + timedelta(days=20)) == 0


def test_letter_names_the_change_and_leads_to_the_sheet_r32(client, people) -> None:
    raise_rate(client, people, NEXT)
    tell_of_next_sheets(client.services, NOW)
    found = letters(client.services.database, client.services)
    letter = next(one for one in found if one.name == "payroll-sheet-changed")
    said = " ".join(letter.text.replace("\u00a0", " ").split())
    assert "1,20 % → 1,30 %" in said
    assert f"{PATH}?contrat=" in said
    assert "mois=2026-07" in said
