"""The worker: wakes for new mail, stops in good order, lives through failures, and never dies with a letter (R8).

The kills are real: `portal worker` in a process of its own, a real SMTP server, and `kill -9` at the worst moments.
`KILL_ROUNDS` makes it longer.
"""

import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from litestar.testing import TestClient
from sqlalchemy import update
from sqlmodel import col, select

from portal import worker as worker_module
from portal.app import create_app
from portal.data.outbox import MailState, OutgoingMail, list_letters
from portal.mailing.folder import filed_letters
from portal.worker import Worker
from tests.support.server import PROGRAM, environment
from tests.support.smtp import HOST, Handler, smtp_server

ROUNDS = int(os.environ.get("KILL_ROUNDS", "1"))
LETTERS = 12
PATIENCE = 60
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def waiting(services) -> int:
    with services.database.read() as db:
        return len(list_letters(db, MailState.WAITING, most=1000))


def message_ids(services) -> list[str]:
    with services.database.read() as db:
        return list(db.exec(select(OutgoingMail.message_id)))


def until(true: Callable[[], object], log: Path | None = None) -> None:
    """Waits; when patience ends, fails with what the worker's log says."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, log.read_text()[-2000:] if log else "nothing came"
        time.sleep(0.01)


def let_leases_end(services) -> None:
    """As if the time of every lease and every delay had passed."""
    unsent = update(OutgoingMail).where(col(OutgoingMail.sent_at).is_(None))
    with services.database.write() as db:
        db.exec(unsent.values(claimed_until=None, next_attempt_at=LONG_AGO))


@pytest.fixture
def log(settings) -> Path:
    """What worker processes say."""
    settings.data_folder.mkdir(parents=True, exist_ok=True)
    return settings.data_folder / "worker.log"


@pytest.fixture
def processes(services, settings, log):
    """Starts `portal worker` processes; none outlives the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(port: int | None = None) -> subprocess.Popen[bytes]:
        smtp = {"PORTAL_MAIL_HOST": HOST, "PORTAL_MAIL_PORT": str(port), "PORTAL_MAIL_SECURITY": "none"}
        ours = environment(settings, services.database.url) | {"PORTAL_WORKER": "separate"} | (smtp if port else {})
        with log.open("ab") as file:
            process = subprocess.Popen([*PROGRAM, "worker"], env=ours, stderr=file, start_new_session=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


# --- in this process ---


@pytest.fixture
def worker(services):
    running = Worker(services)
    running.start()
    yield running
    running.stop()


def test_new_letter_leaves_at_once_without_waiting_for_the_next_round(services, post, worker, settings) -> None:
    until(lambda: not services.mail.posted.is_set())
    begun = time.monotonic()
    post()
    until(lambda: filed_letters(settings.mail_folder))
    assert time.monotonic() - begun < worker_module.MAIL_SECONDS / 2
    until(lambda: waiting(services) == 0)


def test_worker_lives_on_after_a_failure_that_nobody_foresaw(services, post, monkeypatch, caplog) -> None:
    monkeypatch.setattr(worker_module, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(worker_module, "MAIL_SECONDS", 0.01)
    running = Worker(services)
    failures, send = [RuntimeError("unforeseen")], running._delivery.send_due

    def fail_once() -> bool:
        if failures:
            raise failures.pop()
        return send()

    running._delivery.send_due = fail_once
    post()
    running.start()
    try:
        until(lambda: waiting(services) == 0)
    finally:
        running.stop()
    assert "unforeseen" in caplog.text


def test_stopped_worker_has_finished_the_letter_at_hand(services, post, settings) -> None:
    for _ in range(50):
        post()
    running = Worker(services)
    running.start()
    until(lambda: filed_letters(settings.mail_folder))
    running.stop()
    assert not [thread for thread in threading.enumerate() if thread.name in {"mail", "jobs"}]
    unsent = (col(OutgoingMail.claimed_until).is_not(None), col(OutgoingMail.sent_at).is_(None))
    with services.database.read() as db:
        assert db.exec(select(OutgoingMail.id).where(*unsent)).all() == []
    assert len(filed_letters(settings.mail_folder)) == 50 - waiting(services)


def test_server_sends_letters_itself_unless_told_otherwise(settings, database) -> None:
    for choice, names in (("embedded", {"mail", "jobs"}), ("separate", set())):
        app = create_app(settings.model_copy(update={"worker": choice}), database=database)
        with TestClient(app):
            assert {thread.name for thread in threading.enumerate()} & {"mail", "jobs"} == names


# --- in processes of its own ---


@pytest.mark.slow
def test_worker_killed_between_sending_and_marking_loses_nothing(services, post, processes, settings, log) -> None:
    """Each round the worker dies before it hears the server's « 250 », right after, or a moment later."""
    handler, random_ = Handler(), random.Random(8)
    for _ in range(LETTERS):
        post()
    kills = 0
    with smtp_server(handler) as port:
        for number in range(ROUNDS):
            process = processes(port)
            taken, left = len(handler.received), random_.randint(1, 3)
            delay = (0.0, None, random_.uniform(0, 0.01))[number % 3]

            def die(process=process, enough=taken + left, delay=delay) -> None:
                if len(handler.received) == enough:
                    if delay is None:
                        process.send_signal(signal.SIGKILL)
                    else:
                        threading.Timer(delay, process.send_signal, [signal.SIGKILL]).start()

            handler.on_data = die
            until(
                lambda process=process: process.poll() is not None or waiting(services) == 0,
                settings.data_folder / "worker.log",
            )
            if process.poll() is None:
                break
            kills += 1
            let_leases_end(services)
            for _ in range(left):
                post()
        handler.on_data = lambda: None
        processes(port)
        until(lambda: waiting(services) == 0, log)
    received = Counter(received.message_id for received in handler.received)
    assert set(received) == set(message_ids(services))
    assert kills >= min(ROUNDS, 3)
    assert received.total() - len(received) <= kills
    contents = {(one.message_id, one.content) for one in handler.received}
    assert len(contents) == len(received), "a letter sent twice is the same letter"


@pytest.mark.slow
def test_worker_killed_while_it_files_letters_leaves_each_one_once(services, post, processes, settings, log) -> None:
    """Without an SMTP server: exactly once, whatever the number of kills."""
    random_ = random.Random(9)
    for _ in range(ROUNDS):
        for _ in range(LETTERS):
            post()
        process = processes()
        before = len(filed_letters(settings.mail_folder, most=10_000))
        until(
            lambda before=before: len(list(settings.mail_folder.glob("*.eml"))) > before,
            settings.data_folder / "worker.log",
        )
        time.sleep(random_.uniform(0, 0.05))
        process.kill()
        process.wait()
        let_leases_end(services)
    processes()
    until(lambda: waiting(services) == 0, log)
    names = {message_id.strip("<>").partition("@")[0] for message_id in message_ids(services)}
    letters = filed_letters(settings.mail_folder, most=10_000)
    assert len(letters) == len(names) == ROUNDS * LETTERS
    assert {letter.name for letter in letters} == names
    assert all("123 456" in letter.text and letter.text.rstrip().endswith("00 00") for letter in letters)


@pytest.mark.slow
def test_two_worker_processes_send_each_letter_once(services, post, processes, settings, log) -> None:
    handler = Handler(on_data=lambda: time.sleep(0.01))
    for _ in range(40):
        post()
    with smtp_server(handler) as port:
        for process in [processes(port), processes(port)]:
            assert process.poll() is None
        until(lambda: waiting(services) == 0, log)
    assert Counter(one.message_id for one in handler.received) == Counter(message_ids(services))


@pytest.mark.slow
def test_worker_process_told_to_stop_ends_well(services, post, processes, settings, log) -> None:
    post()
    process = processes()
    until(lambda: filed_letters(settings.mail_folder) and waiting(services) == 0, log)
    process.terminate()
    assert process.wait(PATIENCE) == 0
