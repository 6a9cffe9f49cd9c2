"""What every answer owes the browser (security §1.A): headers, hosts, methods, cookies, caching."""

import re
from itertools import pairwise

import pytest
from litestar.testing import TestClient
from sqlalchemy import text

from portal.app import create_app
from portal.headers import SECURITY_HEADERS, headers_for
from portal.security import is_identifier, new_identifier
from tests.support import factories
from tests.support.audit.answer import audit_answer
from tests.support.entry import ask, enter, send, try_password

PAGES = [
    "/",
    "/connexion",
    "/aide",
    "/accessibilite",
    "/confidentialite",
    "/conditions",
    "/robots.txt",
    "/healthz",
    "/readyz",
]

pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture
def employer(client):
    with client.services.database.write() as db:
        return factories.employer_account(db, client.services.keyring)


@pytest.mark.parametrize("path", PAGES)
def test_public_page_has_exactly_the_golden_headers(client, path) -> None:
    """A1, A2, A3, A6, A13."""
    answer = ask(client, path)
    assert (answer.status_code, audit_answer(answer)) == (200, [])


def test_every_kind_of_answer_has_exactly_the_golden_headers(client, employer) -> None:
    """A1, A2: 303, 401, 403, 404, 405, 413, 422."""
    form = {"content-type": "application/x-www-form-urlencoded"}
    answers = [
        ask(client, "/employeur"),
        ask(client, "/fragments/adherent/prestations"),
        send(client, "/connexion"),
        ask(client, "/nulle-part"),
        client.http.put("/connexion"),
        client.http.post("/connexion", content=b"a" * 100_000, headers=form | {"sec-fetch-site": "same-origin"}),
        send(client, "/connexion", form_at="/connexion"),
        try_password(client, employer.identifier, factories.PASSWORD),
    ]
    assert [answer.status_code for answer in answers] == [303, 401, 403, 404, 405, 413, 422, 303]
    assert [problem for answer in answers for problem in audit_answer(answer)] == []


def test_strict_transport_is_asked_for_under_https_alone(settings) -> None:
    """A3: never on a loopback http address, where it would lock a developer out."""
    assert headers_for(settings)["strict-transport-security"] == "max-age=63072000; includeSubDomains"
    assert headers_for(settings.model_copy(update={"origin": "http://127.0.0.1:8000"})) == SECURITY_HEADERS


def test_plain_http_on_loopback_gets_plain_cookies(settings, database) -> None:
    """A5: browsers refuse `__Host-` there."""
    local = settings.model_copy(update={"origin": "http://127.0.0.1:8000", "database_url": database.url})
    with TestClient(create_app(local, database=database), base_url="http://127.0.0.1:8000") as http:
        cookie = http.get("/connexion").headers["set-cookie"]
    assert cookie.startswith("portal-visit=")
    assert "secure" not in cookie.lower()
    assert "httponly" in cookie.lower()


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("portal.test", 200),
        ("portal.test:443", 200),
        ("PORTAL.test", 200),
        ("evil.test", 400),
        ("portal.test.evil.test", 400),
        ("evil.portal.test", 400),
        ("portal.test:8000", 400),
        ("portal.test@evil.test", 400),
        ("portal.test, evil.test", 400),
        ("", 400),
        ("portal.test.", 400),
    ],
)
def test_only_our_own_host_is_served(client, host, status) -> None:
    """A14."""
    answer = ask(client, "/aide", headers={"host": host})
    assert answer.status_code == status
    assert "evil.test" not in answer.text
    assert audit_answer(answer) == []


def test_two_hosts_are_one_too_many(client) -> None:
    """A14: the proxy may have read the other one."""
    answer = client.http.get("/aide", headers=[("host", "portal.test"), ("host", "evil.test")])
    assert answer.status_code == 400


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "CONNECT", "PROPFIND"])
def test_undeclared_method_is_refused_everywhere(client, method) -> None:
    """A13."""
    for path in ("/", "/connexion", "/employeur", "/static/x", "/healthz"):
        answer = client.http.request(method, path, headers={"sec-fetch-site": "same-origin"})
        assert answer.status_code == 405, path
        assert audit_answer(answer) == []


@pytest.mark.parametrize("method", ["PUT", "OPTIONS"])
@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/aide", "GET, HEAD"),
        ("/connexion", "GET, HEAD, POST"),
        ("/deconnexion", "POST"),
        ("/employeur", "GET, HEAD"),
        ("/adherent/prestations/" + "x" * 22, "GET, HEAD"),
        ("/fragments/adherent/prestations", "GET, HEAD"),
    ],
)
def test_refused_method_tells_those_of_the_address(client, method, path, allowed) -> None:
    """RFC 9110, 15.5.6: a 405 carries Allow. Known or not, signed in or not, nothing else is told."""
    answer = client.http.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert "access-control-allow-methods" not in answer.headers


def test_unknown_address_allows_nothing(client) -> None:
    answer = client.http.options("/nulle-part")
    assert (answer.status_code, answer.headers.get("allow")) == (404, None)


def test_reading_by_get_changes_nothing_even_with_form_fields(client, employer) -> None:
    """A9: `client` fails on any write during a GET; state-changing addresses answer 405."""
    enter(client, employer)
    client.get("/deconnexion?jeton=x")
    assert client.status == 405
    client.get("/employeur?identifiant=1&mot-de-passe=2")
    assert client.status == 200


def test_private_pages_are_never_stored(client, employer) -> None:
    """A6."""
    enter(client, employer)
    for path in ("/employeur", "/accueil", "/connexion", "/gestion", "/nulle-part"):
        assert ask(client, path).headers["cache-control"] == "no-store"


def test_static_files_are_cached_for_a_year_and_keep_their_headers(client) -> None:
    page = ask(client, "/").text
    names = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page))
    assert names
    for name in names:
        answer = ask(client, name)
        assert (answer.status_code, audit_answer(answer)) == (200, [])
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_identifiers_are_random_and_checked_by_their_last_digit() -> None:
    """R-11, B1: never consecutive; one wrong digit or two swapped neighbours are caught without the database."""
    made = [new_identifier() for _ in range(2000)]
    assert all(is_identifier(one) for one in made)
    assert len(set(made)) == len(made)
    assert sum(abs(int(a) - int(b)) < 100 for a, b in pairwise(made)) <= 1
    for one in made[:50]:
        wrong = one[:4] + str((int(one[4]) + 1) % 10) + one[5:]
        assert not is_identifier(wrong)


@pytest.mark.parametrize(
    "text", ["", "123", "12345678901", "123456789a", "１２３４５６７８９７", "1234567890", " 1234567897"]
)
def test_what_is_no_identifier_is_not_taken_for_one(text) -> None:
    assert not is_identifier(text)


def test_unknown_fields_and_column_names_in_a_form_change_nothing(client, employer) -> None:
    """D6: no mass assignment."""
    columns = {
        "id": "1",
        "role": "superviseur",
        "space": "gestion",
        "person_id": "1",
        "password_hash": "x",
        "stage": "complete",
    }
    before = account_row(client)
    answer = try_password(client, employer.identifier, factories.PASSWORD, fields=columns)
    assert answer.headers["location"] == "/connexion/code"
    assert account_row(client) == before
    assert ask(client, "/gestion").headers["location"] == "/connexion/code?suite=%2Fgestion"


def account_row(client) -> tuple:
    with client.services.database.read() as db:
        return tuple(db.execute(text("SELECT * FROM account")).one())


@pytest.mark.parametrize("field", ["identifiant", "mot-de-passe", "suite", "jeton"])
def test_field_sent_twice_is_refused_in_french(client, employer, field) -> None:
    """D6."""
    answer = try_password(client, employer.identifier, factories.PASSWORD, fields={field: ["a", "b"]})
    assert answer.status_code == 400
    assert "Demande incomprise" in answer.text
