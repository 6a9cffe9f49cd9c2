"""When something breaks (security F1 to F5, R-60): nobody gets in, people get a reference, logs nothing personal."""

import asyncio
import fcntl
import logging
import re
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from portal.data.prepared import Prepared
from portal.database import DatabaseBusy
from portal.evidence.journal import Journal, JournalUnavailable
from portal.pages.employer import home
from tests.support import factories
from tests.support.audit.answer import audit_answer
from tests.support.entry import ask, enter, send, token_in, try_password

CANARY = "canari-7421"
BROKEN = RuntimeError(CANARY)
OURS = ("portal", "litestar", "sqlalchemy")


@pytest.fixture
def employer(client):
    with client.services.database.write() as db:
        return factories.employer_account(db, client.services.keyring)


def breaks(error: Exception):
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def log_lines(caplog) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name.startswith(OURS)]


def failures(caplog) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize(
    "broken",
    [
        "portal.permissions.may",
        "portal.csrf.comes_from_here",
        "portal.security.Keyring.csrf_matches",
        "portal.data.throttling.hold",
        "portal.data.throttling.delay_of",
        "portal.entry.authentication.verify_password",
        "portal.entry.arrivals.open_session",
        "portal.web.record",
        "portal.sessions.find_viewer",
    ],
)
def test_failure_on_the_way_in_lets_nobody_in(client, employer, monkeypatch, caplog, broken) -> None:
    """F5: guard, form check, limiter, hashing, session or evidence: the outcome is a refusal with a reference."""
    enter(client, employer)
    token = token_in(ask(client, "/employeur"))
    monkeypatch.setattr(broken, breaks(BROKEN))
    fields = {"identifiant": employer.identifier, "mot-de-passe": factories.PASSWORD, "jeton": token}
    answers = [
        ask(client, "/employeur"),
        send(client, "/connexion", fields),
        send(client, "/deconnexion", {"jeton": token}),
    ]
    broke = [answer for answer in answers if answer.status_code >= 500]
    assert broke
    for answer in broke:
        assert audit_answer(answer) == []
        assert "set-cookie" not in answer.headers
        assert CANARY not in answer.text
        assert "Traceback" not in answer.text
        assert "incident de notre côté" in answer.text
    references = [line.split()[1].rstrip(":") for line in failures(caplog)]
    assert len(references) == len(broke)
    assert all(reference in answer.text for reference, answer in zip(references, broke, strict=True))


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize(
    "error",
    [
        DatabaseBusy(),
        JournalUnavailable("x"),
        OperationalError(CANARY, {"q": CANARY}, Exception(CANARY)),
        PoolTimeout(CANARY),
    ],
    ids=lambda error: type(error).__name__,
)
def test_busy_database_or_journal_answers_503_and_when_to_come_back(
    client, employer, monkeypatch, caplog, error
) -> None:
    """R4, R5, R14, R-60."""
    enter(client, employer)
    monkeypatch.setattr(home, "render_page", breaks(error))
    answer = ask(client, "/employeur")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert audit_answer(answer) == []
    assert "momentanément interrompu" in answer.text
    (line,) = failures(caplog)
    assert line.split()[1].rstrip(":") in answer.text
    assert CANARY not in line + answer.text


@pytest.mark.engines("sqlite")
def test_fragment_that_breaks_answers_a_bare_status(client, monkeypatch) -> None:
    with client.services.database.write() as db:
        member = factories.member_with_account(db, client.services.keyring)[1]
    enter(client, member)
    monkeypatch.setattr("portal.partials.member.benefits.list_context", breaks(BROKEN))
    answer = ask(client, "/fragments/adherent/prestations")
    assert (answer.status_code, answer.text) == (500, "")


@pytest.mark.engines("sqlite")
def test_read_that_cannot_be_noted_is_not_answered(client, monkeypatch) -> None:
    """R-51: no evidence, no reading."""
    with client.services.database.write() as db:
        family, member = factories.member_with_account(db, client.services.keyring)
        factories.paid_line(db, family.contract, label="Soin très privé")
    enter(client, member)
    assert "Soin très privé" in ask(client, "/adherent/prestations").text
    monkeypatch.setattr(Journal, "note", breaks(JournalUnavailable("disk full")))
    for path in ("/adherent", "/adherent/prestations", "/fragments/adherent/prestations"):
        answer = ask(client, path)
        assert answer.status_code == 503, path
        assert "Soin très privé" not in answer.text


def test_locked_database_answers_503_and_recovers(client, employer, monkeypatch) -> None:
    """R5: sign-in while another writer holds the database; reading goes on; nothing is left half done."""
    monkeypatch.setattr(type(client.services.database), "write", breaks(DatabaseBusy()))
    assert try_password(client, employer.identifier, factories.PASSWORD).status_code == 503
    assert ask(client, "/aide").status_code == 200
    monkeypatch.undo()
    assert try_password(client, employer.identifier, factories.PASSWORD).status_code == 303


@pytest.mark.engines("sqlite")
def test_logs_of_a_journey_hold_nothing_personal(client, employer, monkeypatch, caplog) -> None:
    """F2, A8: no identifier, password, token, cookie, name, search term, query string or address, failures included."""
    with client.services.database.write() as db:
        keyring = client.services.keyring
        family, member = factories.member_with_account(db, keyring, name="Canarinom")
        line = factories.paid_line(db, family.contract, label="Canarisoin")
    caplog.set_level(logging.DEBUG)
    cookie = enter(client, member)
    (opaque,) = keyring.conceal("line", [line.id])
    ask(client, "/adherent/prestations?q=canariterme")
    ask(client, f"/adherent/prestations/{opaque}")
    ask(client, "/nulle-part/canarichemin")
    token = token_in(ask(client, "/adherent"))
    send(client, "/deconnexion?x=canariquery", {"jeton": token})
    try_password(client, member.identifier, "Canaripasse", headers={"User-Agent": "Canarinavigateur"})
    monkeypatch.setattr("portal.data.throttling.hold", breaks(RuntimeError(f"Canaripasse {member.identifier}")))
    try_password(client, member.identifier, "Canaripasse")
    logged = "\n".join(log_lines(caplog))
    assert "GET /adherent/prestations 200" in logged
    for secret in ("anari", member.identifier, cookie, token, opaque, "?"):
        assert secret not in logged, secret


@pytest.mark.engines("sqlite")
def test_nothing_typed_can_forge_a_log_line(client, employer, caplog) -> None:
    """F3: no CR, LF or escape sequence of a visitor's reaches a line."""
    caplog.set_level(logging.INFO)
    ask(client, "/x%0d%0aERROR%20forged%1b[31m")
    try_password(client, "1\r\nERROR forged", "x\r\nforged", headers={"X-Forwarded-For": "forged"})
    lines = log_lines(caplog)
    assert len(lines) >= 3
    assert not [line for line in lines if "forged" in line or re.search(r"[\r\n\x1b]", line)]


def test_driver_error_of_a_prepared_statement_is_sqlalchemys(database):
    """A lost or locked database answers 503, whichever way the query goes."""
    with database.read() as db, pytest.raises(DBAPIError) as caught:
        Prepared(select(text("1")).select_from(text("no_such_table"))).rows(db, {})
    assert "no_such_table" in str(caught.value.orig)


@pytest.mark.engines("sqlite")
def test_writer_that_waits_for_another_process_keeps_nobody_else_waiting(client, settings):
    """R-60: while an import holds the database, pages go on being served."""

    async def both() -> list[str]:
        done: list[str] = []
        transport = httpx.ASGITransport(client.app)
        async with httpx.AsyncClient(transport=transport, base_url=settings.origin) as browser:

            async def ask(path: str) -> None:
                answer = await browser.get(path)
                done.append(f"{path} {answer.status_code}")

            await asyncio.gather(ask("/readyz"), ask("/healthz"), ask("/aide"))
        return done

    with (settings.data_folder / "portal.sqlite3.writer").open("w") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        with ThreadPoolExecutor(1) as elsewhere:  # this thread may run a loop of its own (Playwright's)
            done = elsewhere.submit(asyncio.run, both()).result()
        assert done == ["/healthz 200", "/aide 200", "/readyz 503"]
