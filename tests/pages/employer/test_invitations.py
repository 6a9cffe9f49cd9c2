"""An employer invites employees to finish their affiliation, and sees no more than how far they are (R-30, R-72)."""

import pytest
from sqlmodel import select

from portal.data.employees import Employee, EmploymentPeriod
from portal.data.invitations import AffiliationInvitation
from portal.formatting import today
from portal.pages.employer.invitation_batch import MOST
from tests.support.entry import ask, enter, send
from tests.support.evidence_rows import Evidence
from tests.support.invitations import BORN, IBAN, add_child, come, invited, nir_of
from tests.support.mail import letters

LIST, NEW = "/employeur/salaries/invitations", "/employeur/salaries/invitations/nouvelle"
BATCH = "/employeur/salaries/invitations/plusieurs"


def fields(firm, **values) -> dict[str, str]:
    entered = {"prenom": "Paule", "nom": "Essai", "usage": "", "naissance": BORN.isoformat(), "nir": ""}
    entered |= {"email": "paule@exemple.example", "matricule": "42", "effet": ""}
    entered |= {"categorie": firm.name("staff-category", firm.category), "embauche": today().isoformat()}
    return entered | values


def rows(client, table) -> list:
    with client.services.database.read() as db:
        return list(db.exec(select(table)))


def path(firm, row, act: str) -> str:
    return f"{LIST}/{firm.name('affiliation-invitation', row)}/{act}"


def test_clerk_invites_and_the_employee_gets_a_link_that_holds_no_number(client, firm) -> None:
    """R-51: it leaves evidence."""
    evidence = Evidence(client)
    client.get(NEW)
    client.submit("main form", **fields(firm, nir=nir_of()))
    assert client.path == LIST
    assert "Envoyée" in client.page.text
    (letter,) = letters(client.services.database, client.services)
    assert (letter.name, letter.to) == ("affiliation-invitation", "paule@exemple.example")
    assert "/affiliation?jeton=" in letter.text
    assert nir_of() not in letter.text
    assert BORN.isoformat() not in letter.text
    assert "employee.invited" in {act.action for act in evidence.fresh()}
    assert [each.kind for each in rows(client, EmploymentPeriod)] == ["invite"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"prenom": "<b>"}, "prenom"),
        ({"naissance": ""}, "naissance"),
        ({"naissance": "2026-02-31"}, "naissance"),
        ({"nir": nir_of()[:-1] + "9"}, "nir"),
        ({"email": ""}, "email"),
        ({"email": "a@b\r\nBcc: c@d.fr"}, "email"),
        ({"categorie": "x"}, "categorie"),
        ({"matricule": "=1+1"}, "matricule"),
        ({"embauche": "2015-02-01"}, "effet"),
    ],
)
def test_wrong_invitation_is_told_beside_its_field_and_sends_nothing(client, firm, values, field) -> None:
    answer = send(client, NEW, fields(firm, **values), form_at=NEW)
    assert answer.status_code == 422
    assert f'id="{field}-erreur"' in answer.text
    assert letters(client.services.database, client.services) == []
    assert rows(client, AffiliationInvitation) == []


def test_invitation_pressed_twice_sends_one_letter(client, firm) -> None:
    for _ in range(2):
        assert send(client, NEW, fields(firm), form_at=NEW).status_code == 303
    assert len(letters(client.services.database, client.services)) == 1


def test_employer_never_sees_what_the_employee_typed(client, firm) -> None:
    """R-72: neither family, nor account, nor number, nor address; how far the invitation is, that is all."""
    paule = invited(client.services, firm)
    come(client, paule.token, nir=nir_of())
    client.submit("main form", email="a.moi@exemple.example")
    client.submit("main form", qui="famille")
    add_child(client)
    client.get("/affiliation/etapes/remboursements")
    client.submit("main form", iban=IBAN, titulaire="Paule Essai")
    enter(client, firm.clerk)
    seen = client.get(LIST).text
    assert "Commencée par le salarié" in seen
    come(client, paule.token)
    client.submit("main form", exact="1")
    enter(client, firm.clerk)
    seen = client.get(LIST).text + client.get(firm.path(paule.employee)).text
    seen += ask(client, "/employeur/salaries/export.csv").text
    assert "Terminée\u00a0: affilié" in seen
    assert "Duo" in seen
    assert not any(secret in seen for secret in ("Zoé", IBAN, IBAN[-3:] + " ", nir_of(), "a.moi@exemple.example"))


def test_invitation_is_sent_again_a_few_times_a_day(client, firm) -> None:
    """Nobody's mailbox is flooded."""
    row = invited(client.services, firm).row
    answers = [send(client, path(firm, row, "renvoi"), form_at=LIST).status_code for _ in range(4)]
    assert answers == [303, 303, 303, 422]
    assert len(letters(client.services.database, client.services)) == 3


def test_withdrawn_invitation_leaves_the_list_of_employees_and_kills_the_link(client, firm) -> None:
    paule = invited(client.services, firm)
    evidence = Evidence(client)
    client.get(LIST)
    client.submit('form[action$="/retrait"]')
    assert "Retirée" in client.page.text
    assert not client.page.css('form[action$="/renvoi"]')
    assert "invitation.revoked" in {act.action for act in evidence.fresh()}
    assert "Essai" not in client.get("/employeur/salaries").one("main").text()
    come_back = client.services.keyring.signer("affiliation").sign(paule.token).decode()
    assert ask(client, client.url("invited", {"jeton": come_back})).status_code == 303
    assert ask(client, "/affiliation").status_code == 404
    again = send(client, path(firm, paule.row, "retrait"), form_at=LIST)
    assert again.status_code == 422


def test_other_company_and_a_reader_change_nothing(client, firm) -> None:
    """R-72: another company's invitation does not exist; whoever only reads has no button."""
    row = invited(client.services, firm).row
    enter(client, firm.other)
    assert "Paule" not in client.get(LIST).text
    for act in ("renvoi", "retrait"):
        assert send(client, path(firm, row, act), form_at=LIST).status_code == 404
        assert send(client, f"{LIST}/{'x' * 22}/{act}", form_at=LIST).status_code == 404
    enter(client, firm.reader)
    assert not client.get(LIST).css("main form")
    for act in ("renvoi", "retrait"):
        assert send(client, path(firm, row, act), form_at="/compte").status_code == 403
    assert ask(client, NEW).status_code == 403
    (now,) = rows(client, AffiliationInvitation)
    assert (now.letters, now.revoked_at) == (1, None)


def test_cursor_of_the_list_is_ours_or_nothing(client, firm) -> None:
    invited(client.services, firm)
    assert ask(client, f"{LIST}?apres={'x' * 22}").status_code == 404


# --- several at once ---


def line(first_name: str, *, born: str = "12/04/1990", code: str = "NONCADRES") -> str:
    return f"{first_name};Essai;{born};{first_name.lower()}@exemple.example;{code};{today():%d/%m/%Y}"


def test_pasted_lines_invite_everybody_at_once(client, firm) -> None:
    client.get(BATCH)
    typed = "\r\n".join([line("Paule"), "", line("Lou").replace(";", "\t")])
    client.submit("main form", lignes=typed)
    assert client.path == LIST
    assert {each.to for each in letters(client.services.database, client.services)} == {
        "paule@exemple.example", "lou@exemple.example",
    }  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    ["x", line("Lou", born="31/02/1990"), line("Lou", code="AUTRE"), line("=cmd()"), line("Paule"), "a;" * 9],
)
def test_one_wrong_line_sends_nothing_and_is_named(client, firm, wrong) -> None:
    typed = f"{line('Paule')}\n{wrong}"
    answer = send(client, BATCH, {"lignes": typed}, form_at=BATCH)
    if wrong == line("Paule"):
        assert answer.status_code == 303, "the same line twice is the same invitation"
        assert len(rows(client, Employee)) == 1
        return
    assert answer.status_code == 422
    assert "Ligne 2" in answer.text
    assert line("Paule") in answer.text
    assert rows(client, Employee) == []
    assert letters(client.services.database, client.services) == []


def test_wrong_line_says_which_of_its_columns_is_wrong(client, firm) -> None:
    typed = line("Lou", born="31/02/1990")
    answer = send(client, BATCH, {"lignes": typed}, form_at=BATCH)
    assert "Date de naissance\u00a0: " in answer.text
    assert "Date d’embauche\u00a0: " not in answer.text


def test_too_many_lines_and_none_at_all_are_refused(client, firm) -> None:
    for typed in ("", "\n".join([line("Paule")] * (MOST + 1))):
        answer = send(client, BATCH, {"lignes": typed}, form_at=BATCH)
        assert answer.status_code == 422
        assert 'id="lignes-erreur"' in answer.text
