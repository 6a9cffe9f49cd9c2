"""The contract's page, a category's guarantees and its documents, version by version (R-20, R-32)."""

from datetime import date, timedelta

import pytest
from sqlalchemy import text

from portal.data.accounts import Role
from portal.data.contract_versions import ContractAmendment
from portal.data.coverage import Contract, Heading
from portal.data.mandates import Mandate
from portal.formatting import long_date, today
from portal.pages.employer.contract import KIND
from portal.pages.employer.contract_category import VERSION
from tests.support import factories, staff
from tests.support.entry import ask, enter
from tests.support.evidence_rows import done

FILES = ["", "/garanties/pdf", "/notices/{}/pdf", "/notices/{}/remise", "/notices/{}/remise/csv"]
OLD, NEW = date(2019, 1, 1), date(2025, 1, 1)


@pytest.fixture
def covered(client, firm):
    """The firm's category with two versions of its guarantees; paths to its pages."""
    keyring = client.services.keyring
    with client.services.database.write() as db:
        product = db.get_one(type(factories.product(db)), firm.category.product_id)
        rules = {"heading": Heading.DENTAL, "label": "Couronne", "clause": "3.1"}
        old = factories.guarantees(
            db, product, factories.rule("DENT", percent=150, **rules), valid_from=OLD, valid_to=NEW - timedelta(days=1)
        )
        new = factories.guarantees(db, product, factories.rule("DENT", percent=300, **rules), valid_from=NEW)
        elsewhere = factories.guarantees(db, factories.product(db), factories.rule("X"), valid_from=OLD)
        db.add(ContractAmendment(group_contract_id=firm.contract.id, number=1, subject="Taux", effective_on=NEW))
    firm.names = [keyring.conceal(VERSION, [each.id])[0] for each in (old, new, elsewhere)]
    firm.page = f"/employeur/contrat/categories/{keyring.conceal(KIND, [firm.category.id])[0]}"
    return firm


def words(client, path: str) -> str:
    return " ".join(client.get(path).text.replace("\u00a0", " ").split())


def test_clerk_reads_the_table_in_force_on_a_day_and_its_versions_r20(client, covered) -> None:
    now = words(client, covered.page)
    assert "300 % de la base" in now
    assert "Couronne" in now
    assert "150 % de la base" in words(client, f"{covered.page}?le=2024-12-31")
    assert "Pas de garantie en vigueur" in words(client, f"{covered.page}?le=2018-01-01")
    assert "1 garantie trouvée" in words(client, f"{covered.page}?q=couronne")
    assert "Aucune garantie ne contient" in words(client, f"{covered.page}?q=zzz")


@pytest.mark.parametrize("day", ["2026-02-30", "0000-00-00", "demain", "9999-12-31", "1.1"])
def test_day_that_is_none_or_too_far_is_explained_beside_the_field_r20(client, covered, day) -> None:
    client.get(f"{covered.page}?le={day}")
    assert client.status == 422
    assert client.get(f"{covered.page}?le={day}").one("#le-erreur")


def test_notice_and_description_of_each_version_are_pdf_ua_and_in_the_evidence_r51(client, covered) -> None:
    for name in covered.names[:2]:
        answer = ask(client, f"{covered.page}/notices/{name}/pdf")
        assert (answer.status_code, answer.content[:4]) == (200, b"%PDF")
        assert b"pdfuaid" in answer.content
    assert ask(client, f"{covered.page}/garanties/pdf?le=2024-06-01").content.startswith(b"%PDF")
    assert done(client, "group-contract.downloaded") == 3


def test_notice_of_a_version_of_other_guarantees_does_not_exist_r32(client, covered) -> None:
    assert ask(client, f"{covered.page}/notices/{covered.names[2]}/pdf").status_code == 404
    assert ask(client, f"{covered.page}/garanties/pdf?le=2018-01-01").status_code == 404
    assert ask(client, f"{covered.page}/notices/x/pdf").status_code == 404


@pytest.mark.parametrize(
    "rest", ["", "/garanties/pdf", "/notices/{}/pdf", "/notices/{}/remise", "/notices/{}/remise/csv"]
)
def test_documents_of_another_company_do_not_exist_r72(client, covered, rest) -> None:
    path = covered.page + rest.format(covered.names[1])
    assert ask(client, path).status_code == 200
    enter(client, covered.other)
    assert ask(client, path).status_code == 404


def test_contract_page_lists_amendments_and_leads_to_each_category_r32(client, covered) -> None:
    page = words(client, "/employeur/contrat")
    assert f"En vigueur depuis le {long_date(NEW)}".replace("\u00a0", " ") in page
    assert f'href="{covered.page}"' in page
    assert "Contrat responsable</dt><dd>Oui" in page


def test_contract_that_is_not_responsible_says_so_and_so_do_those_under_it_r32(client, covered) -> None:
    with client.services.database.write() as db:
        db.execute(text("UPDATE group_contract SET is_responsible = :no"), {"no": False})
    assert "n’est pas un contrat « responsable »" in words(client, covered.page)
    employee = covered.hire()
    with client.services.database.read() as db:
        assert db.get_one(Contract, employee.contract_id).is_responsible is False


def test_firm_mandated_for_contributions_reads_the_sheet_and_not_the_contract_r72(client, covered, make) -> None:
    def made(db, keyring):
        account = staff.user(db, keyring, covered.company, Role.DECLARANT, email="x@cabinet.example")
        ends_on = today() + timedelta(days=30)
        held = {"company_id": covered.company.id, "firm": "Cabinet", "ends_on": ends_on}
        db.add(Mandate(account_id=account.id, scope="cotisations:lire", **held))
        return account

    enter(client, make(made))
    assert ask(client, "/employeur/contrat/parametrage").status_code == 200
    assert '/employeur/contrat"' not in client.get("/employeur/contrat/parametrage").text
    for path in ("/employeur/contrat", covered.page, f"{covered.page}/notices/{covered.names[1]}/remise"):
        assert ask(client, path).status_code == 403, path
