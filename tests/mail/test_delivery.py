"""Delivery: what a carrier answers decides what becomes of a letter; nothing is lost or sent twice (R8)."""

import logging
import re
import threading
import time
from collections import Counter

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from portal.data.outbox import MOST_ATTEMPTS, MailState, OutgoingMail, list_letters
from portal.database import DatabaseBusy
from portal.mailing import delivery as delivery_module
from portal.mailing.delivery import Delivery, Postponed, Refused, Unreachable


class Recorder:
    """A carrier that answers as told, letter by letter, and keeps what it took."""

    def __init__(self, *answers: Exception | None) -> None:
        self.answers = list(answers)
        self.taken: list[str] = []
        self.closed = 0

    def carry(self, parcel) -> None:
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        self.taken.append(parcel.message_id)

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def deliver(services, clock):
    def make(carrier) -> Delivery:
        return Delivery(services.database, services.keyring, carrier, clock)

    return make


def states(services) -> list[MailState]:
    with services.database.read() as db:
        return [row.state for row in reversed(list_letters(db))]


def message_ids(services) -> list[str]:
    with services.database.read() as db:
        return list(db.exec(select(OutgoingMail.message_id).order_by(OutgoingMail.id)))


def test_letters_leave_in_the_order_they_were_written(services, post, deliver) -> None:
    for _ in range(3):
        post()
    carrier = Recorder()
    assert deliver(carrier).send_due()
    assert carrier.taken == message_ids(services)
    assert states(services) == [MailState.SENT] * 3
    assert carrier.closed == 1


def test_recipient_refused_for_good_is_set_aside_and_the_operator_told_without_the_address(
    services, post, deliver, caplog
) -> None:
    post("absente@exemple.example")
    post()
    carrier = Recorder(Refused("550 5.1.1"))
    deliver(carrier).send_due()
    assert states(services) == [MailState.REFUSED, MailState.SENT]
    alert = next(record for record in caplog.records if record.levelno == logging.ERROR)
    assert re.fullmatch(r"letter \d+ trial REFUSED for good: 550 5\.1\.1", alert.getMessage())
    assert "absente" not in caplog.text


def test_recipient_refused_for_now_is_tried_again_while_others_leave(services, post, deliver, clock) -> None:
    post()
    post()
    carrier = Recorder(Postponed("451 4.7.1"))
    sender = deliver(carrier)
    sender.send_due()
    assert states(services) == [MailState.WAITING, MailState.SENT]
    clock.pass_(seconds=60)
    sender.send_due()
    assert sorted(carrier.taken) == sorted(message_ids(services))


def test_server_away_stops_the_round_at_its_first_letter(services, post, deliver) -> None:
    for _ in range(3):
        post()
    carrier = Recorder(*[Unreachable("no connection")] * 9)
    assert not deliver(carrier).send_due()
    assert len(carrier.answers) == 8
    assert states(services) == [MailState.WAITING] * 3


def test_recipient_put_off_for_days_is_given_up_visibly(services, post, deliver, clock, caplog) -> None:
    post()
    sender = deliver(Recorder(*[Postponed("452 4.2.2")] * MOST_ATTEMPTS))
    for _ in range(MOST_ATTEMPTS):
        sender.send_due()
        clock.pass_(hours=1)
    assert states(services) == [MailState.REFUSED]
    assert f"given up after {MOST_ATTEMPTS} attempts: 452 4.2.2" in caplog.text


def test_letter_is_never_given_up_because_the_server_is_away(services, post, deliver, clock) -> None:
    post()
    away = MOST_ATTEMPTS + 20
    carrier = Recorder(*[Unreachable("no connection")] * away)
    sender = deliver(carrier)
    for _ in range(away + 1):
        assert states(services) == [MailState.WAITING]
        sender.send_due()
        clock.pass_(hours=1)
    assert states(services) == [MailState.SENT]


@pytest.mark.parametrize("failure", [DatabaseBusy(), OperationalError("", {}, Exception("gone"))])
def test_letter_taken_while_the_database_is_away_is_marked_once_it_is_back(
    services, post, deliver, monkeypatch, failure
) -> None:
    """Else its lease would end, and it would leave twice."""
    post()
    monkeypatch.setattr(delivery_module, "SETTLE_SECONDS", 0.01)
    carrier, failures, write = Recorder(), [failure] * 3, services.database.write

    def sometimes():
        if carrier.taken and failures:
            raise failures.pop()
        return write()

    monkeypatch.setattr(services.database, "write", sometimes)
    deliver(carrier).send_due()
    assert (len(carrier.taken), states(services), failures) == (1, [MailState.SENT], [])


def test_stopped_delivery_takes_no_further_letter(services, post, deliver) -> None:
    post()
    post()
    carrier = Recorder()
    sender = deliver(carrier)
    carrier.close = sender.stopping.set
    taken = carrier.carry

    def carry_then_stop(parcel) -> None:
        taken(parcel)
        sender.stopping.set()

    carrier.carry = carry_then_stop
    sender.send_due()
    assert states(services) == [MailState.SENT, MailState.WAITING]


def test_workers_at_once_send_each_letter_once(services, post, clock) -> None:
    """Four deliveries on one outbox, each letter taking a while: none leaves twice."""
    for _ in range(32):
        post()

    class Slow(Recorder):
        def carry(self, parcel) -> None:
            time.sleep(0.005)
            super().carry(parcel)

    carriers = [Slow() for _ in range(4)]
    works = [Delivery(services.database, services.keyring, carrier, clock).send_due for carrier in carriers]
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(taken for carrier in carriers for taken in carrier.taken) == Counter(message_ids(services))
    assert states(services) == [MailState.SENT] * 32
