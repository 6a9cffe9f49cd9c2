"""From the member's request to the professional's answer (R-23, R-25, R-42, R-70): what is accepted holds at once."""

import pytest

from portal.case_links import CASE
from portal.data.case_pieces import add_pieces
from portal.data.cases import CaseState
from portal.data.columns import utc_now
from portal.formatting import today
from tests.support import beneficiaries, factories
from tests.support.cards import covered_household
from tests.support.desk_cases import kept, path_of
from tests.support.entry import ask, enter
from tests.support.html import text_of
from tests.support.mail import letters
from tests.support.rights import practice
from tests.test_documents import text_in

pytestmark = pytest.mark.engines("sqlite")
RIGHTS = "/professionnel/droits"


def words(client) -> str:
    return " ".join(text_of(client.page.first("main")).replace("\xa0", " ").split())


def checked(client, number: str) -> str:
    """What a pharmacist is told of the newborn."""
    client.get(RIGHTS)
    client.submit(f'form[action="{RIGHTS}"]', numero=number, naissance=today().isoformat(), motif="1")
    return words(client)


def test_newborn_is_on_the_card_and_open_to_professionals_once_the_desk_accepts(client, agent, tmp_path) -> None:
    services = client.services
    with services.database.write() as db:
        family = covered_household(db)
        account = factories.member_account(db, services.keyring, family.member, email="anne@exemple.example")
        pharmacist = practice(db, services.keyring)
        beneficiaries.figures(db)
        viewer = factories.viewer_of(db, account)
        change = beneficiaries.drafted(db, viewer, services.keyring, family.contract, birth_date=today())
        for slot in beneficiaries.change_slots(db, change.case):
            add_pieces(db, viewer, change.case, slot.code, [kept(services)], utc_now())
        number, case = family.contract.member_number, change.case
    (name,) = services.keyring.conceal(CASE, [case.id])
    path = f"/adherent/beneficiaires/demandes/{name}"

    enter(client, account)
    client.get(f"{path}/envoi")
    client.submit(f'form[action="{path}/envoi"]', certifie="1")
    assert client.path == path
    client.get("/adherent/carte")
    assert "Lou" not in words(client)
    enter(client, pharmacist)
    assert "Droits ouverts" not in checked(client, number)

    enter(client, agent)
    client.get(path_of(services, case))
    client.click("Accepter")
    client.submit('main form[method="post"]')
    assert "Acceptée" in text_of(client.page.one(".seen"))
    client.submit('main form[action$="/decision/envoi"]')
    (letter,) = [one for one in letters(services.database, services, to=account.email) if one.name == "case-news"]
    assert case.reference in letter.subject

    enter(client, account)
    client.get(path)
    assert "Acceptée" in words(client)
    client.get("/adherent/carte")
    assert "Lou" in words(client)
    pdf = ask(client, "/adherent/carte/pdf")
    assert "Lou" in text_in(pdf.content, tmp_path)
    enter(client, pharmacist)
    said = checked(client, number)
    assert "Droits ouverts" in said
    assert "Essai Lou" in said
    with services.database.read() as db:
        assert db.get_one(type(case), case.id).state == CaseState.ACCEPTED
