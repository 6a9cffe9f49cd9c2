"""The practice's account by its pages, its letters and their links (R-13, R-40, R-51, R-64, security C6)."""

from datetime import date, timedelta

import pytest
from sqlmodel import select

from portal.bank_jobs import apply_due_of_organisations
from portal.data.bank_changes import EFFECT_AFTER
from portal.data.columns import utc_now
from portal.data.links import LinkPurpose, make_link
from portal.data.practice_bank import PracticeBankDetails
from portal.data.transfers import Transfer
from portal.formatting import today
from tests.support.entry import ask, enter, leave, send
from tests.support.evidence_rows import Evidence
from tests.support.mail import letters
from tests.support.practices import THIRD_NUMBER, practice_firm

PAGE = "/professionnel/coordonnees-bancaires"
CHANGE, RULE, STOP = f"{PAGE}/modifier", f"{PAGE}/signatures", "/coordonnees-bancaires/annulation"
IBAN, OTHER = "FR76 3000 6000 0112 3456 7890 189", "FR14 2004 1010 0505 0001 3M02 606"
FIELDS = {"iban": IBAN, "bic": "", "titulaire": "Optique Exemple"}
ASKED, CANCELLED = "practice-bank-asked", "practice-bank-cancelled"
EVERYBODY = {"ada@optique.example", "bela@optique.example", "boite@optique.example"}
ORIGIN = "https://portal.test"

pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture
def firm(client):
    with client.services.database.write() as db:
        made = practice_firm(db, client.services.keyring)
    enter(client, made.first)
    return made


def change(client, **fields) -> None:
    client.get(CHANGE)
    client.submit(f'form[action="{CHANGE}"]', **(FIELDS | fields))


def post(client):
    return letters(client.services.database, client.services)


def told(client, name: str) -> set[str]:
    return {letter.to for letter in post(client) if letter.name == name}


def rows(client) -> list[PracticeBankDetails]:
    with client.services.database.read() as db:
        return list(db.exec(select(PracticeBankDetails).order_by(PracticeBankDetails.id)))


def acts(evidence: Evidence) -> list[str]:
    return [act.action for act in evidence.fresh() if not act.action.endswith(".read")]


@pytest.mark.usefixtures("firm")
class TestChanging:
    def test_responsible_changes_it_and_all_are_told_then_it_serves_after_72_hours_r40(self, client) -> None:
        evidence = Evidence(client)
        assert "nous ne pouvons rien vous verser" in client.get(PAGE).text
        assert "Mandat" not in client.get(CHANGE).css("main")[0].text()
        change(client)
        assert (client.path, "FR76 •••• 189" in client.page.text) == (PAGE, True)
        assert told(client, ASKED) == EVERYBODY
        assert apply_due_of_organisations(client.services, utc_now()) == 0
        assert apply_due_of_organisations(client.services, utc_now() + EFFECT_AFTER) == 1
        assert told(client, "practice-bank-changed") == EVERYBODY
        assert acts(evidence) == ["practice-bank.change-asked", "practice-bank.changed"]
        assert "FR76 •••• 189" in client.get("/professionnel/convention").text

    def test_whole_iban_is_nowhere_in_pages_and_letters_r51(self, client) -> None:
        evidence = Evidence(client)
        change(client)
        seen = client.get(PAGE).text + client.get("/professionnel/convention").text + str(evidence.fresh())
        for text in (seen, *(letter.text for letter in post(client))):
            assert "30006000011234567890" not in "".join(text.split())

    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"iban": "FR76 3000"}, "iban"),
            ({"iban": ""}, "iban"),
            ({"bic": "SOGEFRPP"}, "bic"),
            ({"titulaire": ""}, "titulaire"),
        ],
    )
    def test_details_that_are_none_are_asked_again(self, client, fields, field) -> None:
        answer = send(client, CHANGE, FIELDS | fields, form_at=CHANGE)
        assert (answer.status_code, f'href="#{field}"' in answer.text, rows(client)) == (422, True, [])

    def test_pending_change_is_cancelled_once(self, client) -> None:
        change(client)
        client.submit(f'form[action="{PAGE}/annulation"]')
        assert told(client, CANCELLED) == EVERYBODY
        send(client, f"{PAGE}/annulation", {}, form_at=CHANGE)
        assert len([letter for letter in post(client) if letter.name == CANCELLED]) == len(EVERYBODY)

    def test_same_account_is_refused_and_the_fourth_change_of_a_day_too(self, client) -> None:
        change(client)
        assert "Ce compte sert déjà" in send(client, CHANGE, FIELDS, form_at=CHANGE).text
        change(client, iban=OTHER)
        change(client, iban=IBAN)
        assert "Trois changements" in send(client, CHANGE, FIELDS | {"iban": OTHER}, form_at=CHANGE).text


def test_choice_of_signatures_names_a_practice_and_no_company(client, firm) -> None:
    """R-40: the page serves both spaces."""
    lead = client.get(RULE).one(".lead").text()
    assert "responsables" in lead
    assert "cabinet ou établissement" in lead


def test_two_signatures_make_the_second_responsible_approve(client, firm) -> None:
    client.get(RULE)
    client.submit(f'form[action="{RULE}"]', signatures="2")
    assert told(client, "practice-bank-rule") == EVERYBODY
    change(client)
    approval = f"{PAGE}/changements/{client.services.keyring.conceal('practice-bank', [rows(client)[0].id])[0]}"
    assert "C’est à un autre responsable" in client.get(approval).text
    enter(client, firm.second)
    assert "attend votre approbation" in client.get("/professionnel/convention").text
    client.get("/professionnel")
    assert client.page.first(".tasks a").attributes["href"] == approval
    client.get(approval)
    client.submit(f'form[action="{approval}"]')
    assert "Approuvé par Bela" in client.page.text
    assert told(client, "practice-bank-approved") == EVERYBODY
    assert apply_due_of_organisations(client.services, utc_now() + EFFECT_AFTER) == 1


def test_unapproved_change_lapses_after_seven_days(client, firm) -> None:
    client.get(RULE)
    client.submit(f'form[action="{RULE}"]', signatures="2")
    change(client)
    assert apply_due_of_organisations(client.services, utc_now() + timedelta(days=7)) == 1
    assert told(client, CANCELLED) == EVERYBODY


def test_link_of_a_letter_stops_the_change_without_signing_in_once(client, firm) -> None:
    change(client)
    with client.services.database.write() as db:
        purpose, subject = LinkPurpose.PRACTICE_BANK_CHANGE, str(rows(client)[0].id)
        token = make_link(db, firm.second.id, purpose, utc_now(), subject)
    leave(client)
    url = client.services.link_url(token).removeprefix(ORIGIN)
    client.get(url, follow=True)
    assert "recevoir nos versements" in client.page.text
    client.submit(f'form[action="{STOP}"]')
    assert "annulé" in client.page.text
    assert rows(client)[0].cancelled_at is not None
    assert told(client, CANCELLED) == EVERYBODY


def test_fraud_report_gives_the_change_up_and_tells_everybody_r13(client, firm) -> None:
    change(client)
    evidence = Evidence(client)
    client.get("/signaler-une-fraude")
    client.submit('form[action="/signaler-une-fraude"]')
    assert rows(client)[0].cancelled_at is not None
    assert "practice-bank.change-cancelled" in acts(evidence)
    assert told(client, CANCELLED) == EVERYBODY


def test_strangers_change_does_not_exist_and_colleagues_see_nothing_r72(client, firm) -> None:
    change(client)
    one = f"{PAGE}/changements/{client.services.keyring.conceal('practice-bank', [rows(client)[0].id])[0]}"
    with client.services.database.write() as db:
        other = practice_firm(db, client.services.keyring, THIRD_NUMBER)
    enter(client, other.first)
    assert ask(client, one).status_code == 404
    assert "FR76" not in client.get(PAGE).text
    send(client, f"{PAGE}/annulation", {}, form_at=CHANGE)
    assert rows(client)[0].cancelled_at is None
    enter(client, firm.colleague)
    for path in (PAGE, CHANGE, RULE, one):
        assert ask(client, path).status_code == 403


def test_ended_agreement_leaves_the_account_to_read_and_nothing_to_change_r64(client) -> None:
    with client.services.database.write() as db:
        ended = practice_firm(db, client.services.keyring, ends_on=today() - timedelta(days=1))
    enter(client, ended.first)
    assert "Changer de compte" not in client.get(PAGE).text
    assert ask(client, CHANGE).status_code == 403
    assert send(client, CHANGE, FIELDS, form_at=PAGE).status_code == 403


def test_transfer_without_an_account_names_the_one_of_its_day_r40(client, firm) -> None:
    with client.services.database.write() as db:
        for masked, since in (("FR76 •••• 111", date(2020, 1, 1)), ("FR76 •••• 222", date(2025, 6, 1))):
            kept = {"iban_encrypted": b"", "iban_lookup": masked, "holder_encrypted": b"", "masked": masked}
            db.add(PracticeBankDetails(provider_id=firm.practice.id, reported_on=since, **kept))
        sent = Transfer(reference="V1", provider_id=firm.practice.id, paid_on=date(2025, 5, 31), amount_cents=100)
        db.add(sent)
        db.flush()
    name = client.services.keyring.conceal("transfer", [sent.id])[0]
    page = client.get(f"/professionnel/versements/{name}").text
    assert "FR76 •••• 111" in page
    assert "FR76 •••• 222" not in page
