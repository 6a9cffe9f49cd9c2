"""Sessions open on one's own account: device, address, time, each ended at once (security: C5; R-51, R-73)."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.data.sessions import SignedSession, Stage, find_viewer, open_session
from portal.sessions import SESSION, make_cookie
from tests.support import factories
from tests.support.entry import ask, enter, present, send

PHONE = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/131.0.0.0 Mobile Safari/537.36"
LIST, SECURITY = "/compte/securite/sessions", "/compte/securite"


@pytest.fixture
def elsewhere(client, holder) -> str:
    """The token of a session of the same account on a telephone."""
    with client.services.database.write() as db:
        return open_session(db, holder.id, Stage.FULL, datetime.now(UTC), "203.0.113.7", PHONE)


def works(client, token: str) -> bool:
    with client.services.database.read() as db:
        return find_viewer(db, token, datetime.now(UTC)) is not None


def test_holder_sees_each_session_with_device_address_and_time(client, holder, elsewhere) -> None:
    said = client.get(SECURITY).text
    for expected in ("Chrome sur Android", "Adresse 203.0.113.7", "Adresse 192.0.2.1", "Cette session", "ouverte le"):
        assert expected in said, expected
    assert said.count("Cette session") == 1


def test_ended_idle_and_old_sessions_are_not_shown(client, holder, elsewhere) -> None:
    now = datetime.now(UTC)
    with client.services.database.write() as db:
        old = db.get(SignedSession, _hash(elsewhere))
        old.seen_at = now - timedelta(minutes=21)
    assert "203.0.113.7" not in client.get(SECURITY).text
    with client.services.database.write() as db:
        old = db.get(SignedSession, _hash(elsewhere))
        old.seen_at, old.ended_at = now, now
    assert "203.0.113.7" not in client.get(SECURITY).text


def test_holder_ends_one_session_and_its_very_next_request_is_refused(client, holder, elsewhere, recorded) -> None:
    client.get(LIST)
    action = next(node for node in client.page.css("main form") if "Chrome" in node.text()).attributes["action"]
    client.submit(f'form[action="{action}"]')
    assert client.path == SECURITY
    assert not works(client, elsewhere)
    mine = client.http.cookies
    kept = dict(mine)
    present(client, elsewhere)
    assert ask(client, "/compte").headers["location"].startswith("/connexion")
    client.http.cookies.clear()
    for name, value in kept.items():
        client.http.cookies.set(name, value, domain="portal.test")
    assert client.get(SECURITY).text.count("Adresse ") == 1
    assert recorded("session.revoked") == [("session.revoked", "une", "ok", holder.id)]


def test_holder_closes_everything_but_this_session(client, holder, elsewhere, recorded) -> None:
    client.get(LIST)
    client.submit(f'form[action="{LIST}"]')
    assert client.path == SECURITY
    assert not works(client, elsewhere)
    assert recorded("session.revoked") == [("session.revoked", "toutes-les-autres", "ok", holder.id)]


def test_foreign_session_is_as_absent_as_one_that_never_was(client, holder, make, recorded) -> None:
    """D3: another account's session, another kind of identifier, an invented one."""
    stranger = make(factories.member_with_account, name="Autre")[1]
    with client.services.database.write() as db:
        token = factories.session_token(db, stranger)
    keyring = client.services.keyring
    number = int(_hash(token)[:16], 16)
    names = [*keyring.conceal("session", [number, 7]), *keyring.conceal("line", [number]), "x", "A" * 22]
    for name in names:
        assert send(client, f"{LIST}/{name}", form_at="/compte").status_code == 404
    assert works(client, token)
    assert recorded("session.revoked") == []


def test_holder_may_end_this_very_session(client, holder) -> None:
    token_hash = next(iter(_hashes(client, holder)))
    name = client.services.keyring.conceal("session", [int(token_hash[:16], 16)])[0]
    assert send(client, f"{LIST}/{name}", form_at="/compte").status_code == 303
    assert ask(client, "/compte").headers["location"].startswith("/connexion")


def test_stale_proof_of_identity_ends_nothing(client, holder, elsewhere, grow_old) -> None:
    """C5: ending sessions needs a recent proof; seeing them does not."""
    grow_old()
    assert client.get(SECURITY).text
    assert ask(client, LIST).headers["location"].startswith("/compte/confirmation?suite=")
    assert send(client, LIST, form_at="/compte").headers["location"].partition("?")[0] == "/compte/confirmation"
    assert works(client, elsewhere)


def test_hostile_browser_name_is_only_text(client, holder, make) -> None:
    with client.services.database.write() as db:
        open_session(db, holder.id, Stage.FULL, datetime.now(UTC), "", '"><script>alert(1)</script>')
    said = client.get(SECURITY)
    assert "Navigateur inconnu" in said.text
    assert "Adresse inconnue" in said.text
    assert "alert(1)" not in client.answer.text


def test_two_browsers_of_one_account_see_each_other(client, holder, elsewhere) -> None:
    present(client, elsewhere)
    said = client.get(SECURITY).text
    assert "Adresse 192.0.2.1" in said
    assert make_cookie(client.services, SESSION, elsewhere)
    enter(client, holder)
    assert client.get(SECURITY).text.count("Adresse ") == 3


def _hash(token: str) -> str:
    from portal.security import fingerprint  # noqa: PLC0415

    return fingerprint(token)


def _hashes(client, account) -> list[str]:
    from sqlmodel import select  # noqa: PLC0415

    with client.services.database.read() as db:
        return list(db.exec(select(SignedSession.token_hash).where(SignedSession.account_id == account.id)))
