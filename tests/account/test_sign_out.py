"""Signing out and the life of a session over the wire (security C3, C4, C7, A6)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import text

from portal.data.sessions import Stage, end_sessions_of
from portal.pages.employer import home
from tests.support import factories
from tests.support.entry import ask, enter, send, token_in

COOKIE = "__Host-portal-session"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def sign_out(client):
    return send(client, "/deconnexion", form_at="/employeur")


def is_inside(client) -> bool:
    return ask(client, "/employeur").status_code == 200


def back_with(client, cookie: str) -> None:
    client.http.cookies.clear()
    client.http.cookies.set(COOKIE, cookie, domain="portal.test")


def test_signing_out_ends_the_session_and_clears_what_the_browser_kept(client, employer) -> None:
    """C4, A6: on the server at once; the browser drops its cookie, cache and storage."""
    cookie = enter(client, employer)
    answer = sign_out(client)
    assert (answer.status_code, answer.headers["location"]) == (303, "/connexion")
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    assert "Max-Age=0" in answer.headers["set-cookie"]
    back_with(client, cookie)
    assert not is_inside(client)


def test_employer_signs_out_with_the_button_of_the_page(client, employer) -> None:
    enter(client, employer)
    client.get("/employeur")
    client.sign_out()
    assert client.path == "/connexion"


def test_person_may_leave_before_giving_the_code(client, employer) -> None:
    enter(client, employer, stage=Stage.CODE)
    assert send(client, "/deconnexion", form_at="/connexion/code").headers["location"] == "/connexion"


def test_signing_out_twice_leads_to_sign_in(client, employer) -> None:
    cookie = enter(client, employer)
    token = token_in(ask(client, "/employeur"))
    sign_out(client)
    back_with(client, cookie)
    answer = send(client, "/deconnexion", {"jeton": token})
    assert (answer.status_code, answer.headers["location"]) == (303, "/connexion")


def test_signing_out_one_browser_leaves_the_other(client, employer) -> None:
    other = enter(client, employer)
    enter(client, employer)
    sign_out(client)
    back_with(client, other)
    assert is_inside(client)


def test_late_note_of_a_request_does_not_revive_the_session(client, employer) -> None:
    """C4, L2: a request that began before sign-out may reach the journal after it."""
    cookie = enter(client, employer)
    with client.services.database.read() as db:
        session_hash = db.execute(text("SELECT token_hash FROM session")).scalar_one()
    assert sign_out(client).status_code == 303
    client.services.journal.seen(session_hash, datetime.now(UTC) + timedelta(minutes=1))
    client.services.journal.flush()
    back_with(client, cookie)
    assert not is_inside(client)


def test_request_answered_after_sign_out_sets_no_session_cookie(client, employer, monkeypatch) -> None:
    """L2: the page whose rendering outlasts the sign-out changes neither the row nor the cookie."""
    cookie = enter(client, employer)
    rendered = home.render_page

    def late(request, *arguments, **options):
        with client.services.database.write() as db:
            end_sessions_of(db, employer.id, datetime.now(UTC))
        return rendered(request, *arguments, **options)

    monkeypatch.setattr(home, "render_page", late)
    answer = ask(client, "/employeur")
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    client.services.journal.flush()
    back_with(client, cookie)
    assert not is_inside(client)


def test_idle_employer_is_asked_to_sign_in_again_and_a_busy_one_is_not(client, employer) -> None:
    """C3: fifteen minutes, counted from the last request that the journal brought into the database."""
    with time_machine.travel(NOW) as clock:
        enter(client, employer)
        for _ in range(3):
            clock.shift(timedelta(minutes=14))
            assert is_inside(client)
            client.services.journal.flush()
        clock.shift(timedelta(minutes=15, seconds=5))
        assert ask(client, "/employeur").headers["location"].startswith("/connexion")


def test_busy_employer_is_asked_to_sign_in_again_after_eight_hours(client, employer) -> None:
    """C3: the absolute limit."""
    with time_machine.travel(NOW) as clock:
        enter(client, employer)
        for _ in range(34):
            clock.shift(timedelta(minutes=14))
            assert is_inside(client)
            client.services.journal.flush()
        clock.shift(timedelta(minutes=5))
        assert not is_inside(client)


def test_looking_at_a_page_after_the_limit_does_not_extend_the_session(client, employer) -> None:
    with time_machine.travel(NOW) as clock:
        enter(client, employer)
        clock.shift(timedelta(minutes=16))
        for _ in range(3):
            assert not is_inside(client)
        client.services.journal.flush()
        assert not is_inside(client)


def test_public_pages_and_refused_ones_do_not_need_the_session(client, employer) -> None:
    enter(client, employer)
    with client.services.database.write() as db:
        end_sessions_of(db, employer.id, datetime.now(UTC))
    assert ask(client, "/aide").status_code == 200


def test_parallel_requests_of_one_session_are_all_answered(client, employer) -> None:
    """C7: nothing of the session is rewritten by a request, so nothing is lost."""
    enter(client, employer)
    before = session_row(client)
    with ThreadPoolExecutor(8) as threads:
        statuses = set(threads.map(lambda _: ask(client, "/employeur").status_code, range(40)))
    assert statuses == {200}
    client.services.journal.flush()
    after = session_row(client)
    assert after.seen_at >= before.seen_at
    assert after[:4] == before[:4]


def session_row(client):
    with client.services.database.read() as db:
        return db.execute(text("SELECT token_hash, account_id, stage, created_at, seen_at FROM session")).one()


@pytest.mark.parametrize("cookie", ["", "x", "a.b", "é", "a" * 4000, '"', "%00", "abc.def.ghi"])
@pytest.mark.engines("sqlite")
def test_forged_cookie_is_nobody(client, cookie) -> None:
    answer = client.http.get("/employeur", headers={b"cookie": f"{COOKIE}={cookie}".encode()}, follow_redirects=False)
    assert answer.status_code == 303
    assert "set-cookie" not in answer.headers


@pytest.mark.engines("sqlite")
def test_cookie_signed_for_another_purpose_is_nobody(client, employer) -> None:
    with client.services.database.write() as db:
        token = factories.session_token(db, employer)
    back_with(client, client.services.keyring.signer("visit").sign(token).decode())
    assert not is_inside(client)
    back_with(client, token)
    assert not is_inside(client)


@pytest.mark.engines("sqlite")
def test_no_session_row_or_cookie_for_visitors(client) -> None:
    """L3: reading public pages leaves nothing behind."""
    for path in ("/", "/aide", "/conditions", "/nulle-part"):
        assert "set-cookie" not in ask(client, path).headers
    with client.services.database.read() as db:
        assert db.execute(text("SELECT count(*) FROM session")).scalar() == 0
