"""Forms from elsewhere (security A10, L4, L5): every unsafe request needs this session's token and our own origin."""

from datetime import UTC, datetime

import pytest
from sqlmodel import Session

from portal.data.accounts import Account
from portal.data.sessions import end_sessions_of
from portal.forms import exact_value
from tests.support import factories
from tests.support.entry import ask, enter, leave, send, token_in

SIGN_IN = "/connexion"
FIELDS = {"identifiant": "1000000016", "mot-de-passe": "faux"}

pytestmark = pytest.mark.engines("sqlite")


def sign_in_status(client, headers: dict[str, str]) -> int:
    token = token_in(ask(client, SIGN_IN))
    return client.http.post(
        SIGN_IN, data=FIELDS | {"jeton": token}, headers=headers, follow_redirects=False
    ).status_code


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 422),
        ({"Sec-Fetch-Site": "none"}, 422),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 422),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": ""}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://portal.test"}, 403),
        ({}, 422),
        ({"Origin": "https://portal.test"}, 422),
        ({"Origin": "null"}, 422),
        ({"Origin": "https://evil.test"}, 403),
        ({"Origin": "http://portal.test"}, 403),
        ({"Origin": "https://portal.test.evil.test"}, 403),
    ],
    ids=str,
)
def test_browser_says_where_the_form_comes_from(client, headers, status) -> None:
    """A10: also with a valid token, a form sent from elsewhere is refused."""
    assert sign_in_status(client, headers) == status


def test_form_without_the_right_token_is_refused(client) -> None:
    token = token_in(ask(client, SIGN_IN))
    for given in ("", "x", token[:-4] + "AAAA", token[::-1], token + "A", "é", "\x00", "A" * 88):
        assert send(client, SIGN_IN, FIELDS | {"jeton": given}).status_code == 403, given
    assert send(client, SIGN_IN, FIELDS).status_code == 403
    assert send(client, SIGN_IN, FIELDS | {"jeton": token}).status_code == 422


def test_token_of_another_visit_is_refused(client) -> None:
    token = token_in(ask(client, SIGN_IN))
    leave(client)
    ask(client, SIGN_IN)
    assert send(client, SIGN_IN, FIELDS | {"jeton": token}).status_code == 403


def test_token_without_its_visit_cookie_is_refused(client) -> None:
    token = token_in(ask(client, SIGN_IN))
    leave(client)
    assert send(client, SIGN_IN, FIELDS | {"jeton": token}).status_code == 403


def test_token_of_another_session_is_refused(client, make, employer) -> None:
    """A10, on every unsafe route: bound to the session, not to the person or the browser."""
    enter(client, make(factories.employer_account))
    foreign = token_in(ask(client, "/employeur"))
    enter(client, employer)
    own_other_session = token_in(ask(client, "/employeur"))
    enter(client, employer)
    for token in (foreign, own_other_session):
        assert send(client, "/deconnexion", {"jeton": token}).status_code == 403
    assert ask(client, "/employeur").status_code == 200


def test_every_unsafe_route_refuses_a_form_without_token(client, make, app) -> None:
    accounts = [make(factories.member_with_account)[1], make(factories.employer_account)]
    paths = [
        (route.path_format.replace("{", "").replace("}", ""), handler.name)
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        if "POST" in handler.http_methods
    ]
    assert len(paths) >= 3
    for account in accounts:
        enter(client, account)
        assert {send(client, path, {"x": "1"}).status_code for path, _ in paths} <= {403, 303}
        assert send(client, "/deconnexion", {"x": "1"}).status_code == 403


def test_token_differs_in_every_answer(client) -> None:
    """Compression leaks nothing of it (BREACH)."""
    assert len({token_in(ask(client, SIGN_IN)) for _ in range(5)}) == 5


def test_token_in_the_query_string_or_a_header_is_not_taken(client) -> None:
    token = token_in(ask(client, SIGN_IN))
    assert send(client, f"{SIGN_IN}?jeton={token}", FIELDS).status_code == 403
    assert send(client, SIGN_IN, FIELDS, headers={"X-CSRF-Token": token, "X-CSRFToken": token}).status_code == 403


def test_token_sent_twice_is_refused(client) -> None:
    token = token_in(ask(client, SIGN_IN))
    assert send(client, SIGN_IN, FIELDS | {"jeton": [token, token]}).status_code == 400


def test_refused_form_shows_a_page_and_tells_what_to_do(client, employer) -> None:
    enter(client, employer)
    client.get("/employeur")
    client.post("/deconnexion", {"jeton": "x"})
    assert client.status == 403
    assert "resté longtemps ouvert" in client.page.text


def test_expired_session_leads_to_sign_in_not_to_a_refusal(client, employer) -> None:
    """A form left open too long is nobody's fault: its sender signs in again, and nothing was done."""
    enter(client, employer)
    token = token_in(ask(client, "/employeur"))
    leave(client)
    answer = send(client, "/deconnexion", {"jeton": token})
    assert (answer.status_code, answer.headers["location"]) == (303, SIGN_IN)


def end_sessions(db: Session, account: Account) -> None:
    end_sessions_of(db, account.id or 0, datetime.now(UTC))


@pytest.mark.parametrize("blow", [factories.suspend, end_sessions])
def test_account_stopped_while_a_form_arrives_does_nothing_any_more(client, monkeypatch, blow) -> None:
    """R-63, D9: a body sent slowly does not keep a session, a role or an account alive."""
    with client.services.database.write() as db:
        _, member = factories.member_with_account(db, client.services.keyring)
    enter(client, member)
    token = token_in(ask(client, "/compte/coordonnees"))

    def slowly(sent: object, name: str) -> str:
        with client.services.database.write() as db:
            blow(db, member)
        return exact_value(sent, name)

    monkeypatch.setattr("portal.csrf.exact_value", slowly)
    answer = send(client, "/compte/coordonnees", {"jeton": token, "telephone": "0612345678"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/connexion")
    with client.services.database.read() as db:
        assert db.get_one(Account, member.id).phone == ""
