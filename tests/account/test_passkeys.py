"""Passkeys (security B13): added, used as the way in, as the second step and as proof; every forged answer refused.

`tests/browser/test_passkeys.py` does the same with a real browser and its authenticator.
"""

import json
from datetime import timedelta

import pytest

from portal.data.sessions import Stage
from portal.data.throttling import ADDRESS_PASSKEY, quota
from portal.entry.passkeys import party_of
from tests.support import factories
from tests.support.entry import address, ask, enter, leave, send
from tests.support.passkeys import Device
from tests.support.second_factors import CODES, CONFIRM, KEYS, SECOND, acts, letter_names, rows, use_session

SIGN_IN = "/connexion/cle"

pytestmark = pytest.mark.engines("sqlite")


def options(client, path: str, form_at: str) -> dict:
    answer = send(client, path, form_at=form_at)
    assert answer.status_code == 200, answer.status_code
    assert answer.headers["content-type"] == "application/json"
    return json.loads(answer.text)


def add(client, device: Device, name: str = "Téléphone"):
    return send(
        client, KEYS, {"nom": name, "reponse": device.create(options(client, f"{KEYS}/options", KEYS))}, form_at=KEYS
    )


def owned(client, account, device: Device | None = None) -> Device:
    """A device whose key the account holds; the browser is then signed in."""
    device = device or Device()
    enter(client, account)
    assert add(client, device).status_code == 303
    return device


def sign_in(client, device: Device, **fields):
    leave(client)
    asked = options(client, f"{SIGN_IN}/options", "/connexion")
    return send(client, SIGN_IN, {"reponse": device.get(asked)} | fields, form_at="/connexion")


class TestAdding:
    def test_first_key_brings_recovery_codes_a_new_token_and_a_letter(self, client, anne) -> None:
        before = enter(client, anne)
        answer = add(client, Device())
        assert answer.headers["location"] == CODES
        assert client.http.cookies["__Host-portal-session"] != before
        client.get(KEYS)
        assert "Téléphone" in client.page.text
        assert letter_names(client) == ["factor-added"]
        assert ("passkey.added", "ok") in acts(client)
        assert ("recovery-codes.made", "ok") in acts(client)

    def test_second_key_is_welcome_and_leaves_the_recovery_codes(self, client, anne) -> None:
        owned(client, anne)
        client.get(CODES)
        answer = add(client, Device(), "Clé du bureau")
        assert answer.headers["location"] == KEYS
        client.get(KEYS)
        assert "2" in client.page.one("#vos-cles").text()

    def test_options_ask_for_a_verified_discoverable_key_and_say_nothing_about_the_person(self, client, anne) -> None:
        device = owned(client, anne)
        asked = options(client, f"{KEYS}/options", KEYS)
        assert asked["rp"]["id"] == "portal.test"
        assert asked["attestation"] == "none"
        assert asked["authenticatorSelection"]["residentKey"] == "required"
        assert asked["authenticatorSelection"]["userVerification"] == "required"
        assert len(device.handle) == 32
        assert anne.identifier.encode() not in device.handle
        assert len(asked["challenge"]) >= 43  # 256 bits
        assert len(asked["excludeCredentials"]) == 1

    def test_other_sessions_end_when_a_key_is_added(self, client, anne) -> None:
        other = enter(client, anne)
        owned(client, anne)
        use_session(client, other)
        assert ask(client, "/adherent").headers["location"].startswith("/connexion")

    @pytest.mark.parametrize(
        "device",
        [
            Device(origin="https://portal.evil"),
            Device(origin="https://portal.test:8443"),
            Device(origin="http://portal.test"),
            Device(site="evil.test"),
            Device(verifies=False),
        ],
        ids=["origin", "port", "scheme", "site", "unverified"],
    )
    def test_key_made_for_another_site_or_unverified_is_refused(self, client, anne, device) -> None:
        enter(client, anne)
        answer = add(client, device)
        assert answer.status_code == 422
        assert rows(client, "SELECT id FROM passkey") == []

    @pytest.mark.parametrize("answer", ["", "{}", "[]", "null", "x" * 500, '{"id": 1}', "[" * 9000, '{"a":' * 3000])
    def test_nonsense_is_refused_without_an_incident(self, client, anne, answer) -> None:
        enter(client, anne)
        fields = {"nom": "Téléphone", "reponse": answer}
        assert send(client, KEYS, fields, form_at=KEYS).status_code == 422

    def test_answer_sent_twice_adds_one_key(self, client, anne) -> None:
        enter(client, anne)
        made = Device().create(options(client, f"{KEYS}/options", KEYS))
        fields = {"nom": "Téléphone", "reponse": made}
        assert send(client, KEYS, fields, form_at=KEYS).status_code == 303
        assert send(client, KEYS, fields, form_at=KEYS).status_code == 422
        assert len(rows(client, "SELECT id FROM passkey")) == 1

    def test_challenge_of_another_session_is_worth_nothing(self, client, anne, make) -> None:
        enter(client, anne)
        asked = options(client, f"{KEYS}/options", KEYS)
        enter(client, make(factories.member_with_account)[1])
        fields = {"nom": "x", "reponse": Device().create(asked)}
        assert send(client, KEYS, fields, form_at=KEYS).status_code == 422

    def test_key_known_elsewhere_is_refused(self, client, anne, make) -> None:
        device = owned(client, anne)
        enter(client, make(factories.member_with_account)[1])
        assert add(client, device).status_code == 422

    def test_key_without_a_name_is_asked_for_one(self, client, anne) -> None:
        enter(client, anne)
        client.get(KEYS)
        client.submit(f'form[action="{KEYS}"]', nom="  ")
        assert client.status == 422
        assert "Donnez un nom" in client.page.text


class TestSigningIn:
    def test_member_enters_with_a_key_alone(self, client, anne) -> None:
        device = owned(client, anne)
        answer = sign_in(client, device, suite="/adherent/prestations")
        assert (answer.status_code, answer.headers["location"]) == (303, "/adherent/prestations")
        assert ask(client, "/adherent").status_code == 200
        assert ("session.opened", "ok") in acts(client)
        assert "new-sign-in" in letter_names(client)

    def test_employer_needs_no_code_besides(self, client, employer) -> None:
        device = owned(client, employer)
        assert sign_in(client, device).headers["location"] == "/accueil"
        assert ask(client, "/employeur").status_code == 200

    def test_sign_in_question_names_no_key(self, client) -> None:
        """Enumeration (B10): the same question for everyone; the person chooses in the browser."""
        asked = options(client, f"{SIGN_IN}/options", "/connexion")
        assert asked.get("allowCredentials") in (None, [])
        assert asked["userVerification"] == "required"

    def test_challenge_serves_once(self, client, anne) -> None:
        device = owned(client, anne)
        leave(client)
        asked = options(client, f"{SIGN_IN}/options", "/connexion")
        signed = {"reponse": device.get(asked)}
        assert send(client, SIGN_IN, signed, form_at="/connexion").status_code == 303
        again = {"reponse": device.get(asked)}
        assert send(client, "/deconnexion", form_at="/adherent").status_code == 303
        assert send(client, SIGN_IN, again, form_at="/connexion").status_code == 422

    def test_challenge_of_another_visit_or_purpose_is_worth_nothing(self, client, anne) -> None:
        device = owned(client, anne)
        stale = options(client, f"{KEYS}/options", KEYS)
        leave(client)
        foreign = options(client, f"{SIGN_IN}/options", "/connexion")
        leave(client)
        for asked in (stale, foreign):
            answer = send(client, SIGN_IN, {"reponse": device.get(asked)}, form_at="/connexion")
            assert answer.status_code == 422

    @pytest.mark.parametrize("wrong", [{"origin": "https://portal.evil"}, {"site": "x.test"}, {"verifies": False}])
    def test_signature_for_another_site_or_unverified_is_refused(self, client, anne, wrong) -> None:
        device = owned(client, anne)
        for name, value in wrong.items():
            setattr(device, name, value)
        answer = sign_in(client, device)
        assert answer.status_code == 422
        assert "set-cookie" not in answer.headers

    def test_key_of_somebody_else_s_handle_is_refused(self, client, anne) -> None:
        device = owned(client, anne)
        device.handle = b"quelqu'un d'autre"
        assert sign_in(client, device).status_code == 422

    def test_unknown_key_is_refused_with_the_same_words(self, client, anne) -> None:
        device = owned(client, anne)
        device.verifies = False
        assert "La clé d’accès n’a pas été reconnue" in sign_in(client, Device()).text
        assert "La clé d’accès n’a pas été reconnue" in sign_in(client, device).text

    def test_copied_key_rings_the_alarm(self, client, anne) -> None:
        """A counter that does not grow: refused, recorded, and its holder told."""
        device = owned(client, anne)
        thief = device.copied()
        assert sign_in(client, device).status_code == 303
        answer = sign_in(client, thief)
        assert answer.status_code == 422
        assert ("passkey.suspected", "refused") in acts(client)
        assert letter_names(client).count("passkey-suspected") == 1
        assert sign_in(client, device).status_code == 303

    def test_device_that_counts_nothing_is_not_suspected(self, client, anne) -> None:
        device = owned(client, anne)
        for _ in range(2):
            device.counter = -1
            assert sign_in(client, device).status_code == 303

    def test_removed_key_is_refused_at_once(self, client, anne) -> None:
        device = owned(client, anne)
        client.get(KEYS)
        client.click("Retirer la clé Téléphone")
        client.submit('form[action$="/retrait"]')
        assert client.path == KEYS
        assert sign_in(client, device).status_code == 422
        assert ("passkey.removed", "ok") in acts(client)
        assert rows(client, "SELECT count(*) FROM passkey WHERE removed_at IS NOT NULL")[0][0] == 1

    def test_suspended_holder_reads_the_same_refusal_as_with_a_password(self, client, anne, make) -> None:
        device = owned(client, anne)
        make(lambda db, _: factories.suspend(db, anne))
        answer = sign_in(client, device)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers or "session" not in answer.headers["set-cookie"]
        assert acts(client)[-1] == ("session.refused", "refused")


class TestSecondStep:
    def test_password_then_key_enters(self, client, anne) -> None:
        device = owned(client, anne)
        leave(client)
        client.get("/connexion")
        client.submit(
            'form[action="/connexion"]', **{"identifiant": anne.identifier, "mot-de-passe": factories.PASSWORD}
        )
        assert client.path == SECOND
        assert "Code à six chiffres" not in client.page.text
        asked = options(client, f"{SECOND}/options", SECOND)
        assert len(asked["allowCredentials"]) == 1
        answer = send(client, f"{SECOND}/cle", {"reponse": device.get(asked), "suite": "/adherent"}, form_at=SECOND)
        assert (answer.status_code, answer.headers["location"]) == (303, "/adherent")

    def test_key_of_another_account_is_no_second_step(self, client, anne, employer) -> None:
        device = owned(client, anne)
        enter(client, employer, stage=Stage.CODE)
        asked = options(client, f"{SECOND}/options", SECOND)
        answer = send(client, f"{SECOND}/cle", {"reponse": device.get(asked)}, form_at=SECOND)
        assert answer.status_code == 422
        assert ask(client, "/employeur").headers["location"].startswith(SECOND)
        assert rows(client, "SELECT used_at FROM passkey")[0][0] is None


class TestOwnership:
    def test_key_of_another_account_does_not_exist(self, client, anne, make) -> None:
        owned(client, anne)
        client.get(KEYS)
        path = next(node.attributes["href"] for node in client.page.css('a[href^="/compte/securite/cles/"]'))
        enter(client, make(factories.member_with_account)[1])
        assert ask(client, path).status_code == 404
        assert send(client, f"{path}/retrait", form_at="/adherent").status_code == 404
        assert ask(client, f"{KEYS}/AAAAAAAAAAAAAAAAAAAAAA").status_code == 404
        assert rows(client, "SELECT removed_at FROM passkey")[0][0] is None

    def test_last_factor_of_an_employer_stays(self, client, make) -> None:
        employer = make(factories.employer_account, with_code=False)
        owned(client, employer)
        client.get(KEYS)
        client.click("Retirer la clé Téléphone")
        client.submit('form[action$="/retrait"]')
        assert client.status == 422
        assert "votre seule seconde protection" in client.page.text

    def test_last_factor_of_a_member_may_leave_and_takes_the_codes_along(self, client, anne) -> None:
        owned(client, anne)
        client.get(KEYS)
        client.click("Retirer la clé Téléphone")
        client.submit('form[action$="/retrait"]')
        assert client.status == 200
        assert rows(client, "SELECT count(*) FROM recovery_code WHERE dropped_at IS NULL")[0][0] == 0


def test_key_confirms_identity_before_a_sensitive_act(client, anne) -> None:
    device = owned(client, anne)
    asked = options(client, f"{CONFIRM}/options", CONFIRM)
    fields = {"reponse": device.get(asked), "suite": KEYS}
    answer = send(client, f"{CONFIRM}/cle", fields, form_at=CONFIRM)
    assert (answer.status_code, answer.headers["location"]) == (303, KEYS)
    assert ("identity.confirmed", "ok") in acts(client)


def test_key_of_another_account_confirms_nothing(client, anne, make) -> None:
    device = owned(client, anne)
    owned(client, make(factories.member_with_account)[1])
    asked = options(client, f"{CONFIRM}/options", CONFIRM)
    answer = send(client, f"{CONFIRM}/cle", {"reponse": device.get(asked)}, form_at=CONFIRM)
    assert answer.status_code == 422
    assert acts(client)[-1] == ("identity.confirmed", "refused")


def test_address_of_this_machine_points_to_localhost(settings) -> None:
    local = settings.model_copy(update={"origin": "http://127.0.0.1:8000"})
    assert party_of(local).id == "localhost"
    assert party_of(local).origin == "http://localhost:8000"
    assert party_of(settings).origin == "https://portal.test"


@pytest.mark.parametrize("path", [SIGN_IN, f"{CONFIRM}/cle", KEYS])
def test_text_browser_that_sends_the_hidden_form_is_told_why_it_cannot(client, anne, path) -> None:
    """w3m shows what is hidden from others."""
    if path == SIGN_IN:
        leave(client)
    else:
        owned(client, anne)
    form_at = "/connexion" if path == SIGN_IN else path.removesuffix("/cle")
    answer = send(client, path, {"nom": "x", "reponse": ""}, form_at=form_at)
    assert answer.status_code == 422
    assert "ont besoin de JavaScript" in answer.text


class TestFlood:
    def test_refused_keys_of_one_network_are_throttled_and_recorded_once_per_delay(self, client, anne) -> None:
        device = owned(client, anne)
        for _ in range(ADDRESS_PASSKEY.allowed):
            assert sign_in(client, Device()).status_code == 422
        before = len(acts(client))
        for _ in range(3):
            assert sign_in(client, device).status_code == 422
        assert len(acts(client)) == before + 1
        with address(client, "198.51.100.7"):
            assert sign_in(client, device).status_code == 303

    def test_network_that_asks_without_end_is_told_to_wait(self, client, monkeypatch) -> None:
        few = quota("passkey-questions", 3, timedelta(minutes=10))
        monkeypatch.setattr("portal.entry.passkey_entry.PASSKEY_QUESTIONS", few)
        for _ in range(3):
            assert options(client, f"{SIGN_IN}/options", "/connexion")
        assert send(client, f"{SIGN_IN}/options", form_at="/connexion").status_code == 429
        assert len(rows(client, "SELECT digest FROM passkey_challenge")) == 3
