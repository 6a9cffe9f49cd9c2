"""What follows the end of the member's own employment: who reads it, what it says, from when (R-30, R-64, R-72)."""

from datetime import timedelta

import pytest

from portal.data.accounts import Role
from portal.data.coverage import Contract
from portal.data.departing import reinstate
from portal.data.employees import Employee
from portal.data.leaving_rules import LeavingReason
from portal.data.persons import Person
from portal.data.rules import add_months
from portal.formatting import long_date, today
from tests.support import factories, staff
from tests.support.entry import ask, enter
from tests.support.leavers import acting_on, leave

PAGE = "/adherent/portabilite"
R = LeavingReason


@pytest.fixture
def gone(client):
    """Lets somebody leave, whose account is then signed in: `gone(days_ago, reason)`."""
    keyring = client.services.keyring
    with client.services.database.write() as db:
        staff.figures(db)
        company = staff.company(db)
        contract = staff.group_contract(db, company)
        within = contract, staff.category(db, contract)
        clerk = staff.user(db, keyring, company)

    def go(ago: int = 7, reason: R = R.DISMISSAL, **values) -> Employee:
        with client.services.database.write() as db:
            employee = leave(db, keyring, clerk, within, today() - timedelta(days=ago), reason, **values)
            account = factories.member_account(db, keyring, db.get_one(Person, employee.person_id))
        enter(client, account)
        return employee

    go.clerk = clerk
    return go


def words(client, path: str = PAGE) -> str:
    return " ".join(client.get(path).one("main").text(separator=" ").replace("\u00a0", " ").split())


def test_leaver_reads_until_when_why_and_what_to_send(client, gone) -> None:
    gone()
    text = words(client)
    ends_on = add_months(today() - timedelta(days=6), 10) - timedelta(days=1)
    assert f"Vous êtes couvert jusqu’au {long_date(ends_on)}".replace("\u00a0", " ") in text
    assert "Le contrat de travail a duré 10 mois" in text
    assert "attestation d’ouverture de droits de France Travail" in text
    assert "48,06 € par mois, 100 % du tarif des actifs" in text
    assert "60,08 € par mois, 125 %" in text
    assert "72,09 € par mois, 150 %" in text
    assert "Signaler une erreur" in text
    assert PAGE in client.get("/adherent").text
    assert PAGE in client.get("/adherent/garanties").text


def test_proof_is_sent_by_a_message_that_is_begun_already(client, gone) -> None:
    gone()
    client.get(PAGE)
    client.get("/messagerie/nouveau?a-propos=justificatif")
    assert client.page.one("#titre").attributes["value"] == "Portabilité\u00a0: justificatif de France Travail"
    assert client.page.one('input[name="sujet"][checked]').attributes["value"] == "contrat"
    client.get("/messagerie/nouveau?a-propos=../../x")
    assert client.page.one("#titre").attributes.get("value", "") == ""


def test_gross_misconduct_ends_the_cover_and_leaves_the_offer(client, gone) -> None:
    gone(reason=R.GROSS_MISCONDUCT)
    text = words(client)
    assert "Votre couverture a pris fin" in text
    assert "La loi exclut la portabilité après une faute lourde" in text
    assert "Ce que vous devez nous envoyer" not in text
    assert "Demander ce contrat" in text


def test_resignation_leaves_no_offer(client, gone) -> None:
    gone(reason=R.RESIGNATION)
    text = words(client)
    assert "Une démission n’ouvre pas droit" in text
    assert "loi Évin)" not in text


def test_offer_can_no_longer_be_asked_for_after_six_months(client, gone) -> None:
    gone(200, R.RETIREMENT)
    text = words(client)
    assert "Le délai pour le demander a pris fin" in text
    assert "Demander ce contrat" not in text


def test_offer_may_be_asked_for_from_the_first_day_that_it_is_told(client, gone) -> None:
    """A retirement declared ahead is told on its last day."""
    gone(0, R.RETIREMENT, declared_after=-5)
    text = words(client)
    assert "Vous êtes couvert jusqu’au" in text
    assert "Demander ce contrat" in text


def test_departure_of_today_is_not_told_before_tomorrow(client, gone) -> None:
    """Until midnight the employer may take it back."""
    gone(0)
    assert "Aucune fin de contrat de travail déclarée" in words(client)
    assert PAGE not in client.get("/adherent").text


def test_departure_that_was_taken_back_is_told_no_more(client, gone) -> None:
    employee = gone()
    with client.services.database.write() as db:
        doing = acting_on(client.services.keyring, gone.clerk, today())
        reinstate(db, doing, db.get_one(Employee, employee.id))
    assert "Aucune fin de contrat de travail déclarée" in words(client)


def test_another_member_reads_nothing_of_it_r72(client, gone) -> None:
    gone()
    with client.services.database.write() as db:
        _, other = factories.member_with_account(db, client.services.keyring)
    enter(client, other)
    assert "Aucune fin de contrat de travail déclarée" in words(client)


def test_dependant_reads_nothing_of_the_members_employment_r72(client, gone) -> None:
    employee = gone()
    with client.services.database.write() as db:
        spouse = factories.person(db, "Bruno")
        factories.cover(db, db.get_one(Contract, employee.contract_id), spouse)
        account = factories.dependant_account(db, client.services.keyring, spouse)
        assert account.role == Role.DEPENDANT
    enter(client, account)
    assert "Aucune fin de contrat de travail déclarée" in words(client)


def test_employer_may_not_read_the_members_page_r72(client, gone) -> None:
    gone()
    enter(client, gone.clerk)
    assert ask(client, PAGE).status_code == 403


def test_former_member_reads_it_for_two_years_r64(client, gone) -> None:
    gone(500, R.RESIGNATION)
    assert "Votre couverture a pris fin" in words(client)
