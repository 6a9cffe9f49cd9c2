"""An invited employee asks for an exemption instead, with its legal case and evidence, by the letter's link (R-30)."""

from io import BytesIO

import pytest
from PIL import Image
from sqlmodel import select

from portal.data.columns import utc_now
from portal.data.employee_acts import Refused
from portal.data.employees import EmploymentPeriod
from portal.data.exempting import accept_exemption, refuse_exemption
from portal.data.exemption_pieces import files_of
from portal.data.exemption_rows import Exemption, ExemptionState, Origin
from portal.data.exemptions import lock_exemption
from portal.data.invitations import AffiliationInvitation, send_again
from tests.support import staff
from tests.support.entry import ask, enter, leave, send, token_in
from tests.support.evidence_rows import Evidence
from tests.support.invitations import STEPS, come, invited, inviting, link_of, nir_of, row_of
from tests.support.mail import letters

PAGE = "/affiliation/dispense"
FIELDS = {"cas": "collectif", "organisme": "Autre Mutuelle", "fin": "", "consequences": "1"}


@pytest.fixture
def firm(client):
    made = inviting(client.services)
    with client.services.database.write() as db:
        staff.grounds(db)
    return made


@pytest.fixture
def paule(client, firm):
    made = invited(client.services, firm)
    come(client, made.token, nir=nir_of())
    return made


def photo() -> dict:
    drawn = BytesIO()
    Image.new("RGB", (20, 20), "white").save(drawn, "JPEG")
    return {"justificatif": ("attestation.jpg", drawn.getvalue(), "image/jpeg")}


def stored(client) -> list[Exemption]:
    with client.services.database.read() as db:
        return list(db.exec(select(Exemption)))


def test_employee_asks_with_evidence_and_the_employer_decides(client, firm, paule) -> None:
    """R-51: it leaves evidence; nothing of the affiliation stays, and nobody is covered."""
    evidence = Evidence(client)
    client.submit("main form")
    assert "Demandez une dispense" in client.page.text
    client.get(PAGE)
    answer = send(client, PAGE, FIELDS, form_at=PAGE, files=photo())
    assert answer.status_code == 303
    client.get("/affiliation")
    assert "Votre demande de dispense est envoyée" in client.page.text
    (exemption,) = stored(client)
    assert (exemption.origin, exemption.state) == (Origin.ONLINE, ExemptionState.ASKED)
    assert exemption.statement
    assert row_of(client.services, paule.row.id).draft_encrypted is None
    with client.services.database.write() as db:
        held, employee = lock_exemption(db, staff.viewer(firm.clerk), exemption.id, None)
        assert len(files_of(db, held)) == 1
        accept_exemption(db, staff.acting(client.services.keyring, firm.clerk, utc_now()), employee, held)
        assert [each.kind for each in db.exec(select(EmploymentPeriod))] == ["dispense"]
    assert "exemption.asked" in {act.action for act in evidence.fresh()}
    told = letters(client.services.database, client.services)
    assert [letter.name for letter in told] == ["exemption-asked"] * len(told)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"cas": ""}, "cas"),
        ({"cas": "<script>"}, "cas"),
        ({"cas": "temps-partiel"}, "cas"),
        ({"organisme": ""}, "organisme"),
        ({"organisme": "x" * 130}, "organisme"),
        ({"fin": "2026-02-31"}, "fin"),
        ({"cas": "css"}, "fin"),
        ({"consequences": ""}, "consequences"),
    ],
)
def test_wrong_request_is_told_beside_its_field_and_sends_nothing(client, paule, values, field) -> None:
    answer = send(client, PAGE, FIELDS | values, form_at=PAGE, files=photo())
    assert answer.status_code == 422
    assert f'id="{field}-erreur"' in answer.text
    assert stored(client) == []
    assert row_of(client.services, paule.row.id).exemption_asked_at is None


@pytest.mark.parametrize(
    "file",
    [None, ("a.exe", b"MZ" + b"\0" * 50, "image/jpeg"), ("a.pdf", b"%PDF-1.7 nothing", "application/pdf")],
)
def test_request_without_readable_evidence_is_refused(client, paule, file) -> None:
    files = {"justificatif": file} if file else {}
    answer = send(client, PAGE, FIELDS, form_at=PAGE, files=files)
    assert answer.status_code == 422
    assert 'id="justificatif-erreur"' in answer.text
    assert stored(client) == []


def test_request_by_nobody_is_not_read(client, firm) -> None:
    """A browser that proved nothing, then one whose invitation is over."""
    known = invited(client.services, firm, nir=nir_of())
    leave(client)
    client.get(link_of(client, known.token), follow=True)
    assert ask(client, PAGE).headers["location"] == "/affiliation"
    answer = send(client, PAGE, FIELDS, form_at="/affiliation", files=photo())
    assert answer.headers["location"] == "/affiliation"
    assert stored(client) == []


def test_request_sent_twice_is_one_and_closes_the_affiliation(client, paule) -> None:
    token = token_in(ask(client, PAGE))
    for _ in range(2):
        answer = send(client, PAGE, FIELDS | {"jeton": token}, files=photo())
        assert answer.status_code == 303
    assert ask(client, PAGE).headers["location"] == "/affiliation"
    assert ask(client, f"{STEPS}/identite").headers["location"] == "/affiliation"
    assert len(stored(client)) == 1


def test_invitation_is_sent_again_only_once_the_request_is_refused(client, firm, paule) -> None:
    assert send(client, PAGE, FIELDS, form_at=PAGE, files=photo()).status_code == 303
    (exemption,) = stored(client)
    keyring = client.services.keyring
    doing = staff.acting(keyring, firm.clerk, utc_now())
    with client.services.database.write() as db:
        row = db.get_one(AffiliationInvitation, paule.row.id)
        with pytest.raises(Refused, match="exemption-pending"):
            send_again(db, doing, row)
        held, _ = lock_exemption(db, doing.viewer, exemption.id, None)
        refuse_exemption(db, doing, held, "Le justificatif n’est pas au bon nom.")
        _, token = send_again(db, doing, row)
    come(client, token)
    assert client.path == f"{STEPS}/identite"
    enter(client, firm.clerk)
    assert "Dispense demandée" in client.get("/employeur/salaries/invitations").text
