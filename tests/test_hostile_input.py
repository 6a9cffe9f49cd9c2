"""Hostile values in every form, query string and path: a clear French page and a 4xx, never a 5xx."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.data.sessions import Stage
from tests.support import factories
from tests.support.audit.answer import audit_answer
from tests.support.entry import ask, enter, send, token_in

VALUES = [
    "\x00", "\x00\x01\x1f\x7f", "a\r\nb", "\ud7ff\uffff", "\u202e\u200b", "é" * 2000, "9" * 400, "-1", "1e309", "NaN",
    "null", "' OR 1=1 --", '"><script>alert(1)</script>', "{{ 7*7 }}", "${7*7}", "%00", "../../etc/passwd", "%", "_",
    "\\", "2026-02-30", "0000-00-00", "99999-01-01", "٣١/١٢/٢٠٢٥", "31/12/0000", "A" * 22,
]  # fmt: skip
RAW = [
    "%00",
    "%ff%fe",
    "%ed%a0%80",
    "%c0%af",
    "%f8%88%80%80%80",
    "%",
    "%zz",
    "%u0041",
    "&&&",
    "=",
    "=x",
    "%3d%26",
    "[]",
    "a[b]=1",
]
FILTERS = ["beneficiaire", "du", "au", "soin", "etat", "q", "tri", "apres", "inconnu"]
FORM = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}

pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture
def member(client):
    """Signed in, with one line."""
    with client.services.database.write() as db:
        family, account = factories.member_with_account(db, client.services.keyring)
        factories.paid_line(db, family.contract)
    enter(client, account)
    return account


def check(answer, what: object) -> None:
    assert answer.status_code < 500, what
    assert audit_answer(answer) in ([], ["no content-type"]), what
    if answer.status_code in {400, 404, 413, 422} and answer.content:
        assert '<html lang="fr">' in answer.text or answer.request.url.path.startswith("/fragments/"), what


def private_gets(app) -> list[str]:
    handlers = [
        (route.path_format, handler) for route in app.routes for handler in getattr(route, "route_handlers", ())
    ]
    return [
        path
        for path, handler in handlers
        if "GET" in handler.http_methods and path.startswith(("/adherent", "/fragments"))
    ]


def test_hostile_values_in_every_filter_are_answered_clearly(client, app, member) -> None:
    for path in ("/adherent/prestations", "/fragments/adherent/prestations"):
        for name in FILTERS:
            for value in VALUES:
                answer = ask(client, path, params={name: value})
                check(answer, (path, name, value))
                assert answer.status_code in {200, 404, 422}
                assert "<script>alert" not in answer.text


def test_hostile_query_strings_are_answered_clearly(client, app, member) -> None:
    for path in [re.sub(r"\{[^}]+\}", "x", path) for path in private_gets(app)] + ["/connexion", "/"]:
        for raw in RAW:
            check(ask(client, f"{path}?{raw}&q={raw}&du={raw}&suite={raw}&apres={raw}"), (path, raw))


def test_hostile_segments_in_every_path_are_not_found(client, app, member) -> None:
    segments = [
        *(raw.replace("&", "") for raw in RAW),
        "..",
        ".",
        "%2e%2e",
        "%2f",
        "a" * 5000,
        "%0d%0aX:%20y",
        "x" * 21,
        "é",
    ]
    paths = [path for path in private_gets(app) if "{" in path]
    assert paths
    for path in paths:
        for segment in segments:
            answer = ask(client, re.sub(r"\{[^}]+\}", segment, path))
            check(answer, (path, segment))


def test_very_deep_and_very_long_paths_are_not_found(client, member) -> None:
    for path in ("/" + "a/" * 2000, "/adherent" + "/x" * 1000, "/" + "a" * 20_000, "/x" + "//" * 500):
        assert ask(client, path).status_code == 404


def test_one_megabyte_fields_are_too_large(client, member) -> None:
    for path in ("/connexion", "/deconnexion", "/connexion/code"):
        answer = client.http.post(
            path, content=b"identifiant=" + b"1" * 1_000_000, headers=FORM, follow_redirects=False
        )
        check(answer, path)
        assert answer.status_code in {303, 403, 413}
    client.http.cookies.clear()
    assert client.http.post("/connexion", content=b"a=" + b"1" * 1_000_000, headers=FORM).status_code == 413


BODIES = [
    ("application/x-www-form-urlencoded", b"\x00\xff\xfe=\x80&jeton=%ff"),
    ("application/x-www-form-urlencoded", b"%ED%A0%80=%ED%A0%80&&&==="),
    ("application/x-www-form-urlencoded; charset=utf-16", b"a=1"),
    ("application/json", b'{"jeton": "x"}'),
    ("application/json", b"[" * 10_000),
    ("text/plain", b"jeton=x"),
    ("", b"jeton=x"),
    ("multipart/form-data", b"x"),
    ("multipart/form-data; boundary=x", b"not multipart"),
    ("multipart/form-data; boundary=x", b"--x\r\n\r\n--x--"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n"),
    (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="jeton"; filename="\xff"\r\n\r\n1\r\n--x--\r\n',
    ),
    (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 600 + b"--x--\r\n",
    ),
    ("multipart/form-data; boundary=" + "b" * 5000, b"x"),
    ("multipart/form-data; boundary=\xe9", b"x"),
    ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % number for number in range(5000))),
]


@pytest.mark.parametrize(("kind", "body"), BODIES, ids=range(len(BODIES)))
def test_malformed_bodies_are_refused_clearly(client, kind, body) -> None:
    headers = {"content-type": kind.encode("latin-1"), "sec-fetch-site": "same-origin"}
    ask(client, "/connexion")
    for path in ("/connexion", "/deconnexion", "/connexion/code"):
        answer = client.http.post(path, content=body, headers=headers, follow_redirects=False)
        check(answer, path)
        assert answer.status_code in {303, 400, 403, 413}


def test_hostile_values_in_the_sign_in_form_are_answered_clearly(client, monkeypatch) -> None:
    monkeypatch.setattr("portal.entry.authentication.verify_password", lambda *_: False)
    for name in ("identifiant", "mot-de-passe", "suite"):
        token = token_in(ask(client, "/connexion"))
        for value in VALUES:
            fields = {"identifiant": "1000000016", "mot-de-passe": "x", "suite": "", "jeton": token} | {name: value}
            answer = send(client, "/connexion", fields)
            check(answer, (name, value))
            assert answer.status_code == 422
            assert "<script>alert" not in answer.text


def test_raw_escapes_in_the_sign_in_form_are_answered_clearly(client) -> None:
    """Lone surrogates and broken UTF-8 reach the password check itself."""
    for raw in RAW:
        token = token_in(ask(client, "/connexion"))
        body = f"jeton={token}&identifiant=1000000016&mot-de-passe=a{raw}&suite={raw}".encode()
        check(client.http.post("/connexion", content=body, headers=FORM), raw)


def test_hostile_codes_are_wrong_codes(client) -> None:
    with client.services.database.write() as db:
        employer = factories.employer_account(db, client.services.keyring)
    enter(client, employer, stage=Stage.CODE)
    for value in VALUES:
        answer = send(client, "/connexion/code", {"code": value, "suite": value}, form_at="/connexion/code")
        assert answer.status_code == 422
        check(answer, value)


def test_hostile_cookies_and_headers_are_ignored(client) -> None:
    for value in (b"\xff\xfe", b"=;=;;", b"a" * 8000, b"__Host-portal-session=\xc3\x28", b"__Host-portal-visit=;" * 50):
        answer = client.http.get("/connexion", headers={b"cookie": value})
        assert answer.status_code == 200
    for name in (
        "user-agent",
        "accept",
        "accept-encoding",
        "accept-language",
        "x-forwarded-for",
        "origin",
        "referer",
        "hx-request",
    ):
        for value in (b"\xff\xfe\xfd", b"a" * 8000, b""):
            assert client.http.get("/aide", headers={name.encode(): value}).status_code == 200, name


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(FILTERS),
    value=st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
)
def test_any_text_in_any_filter_is_answered(client, member, name, value) -> None:
    answer = ask(client, "/adherent/prestations", params={name: value})
    assert answer.status_code in {200, 404, 422}
