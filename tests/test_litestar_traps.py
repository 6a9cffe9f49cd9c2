"""Each trap of Litestar that the portal steps around (security §3, L1 to L17) has its regression test here.

Where the trap's own area proves more (sessions, forms from elsewhere, limits), the docstring names that file.
"""

import ast
import logging
from importlib.metadata import version
from pathlib import Path

import jinja2
import pytest
from sqlalchemy import text

from portal import app as application
from portal.app import MAX_BODY_BYTES
from portal.pages.employer import home
from tests.support import factories
from tests.support.audit.answer import audit_answer
from tests.support.entry import address, ask, enter, send, token_in, try_password

SOURCE = Path(application.__file__).parent
COOKIE = "__Host-portal-session"

pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture
def employer(client):
    with client.services.database.write() as db:
        return factories.employer_account(db, client.services.keyring)


def test_l1_session_chosen_by_the_browser_is_not_taken_up(client, employer) -> None:
    """L1, fixation (more in tests/account/test_sign_in.py)."""
    chosen = client.services.keyring.signer("session").sign("jeton-choisi").decode()
    path = client.url("sign-in")
    client.http.cookies.set(COOKIE, chosen, domain="portal.test")
    fields = {"identifiant": employer.identifier, "mot-de-passe": factories.PASSWORD}
    answer = send(client, path, fields, form_at=path)
    assert answer.status_code == 303
    assert answer.cookies[COOKIE] != chosen
    client.http.cookies.clear()
    client.http.cookies.set(COOKIE, chosen, domain="portal.test")
    assert ask(client, "/employeur").status_code == 303


def test_l2_answers_do_not_write_sessions_back(client, employer) -> None:
    """L2, resurrection (more in tests/account/test_sign_out.py): a request adds no row and sets no cookie."""
    enter(client, employer)
    before = sessions(client)
    assert "set-cookie" not in ask(client, "/employeur").headers
    client.services.journal.flush()
    assert [row[:4] for row in sessions(client)] == [row[:4] for row in before]


def sessions(client) -> list[tuple]:
    with client.services.database.read() as db:
        query = "SELECT token_hash, account_id, created_at, ended_at, seen_at FROM session"
        return [tuple(row) for row in db.execute(text(query))]


def test_l3_visitors_get_no_session_and_cookies_end_with_the_browser(client, employer) -> None:
    """L3."""
    assert "set-cookie" not in ask(client, "/").headers
    assert sessions(client) == []
    answer = try_password(client, employer.identifier, factories.PASSWORD)
    kept = [line for line in answer.headers.get_list("set-cookie") if COOKIE in line]
    assert len(kept) == 1
    assert "max-age" not in kept[0].lower()
    assert "expires" not in kept[0].lower()
    assert {part.strip().lower() for part in kept[0].split(";")[1:]} == {"path=/", "secure", "httponly", "samesite=lax"}


def test_l4_no_cookie_serves_as_form_token(client) -> None:
    """L4: Litestar's own compares a readable cookie that never changes (more in tests/account/test_csrf.py)."""
    assert client.app.csrf_config is None
    ask(client, client.url("sign-in"))
    visit = client.http.cookies["__Host-portal-visit"]
    assert send(client, client.url("sign-in"), {"jeton": visit}).status_code == 403


def test_l5_large_bodies_are_refused_before_they_are_read_whole(client) -> None:
    """L5: the form is read before the handler; its size is bounded first, declared or not."""
    assert client.app.request_max_body_size == MAX_BODY_BYTES <= 64 * 1024
    sent = 0

    def endless():
        nonlocal sent
        for _ in range(1000):
            sent += 4096
            yield b"a" * 4096

    form = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
    answer = client.http.post("/connexion", content=endless(), headers=form)
    assert answer.status_code == 413
    answer = client.http.post("/connexion", content=b"a" * (MAX_BODY_BYTES + 1), headers=form)
    assert answer.status_code == 413
    assert "dépasse la taille" in answer.text


def test_l5_who_may_not_act_is_refused_before_the_body_is_read(client) -> None:
    """L5: a visitor's large form to a private address is not read at all."""
    form = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
    answer = client.http.post("/deconnexion", content=b"a" * 1_000_000, headers=form, follow_redirects=False)
    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nulle-part", 404),
        ("POST", "/aide", 405),
        ("POST", "/connexion", 403),
        ("GET", "/employeur", 303),
        ("GET", "/fragments/adherent/prestations", 401),
        ("GET", "/connexion?suite=a&suite=b", 200),
        ("GET", "/healthz", 200),
        ("GET", "/static/absent.css", 404),
    ],
)
def test_l6_every_answer_has_the_security_headers(client, method, path, status) -> None:
    """L6, A1, A2: 404, 405 and refused forms skip middlewares, yet carry exactly the same headers."""
    answer = client.http.request(method, path, headers={"sec-fetch-site": "same-origin"}, follow_redirects=False)
    assert answer.status_code == status
    assert audit_answer(answer) == []


def test_l6_a_refused_host_and_a_failure_have_them_too(client, monkeypatch) -> None:
    """L6: also when a middleware refuses or something breaks."""
    answer = client.http.get("/aide", headers={"host": "evil.test"})
    assert (answer.status_code, audit_answer(answer)) == (400, [])

    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("portal.sessions.SessionMiddleware._prepare", fail)
    answer = client.http.get("/aide")
    assert (answer.status_code, audit_answer(answer)) == (500, [])


def test_l7_head_answers_like_get_without_a_body(client, employer) -> None:
    """L7."""
    enter(client, employer)
    for path in ("/", "/healthz", "/employeur", "/nulle-part", "/adherent"):
        head, got = client.http.head(path, follow_redirects=False), ask(client, path)
        assert head.status_code == got.status_code, path
        assert head.content == b""
        assert head.headers["content-type"] == got.headers["content-type"]
        assert audit_answer(head) == []


def test_l8_limits_are_ours_and_announce_nothing(client, employer) -> None:
    """L8 (more in tests/data/test_throttling.py)."""
    answers = [try_password(client, employer.identifier, "faux") for _ in range(3)]
    names = {name.lower() for answer in answers for name in answer.headers}
    assert not {name for name in names if name.startswith(("ratelimit", "x-ratelimit", "retry-after"))}
    assert not [
        path for path in SOURCE.rglob("*.py") if "litestar.middleware.rate_limit" in path.read_text(encoding="utf8")
    ]


def test_l9_nothing_of_a_person_is_cached(client, app) -> None:
    """L9: Litestar's cache forgets whose page it was."""
    handlers = [handler for route in app.routes for handler in getattr(route, "route_handlers", ())]
    assert [handler.name for handler in handlers if handler.cache] == []
    names = []
    for name in ("Alice", "Bob"):
        with client.services.database.write() as db:
            keyring = client.services.keyring
            who = factories.member_account(db, keyring, factories.household(db).member, display_name=name)
        enter(client, who)
        shown = ask(client, "/adherent").text
        names.append(("Alice" in shown, "Bob" in shown))
    assert names == [(True, False), (False, True)]


def test_l10_a_failure_is_logged_once_with_the_reference_people_see(client, employer, monkeypatch, caplog) -> None:
    """L10: not only in debug."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("canari")

    enter(client, employer)
    monkeypatch.setattr(home, "render_page", fail)
    with caplog.at_level(logging.ERROR):
        answer = ask(client, "/employeur")
    assert answer.status_code == 500
    records = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(records) == 1
    reference = records[0].getMessage().split()[1].rstrip(":")
    assert len(reference) == 12
    assert reference in answer.text


def test_l11_errors_are_pages_that_echo_nothing(client) -> None:
    """L11: no JSON, no key, no value, no type in what people get."""
    for path in ("/nulle-part/canari", "/connexion?suite=canari&suite=canari", "/adherent/prestations/canari"):
        answer = ask(client, path)
        assert "canari" not in answer.text, path
        assert not answer.text.startswith("{")
    answer = ask(client, "/nulle-part")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "introuvable" in answer.text


def test_l12_the_schema_is_not_served(client, app) -> None:
    """L12, A13."""
    assert app.openapi_config is None
    for path in (
        "/schema",
        "/schema/openapi.json",
        "/schema/swagger",
        "/docs",
        "/openapi.json",
        "/.git/config",
        "/static/",
    ):
        assert ask(client, path).status_code == 404, path


def test_l13_the_htmx_plugin_is_not_loaded(client, app) -> None:
    """L13: the request class brings what is needed."""
    assert [plugin for plugin in app.plugins if "HTMX" in type(plugin).__name__] == []
    assert app.request_class.__name__ == "PortalRequest"


@pytest.mark.parametrize(
    "path", ["/static/../pyproject.toml", "/static/%2e%2e/pyproject.toml", "/static/..%2fpyproject.toml",
             "/static//etc/passwd", "/static/%2fetc%2fpasswd", "/static/css/portal.css", "/static/%00"]
)  # fmt: skip
def test_l14_static_files_are_found_by_their_hashed_name_alone(client, path) -> None:
    """L14: no path of the file system is ever built from a URL."""
    assert ask(client, path).status_code == 404


def test_l14_the_form_token_cannot_carry_markup(client) -> None:
    """L14: it is made by us, never echoed from a cookie."""
    client.http.cookies.set("__Host-portal-visit", '"><img src=x>', domain="portal.test")
    answer = ask(client, client.url("sign-in"))
    assert "<img src=x>" not in answer.text
    assert token_in(answer)


def test_l15_the_framework_stays_in_the_tested_line() -> None:
    """L14, L15: at least 2.25, not 3; nothing imported from what 3 removes."""
    major, minor = map(int, version("litestar").split(".")[:2])
    assert (major, minor >= 25) == (2, True)
    contrib = [
        path.name
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("litestar.contrib")
    ]
    assert contrib == []


def test_l15_parts_of_a_form_are_limited(client) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    body = part * 1001 + b"--x--\r\n"
    assert len(body) < MAX_BODY_BYTES
    headers = {"content-type": "multipart/form-data; boundary=x", "sec-fetch-site": "same-origin"}
    assert client.http.post("/connexion", content=body, headers=headers).status_code in {400, 413}


class TestProxies:
    """L16: behind a proxy the peer is the proxy; a forwarded address counts only when a trusted peer wrote it."""

    @pytest.fixture
    def settings(self, settings):
        return settings.model_copy(update={"trusted_proxies": ["10.0.0.0/8", "2001:db8:ffff::/48"]})

    @pytest.mark.parametrize(
        ("peer", "forwarded", "counted"),
        [
            ("192.0.2.1", None, "192.0.2.1"),
            ("192.0.2.1", "198.51.100.1", "192.0.2.1"),
            ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("2001:db8:ffff::1", "2001:db8::5", "2001:db8::5"),
            ("10.0.0.1", "203.0.113.9, 198.51.100.1", "198.51.100.1"),
            ("10.0.0.1", "203.0.113.9, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
            ("10.0.0.1", None, "10.0.0.1"),
            ("10.0.0.1", "", "10.0.0.1"),
            ("10.0.0.1", "10.0.0.2, 10.0.0.3", "10.0.0.1"),
            ("10.0.0.1", "n’importe quoi", "10.0.0.1"),
            ("10.0.0.1", "198.51.100.1, " + "9" * 500, "10.0.0.1"),
            ("testclient", "198.51.100.1", "testclient"),
        ],
    )
    def test_l16_the_client_is_the_last_untrusted_hop(self, client, peer, forwarded, counted) -> None:
        headers = {} if forwarded is None else {"X-Forwarded-For": forwarded.encode()}
        with address(client, peer):
            try_password(client, "1000000016", "faux", headers=headers)
        with client.services.database.read() as db:
            details = db.execute(text("SELECT details FROM evidence_detail")).scalar_one()
        assert f'"address":"{counted}"' in details.replace(" ", "")

    def test_l16_forwarded_host_and_scheme_are_never_believed(self, client) -> None:
        headers = {"X-Forwarded-Host": "evil.test", "X-Forwarded-Proto": "http", "Forwarded": "host=evil.test"}
        with address(client, "10.0.0.1"):
            answer = ask(client, "/employeur", headers=headers)
        assert answer.headers["location"].startswith("/connexion")
        assert "evil.test" not in answer.text


def test_l17_templates_escape_and_refuse_unknown_names(client) -> None:
    """L17."""
    environment = client.services.templates
    assert environment.autoescape is True
    assert environment.from_string("{{ x }}").render(x="<b>") == "&lt;b&gt;"
    with pytest.raises(jinja2.UndefinedError):
        environment.from_string("{{ inconnu }}").render()
    with pytest.raises(jinja2.UndefinedError):
        environment.from_string("{% if inconnu %}x{% endif %}").render()
