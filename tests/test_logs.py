"""The log's form (F3), and that it tells of nobody: a journey of canaries leaves none in any line."""

import json
import logging

import pytest
from sqlalchemy.exc import IntegrityError

from portal.logs import FIELDS, JsonLines
from tests.support import factories
from tests.support.canaries import CANARY
from tests.support.entry import ask, enter, leave, send, try_password

PERSONAL = ("zoe@exemple.example", "Canari", "Zoé", "1971", "198.51.100.77", "Firefox/canari", factories.PASSWORD)


def record(message: str, *arguments: object, exc_info: object = None) -> logging.LogRecord:
    return logging.LogRecord("portal.access", logging.INFO, __file__, 1, message, arguments, exc_info)  # type: ignore[arg-type]


def raised(error: BaseException, cause: BaseException | None = None) -> tuple:
    try:
        raise error from cause
    except type(error) as caught:
        return type(caught), caught, caught.__traceback__


def test_hostile_text_stays_on_one_line():
    line = JsonLines().format(record("%s", 'a\r\n{"level": "forged"}\x1b[31m'))
    assert "\n" not in line
    assert "\x1b" not in line
    assert json.loads(line)["level"] == "INFO"


def test_instant_is_in_utc_and_the_logger_is_named():
    line = json.loads(JsonLines().format(record("hello %s", "you")))
    assert line["at"].endswith("Z")
    assert (line["logger"], line["message"]) == ("portal.access", "hello you")


def test_fields_of_a_record_stand_beside_its_message_and_never_forge_it():
    told = record("hello")
    setattr(told, FIELDS, {"status": 200, "level": "forged", "at": "never"})
    line = json.loads(JsonLines().format(told))
    assert (line["status"], line["level"]) == (200, "INFO")
    assert line["at"] != "never"


def test_trace_says_what_failed_where_and_none_of_its_words():
    """An exception quotes rows, and what people typed."""
    cause = IntegrityError("INSERT INTO person VALUES (?)", {"name": CANARY}, ValueError(f"UNIQUE: {CANARY}"))
    line = JsonLines().format(record("oops", exc_info=raised(RuntimeError(f"for {CANARY}"), cause)))
    trace = json.loads(line)["trace"]
    assert ("\n" in line, CANARY in line) == (False, False)
    assert "RuntimeError at " in trace
    assert "IntegrityError" in trace
    assert "test_logs.py" in trace


def test_trace_keeps_what_the_system_says_of_a_connection():
    line = JsonLines().format(
        record("oops", exc_info=raised(ConnectionRefusedError(111, "Connection refused", CANARY)))
    )
    assert "ConnectionRefusedError (Connection refused)" in json.loads(line)["trace"]
    assert CANARY not in line


class Lines(logging.Handler):
    """Every line that the server would write, of every logger, down to DEBUG."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(JsonLines())
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))

    def of(self, logger: str) -> list[dict]:
        return [line for line in map(json.loads, self.texts) if line["logger"] == logger]


@pytest.fixture
def lines(client):
    """From after the start: the tests' own client logs the addresses it asks for."""
    handler, root = Lines(), logging.getLogger()
    before = root.level
    ours = logging.getLogger("portal")
    ours.addHandler(handler)
    ours.setLevel(logging.DEBUG)
    yield handler
    ours.removeHandler(handler)
    ours.setLevel(logging.NOTSET)
    root.setLevel(before)


@pytest.fixture
def zoe(client):
    with client.services.database.write() as db:
        who = factories.person(db, "Zoé", last_name="Canari")
        factories.contract(db, who)
        return factories.member_account(db, client.services.keyring, who, email="zoe@exemple.example")


def test_line_of_a_request_says_all_that_is_needed_to_follow_it(client, lines, zoe) -> None:
    enter(client, zoe)
    answer = ask(client, "/adherent")
    (line,) = lines.of("portal.access")
    assert {name: line[name] for name in ("method", "route", "template", "status", "bytes", "space", "role")} == {
        "method": "GET",
        "route": "member.home",
        "template": "/adherent",
        "status": 200,
        "bytes": int(answer.headers.get("content-length", 0)) or line["bytes"],
        "space": "adherent",
        "role": "adherent",
    }
    assert line["ms"] > 0
    assert line["request"] == answer.headers["x-request-id"]
    assert not {"account", "account_id", "session", "address", "path"} & line.keys()


def test_reference_on_the_page_of_an_error_is_that_of_the_answer_and_of_its_lines(client, lines, monkeypatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError(CANARY)

    monkeypatch.setattr("portal.pages.public.home.render_page", broken)
    answer = ask(client, "/aide", headers={"X-Request-Id": "forged-by-a-browser"})
    reference = answer.headers["x-request-id"]
    assert (answer.status_code, reference in answer.text) == (500, True)
    assert [line["request"] for line in lines.of("portal.access")] == [reference]
    assert [reference in line["message"] for line in lines.of("portal.errors")] == [True]
    assert CANARY not in "".join(lines.texts)


def test_journey_of_canaries_leaves_no_personal_data_in_any_line(client, lines, zoe, monkeypatch) -> None:
    """F3: typed identifiers, searches, paths, addresses, files, failures; as a visitor and signed in."""
    outside = {
        "User-Agent": "Firefox/canari",
        "X-Forwarded-For": "198.51.100.77",
        "Referer": f"https://{CANARY}.example",
    }
    try_password(client, zoe.identifier, f"{CANARY}-faux", headers=outside)
    try_password(client, CANARY, factories.PASSWORD, headers=outside)
    send(client, "/mot-de-passe-oublie", {"e-mail": "zoe@exemple.example"}, form_at="/mot-de-passe-oublie")
    leave(client)
    for path in (f"/{CANARY}", f"/lien/{CANARY}", f"/professionnels-agrees?q={CANARY}", f"/static/{CANARY}"):
        ask(client, path, headers=outside)
    client.http.put(f"/connexion?{CANARY}")
    enter(client, zoe)
    for path in (f"/adherent/prestations?q={CANARY}", f"/adherent/prestations/{CANARY}", f"/adherent/releves/{CANARY}",
                 "/compte", "/compte/activite", "/adherent/carte", "/adherent/beneficiaires"):  # fmt: skip
        ask(client, path, headers=outside)
    send(client, "/messagerie/nouveau", {"objet": CANARY, "message": CANARY}, headers=outside)

    def broken(*_: object, **__: object) -> None:
        raise IntegrityError(f"INSERT {CANARY}", {"email": "zoe@exemple.example"}, ValueError("Zoé Canari"))

    monkeypatch.setattr("portal.pages.member.home.render_page", broken)
    assert ask(client, "/adherent", headers=outside).status_code == 500
    said = "\n".join(lines.texts)
    assert len(lines.of("portal.access")) > 15
    assert [word for word in (*PERSONAL, CANARY, zoe.identifier) if word in said] == []


def test_job_that_fails_on_somebodys_data_logs_its_class_alone(client, lines, monkeypatch) -> None:
    from datetime import timedelta  # noqa: PLC0415

    from portal.jobs import Job, run_due_jobs  # noqa: PLC0415

    def broken(_: object) -> None:
        raise ValueError(f"zoe@exemple.example {CANARY}")

    run_due_jobs(client.services, [Job("essai", timedelta(hours=1), broken)])
    assert "ValueError at" in "".join(lines.texts)
    assert CANARY not in "".join(lines.texts)
