"""Checks that stay unusual: the proof, the freeze, its page, its letters; and nothing typed is lost (R-42, R-62)."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text

from portal.data.accounts import Role, Space
from portal.data.fraud import FraudChannel
from portal.data.known_browsers import remember
from portal.data.organisations import Provider
from portal.data.rights_freezes import RightsFreeze, freeze_checks
from portal.data.rights_patterns import BOUNDS, Pattern
from portal.formatting import today
from portal.security import OneTimeCode
from portal.typed_forms import seal_typed
from tests.support import factories
from tests.support.entry import ask, enter, leave, send, token_in
from tests.support.evidence_rows import Evidence
from tests.support.html import Html, text_of
from tests.support.mail import letters
from tests.support.rights import FIRST_NUMBER, members_in_a_row, practice

RIGHTS, HISTORY, CONFIRM = "/professionnel/droits", "/professionnel/droits/historique", "/compte/confirmation"
MARKS = {"naissance": factories.ADULT_BIRTH.isoformat(), "rang": "1", "soins": today().isoformat(), "motif": "1"}
pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture
def pharmacist(client, make):
    account = make(practice)
    with client.services.database.write() as db:
        members_in_a_row(db, 30)
        db.get_one(type(account), account.id).email = "titulaire@exemple.example"
        db.get_one(Provider, account.provider_id).email = "officine@exemple.example"
    enter(client, account)
    return account


def words(answer) -> str:
    return " ".join(text_of(Html(answer.text).first("main")).replace("\xa0", " ").split())


def post(client, number, token: str = "", **fields: str):
    """Sends the form by hand; its form's token comes along when none is given."""
    values = MARKS | {"numero": str(number), "formulaire": f"f{number}"} | fields
    return send(client, RIGHTS, values | ({"jeton": token} if token else {}), form_at="" if token else HISTORY)


def proven_anew(client) -> None:
    with client.services.database.write() as db:
        db.execute(text("UPDATE session SET confirmed_at = :now"), {"now": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}"})


def proven_long_ago(client) -> None:
    with client.services.database.write() as db:
        db.execute(text("UPDATE session SET confirmed_at = '2026-01-01 00:00:00.000000'"))


def confirm_here(client) -> None:
    code = OneTimeCode(factories.TOTP_SECRET).now()
    client.submit(f'form[action="{CONFIRM}"]', code=code, **{"mot-de-passe": factories.PASSWORD})


def count(client, table: str) -> int:
    with client.services.database.read() as db:
        return db.execute(text(f"SELECT count(*) FROM {table}")).scalar()


def walk(client, times: int) -> None:
    """Asks for numbers in a row, proving anew before each."""
    for number in range(times):
        proven_anew(client)
        assert "/reponses/" in post(client, FIRST_NUMBER + number).headers["location"]


def freeze_now(client, account) -> RightsFreeze:
    with client.services.database.write() as db:
        viewer, seen = factories.viewer_of(db, account), {Pattern.NEIGHBOURS: 15}
        return freeze_checks(db, viewer, client.services.keyring, seen, "Vu.", datetime.now(UTC))


@pytest.mark.usefixtures("pharmacist")
class TestTyped:
    def test_proof_that_falls_due_on_sending_brings_the_filled_form_back(self, client) -> None:
        """From the refused form to the proof and back, by the very pages; nothing of it in clear in an address."""
        proven_long_ago(client)
        for number in range(3):
            post(client, FIRST_NUMBER + number)
        refused = post(client, FIRST_NUMBER + 3, rang="2")
        path = urlsplit(refused.headers["location"])
        assert (refused.status_code, path.path) == (303, CONFIRM)
        back = parse_qs(path.query)["suite"][0]
        assert re.fullmatch(rf"{RIGHTS}\?saisie=[\w%=-]+", back)
        for mark in (str(FIRST_NUMBER + 3), factories.ADULT_BIRTH.isoformat(), "numero"):
            assert mark not in refused.headers["location"]
        client.get(refused.headers["location"])
        confirm_here(client)
        assert client.path_of_page.partition("?")[0] == RIGHTS
        shown = {each.attributes["name"]: each.attributes.get("value") for each in client.page.css("main input[name]")}
        wanted = {
            "numero": str(FIRST_NUMBER + 3),
            "rang": "2",
            "naissance": MARKS["naissance"],
            "soins": MARKS["soins"],
        }
        assert {name: shown[name] for name in wanted} == wanted
        assert client.page.one("input[name=motif]").attributes.get("checked", "no") != "no"
        client.submit(f'form[action="{RIGHTS}"]')
        assert "/reponses/" in client.path_of_page

    def test_session_that_lapsed_meanwhile_brings_the_filled_form_back(self, client, pharmacist) -> None:
        token = token_in(ask(client, RIGHTS), RIGHTS)
        with client.services.database.write() as db:
            db.execute(text("UPDATE session SET seen_at = '2026-01-01 00:00:00.000000'"))
        refused = post(client, FIRST_NUMBER, token)
        path = urlsplit(refused.headers["location"])
        assert (refused.status_code, path.path) == (303, "/connexion")
        assert str(FIRST_NUMBER) not in refused.headers["location"]
        back = parse_qs(path.query)["suite"][0]
        assert count(client, "rights_check") == 0
        enter(client, pharmacist)
        assert f'value="{FIRST_NUMBER}"' in ask(client, back).text

    @pytest.mark.parametrize("hostile", ["no token", "signed out", "other site", "no cookie"])
    def test_form_that_no_lapsed_session_of_ours_sent_is_not_kept(self, client, hostile) -> None:
        token = "x" * 88 if hostile == "no token" else token_in(ask(client, RIGHTS), RIGHTS)
        column = "ended_at" if hostile == "signed out" else "seen_at"
        with client.services.database.write() as db:
            db.execute(text(f"UPDATE session SET {column} = '2026-01-01 00:00:00.000000'"))
        if hostile == "no cookie":
            leave(client)
        headers = {"Sec-Fetch-Site": "cross-site"} if hostile == "other site" else {}
        fields = MARKS | {"numero": str(FIRST_NUMBER), "jeton": token, "formulaire": "un"}
        answer = send(client, RIGHTS, fields, headers=headers)
        assert answer.status_code == 303
        assert answer.headers["location"] == "/connexion"

    def test_what_somebody_else_typed_or_typed_long_ago_is_not_shown(self, client, pharmacist, make) -> None:
        values, now = MARKS | {"numero": "SECRET77", "formulaire": "un"}, datetime.now(UTC)
        keyring, other = client.services.keyring, make(practice)
        for account_id, purpose, at in (
            (other.id, "provider.rights", now),
            (pharmacist.id, "other.form", now),
            (pharmacist.id, "provider.rights", now - timedelta(hours=9)),
        ):
            sealed = seal_typed(keyring, account_id, purpose, values, at)
            assert "SECRET77" not in ask(client, f"{RIGHTS}?saisie={sealed}").text
        for odd in ("x", "é", "gAAAA" + "A" * 200, keyring.encrypt("{}").decode()):
            assert ask(client, f"{RIGHTS}?saisie={odd}").status_code == 200
        sealed = seal_typed(keyring, pharmacist.id, "provider.rights", values, now - timedelta(hours=7))
        assert "SECRET77" in ask(client, f"{RIGHTS}?saisie={sealed}").text


@pytest.mark.usefixtures("pharmacist")
class TestSameForm:
    def test_form_pressed_twice_gives_one_answer_and_one_line_of_journal(self, client) -> None:
        evidence = Evidence(client)
        first, second = (post(client, FIRST_NUMBER, formulaire="un") for _ in range(2))
        assert first.headers["location"] == second.headers["location"]
        assert [act.action for act in evidence.fresh()].count("rights.checked") == 1
        assert (count(client, "rights_check"), count(client, "rights_trace")) == (1, 1)
        third = post(client, FIRST_NUMBER, formulaire="deux")
        assert third.headers["location"] != first.headers["location"]

    def test_each_form_that_is_shown_has_a_token_of_its_own(self, client) -> None:
        tokens = {Html(ask(client, RIGHTS).text).one("input[name=formulaire]").attributes["value"] for _ in range(3)}
        assert len(tokens) == 3


@pytest.mark.usefixtures("pharmacist")
class TestBrowser:
    def test_stolen_cookie_in_another_browser_asks_for_a_proof_once(self, client, pharmacist) -> None:
        """The proof makes the browser known, and its holder is told, as at a sign-in."""
        with client.services.database.write() as db:
            remember(db, pharmacist.id, ["usual"], datetime.now(UTC) - timedelta(days=9))
        proven_long_ago(client)
        assert ask(client, RIGHTS).headers["location"].startswith(CONFIRM)
        assert post(client, FIRST_NUMBER).headers["location"].startswith(CONFIRM)
        client.get(CONFIRM)
        confirm_here(client)
        proven_long_ago(client)
        assert ask(client, RIGHTS).status_code == 200
        told = letters(client.services.database, client.services, to="titulaire@exemple.example")
        assert [each.name for each in told] == ["new-sign-in"]


@pytest.mark.usefixtures("pharmacist")
class TestFreeze:
    def test_walk_through_numbers_is_frozen_with_its_case_letters_and_record(self, client) -> None:
        walk(client, BOUNDS[Pattern.NEIGHBOURS].freeze - 1)
        evidence = Evidence(client)
        proven_anew(client)
        refused = post(client, FIRST_NUMBER + 20)
        assert refused.headers["location"].startswith(f"{RIGHTS}?saisie=")
        assert count(client, "rights_check") == 14
        (act,) = [each for each in evidence.fresh() if each.action == "rights.frozen"]
        assert act.details["seen"] == {"numeros_voisins": 15}
        assert act.details["practice"] is False
        told = letters(client.services.database, client.services)
        assert [each.name for each in told] == ["rights-frozen"] * 2
        for letter in told:
            assert "des numéros qui se suivent" in letter.text
            assert str(FIRST_NUMBER)[:6] not in letter.text
        page = ask(client, refused.headers["location"])
        assert page.status_code == 403
        said = words(page)
        for each in ("sont gelées", "des numéros qui se suivent", "Appelez-nous", "Vérifications passées", "Factures"):
            assert each in said
        assert str(FIRST_NUMBER + 20) in said, "what was typed can be read out on the telephone"

    def test_case_tells_counts_and_nobodys_data(self, client) -> None:
        walk(client, 14)
        proven_anew(client)
        post(client, FIRST_NUMBER + 20)
        with client.services.database.read() as db:
            sealed, channel = db.execute(text("SELECT text_encrypted, channel FROM fraud_report")).one()
        told = client.services.keyring.decrypt(sealed).replace("\xa0", " ")
        assert told == (
            "Vérifications de droits gelées. Vu : 15 numéros proches les uns des autres demandés en 24 heures."
        )
        assert channel == FraudChannel.RIGHTS

    def test_frozen_user_checks_nothing_and_reads_the_rest(self, client, pharmacist) -> None:
        answer = post(client, FIRST_NUMBER).headers["location"]
        freeze_now(client, pharmacist)
        assert ask(client, RIGHTS).status_code == 403
        back = post(client, FIRST_NUMBER + 9).headers["location"]
        assert back.startswith(f"{RIGHTS}?saisie=")
        assert count(client, "rights_check") == 1
        for path in (answer, HISTORY, "/professionnel", "/professionnel/factures", "/professionnel/versements"):
            assert ask(client, path).status_code == 200, path
        for path in ("/professionnel/contact", "/compte", "/compte/journal"):
            assert ask(client, path).status_code == 200, path

    def test_form_waits_filled_until_the_checks_are_given_back(self, client, pharmacist) -> None:
        freeze_now(client, pharmacist)
        back = post(client, FIRST_NUMBER + 9).headers["location"]
        with client.services.database.write() as db:
            db.execute(text("UPDATE rights_freeze SET lifted_at = :now"), {"now": "2026-11-01 00:00:00.000000"})
        page = ask(client, back)
        assert page.status_code == 200
        assert f'value="{FIRST_NUMBER + 9}"' in page.text

    def test_colleague_goes_on_and_a_second_freeze_closes_the_practice(self, client, pharmacist, make) -> None:
        colleague, third = (
            make(factories.account, space=Space.PROVIDER, role=Role.PROVIDER_STAFF, provider_id=pharmacist.provider_id)
            for _ in range(2)
        )
        freeze_now(client, pharmacist)
        enter(client, colleague)
        assert "/reponses/" in post(client, FIRST_NUMBER).headers["location"]
        freeze_now(client, colleague)
        enter(client, third)
        page = ask(client, RIGHTS)
        assert page.status_code == 403
        assert "Les vérifications de droits de votre structure sont gelées" in words(page)

    def test_freeze_of_another_practice_is_not_seen(self, client, make) -> None:
        for _ in range(2):
            freeze_now(client, make(practice))
        assert ask(client, RIGHTS).status_code == 200
        assert "gelées" not in words(ask(client, "/professionnel"))

    def test_proof_does_not_lift_a_freeze(self, client, pharmacist) -> None:
        freeze_now(client, pharmacist)
        enter(client, pharmacist)
        proven_anew(client)
        assert ask(client, RIGHTS).status_code == 403
        assert not post(client, FIRST_NUMBER).headers["location"].startswith(f"{RIGHTS}/reponses")
