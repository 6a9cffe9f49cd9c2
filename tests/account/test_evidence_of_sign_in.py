"""The evidence of sign-ins (R-51, security F1): one exact row per act, in the chain, about the right account."""

import json

from sqlalchemy import text

from portal.data.evidence_audit import verify_chain
from portal.security import new_identifier
from tests.support import factories
from tests.support.entry import address, enter, send, try_password

ROWS = "SELECT actor, session, action, object, outcome, reason FROM evidence WHERE action LIKE 'session.%' ORDER BY seq"


def rows(client) -> list[tuple]:
    client.services.journal.flush()
    with client.services.database.read() as db:
        assert verify_chain(db, {}).fault is None
        return [tuple(row) for row in db.execute(text(ROWS))]


def prefix(client, stage: str) -> str:
    query = "SELECT token_hash FROM session WHERE stage = :stage ORDER BY created_at DESC LIMIT 1"
    with client.services.database.read() as db:
        return db.execute(text(query), {"stage": stage}).scalar_one()[:16]


def test_signing_in_and_out_leaves_two_rows_of_the_same_session(client, member) -> None:
    assert try_password(client, member.identifier, factories.PASSWORD).status_code == 303
    send(client, "/deconnexion", form_at="/adherent")
    session = prefix(client, "complete")
    assert rows(client) == [
        (member.id, session, "session.opened", "complete", "ok", ""),
        (member.id, session, "session.closed", "", "ok", ""),
    ]


def test_refused_sign_in_names_the_account_when_it_is_known(client, member) -> None:
    try_password(client, member.identifier, "faux")
    try_password(client, new_identifier(), "faux")
    try_password(client, "n’importe quoi", "faux")
    assert rows(client) == [
        (member.id, None, "session.refused", "password", "refused", ""),
        (None, None, "session.refused", "password", "refused", ""),
        (None, None, "session.refused", "password", "refused", ""),
    ]


def test_refusal_during_the_delay_says_so(client, member) -> None:
    for _ in range(10):
        try_password(client, member.identifier, "faux")
    try_password(client, member.identifier, factories.PASSWORD)
    assert rows(client)[-1] == (member.id, None, "session.refused", "password", "refused", "delay")


def test_second_factor_leaves_a_row_for_each_step(client, employer) -> None:
    try_password(client, employer.identifier, factories.PASSWORD)
    send(client, "/connexion/code", {"code": "x"}, form_at="/connexion/code")
    send(client, "/connexion/code", {"code": factories.current_code()}, form_at="/connexion/code")
    pending, full = prefix(client, "code"), prefix(client, "complete")
    assert [(row[0], *row[2:]) for row in rows(client)] == [
        (employer.id, "session.opened", "code", "ok", ""),
        (employer.id, "session.refused", "code", "refused", ""),
        (employer.id, "session.opened", "complete", "ok", ""),
    ]
    assert [row[1] for row in rows(client)][::2] == [pending, full]


def test_signing_in_as_somebody_else_is_the_other_account_s_act(client, make, employer) -> None:
    """The browser of one account signs in to another: both records say what happened, each about its own account."""
    other = make(factories.member_with_account)[1]
    enter(client, employer)
    fields = {"identifiant": other.identifier, "mot-de-passe": "faux"}
    send(client, "/connexion", fields, form_at="/employeur")
    send(client, "/connexion", fields | {"mot-de-passe": factories.PASSWORD}, form_at="/employeur")
    assert [(row[0], row[2], row[4]) for row in rows(client)] == [
        (other.id, "session.refused", "refused"),
        (employer.id, "session.closed", "ok"),
        (other.id, "session.opened", "ok"),
    ]


def test_rows_say_from_where(client, member) -> None:
    with address(client, "192.0.2.44"):
        try_password(client, member.identifier, "faux", headers={"User-Agent": "Navigateur d’essai".encode()})
    client.services.journal.flush()
    with client.services.database.read() as db:
        details = json.loads(db.execute(text("SELECT details FROM evidence_detail")).scalar_one())
    assert details["address"] == "192.0.2.44"
    assert details["browser"].startswith("Navigateur d")


def test_nothing_is_opened_when_the_evidence_cannot_be_written(client, member, monkeypatch) -> None:
    """R-51: an act that cannot be recorded is refused, and leaves nothing behind."""

    def fail(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("portal.web.record", fail)
    answer = try_password(client, member.identifier, factories.PASSWORD)
    assert answer.status_code == 500
    assert "set-cookie" not in answer.headers
    with client.services.database.read() as db:
        assert db.execute(text("SELECT count(*) FROM session")).scalar() == 0
