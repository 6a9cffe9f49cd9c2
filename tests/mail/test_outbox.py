"""The outbox: committed with the change, encrypted, held by one worker at a time, emptied once sent (E7, B2)."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlmodel import select

from portal.data import outbox
from portal.data.outbox import (
    LEASE,
    MailState,
    OutgoingMail,
    claim_letter,
    delay_after,
    forget_letters,
    has_due_letter,
    list_letters,
    mark_sent,
    oldest_waiting,
    postpone,
    refuse,
    retry_letters,
)
from tests.mail.conftest import SECRET

WHO = "claire@exemple.example"


def rows(services) -> list[OutgoingMail]:
    with services.database.read() as db:
        return list(db.exec(select(OutgoingMail).order_by(OutgoingMail.id)))


def claimed(services, worker, now):
    with services.database.write() as db:
        return claim_letter(db, services.keyring, worker, now)


def written(services, step, *arguments, **keywords):
    with services.database.write() as db:
        return step(db, *arguments, **keywords)


def test_letter_of_a_change_that_fails_never_existed(services) -> None:
    def fail(db) -> None:
        services.mail.post(db, "trial", WHO, name="Claire", secret=SECRET)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        written(services, fail)
    assert rows(services) == []
    assert not services.mail.posted.is_set()


def test_committed_letter_wakes_the_delivery_of_this_process(services, post) -> None:
    post()
    assert services.mail.posted.is_set()
    assert len(rows(services)) == 1


def test_database_holds_neither_the_address_nor_a_word_of_the_letter(services, post, clock) -> None:
    post()
    claimed(services, "one", clock())
    with services.database.read() as db:
        raw = db.connection().exec_driver_sql("SELECT * FROM outgoing_mail").one()
    stored = " ".join(
        bytes(value).decode("latin1") if isinstance(value, bytes | memoryview) else str(value) for value in raw
    )
    for told in (WHO, "claire", "Claire", SECRET, "Bonjour", "123 456", "Content-Type"):
        assert told not in stored


def test_letter_that_left_keeps_only_its_kind_time_and_account(services, post, clock) -> None:
    post()
    parcel = claimed(services, "one", clock())
    assert (parcel.recipient, SECRET in parcel.content) == (WHO, True)
    written(services, mark_sent, parcel.id, clock())
    (row,) = rows(services)
    assert (row.kind, row.sent_at, row.recipient_encrypted, row.content_encrypted) == ("trial", clock(), None, None)


def test_letter_under_way_is_nobody_elses_until_its_lease_ends(services, post, clock) -> None:
    post()
    first = claimed(services, "one", clock())
    clock.pass_(seconds=LEASE.total_seconds() - 1)
    assert claimed(services, "two", clock()) is None
    clock.pass_(seconds=1)
    again = claimed(services, "two", clock())
    assert (again.message_id, again.content, again.attempts) == (first.message_id, first.content, 2)


def test_worker_that_lost_its_lease_cannot_give_the_letter_back_but_can_say_that_it_left(services, post, clock) -> None:
    post()
    lost = claimed(services, "one", clock())
    clock.pass_(seconds=LEASE.total_seconds())
    claimed(services, "two", clock())
    written(services, postpone, lost.id, "one", "451")
    written(services, refuse, lost.id, "one", clock(), "550")
    (row,) = rows(services)
    assert (row.claimed_by, row.refused_at, row.reason) == ("two", None, "")
    written(services, mark_sent, lost.id, clock())
    written(services, postpone, lost.id, "two", "451")
    (row,) = rows(services)
    assert row.sent_at == clock()
    assert claimed(services, "three", clock() + timedelta(days=1)) is None


def test_delays_double_from_a_minute_to_an_hour() -> None:
    minutes = [delay_after(attempts) / timedelta(minutes=1) for attempts in (1, 2, 3, 4, 5, 6, 7, 8, 500)]
    assert minutes == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    total = sum((delay_after(attempts) for attempts in range(1, outbox.MOST_ATTEMPTS)), timedelta())
    assert timedelta(days=4) < total < timedelta(days=6)


def test_postponed_letter_comes_back_after_its_delay_and_not_before(services, post, clock) -> None:
    post()
    parcel = claimed(services, "one", clock())
    written(services, postpone, parcel.id, "one", "451 4.7.1")
    with services.database.read() as db:
        assert not has_due_letter(db, clock() + timedelta(seconds=59))
        assert has_due_letter(db, clock() + timedelta(seconds=60))


def test_oldest_waiting_letter_is_told_until_it_leaves_or_is_refused(services, post, clock) -> None:
    post()
    post()
    first, second = rows(services)
    with services.database.read() as db:
        assert oldest_waiting(db) == first.made_at
    written(services, mark_sent, first.id, clock())
    with services.database.read() as db:
        assert oldest_waiting(db) == second.made_at
    parcel = claimed(services, "one", clock())
    written(services, refuse, parcel.id, "one", clock(), "550 5.1.1")
    with services.database.read() as db:
        assert oldest_waiting(db) is None
        assert [row.state for row in list_letters(db)] == [MailState.REFUSED, MailState.SENT]
        assert [row.reason for row in list_letters(db, MailState.REFUSED)] == ["550 5.1.1"]


def test_operator_has_a_refused_letter_tried_again(services, post, clock) -> None:
    post()
    parcel = claimed(services, "one", clock())
    written(services, refuse, parcel.id, "one", clock(), "550 5.1.1")
    assert claimed(services, "one", clock() + timedelta(days=2)) is None
    assert written(services, retry_letters, clock(), parcel.id) == 1
    assert claimed(services, "one", clock()).attempts == 1
    written(services, mark_sent, parcel.id, clock())
    assert written(services, retry_letters, clock()) == 0


def test_refused_letters_are_emptied_and_old_rows_forgotten(services, post, clock) -> None:
    for _ in range(3):
        post()
    refused, sent, waiting = rows(services)
    claimed(services, "one", clock())
    written(services, refuse, refused.id, "one", clock(), "550")
    written(services, mark_sent, sent.id, clock())
    written(services, forget_letters, clock() + timedelta(days=31))
    assert [row.content_encrypted is None for row in rows(services)] == [True, True, False]
    written(services, forget_letters, clock() + timedelta(days=366))
    assert [row.id for row in rows(services)] == [waiting.id]


def test_workers_that_claim_at_once_share_the_letters_out(services, post, clock) -> None:
    """Each letter is held once, whatever the race."""
    for _ in range(24):
        post()
    held: list[int] = []
    start = threading.Barrier(4)

    def work(name: str) -> None:
        start.wait()
        while parcel := claimed(services, name, clock()):
            held.append(parcel.id)

    threads = [threading.Thread(target=work, args=(f"worker-{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(held) == [row.id for row in rows(services)]


def test_letter_that_no_key_opens_keeps_no_other_waiting(services, post, clock) -> None:
    """A key withdrawn too soon, a damaged row: set aside, visible, and the next one leaves."""
    post("paul@exemple.example")
    with services.database.write() as db:
        db.execute(update(OutgoingMail).values(content_encrypted=b"?"))
    post("claire@exemple.example")
    assert claimed(services, "one", clock()) is not None
    damaged = min(rows(services), key=lambda row: row.id)
    assert (damaged.reason, damaged.refused_at is None) == ("cannot be decrypted", False)
