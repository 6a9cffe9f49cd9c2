"""Signing up: the same answer for everybody, the real one by letter (R-04, R-10, R-11, security B10)."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import text

from portal.formatting import today
from tests.support import factories
from tests.support.entry import ask, leave, told_in
from tests.support.mail import Letter
from tests.support.onboarding import (
    HELD,
    TYPED,
    company,
    employer_fields,
    household_of_two,
    member_fields,
    provider,
    provider_fields,
    sign_up,
)

CLOSE = "INSERT INTO account_closing (account_id, reason, closed_at) SELECT id, 'essai', created_at FROM account"
ERASE = "INSERT INTO account_deletion (account_id, asked_at, erased_at) SELECT id, created_at, created_at FROM account"
CREDENTIALS = ["sign-up-identifier", "sign-up-password"]
UNLIKE = re.compile(r'name="jeton" value="[^"]+"')
PASSWORD = re.compile(r"\b[2-9a-z]{4}(?:-[2-9a-z]{4}){6}\b")


def told(letters: list[Letter]) -> list[tuple[str, str]]:
    return [(letter.name, letter.to) for letter in letters]


def accounts(client) -> list[tuple]:
    query = (
        "SELECT space, role, display_name, email, password_temporary_until IS NOT NULL, access_ends_on "
        "FROM account ORDER BY id"
    )
    with client.services.database.read() as db:
        return [tuple(row) for row in db.execute(text(query))]


def evidence(client) -> list[tuple]:
    query = (
        "SELECT actor, action, object, outcome, reason FROM evidence WHERE action <> 'checkpoint.signed' ORDER BY seq"
    )
    with client.services.database.read() as db:
        return [tuple(row) for row in db.execute(text(query))]


@pytest.fixture
def forms(make):
    """Each space's right form: (space, fields), with the address that the insurer holds."""
    made = make(household_of_two)
    make(company)
    make(provider)
    return {
        "member": member_fields(made.member, made.contract),
        "employer": employer_fields(),
        "provider": provider_fields(),
    }


SPACES = {"member": "adherent", "employer": "employeur", "provider": "professionnel"}
WRONG = {
    "member": {"numero-contrat": "C-999999"},
    "employer": {"nom": "Autre"},
    "provider": {"convention": "TP-0"},
}


@pytest.mark.parametrize("space", SPACES)
class TestEachSpace:
    def test_known_person_gets_identifier_and_password_apart_at_the_held_address(
        self, client, forms, posted, space
    ) -> None:
        answer = sign_up(client, space, forms[space])
        assert (answer.status_code, answer.headers["location"]) == (303, "/inscription/e-mails")
        sent = posted()
        assert told(sent) == [*((name, HELD) for name in CREDENTIALS), ("sign-up-noted", TYPED)]
        ((_, _, _, email, is_temporary, _),) = accounts(client)
        assert (email, is_temporary) == (HELD, True)
        identifier, password, noted = sent
        assert not PASSWORD.search(identifier.text)
        assert PASSWORD.search(password.text)
        assert not re.search(r"\b\d{10}\b", password.text.replace(client.services.settings.insurer_phone, ""))
        assert not PASSWORD.search(noted.text)
        assert not re.search(r"\b\d{10}\b", noted.text)

    def test_typed_address_alone_is_used_when_it_is_the_held_one_in_another_case(
        self, client, forms, posted, space
    ) -> None:
        sign_up(client, space, forms[space] | {"email": f" {HELD.upper()} "})
        assert told(posted()) == [(name, HELD) for name in CREDENTIALS]

    def test_registered_person_is_reminded_and_no_second_account_opens(self, client, forms, posted, space) -> None:
        sign_up(client, space, forms[space])
        with client.services.database.write() as db:
            db.execute(text("UPDATE account SET password_temporary_until = NULL"))
        posted()
        sign_up(client, space, forms[space])
        assert told(posted()) == [("sign-up-noted", TYPED), ("sign-up-registered", HELD)]
        assert len(accounts(client)) == 1

    def test_person_who_has_not_used_the_password_yet_gets_a_new_one(self, client, forms, posted, space) -> None:
        sign_up(client, space, forms[space])
        first = PASSWORD.search(posted()[1].text)
        sign_up(client, space, forms[space])
        again = posted()
        assert [letter.name for letter in again] == ["sign-up-noted", *CREDENTIALS]
        second = PASSWORD.search(again[2].text)
        assert first is not None
        assert second is not None
        assert first.group() != second.group()
        assert len(accounts(client)) == 1

    def test_wrong_answer_is_told_to_the_typed_address_alone(self, client, forms, posted, space) -> None:
        sign_up(client, space, forms[space] | WRONG[space])
        assert told(posted()) == [("sign-up-unknown", TYPED)]
        assert accounts(client) == []

    def test_screens_are_byte_equal_whatever_is_known(self, client, forms, posted, space) -> None:
        """B10: known, registered, wrong; status, headers and the page that follows."""
        answers = []
        for fields in (forms[space], forms[space], forms[space] | WRONG[space]):
            leave(client)
            answer = sign_up(client, space, fields)
            after = ask(client, answer.headers["location"])
            headers = [each for each in told_in(answer) if each[0] != "date"]
            answers.append((answer.status_code, answer.content, headers, UNLIKE.sub("", after.text)))
        assert answers[0] == answers[1] == answers[2]
        assert len({letter.name for letter in posted()}) == 4

    def test_each_answer_leaves_its_evidence_without_names(self, client, forms, space) -> None:
        """R-51."""
        sign_up(client, space, forms[space])
        sign_up(client, space, forms[space] | WRONG[space])
        (account_id,) = [row[0] for row in evidence(client) if row[1] == "account.created"]
        assert evidence(client) == [
            (None, "account.requested", SPACES[space], "ok", ""),
            (account_id, "account.created", str(account_id), "ok", ""),
            (account_id, "credentials.sent", str(account_id), "ok", ""),
            (None, "account.requested", SPACES[space], "ok", ""),
            (None, "account.requested", SPACES[space], "refused", "unknown"),
        ]

    def test_invalid_form_is_shown_again_with_what_was_typed(self, client, posted, space) -> None:
        path = f"/inscription/{SPACES[space]}"
        client.get(path)
        page = client.submit(f'form[action="{path}"]', email="pas une adresse")
        assert client.status == 422
        assert page.one("title").text().startswith("Erreur")
        assert page.one("#email").attributes["value"] == "pas une adresse"
        assert page.css("#accepte-erreur")
        assert posted() == []

    def test_terms_box_is_unticked_at_first(self, client, space) -> None:
        """R-14."""
        page = client.get(f"/inscription/{SPACES[space]}")
        assert "checked" not in page.one("#accepte").attributes
        assert "J’accepte les présentes CGU" in " ".join(page.one("main").text().split())


def test_roles_and_owners_are_those_of_the_insurers_records(client, forms) -> None:
    for space, fields in forms.items():
        sign_up(client, space, fields)
    assert [row[:3] for row in accounts(client)] == [
        ("adherent", "adherent", "Anne Essai"),
        ("employeur", "signataire", "Agathe Modèle"),
        ("professionnel", "professionnel", "Optique Exemple"),
    ]


def test_person_without_a_held_address_is_answered_where_the_form_says(client, make, posted) -> None:
    made = make(factories.household)
    sign_up(client, "member", member_fields(made.member, made.contract))
    assert told(posted()) == [(name, TYPED) for name in CREDENTIALS]
    assert accounts(client)[0][3] == TYPED


def test_names_and_numbers_may_be_written_in_many_ways(client, make, posted) -> None:
    made = make(factories.household, name="D’Été-Müller")
    fields = member_fields(made.member, made.contract, nom="d ete  MULLER", prenom="ANNE", naissance="17/05/1980")
    spaced = {name: f" {fields[name].lower()} " for name in ("numero-adherent", "numero-contrat")}
    sign_up(client, "member", fields | spaced)
    assert told(posted()) == [(name, TYPED) for name in CREDENTIALS]


@pytest.mark.parametrize(
    "wrong", [{"nom": "Autre"}, {"prenom": "Annie"}, {"naissance": "1980-05-18"}, {"numero-adherent": "A1"}]
)
def test_each_answer_counts(client, make, posted, wrong) -> None:
    made = make(household_of_two)
    sign_up(client, "member", member_fields(made.member, made.contract) | wrong)
    assert told(posted()) == [("sign-up-unknown", TYPED)]


def test_adult_dependant_signs_up_alone_and_the_member_learns_nothing(client, make, posted) -> None:
    """Family privacy: the holder's address never receives an adult dependant's credentials."""
    made = make(factories.household, spouse="Paul")
    with client.services.database.write() as db:
        db.execute(text("UPDATE person SET email = :held WHERE id = :id"), {"held": HELD, "id": made.member.id})
    sign_up(client, "member", member_fields(made["Paul"], made.contract))
    assert told(posted()) == [(name, TYPED) for name in CREDENTIALS]
    assert accounts(client)[0][:3] == ("adherent", "ayant_droit", "Paul Essai")


def test_known_person_signs_in_with_what_the_letters_say(client, make, posted) -> None:
    """R-11: the delivered password opens nothing but the page to choose another."""
    made = make(factories.household)
    sign_up(client, "member", member_fields(made.member, made.contract))
    identifier, password = posted()
    numbers = re.search(r"\b\d{10}\b", identifier.text)
    secret = PASSWORD.search(password.text)
    assert numbers is not None
    assert secret is not None
    leave(client)
    client.sign_in(numbers.group(), secret.group())
    assert client.path.startswith("/mot-de-passe/premier")
    assert ask(client, "/adherent").headers["location"].startswith("/mot-de-passe/premier")


def test_no_letter_of_sign_up_tells_health_or_names(client, forms, posted) -> None:
    """E7."""
    for space, fields in forms.items():
        sign_up(client, space, fields)
        sign_up(client, space, fields | WRONG[space])
    texts = " ".join(letter.text + letter.html for letter in posted())
    assert not re.search(r"Anne|Essai|Agathe|Modèle|A[C]\d+|<img", texts)


def test_closed_account_is_not_opened_again(client, forms, posted, make) -> None:
    """R-63."""
    sign_up(client, "member", forms["member"])
    with client.services.database.write() as db:
        db.execute(text(CLOSE))
    posted()
    sign_up(client, "member", forms["member"])
    assert told(posted()) == [("sign-up-noted", TYPED), ("sign-up-closed", HELD)]
    assert len(accounts(client)) == 1


def test_erased_account_does_not_keep_its_person_from_coming_back(client, forms, posted) -> None:
    """R-66."""
    sign_up(client, "member", forms["member"])
    with client.services.database.write() as db:
        for statement in (
            CLOSE,
            ERASE,
        ):
            db.execute(text(statement))
    posted()
    sign_up(client, "member", forms["member"])
    assert [letter.name for letter in posted()] == [*CREDENTIALS, "sign-up-noted"]


@pytest.mark.parametrize(("days", "opens"), [(700, True), (800, False)])
def test_cover_that_ended_opens_an_account_for_two_years(client, make, posted, days, opens) -> None:
    """R-64."""
    made = make(factories.household, ends_on=today() - timedelta(days=days))
    sign_up(client, "member", member_fields(made.member, made.contract))
    assert (told(posted()) == [(name, TYPED) for name in CREDENTIALS]) is opens
