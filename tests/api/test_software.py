"""Whoever holds an agreement makes the practice's access for its software, and ends it (R-42, R-51, R-62, R-72)."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import text

from portal.data.accounts import Role
from portal.data.desk_acts import suspend
from portal.data.software import OVERLAP, SoftwareGone, revoke_software
from tests.api.conftest import Caller, Client, question
from tests.support import factories
from tests.support.entry import ask, enter, send
from tests.support.html import text_of
from tests.support.mail import letters
from tests.support.rights import practice

PATH, CONFIRM = "/professionnel/logiciel", "/compte/confirmation"
CREATE, RENEW, REVOKE = (f'form[action="{PATH}{end}"]' for end in ("", "/secret", "/arret"))

pytestmark = pytest.mark.engines("sqlite")


def words(client) -> str:
    return " ".join(text_of(client.page.first("main")).replace("\xa0", " ").split())


def shown(client, account) -> Caller:
    """The software with what the page shows."""
    client_id, secret = (text_of(each) for each in client.page.css("dd.secret"))
    return Caller(client, Client(account, client_id, secret))


def acts(client) -> list[tuple[str, int | None]]:
    with client.services.database.read() as db:
        rows = db.execute(text("SELECT action, actor FROM evidence WHERE action LIKE 'software.%' ORDER BY seq"))
        return [tuple(row) for row in rows]


@pytest.fixture
def holder(client):
    with client.services.database.write() as db:
        account = practice(db, client.services.keyring)
        account.email = "titulaire@exemple.example"
        db.flush()
    enter(client, account)
    return account


@pytest.fixture
def made(client, holder) -> Caller:
    client.get(PATH)
    client.submit(CREATE, nom="LGO Essai")
    return shown(client, holder)


class TestMaking:
    def test_holder_makes_the_access_and_sees_its_secret_until_it_is_noted(self, client, made, family) -> None:
        assert made.check(question(family)).json()["etat"] == "droits_ouverts"
        assert "Copiez ce secret maintenant" in words(client)
        client.submit(f'form[action="{PATH}/note"]')
        assert "LGO Essai" in words(client)
        assert made.of.secret not in client.page.text
        assert re.search(r"Vérifications faites\s*1", words(client))
        with client.services.database.read() as db:
            kept = str(
                [db.execute(text(f"SELECT * FROM {each}")).all() for each in ("software_secret", "evidence_detail")]
            )
        assert made.of.secret not in kept

    def test_secret_is_shown_to_the_session_that_made_it_alone_and_for_a_quarter_of_an_hour(
        self, client, made, holder
    ) -> None:
        enter(client, holder)
        assert made.of.secret not in client.get(PATH).text

    def test_every_holder_is_written_to_and_the_act_is_on_record(self, client, made, holder) -> None:
        (letter,) = letters(client.services.database, client.services, holder.email)
        assert "Accès de votre logiciel créé" in letter.subject
        assert made.of.client_id in letter.text
        assert made.of.secret not in letter.text
        assert acts(client) == [("software.created", holder.id)]

    @pytest.mark.usefixtures("holder")
    def test_form_without_a_name_is_explained_and_makes_nothing(self, client) -> None:
        client.get(PATH)
        client.submit(CREATE, nom="  ")
        assert client.status == 422
        assert "Donnez le nom de votre logiciel" in words(client)
        assert acts(client) == []

    @pytest.mark.usefixtures("made")
    def test_second_access_of_a_practice_is_refused(self, client) -> None:
        answer = send(client, PATH, {"nom": "Autre"}, form_at=PATH)
        assert answer.status_code == 422
        assert "a déjà un accès" in answer.text
        assert len(acts(client)) == 1


class TestRenewing:
    def test_secret_before_goes_on_for_a_day_unless_it_was_read(self, client, made, holder) -> None:
        client.get(PATH)
        client.submit(RENEW)
        newer = shown(client, holder)
        assert newer.of.client_id == made.of.client_id
        assert made.ask_token().status_code == newer.ask_token().status_code == 200
        with time_machine.travel(datetime.now(UTC) + OVERLAP + timedelta(seconds=1)):
            assert made.ask_token().status_code == 401
            assert newer.ask_token().status_code == 200

    def test_secret_that_was_read_ends_at_once_with_its_tokens(self, client, made, holder, family) -> None:
        token = made.token()
        client.get(PATH)
        client.submit(RENEW, aussitot="1")
        assert made.ask_token().status_code == 401
        assert made.check(question(family), token=token).status_code == 401
        assert shown(client, holder).check(question(family)).status_code == 200

    @pytest.mark.usefixtures("made")
    def test_access_acts_for_whoever_renewed_its_secret_last(self, client, holder, family) -> None:
        with client.services.database.write() as db:
            other = factories.provider_account(db, client.services.keyring, provider_id=holder.provider_id)
        enter(client, other)
        client.get(PATH)
        client.submit(RENEW)
        with client.services.database.write() as db:
            suspend(db, None, db.get_one(type(holder), holder.id), "essai", datetime.now(UTC))
        assert shown(client, other).check(question(family)).status_code == 200


class TestEnding:
    def test_holder_ends_the_access_and_it_answers_no_more(self, client, made, holder, family) -> None:
        token = made.token()
        client.get(PATH)
        client.submit(REVOKE)
        assert "Créer l’accès" in words(client)
        assert made.check(question(family), token=token).status_code == 401
        assert made.ask_token().status_code == 401
        assert acts(client)[-2][0] == "software.revoked"
        assert send(client, f"{PATH}/arret", form_at=PATH).status_code == 422
        assert send(client, f"{PATH}/secret", form_at=PATH).status_code == 422
        client.get(PATH)
        client.submit(CREATE, nom="Autre")
        assert shown(client, holder).of.client_id != made.of.client_id

    def test_operator_ends_the_access_of_a_practice(self, client, made, holder) -> None:
        with client.services.database.write() as db:
            revoke_software(db, None, holder.provider_id, datetime.now(UTC))
        assert made.ask_token().status_code == 401
        with client.services.database.write() as db, pytest.raises(SoftwareGone):
            revoke_software(db, None, holder.provider_id, datetime.now(UTC))

    def test_desk_ends_the_access_and_the_holder_reads_it(self, client, made, holder, family) -> None:
        """R-63: without closing the account itself."""
        token = made.token()
        with client.services.database.write() as db:
            agent = factories.desk_account(db, client.services.keyring)
        (opaque,) = client.services.keyring.conceal("account", [holder.id])
        enter(client, agent)
        client.get(f"/gestion/comptes/{opaque}")
        client.click("Arrêter l’accès de son logiciel")
        client.submit(f'form[action="/gestion/comptes/{opaque}/actes/logiciel"]')
        assert made.check(question(family), token=token).status_code == 401
        assert [letter.subject for letter in letters(client.services.database, client.services, holder.email)][-1] == (
            "Accès de votre logiciel arrêté"
        )
        enter(client, holder)
        client.services.journal.flush()
        assert "L’accès de votre logiciel a été arrêté par un gestionnaire" in client.get("/compte/journal").text
        enter(client, agent)
        assert "Arrêter l’accès de son logiciel" not in client.get(f"/gestion/comptes/{opaque}").text


class TestPermission:
    def test_staff_and_others_have_no_such_page(self, client, holder) -> None:
        with client.services.database.write() as db:
            keyring = client.services.keyring
            accounts = [
                factories.account(db, keyring, holder.space, Role.PROVIDER_STAFF, provider_id=holder.provider_id),
                factories.employer_account(db, keyring),
            ]
        for account in accounts:
            enter(client, account)
            assert ask(client, PATH).status_code == 403
            assert send(client, PATH, {"nom": "x"}, form_at="/compte").status_code == 403

    def test_another_practice_sees_and_changes_its_own_alone(self, client, made, family) -> None:
        with client.services.database.write() as db:
            other = practice(db, client.services.keyring)
        enter(client, other)
        assert made.of.client_id not in client.get(PATH).text
        assert send(client, f"{PATH}/arret", form_at=PATH).status_code == 422
        assert made.check(question(family)).status_code == 200

    @pytest.mark.usefixtures("holder")
    def test_proof_of_long_ago_leads_to_a_new_one(self, client) -> None:
        with client.services.database.write() as db:
            db.execute(text("UPDATE session SET confirmed_at = '2026-01-01 00:00:00'"))
        assert ask(client, PATH).headers["location"].startswith(CONFIRM)


class TestOff:
    @pytest.fixture
    def settings(self, settings):
        return settings.model_copy(update={"rights_api": False})

    @pytest.mark.usefixtures("holder")
    def test_nothing_stands_there_where_the_api_is_off(self, client, app) -> None:
        for path in ("/api/openapi.json", "/api/jeton", "/api/droits", "/api", PATH):
            answer = ask(client, path)
            assert answer.status_code == 404, path
            assert '<html lang="fr">' in answer.text
        for path in ("/api/jeton", "/api/droits"):
            assert send(client, path).status_code == 404
        assert send(client, PATH, {"nom": "x"}, form_at="/compte").status_code == 404
        assert [route.path for route in app.routes if route.path.startswith("/api")] == []
        assert "Logiciel" not in client.get("/professionnel").text
