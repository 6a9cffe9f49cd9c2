"""A practice's software gets a token for its secret (R-42, R-62; RFC 6749, RFC 6750)."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import text

from portal.api.access import LIFE
from portal.data.throttling import SOFTWARE_ADDRESS, SOFTWARE_TOKENS
from portal.formatting import today
from tests.api.conftest import RIGHTS, TOKEN, basic, question
from tests.support.entry import address, enter

FREEZE = (
    "INSERT INTO account_suspension (account_id, kind, reason, started_at)"
    " SELECT account_id, 'fraude', 'x', '2026-01-01 00:00:00' FROM software"
)
CLOSE = (
    "INSERT INTO account_closing (account_id, reason, closed_at)"
    " SELECT account_id, 'x', '2026-01-01 00:00:00' FROM software"
)

pytestmark = pytest.mark.engines("sqlite")


def acts(client) -> list[tuple[str, str, str]]:
    with client.services.database.read() as db:
        query = "SELECT object, outcome, reason FROM evidence WHERE action = 'software.token-issued' ORDER BY seq"
        return [tuple(row) for row in db.execute(text(query))]


def change(client, statement: str, **values) -> None:
    with client.services.database.write() as db:
        db.execute(text(statement), values)


class TestGrant:
    def test_software_gets_a_short_token_that_nobody_keeps(self, software) -> None:
        answer = software.ask_token(scope="droits")
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["pragma"] == "no-cache"
        given = answer.json()
        assert (given["token_type"], given["expires_in"], given["scope"]) == ("Bearer", 600, "droits")
        assert "set-cookie" not in answer.headers

    def test_software_authenticates_by_basic_as_well(self, client, software) -> None:
        of = software.of
        header = basic(of.client_id, of.secret)
        answer = client.http.post(TOKEN, data={"grant_type": "client_credentials"}, headers={"authorization": header})
        assert answer.status_code == 200

    def test_field_that_the_norm_does_not_know_is_ignored(self, software) -> None:
        assert software.ask_token({"audience": "x", "vide": ""}).status_code == 200

    def test_evidence_tells_each_token_and_each_refusal_without_any_secret(self, client, software, caplog) -> None:
        software.token()
        software.ask_token({"client_secret": "faux-secret-tape"})
        assert acts(client) == [(software.of.client_id, "ok", ""), ("", "refused", "invalid_client")]
        with client.services.database.read() as db:
            tables = ("evidence", "evidence_detail", "software", "software_secret", "throttle")
            kept = "".join(str(db.execute(text(f"SELECT * FROM {table}")).all()) for table in tables)
        for secret in (software.of.secret, "faux-secret-tape"):
            assert secret not in kept
            assert secret not in caplog.text


class TestRefusal:
    @pytest.mark.parametrize(
        ("fields", "error", "status"),
        [
            ({"grant_type": ""}, "invalid_request", 400),
            ({"grant_type": "password"}, "unsupported_grant_type", 400),
            ({"scope": "tout"}, "invalid_scope", 400),
            ({"client_secret": "faux"}, "invalid_client", 401),
            ({"client_id": "lgc-inconnu"}, "invalid_client", 401),
            ({"client_id": "", "client_secret": ""}, "invalid_client", 401),
            ({"client_id": "é" * 50}, "invalid_client", 401),
        ],
    )
    def test_wrong_request_is_refused_as_the_norm_says(self, software, fields, error, status) -> None:
        answer = software.ask_token(fields)
        assert (answer.status_code, answer.json()["error"]) == (status, error)
        assert answer.headers["cache-control"] == "no-store"
        assert ("www-authenticate" in answer.headers) is (status == 401)
        assert answer.json()["error_description"].isascii()

    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            (b"grant_type=client_credentials&grant_type=client_credentials", "application/x-www-form-urlencoded"),
            (b'{"grant_type": "client_credentials"}', "application/json"),
            (b"\xff\xfe", "application/x-www-form-urlencoded"),
            (b"grant_type=%ff", "application/x-www-form-urlencoded"),
            (b"&".join(b"a%d=1" % number for number in range(50)), "application/x-www-form-urlencoded"),
            (b"", "application/x-www-form-urlencoded"),
        ],
    )
    def test_malformed_body_is_an_invalid_request(self, client, body, kind) -> None:
        answer = client.http.post(TOKEN, content=body, headers={"content-type": kind})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")

    @pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic eA==", "Digest x", "Basic /////w=="])
    def test_malformed_basic_is_an_invalid_client(self, software, header) -> None:
        answer = software.ask_token(authorization=header)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert answer.headers["www-authenticate"].startswith("Basic ")

    @pytest.mark.engines("sqlite", "postgresql")
    @pytest.mark.parametrize("client_id", ["lgc-\x00", "lgc-é", "\u202e", "lgc-1\n"])
    def test_identifier_of_characters_that_none_has_is_an_invalid_client(self, software, client_id) -> None:
        """A database that takes no NUL is never asked."""
        fields = {"client_id": client_id, "client_secret": "x"}
        header = basic(client_id, "x")
        answers = [software.ask_token(fields), software.ask_token(authorization=header)]
        assert [(answer.status_code, answer.json()["error"]) for answer in answers] == [(401, "invalid_client")] * 2

    def test_secret_given_twice_is_an_invalid_request(self, software) -> None:
        of = software.of
        answer = software.ask_token({"client_secret": of.secret}, authorization=basic(of.client_id, of.secret))
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")

    def test_secret_of_another_practice_is_an_invalid_client(self, software, make_software) -> None:
        answer = software.ask_token({"client_secret": make_software().of.secret})
        assert answer.json()["error"] == "invalid_client"

    def test_body_of_nine_kibibytes_is_too_long(self, client) -> None:
        answer = client.http.post(TOKEN, content=b"a=" + b"1" * 9000)
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"

    def test_refusals_from_one_address_are_soon_not_even_judged(self, client, software) -> None:
        for _ in range(SOFTWARE_ADDRESS.allowed):
            assert software.ask_token({"client_secret": "faux"}).status_code == 401
        answer = software.ask_token()
        assert answer.status_code == 429
        assert 25 <= int(answer.headers["retry-after"]) <= SOFTWARE_ADDRESS.first_delay.total_seconds()
        assert len(acts(client)) == SOFTWARE_ADDRESS.allowed

    def test_tokens_of_one_client_are_counted(self, client, software) -> None:
        software.token()
        change(
            client, "UPDATE throttle SET failures = :n WHERE purpose = 'software-tokens'", n=SOFTWARE_TOKENS.allowed - 1
        )
        assert software.ask_token().status_code == 200
        assert software.ask_token().status_code == 429


class TestBearer:
    def test_caller_without_a_token_is_told_how_to_get_one(self, client) -> None:
        answer = client.http.post(RIGHTS, json={})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer realm="droits", scope="droits"'
        assert "/api/jeton" in answer.json()["detail"]

    @pytest.mark.parametrize("token", ["x", "a.b.c", "A" * 500, "", "é"])
    def test_token_that_we_never_made_opens_nothing(self, client, token) -> None:
        answer = client.http.post(RIGHTS, json={}, headers={"authorization": f"Bearer {token}".encode()})
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]

    def test_forged_or_foreign_signature_opens_nothing(self, client, software) -> None:
        token = software.token()
        other = client.services.keyring.signer("session").sign(token.rpartition(".")[0]).decode()
        for each in (token[:-9] + ("A" if token[-9] != "A" else "B") + token[-8:], other, f"9{token}", token[1:]):
            assert software.check({}, token=each).status_code == 401

    def test_token_ends_after_ten_minutes(self, software, family) -> None:
        token = software.token()
        with time_machine.travel(datetime.now(UTC) + LIFE + timedelta(seconds=1)):
            assert software.check(question(family), token=token).status_code == 401

    def test_session_cookie_of_the_holder_opens_nothing(self, client, software) -> None:
        enter(client, software.of.account)
        assert client.http.post(RIGHTS, json={}).status_code == 401


class TestEnd:
    @pytest.mark.parametrize(
        ("statement", "token_status", "check_status", "kind"),
        [
            ("UPDATE software SET revoked_at = '2026-01-01 00:00:00'", 401, 401, "jeton-refuse"),
            ("UPDATE software_secret SET ends_at = '2026-01-01 00:00:00'", 401, 401, "jeton-refuse"),
            (
                FREEZE,
                400,
                403,
                "gele",
            ),
            (
                CLOSE,
                400,
                403,
                "compte-ferme",
            ),
            ("UPDATE agreement SET ends_on = :yesterday", 400, 403, "convention-terminee"),
            ("UPDATE account SET role = 'equipe'", 400, 403, "compte-ferme"),
            ("UPDATE account SET provider_id = NULL", 401, 401, "jeton-refuse"),
        ],
    )
    def test_whatever_ends_the_access_ends_the_token_at_once(
        self, client, software, family, statement, token_status, check_status, kind
    ) -> None:
        token = software.token()
        assert software.check(question(family), token=token).status_code == 200
        change(client, statement, **({"yesterday": today() - timedelta(1)} if ":y" in statement else {}))
        answer = software.check(question(family), token=token)
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (check_status, kind)
        assert software.ask_token().status_code == token_status
        with client.services.database.read() as db:
            assert db.execute(text("SELECT count(*) FROM rights_check")).scalar() == 1


class TestCertificate:
    PRINT = "ab" * 32

    @pytest.fixture
    def settings(self, settings):
        return settings.model_copy(update={"certificate_header": "x-client-sha256", "trusted_proxies": ["127.0.0.0/8"]})

    @pytest.fixture
    def bound(self, make_software):
        return make_software(certificate=self.PRINT)

    def test_client_bound_to_a_certificate_presents_it_each_time(self, client, bound, family) -> None:
        shown = {"x-client-sha256": self.PRINT.upper()}
        with address(client, "127.0.0.1"):
            assert bound.ask_token().status_code == 401
            assert bound.ask_token(**{"x-client-sha256": "cd" * 32}).status_code == 401
            token = bound.ask_token(**shown).json()["access_token"]
            assert bound.check(question(family), token=token).status_code == 401
            assert bound.check(question(family), token=token, **shown).status_code == 200

    def test_header_from_anybody_but_the_proxy_is_not_believed(self, client, bound) -> None:
        with address(client, "192.0.2.7"):
            assert bound.ask_token(**{"x-client-sha256": self.PRINT}).status_code == 401
