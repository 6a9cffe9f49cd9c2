"""An organisation's users: invited, changed, removed by those who manage them, and by nobody else (R-10, R-11)."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from portal.data.accounts import Account, Role
from portal.formatting import today
from tests.support import factories
from tests.support.entry import SAME_ORIGIN, ask, enter, leave, present, send, token_in
from tests.support.html import text_of
from tests.support.onboarding import company, provider

SECRET = re.compile(r"\b[2-9a-z]{4}(?:-[2-9a-z]{4}){6}\b")
TEAM = "/employeur/utilisateurs"
INVITE = f"{TEAM}/invitation"
LEA = {"nom": "Durand", "prenom": "Léa", "email": "lea@ateliers.example", "role": "lecteur", "fin": ""}


@pytest.fixture
def keyring(client):
    return client.services.keyring


@pytest.fixture
def signatory(client, make, keyring) -> Account:
    """Agathe, who signed for the company; she is signed in."""
    made = make(company)
    account = make(factories.employer_account, keyring=keyring, company_id=made.id, display_name="Agathe Modèle",
                   email="agathe@ateliers.example")  # fmt: skip
    enter(client, account)
    return account


@pytest.fixture
def colleague(make, keyring, signatory):
    """Adds a user to the signatory's company."""

    def added(role: Role = Role.CLERK, **values) -> Account:
        details = {"company_id": signatory.company_id, "email": f"{role.value}@ateliers.example"} | values
        return make(factories.account, keyring=keyring, space="employeur", role=role, **details)

    return added


@pytest.fixture
def stranger(make, keyring) -> Account:
    """A clerk of another company."""
    other = make(company, siret="00000000000018", number="G-2")
    return make(factories.employer_account, keyring=keyring, is_clerk=True, company_id=other.id)


def path_of(client, account: Account) -> str:
    (opaque,) = client.services.keyring.conceal("account", [account.id])
    return f"{TEAM}/{opaque}"


def row(client, account_id: int) -> tuple:
    query = "SELECT role, access_ends_on FROM account WHERE id = :id"
    with client.services.database.read() as db:
        role, ends_on = db.execute(text(query), {"id": account_id}).one()
    return role, str(ends_on) if ends_on else None


def acts(client) -> list[tuple]:
    query = "SELECT actor, action, object FROM evidence WHERE action LIKE 'user.%' OR action LIKE 'cred%' ORDER BY seq"
    with client.services.database.read() as db:
        return [tuple(one) for one in db.execute(text(query))]


def invited(client) -> tuple | None:
    query = (
        "SELECT id, role, display_name, organisation, access_ends_on FROM account WHERE email = 'lea@ateliers.example'"
    )
    with client.services.database.read() as db:
        return db.execute(text(query)).first()


def test_signatory_sees_the_own_company_alone(client, signatory, colleague, stranger) -> None:
    colleague(display_name="Hugo Spécimen")
    page = client.get(TEAM)
    names = [text_of(node) for node in page.css(".rows strong")]
    assert names == ["Agathe Modèle", "Hugo Spécimen"]
    assert page.css(f'a[href="{TEAM}"][aria-current="page"]')


def test_signatory_invites_and_two_letters_leave(client, signatory, posted) -> None:
    client.get(INVITE)
    client.submit(f'form[action="{INVITE}"]', **LEA, follow=True)
    assert client.path == TEAM
    account_id, role, name, organisation, _ = invited(client)
    assert (role, name, organisation) == ("lecteur", "Léa Durand", "Ateliers Exemple")
    identifier, password = posted()
    assert (identifier.name, password.name) == ("sign-up-identifier", "sign-up-password")
    assert {identifier.to, password.to} == {"lea@ateliers.example"}
    assert "Ateliers Exemple" in identifier.text
    assert SECRET.search(password.text)
    assert not SECRET.search(identifier.text)
    assert acts(client) == [(signatory.id, "user.invited", f"compte:{account_id}")]
    assert "Attend la première connexion" in client.page.one("main").text()


def test_invited_user_starts_by_choosing_a_password_then_a_factor(client, signatory, posted) -> None:
    """R-11, R-16: password, second factor, terms, then the space."""
    send(client, INVITE, LEA, form_at=INVITE)
    identifier, password = posted()
    number = re.search(r"\b\d{10}\b", identifier.text).group()
    leave(client)
    client.sign_in(number, SECRET.search(password.text).group())
    assert client.path.startswith("/mot-de-passe/premier")
    assert ask(client, TEAM).headers["location"].startswith("/mot-de-passe/premier")


def test_invitation_with_mistakes_is_shown_again(client, signatory, posted) -> None:
    yesterday = (today() - timedelta(days=1)).isoformat()
    client.get(INVITE)
    page = client.submit(f'form[action="{INVITE}"]', nom=" ", prenom="", email="lea", fin=yesterday)
    assert client.status == 422
    assert all(page.css(f"#{name}-erreur") for name in ("nom", "prenom", "email", "role", "fin"))
    assert posted() == []


@pytest.mark.parametrize("role", ["signataire", "professionnel", "equipe", "superviseur", "adherent", "", "x"])
@pytest.mark.parametrize("as_role", [Role.SIGNATORY, Role.ADMINISTRATOR])
def test_nobody_makes_a_signatory_or_a_role_of_another_space(client, signatory, colleague, role, as_role) -> None:
    if as_role is Role.ADMINISTRATOR:
        enter(client, colleague(Role.ADMINISTRATOR))
    assert send(client, INVITE, LEA | {"role": role}, form_at=INVITE).status_code == 422
    clerk = colleague()
    path = path_of(client, clerk)
    assert send(client, path, {"role": role, "fin": ""}, form_at=path).status_code == 422
    assert invited(client) is None
    assert row(client, clerk.id) == ("gestionnaire_paie", None)


def test_same_address_is_invited_once(client, signatory, colleague) -> None:
    colleague(email="LEA@ateliers.example")
    answer = send(client, INVITE, LEA, form_at=INVITE)
    assert answer.status_code == 422
    assert 'id="email-erreur"' in answer.text


def test_two_invitations_at_once_open_one_account(client, signatory) -> None:
    sent = LEA | {"jeton": token_in(ask(client, INVITE))}

    def post(_: int) -> int:
        return client.http.post(INVITE, data=sent, headers=SAME_ORIGIN, follow_redirects=False).status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(post, range(4))) == [303, 422, 422, 422]


def test_invitations_have_a_limit(client, signatory) -> None:
    answers = [
        send(client, INVITE, LEA | {"email": f"lea{n}@ateliers.example"}, form_at=INVITE).status_code for n in range(21)
    ]
    assert answers == [303] * 20 + [422]


def test_signatory_changes_role_and_end(client, signatory, colleague) -> None:
    clerk = colleague()
    path, last = path_of(client, clerk), (today() + timedelta(days=30)).isoformat()
    client.get(path)
    client.submit(f'form[action="{path}"]', role="administrateur", fin=last, follow=True)
    assert client.path == TEAM
    assert row(client, clerk.id) == ("administrateur", last)
    assert acts(client) == [(signatory.id, "user.changed", f"compte:{clerk.id}")]


def test_changed_role_holds_from_the_next_request_on(client, signatory, colleague, make) -> None:
    """D9."""
    administrator = colleague(Role.ADMINISTRATOR)
    token = make(factories.session_token, who=administrator)
    path = path_of(client, administrator)
    send(client, path, {"role": "lecteur", "fin": ""}, form_at=path)
    present(client, token)
    assert ask(client, TEAM).status_code == 403


def test_removed_user_is_out_at_the_next_request(client, signatory, colleague, make) -> None:
    clerk = colleague()
    token = make(factories.session_token, who=clerk)
    path = path_of(client, clerk)
    client.get(path)
    client.submit(f'form[action="{path}/retrait"]', follow=True)
    assert client.path == TEAM
    assert "gestionnaire_paie@" not in client.page.text
    assert acts(client) == [(signatory.id, "user.removed", f"compte:{clerk.id}")]
    assert ask(client, path).status_code == 404
    present(client, token)
    assert ask(client, "/employeur").headers["location"].startswith("/connexion")


def test_credentials_are_sent_again_while_the_first_sign_in_is_due(client, signatory, posted) -> None:
    send(client, INVITE, LEA, form_at=INVITE)
    first = SECRET.search(posted()[1].text)
    with client.services.database.read() as db:
        account = db.get_one(Account, invited(client).id)
    path = path_of(client, account)
    client.get(path)
    client.submit(f'form[action="{path}/renvoi"]', follow=True)
    again = posted()
    assert [letter.name for letter in again] == ["sign-up-identifier", "sign-up-password"]
    assert SECRET.search(again[1].text).group() != first.group()
    assert acts(client)[-1] == (signatory.id, "credentials.sent", f"compte:{account.id}")


def test_user_with_an_own_password_gets_no_credentials(client, signatory, colleague, posted) -> None:
    clerk = colleague()
    path = path_of(client, clerk)
    assert f'action="{path}/renvoi"' not in client.get(path).text
    send(client, f"{path}/renvoi", form_at=path)
    assert posted() == []


@pytest.mark.parametrize("act", ["", "/retrait", "/renvoi"])
def test_another_companys_user_is_absent(client, signatory, stranger, act) -> None:
    """D3: as absent as one that never was."""
    path = path_of(client, stranger)
    assert ask(client, path).status_code == 404
    assert send(client, path + act, {"role": "lecteur", "fin": ""}, form_at=TEAM).status_code == 404
    assert row(client, stranger.id) == ("gestionnaire_paie", None)


@pytest.mark.parametrize("act", ["", "/retrait", "/renvoi"])
def test_nobody_changes_themselves_or_the_signatory(client, signatory, colleague, act) -> None:
    administrator = colleague(Role.ADMINISTRATOR)
    for viewer in (signatory, administrator):
        enter(client, viewer)
        path = path_of(client, viewer)
        assert ask(client, path).status_code == 403
        assert send(client, path + act, {"role": "lecteur", "fin": ""}, form_at=TEAM).status_code == 403
    path = path_of(client, signatory)
    assert send(client, path + act, {"role": "lecteur", "fin": ""}, form_at=TEAM).status_code == 403
    assert row(client, signatory.id)[0] == "signataire"


@pytest.mark.parametrize("role", [Role.CLERK, Role.READER])
def test_clerk_and_reader_manage_nobody(client, signatory, colleague, role) -> None:
    enter(client, colleague(role))
    assert [ask(client, path).status_code for path in (TEAM, INVITE, path_of(client, signatory))] == [403] * 3
    assert f'href="{TEAM}"' not in client.get("/employeur").text


@pytest.mark.parametrize(
    "extra", ["space", "company_id", "organisation", "identifier", "password_hash", "id", "person_id"]
)
def test_fields_that_no_form_offers_change_nothing(client, signatory, extra) -> None:
    """D6."""
    assert send(client, INVITE, LEA | {extra: "99"}, form_at=INVITE).status_code == 303
    assert invited(client)[1:4] == ("lecteur", "Léa Durand", "Ateliers Exemple")


def test_changes_ask_for_a_recent_proof_of_identity(client, signatory, colleague) -> None:
    """C6: the list may be read, nothing may be changed."""
    clerk = colleague()
    path = path_of(client, clerk)
    client.get(path)
    with client.services.database.write() as db:
        db.execute(text("UPDATE session SET confirmed_at = '2020-01-01 00:00:00+00:00'"))
    assert ask(client, TEAM).status_code == 200
    for asked in (INVITE, path):
        assert ask(client, asked).headers["location"].startswith("/compte/confirmation")
    sent = {"role": "lecteur", "fin": "", "jeton": token_in(client.answer)}
    for act in ("", "/retrait", "/renvoi"):
        assert send(client, path + act, sent).headers["location"].startswith("/compte/confirmation")
    assert row(client, clerk.id) == ("gestionnaire_paie", None)


def test_holder_of_an_agreement_invites_the_own_team(client, make, keyring, posted) -> None:
    made = make(provider)
    enter(client, make(factories.provider_account, keyring=keyring, provider_id=made.id))
    path = "/professionnel/utilisateurs/invitation"
    assert (
        send(client, path, LEA | {"role": "equipe"}, form_at=path).headers["location"] == "/professionnel/utilisateurs"
    )
    assert invited(client)[1] == "equipe"
    assert len(posted()) == 2
    assert ask(client, TEAM).status_code == 403


def test_account_of_no_organisation_has_no_team(client, make, keyring) -> None:
    enter(client, make(factories.employer_account, keyring=keyring))
    assert client.get(TEAM).css(".rows strong") == []
