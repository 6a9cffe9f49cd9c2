"""An invited employee finishes the affiliation by the link of the letter, without scripts (R-30, ADR 24)."""

from datetime import timedelta

import pytest
from sqlmodel import select

from portal.data.bank_details import BankDetails
from portal.data.coverage import Beneficiary
from portal.data.employees import Employee, EmploymentPeriod
from portal.data.invitations import LIVES, AffiliationInvitation
from portal.data.persons import Person
from portal.formatting import today
from tests.support.entry import ask, leave, send, token_in
from tests.support.evidence_rows import Evidence
from tests.support.invitations import (
    BORN,
    ENTRY,
    IBAN,
    STEPS,
    add_child,
    answer_all,
    come,
    invited,
    inviting,
    link_of,
    nir_of,
    row_of,
)
from tests.support.mail import letters


@pytest.fixture
def firm(client):
    return inviting(client.services)


@pytest.fixture
def paule(client, firm):
    """An invited employee of whom the employer gave no number."""
    return invited(client.services, firm)


def all_of(client, table) -> list:
    with client.services.database.read() as db:
        return list(db.exec(select(table)))


def test_link_leaves_the_address_at_once_and_uses_nothing_up(client, paule) -> None:
    """security: A8. Mail scanners open links too."""
    for _ in range(2):
        leave(client)
        answer = ask(client, link_of(client, paule.token))
        assert (answer.status_code, answer.headers["location"]) == (303, ENTRY)
    assert row_of(client.services, paule.row.id).opened_at is None


def test_employee_finishes_without_scripts_and_is_affiliated_with_the_family(client, paule) -> None:
    """R-30: options, family, account; R-51: each answer leaves evidence without what it says."""
    evidence = Evidence(client)
    come(client, paule.token, nir=nir_of())
    assert client.path == f"{STEPS}/identite"
    answer_all(client, alone=False)
    assert client.path == f"{STEPS}/verification"
    assert "45,6" in client.page.text, "half of 2,28 % of the ceiling"
    client.submit("main form", exact="1")
    assert "Votre affiliation est enregistrée" in client.page.text
    (period,) = all_of(client, EmploymentPeriod)
    assert (period.kind, period.starts_on) == ("affilie", today())
    assert sorted(row.relationship for row in all_of(client, Beneficiary)) == ["adherent", "enfant"]
    (bank,) = all_of(client, BankDetails)
    assert client.services.keyring.decrypt(bank.iban_encrypted) == IBAN
    assert bank.effective_at is None, "72 hours, as any change"
    acts = evidence.fresh()
    assert {"invitation.opened", "invitation.changed", "invitation.completed"} <= {act.action for act in acts}
    said = str(acts)
    assert not any(secret in said for secret in (nir_of(), IBAN, "Zoé", "a.moi@exemple.example", paule.token))


def test_finished_invitation_keeps_nothing_typed_and_only_says_so(client, paule) -> None:
    come(client, paule.token, nir=nir_of())
    answer_all(client)
    client.submit("main form", exact="1")
    assert row_of(client.services, paule.row.id).draft_encrypted is None
    come_back = ask(client, f"{STEPS}/identite")
    assert come_back.headers["location"] == ENTRY
    leave(client)
    client.get(link_of(client, paule.token), follow=True)
    assert "Votre affiliation est enregistrée" in client.page.text
    assert not client.page.css("main form")


def test_letter_after_the_end_goes_to_the_address_that_the_employee_gave(client, paule) -> None:
    come(client, paule.token)
    answer_all(client)
    client.submit("main form", exact="1")
    (letter,) = letters(client.services.database, client.services)
    assert (letter.name, letter.to) == ("employee-affiliated", "a.moi@exemple.example")
    (person,) = all_of(client, Person)
    assert person.email == "a.moi@exemple.example"
    (employee,) = all_of(client, Employee)
    assert employee.email == "paule@exemple.example", "the employer's own knowledge stays as it is"


def test_answers_survive_a_reload_and_another_device(client, paule) -> None:
    come(client, paule.token, nir=nir_of())
    client.submit("main form", prenom="Paula", email="")
    client.submit("main form", qui="famille")
    add_child(client)
    client.get(client.path)
    assert "Zoé" in client.page.text
    come(client, paule.token)
    assert client.path == f"{STEPS}/remboursements"
    client.get(f"{STEPS}/identite")
    assert 'value="Paula"' in client.answer.text


def test_relative_is_removed_and_a_foreign_place_changes_nothing(client, paule) -> None:
    come(client, paule.token)
    client.submit("main form")
    client.submit("main form", qui="famille")
    add_child(client)
    for place in ("7", "-1", "x", "99999999999"):
        send(client, "/affiliation/famille/retrait", {"place": place, "jeton": token_in(client.answer)})
    client.get(f"{STEPS}/famille")
    assert "Zoé" in client.page.text
    client.submit('form[action="/affiliation/famille/retrait"]')
    assert "Zoé" not in client.page.text


# --- who comes ---


@pytest.mark.parametrize(
    ("born", "nir"),
    [(BORN + timedelta(days=1), ""), (BORN, ""), (BORN, nir_of(order=346)), (BORN + timedelta(days=1), nir_of())],
)
def test_wrong_proof_gets_one_answer_whatever_is_wrong(client, firm, born, nir) -> None:
    """A guess learns nothing: neither which answer was wrong, nor whether the employer gave a number."""
    known = invited(client.services, firm, nir=nir_of())
    if nir and born != BORN:
        nir = nir_of(born, order=345)
    come(client, known.token, born=born, nir=nir)
    assert client.answer.status_code == 422
    assert "ne correspondent pas" in client.page.text
    assert row_of(client.services, known.row.id).opened_at is None


def test_right_number_opens_where_the_employer_gave_one(client, firm) -> None:
    known = invited(client.services, firm, nir=nir_of())
    come(client, known.token, nir=nir_of())
    assert client.path == f"{STEPS}/identite"
    assert nir_of() not in client.answer.text
    assert not client.page.css("input[name=nir]")


def test_guesses_are_limited_even_for_the_right_answer(client, paule) -> None:
    evidence = Evidence(client)
    for day in range(1, 6):
        come(client, paule.token, born=BORN + timedelta(days=day))
    come(client, paule.token)
    assert "Trop de réponses fausses" in client.page.text
    refused = [act.object for act in evidence.fresh() if act.action == "invitation.opened"]
    assert refused == [f"invitation:{paule.row.id}"] * 5, "the evidence says whose invitation was tried"
    assert row_of(client.services, paule.row.id).opened_at is None


def test_page_of_a_question_is_shown_to_nobody_without_the_proof(client, paule) -> None:
    leave(client)
    client.get(link_of(client, paule.token), follow=True)
    assert "paule@exemple.example" not in client.answer.text
    for step in ("identite", "couverture", "famille", "remboursements", "verification"):
        assert ask(client, f"{STEPS}/{step}").headers["location"] == ENTRY


def test_second_browser_takes_the_place_of_the_first(client, paule) -> None:
    come(client, paule.token)
    first = dict(client.http.cookies)
    come(client, paule.token)
    client.http.cookies.clear()
    for name, value in first.items():
        client.http.cookies.set(name, value, domain="portal.test")
    assert ask(client, f"{STEPS}/identite").headers["location"] == ENTRY


def test_forged_foreign_and_expired_links_open_nothing(client, firm, paule) -> None:
    signed = link_of(client, paule.token)
    unsigned = client.url("invited", {"jeton": paule.token})
    other_purpose = client.services.keyring.signer("link").sign(paule.token).decode()
    for path in (signed[:-2] + "xx", unsigned, client.url("invited", {"jeton": other_purpose}), f"{ENTRY}?jeton="):
        leave(client)
        answer = ask(client, path)
        assert answer.status_code == 404
        assert "Essai" not in answer.text
    old = invited(client.services, firm, first_name="Lou", at=paule.row.sent_at - LIVES)
    come_to = link_of(client, old.token)
    leave(client)
    client.get(come_to, follow=True)
    assert "a expiré" in client.page.text
    assert not client.page.css("main form")


def test_proof_that_is_two_hours_old_is_asked_again_and_loses_nothing(client, paule) -> None:
    come(client, paule.token)
    client.submit("main form", prenom="Paula")
    with client.services.database.write() as db:
        row = db.get_one(AffiliationInvitation, paule.row.id)
        row.proven_at = row.proven_at - timedelta(hours=2)
        db.add(row)
    assert ask(client, f"{STEPS}/couverture").headers["location"] == ENTRY
    come(client, paule.token)
    client.get(f"{STEPS}/identite")
    assert 'value="Paula"' in client.answer.text


# --- what is typed ---


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"prenom": "<script>"}, "prenom"),
        ({"nom": "x" * 81}, "nom"),
        ({"nir": nir_of()[:-1] + "9"}, "nir"),
        ({"nir": nir_of(BORN + timedelta(days=400))}, "nir"),
        ({"email": "a@b\r\nBcc: c@d.fr"}, "email"),
    ],
)
def test_wrong_identity_is_told_beside_its_field_and_kept(client, paule, values, field) -> None:
    come(client, paule.token)
    client.submit("main form", **({"prenom": "Paule"} | values))
    assert client.answer.status_code == 422
    assert f'id="{field}-erreur"' in client.answer.text


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"lien": "conjoint"}, "naissance"),
        ({"naissance": "1990-01-01"}, "naissance"),
        ({"naissance": "2999-01-01"}, "naissance"),
        ({"naissance": "1850-01-01", "lien": "conjoint"}, "naissance"),
        ({"prenom": "=1+1"}, "prenom"),
        ({"nir": "1"}, "nir"),
    ],
)
def test_wrong_relative_is_told_beside_its_field_and_not_added(client, paule, values, field) -> None:
    come(client, paule.token)
    client.submit("main form")
    client.submit("main form", qui="famille")
    add_child(client, **values)
    assert client.answer.status_code == 422
    assert f'id="{field}-erreur"' in client.answer.text
    client.get(f"{STEPS}/famille")
    assert "Couverts avec vous" not in client.page.text


def test_relative_whom_no_form_offers_is_refused(client, paule) -> None:
    """A parent is added from the space, with a piece; whoever types the value by hand learns it."""
    come(client, paule.token)
    client.submit("main form")
    client.submit("main form", qui="famille")
    fields = {"lien": "ascendant", "prenom": "Rose", "nom": "Essai", "naissance": "1950-01-01"}
    answer = send(client, f"{STEPS}/famille", fields | {"jeton": token_in(client.answer)})
    assert answer.status_code == 422
    assert 'id="lien-erreur"' in answer.text


def test_same_child_twice_and_a_second_partner_are_refused(client, paule) -> None:
    come(client, paule.token)
    client.submit("main form")
    client.submit("main form", qui="famille")
    add_child(client)
    add_child(client)
    assert "déjà dans votre liste" in client.page.text
    adult = {"lien": "conjoint", "naissance": "1988-02-03"}
    add_child(client, "Sacha", **adult)
    add_child(client, "Dominique", **adult)
    assert "Une seule personne" in client.page.text


@pytest.mark.parametrize("iban", ["FR7630006000011234567890188", "x", "DE89", "<iban>"])
def test_wrong_account_is_told_and_never_kept(client, paule, iban) -> None:
    come(client, paule.token)
    client.submit("main form")
    client.submit("main form", qui="seul")
    client.submit("main form", iban=iban, titulaire="Paule Essai")
    assert client.answer.status_code == 422
    assert 'id="iban-erreur"' in client.answer.text
    assert ask(client, f"{STEPS}/verification").headers["location"] == f"{STEPS}/remboursements"


def test_holder_is_corrected_without_the_account_typed_again(client, paule) -> None:
    come(client, paule.token)
    answer_all(client)
    client.get(f"{STEPS}/remboursements")
    client.submit("main form", iban="", titulaire="P")
    assert 'id="titulaire-erreur"' in client.answer.text
    client.submit("main form", iban="", titulaire="Paule Essai ou Lou Essai")
    client.get(f"{STEPS}/remboursements")
    assert client.page.one("input[name=titulaire]").attributes["value"] == "Paule Essai ou Lou Essai"
    assert "Compte donné" in client.page.text


def test_questions_are_not_skipped_and_unknown_ones_do_not_exist(client, paule) -> None:
    come(client, paule.token)
    token = token_in(client.answer)
    assert ask(client, f"{STEPS}/verification").headers["location"] == f"{STEPS}/identite"
    answer = send(client, f"{STEPS}/verification", {"exact": "1", "jeton": token})
    assert answer.headers["location"] == f"{STEPS}/identite"
    assert ask(client, f"{STEPS}/x").status_code == 404
    assert [each.kind for each in all_of(client, EmploymentPeriod)] == ["invite"]


def test_sending_without_the_word_of_honour_is_refused(client, paule) -> None:
    come(client, paule.token)
    answer_all(client)
    client.submit("main form", exact=None)
    assert client.answer.status_code == 422
    assert [each.kind for each in all_of(client, EmploymentPeriod)] == ["invite"]


def test_nothing_personal_stands_in_an_address(client, paule) -> None:
    """Addresses stand in logs and histories."""
    come(client, paule.token, nir=nir_of())
    answer_all(client, alone=False)
    shown = " ".join(node.attributes.get("href") or "" for node in client.page.css("a"))
    assert not any(secret in shown for secret in (paule.token, "Essai", nir_of(), IBAN, "exemple.example"))
