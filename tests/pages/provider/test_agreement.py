"""The agreement's page and document: versions, care, end, whose it is (R-03, R-64, R-72)."""

import io
from datetime import timedelta

import pikepdf
import pytest

from portal.data.agreements import AgreementAmendment
from portal.data.card_terms import CardColumn
from portal.data.coverage import Product
from portal.data.data_export import export_of
from portal.data.profession_care import ProfessionCare
from portal.formatting import today
from tests.support import factories
from tests.support.entry import ask, enter
from tests.support.evidence_rows import Evidence
from tests.support.practices import OLD, SINCE, THIRD_NUMBER, practice_firm

PAGE = "/professionnel/convention"
LAST_YEAR, SOON = today() - timedelta(days=300), today() + timedelta(days=30)

pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture
def firm(client):
    """A practice whose agreement was amended last year, and will be soon; somebody who signed it is there."""
    with client.services.database.write() as db:
        made = practice_firm(db, client.services.keyring)
        for number, subject, day in ((1, "Nouveaux délais", LAST_YEAR), (2, "Nouveau réseau", SOON)):
            named = {"agreement_id": made.agreement.id, "number": number, "subject": subject}
            db.add(AgreementAmendment(**named, effective_on=day, signed_on=day - timedelta(days=20)))
        product = Product(code="ESSAI", name="Essai")
        db.add_all([product, ProfessionCare(profession="opticien", code="OPTI", valid_from=SINCE)])
        db.flush()
        for position, (code, label, value) in enumerate((("OPTI", "Optique", "PEC"), ("PHAR", "Pharmacie", "100"))):
            column = {"code": code, "label": label, "value": value, "network": "KA"}
            db.add(CardColumn(product_id=product.id, valid_from=SINCE, position=position, **column))
    enter(client, made.first)
    return made


def document(client, agreement, version: str) -> str:
    name = client.services.keyring.conceal("agreement", [agreement.id])[0]
    return f"{PAGE}/{name}/versions/{version}/pdf"


def test_practice_reads_its_agreement_versions_care_and_people_r03(client, firm) -> None:
    page = client.get(PAGE)
    text = page.css("main")[0].text()
    for said in (firm.agreement.number, "990000010", OLD[0], "Avenant 1", "Nouveau réseau", "Optique", "KA"):
        assert said in text
    assert "Pharmacie" not in text
    assert "3\u00a0personnes" in text
    current = [row.text() for row in page.css("table tbody tr") if "Aujourd’hui" in row.text()]
    assert len(current) == 1
    assert "Avenant 1" in current[0]


def test_document_of_each_version_is_accessible_and_the_same_twice(client, firm) -> None:
    for version in ("0", "1", "2"):
        answer = ask(client, document(client, firm.agreement, version))
        assert answer.headers["Content-Type"] == "application/pdf"
        assert answer.content == ask(client, document(client, firm.agreement, version)).content
        with pikepdf.open(io.BytesIO(answer.content)) as pdf:
            assert pdf.Root.MarkInfo.Marked
            assert str(pdf.docinfo["/Title"]) == f"Convention de tiers payant {firm.agreement.number}"


@pytest.mark.parametrize("version", ["3", "-1", "un", "00"])
def test_version_that_is_none_is_not_found(client, firm, version) -> None:
    assert ask(client, document(client, firm.agreement, version)).status_code == 404


def test_stranger_reads_neither_page_nor_document_of_another_practice_r72(client, firm) -> None:
    with client.services.database.write() as db:
        other = practice_firm(db, client.services.keyring, THIRD_NUMBER)
    enter(client, other.first)
    assert firm.agreement.number not in client.get(PAGE).text
    assert ask(client, document(client, firm.agreement, "0")).status_code == 404


def test_colleague_reads_the_agreement_and_neither_account_nor_forms_r72(client, firm) -> None:
    enter(client, firm.colleague)
    page = client.get(PAGE)
    links = {node.attributes["href"] for node in page.css("main a") if node.attributes.get("href")}
    assert not [link for link in links if link.startswith(("/professionnel/coordonnees", f"{PAGE}/demandes"))]
    assert "/professionnel/utilisateurs" not in links
    assert "Seul le professionnel qui a signé" in page.text


def test_ended_agreement_is_read_for_two_years_and_changes_nothing_r64(client) -> None:
    with client.services.database.write() as db:
        ended = practice_firm(db, client.services.keyring, ends_on=today() - timedelta(days=200))
    enter(client, ended.first)
    page = client.get(PAGE)
    assert "Terminée" in page.text
    assert "sans rien pouvoir changer" in page.text
    assert ask(client, f"{PAGE}/demandes/adresse").status_code == 403
    assert ask(client, document(client, ended.agreement, "0")).status_code == 200
    with client.services.database.write() as db:
        closed = practice_firm(db, client.services.keyring, THIRD_NUMBER, ends_on=today() - timedelta(days=800))
    enter(client, closed.first)
    assert ask(client, PAGE).status_code == 303


def test_practice_without_agreement_is_told_whom_to_ask(client) -> None:
    with client.services.database.write() as db:
        account = factories.provider_account(db, client.services.keyring)
    enter(client, account)
    assert "Aucune convention" in client.get(PAGE).text


def test_reading_and_downloading_are_evidence_r51(client, firm) -> None:
    evidence = Evidence(client)
    client.get(PAGE)
    ask(client, document(client, firm.agreement, "1"))
    acts = [(act.action, act.object) for act in evidence.fresh()]
    assert acts == [("agreement.read", "TP-990000010"), ("agreement.downloaded", "TP-990000010/1")]


def test_export_gives_the_amendments_and_withholds_the_account(client, firm) -> None:
    with client.services.database.write() as db:
        viewer = factories.viewer_of(db, firm.first)
        given = {table["table"]: table for table in export_of(db, viewer, client.services.keyring, today())}
    assert "Nouveaux délais" in str(given["agreement_amendment"])
    assert "masked" not in str(given["provider_bank_details"]["rows"])


def test_every_role_is_explained_beside_the_users(client, firm) -> None:
    page = client.get("/professionnel/utilisateurs").css("main")[0].text()
    assert "seul change le compte bancaire" in page
    assert "Ne gère ni les utilisateurs" in page
