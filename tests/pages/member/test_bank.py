"""Bank details by their pages, their letters and their links (issue: bank details; R-51, R-64, security C6)."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlmodel import select

from portal.bank_jobs import apply_due
from portal.data.bank_changes import EFFECT_AFTER, AccountBlocked
from portal.data.bank_details import BankDetails
from portal.data.columns import utc_now
from portal.formatting import today
from tests.support import factories
from tests.support.entry import ask, enter, leave, send
from tests.support.mail import letters

PAGE, CHANGE = "/adherent/coordonnees-bancaires", "/adherent/coordonnees-bancaires/modifier"
STOP = "/coordonnees-bancaires/annulation"
IBAN = "FR76 3000 6000 0112 3456 7890 189"
FIELDS = {"iban": IBAN, "titulaire": "Anne Essai"}

pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture
def account(client, make, give_address):
    found = make(factories.member_with_account)[1]
    give_address(found)
    enter(client, found)
    return found


def change(client) -> None:
    client.get(CHANGE)
    client.submit(f'form[action="{CHANGE}"]', **FIELDS)


def acts(client) -> list[str]:
    client.services.journal.flush()
    with client.services.database.read() as db:
        rows = db.execute(text("SELECT action FROM evidence WHERE action LIKE 'bank-%' ORDER BY seq")).scalars()
        return [action for action in rows if action != "bank-details.read"]


def post(client):
    return letters(client.services.database, client.services)


def row(client) -> BankDetails:
    with client.services.database.read() as db:
        return db.exec(select(BankDetails)).one()


def _blocked(*_: object) -> None:
    raise AccountBlocked


@pytest.mark.usefixtures("account")
class TestMember:
    def test_asked_written_about_and_in_force_three_days_later(self, client) -> None:
        client.get(PAGE)
        assert "Donner un compte" in client.page.text
        change(client)
        assert client.path == PAGE
        assert "FR76 •••• 189" in client.page.text
        (letter,) = post(client)
        assert (letter.name, letter.to) == ("bank-change-asked", "anne@exemple.example")
        assert "FR76 •••• 189" in letter.text
        assert apply_due(client.services, utc_now()) == 0
        assert apply_due(client.services, utc_now() + EFFECT_AFTER) == 1
        assert apply_due(client.services, utc_now() + EFFECT_AFTER) == 0
        assert [each.name for each in post(client)] == ["bank-change-asked", "bank-changed"]
        assert acts(client) == ["bank-details.change-asked", "bank-details.changed"]
        client.get(PAGE)
        assert "En vigueur" in client.page.text

    def test_number_is_nowhere_but_sealed(self, client, caplog) -> None:
        change(client)
        whole = IBAN.replace(" ", "")
        told = "".join(letter.text + letter.html for letter in post(client)) + client.page.text + caplog.text
        assert whole not in told
        assert IBAN not in told
        with client.services.database.read() as db:
            details = " ".join(str(each) for each in db.execute(text("SELECT * FROM evidence_detail")).all())
        assert "3456" not in details

    @pytest.mark.parametrize(
        ("fields", "name"),
        [
            ({"iban": "FR76 3000 6000 0112 3456 7890 188"}, "iban"),
            ({"iban": ""}, "iban"),
            ({"titulaire": " "}, "titulaire"),
            ({"titulaire": "x" * 71}, "titulaire"),
        ],
    )
    def test_what_is_wrong_is_told_and_nothing_is_lost(self, client, fields, name) -> None:
        answer = send(client, CHANGE, FIELDS | fields, form_at=CHANGE)
        assert answer.status_code == 422
        assert f'id="{name}-erreur"' in answer.text
        assert (FIELDS | fields)["iban"] in answer.text

    def test_same_account_twice_says_so(self, client) -> None:
        change(client)
        assert "déjà sur ce compte" in send(client, CHANGE, FIELDS, form_at=CHANGE).text
        assert len(post(client)) == 1

    def test_same_account_in_another_name_is_a_change(self, client) -> None:
        change(client)
        answer = send(client, CHANGE, FIELDS | {"titulaire": "Anne Essai-Martin"}, form_at=CHANGE)
        assert answer.status_code == 303
        client.get(PAGE)
        assert "Anne Essai-Martin" in client.page.text

    def test_cancelled_from_the_page(self, client) -> None:
        change(client)
        client.submit(f'form[action="{PAGE}/annulation"]')
        assert row(client).cancelled_at is not None
        assert [each.name for each in post(client)] == ["bank-change-asked", "bank-change-cancelled"]
        assert send(client, f"{PAGE}/annulation", form_at=CHANGE).status_code == 303
        assert len(post(client)) == 2

    def test_stopped_by_the_letters_link_without_signing_in_once(self, client) -> None:
        change(client)
        (letter,) = post(client)
        leave(client)
        client.get(letter.links[0].removeprefix("https://portal.test"), follow=True)
        assert client.path == STOP
        client.submit(f'form[action="{STOP}"]')
        assert "Le changement est annulé" in client.page.text
        assert row(client).cancelled_at is not None
        assert acts(client)[-1] == "bank-details.change-cancelled"
        assert ask(client, letter.links[0].removeprefix("https://portal.test")).status_code == 404

    def test_link_outlives_a_change_of_password(self, client, account) -> None:
        """Whoever stole the account must not silence the letters by changing it further."""
        change(client)
        (letter,) = post(client)
        with client.services.database.write() as db:
            db.execute(text("UPDATE account SET password_hash = 'autre', email = 'voleur@exemple.example'"))
        assert account.id
        leave(client)
        client.get(letter.links[0].removeprefix("https://portal.test"), follow=True)
        client.submit(f'form[action="{STOP}"]')
        assert row(client).cancelled_at is not None

    def test_link_that_comes_too_late_is_dead(self, client) -> None:
        change(client)
        (letter,) = post(client)
        apply_due(client.services, utc_now() + EFFECT_AFTER)
        leave(client)
        client.get(letter.links[0].removeprefix("https://portal.test"), follow=True)
        assert client.status == 404

    def test_fraud_report_stops_the_change_with_its_letter_and_its_evidence(self, client) -> None:
        """R-13, R-51: the thief's account is never paid; every address that can be reached is told."""
        change(client)
        client.get("/signaler-une-fraude")
        client.submit('form[action="/signaler-une-fraude"]')
        assert row(client).cancelled_at is not None
        assert [each.name for each in post(client)] == ["bank-change-asked", "fraud-frozen", "bank-change-cancelled"]
        assert acts(client)[-1] == "bank-details.change-cancelled"
        assert apply_due(client.services, utc_now() + EFFECT_AFTER) == 0

    def test_request_that_waited_while_the_account_was_frozen_changes_nothing(self, client, monkeypatch) -> None:
        monkeypatch.setattr("portal.pages.member.bank.ask_bank_change", _blocked)
        assert send(client, CHANGE, FIELDS, form_at=CHANGE).headers["location"] == PAGE
        assert post(client) == []

    def test_former_member_changes_nothing(self, client) -> None:
        with client.services.database.write() as db:
            db.execute(text("UPDATE beneficiary SET valid_to = :day"), {"day": today() - timedelta(days=90)})
        client.get(PAGE)
        assert "Donner un compte" not in client.page.text
        assert ask(client, CHANGE).status_code == 403


def test_link_of_another_kind_stops_nothing(client, account) -> None:
    from portal.data.links import LinkPurpose, make_link  # noqa: PLC0415

    change(client)
    with client.services.database.write() as db:
        token = make_link(db, account.id, LinkPurpose.FRAUD, utc_now())
    leave(client)
    client.get(client.services.link_url(token).removeprefix("https://portal.test"), follow=True)
    assert ask(client, STOP).status_code == 404
    assert row(client).cancelled_at is None
