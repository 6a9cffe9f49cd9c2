"""Notifications chosen: off at first, no health datum, one letter a day (R-51, R-64; security: E7)."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.account_jobs import send_payment_notices
from portal.data.accounts import AccountClosing
from tests.account.own.conftest import EMAIL
from tests.support import factories
from tests.support.entry import enter

PAGE = "/compte/notifications"
NOW = datetime(2026, 5, 4, 10, tzinfo=UTC)


def choose(client, **fields) -> None:
    client.get(PAGE)
    client.submit(f'form[action="{PAGE}"]', **fields)


def pay(client, holder, who=None) -> None:
    from portal.data.persons import Person  # noqa: PLC0415

    with client.services.database.write() as db:
        factories.payment(db, who or db.get(Person, holder.person_id))


@pytest.fixture
def told(client, post_box):
    """Runs the job on a day, and returns to whom it wrote."""

    def run(days: int = 0) -> list[str]:
        before = len(post_box())
        send_payment_notices(client.services, NOW + timedelta(days=days))
        return [letter.to for letter in post_box()[before:] if letter.name == "payment-notice"]

    return run


def test_nothing_is_chosen_at_first_and_nothing_is_sent(client, holder, told) -> None:
    assert client.get(PAGE).first("#versement[checked]") is None
    assert "ne se désactive pas" in client.page.text
    pay(client, holder)
    assert told() == []


def test_who_chose_it_is_told_of_later_payments_alone(client, holder, told, recorded) -> None:
    pay(client, holder)
    choose(client, versement="1")
    assert client.path == "/compte"
    assert client.get(PAGE).first("#versement[checked]") is not None
    assert told() == []
    pay(client, holder)
    assert told() == [EMAIL]
    assert told(1) == []
    assert recorded("notifications.") == [("notifications.chosen", "versement", "ok", holder.id)]


def test_several_payments_of_a_day_make_one_letter(client, holder, told) -> None:
    choose(client, versement="1")
    pay(client, holder)
    pay(client, holder)
    assert told() == [EMAIL]
    pay(client, holder)
    assert told() == []
    assert told(1) == [EMAIL]


def test_the_letter_says_neither_amount_nor_care_nor_name(client, holder, told, post_box) -> None:
    """E7."""
    choose(client, versement="1")
    pay(client, holder)
    told()
    letter = post_box(EMAIL)[-1]
    for canary in ("Anne", "Essai", "€", "Consultation", holder.identifier):
        assert canary not in letter.text + letter.html


def test_who_changes_their_mind_is_told_no_more(client, holder, told, recorded) -> None:
    choose(client, versement="1")
    choose(client, versement=None)
    choose(client, versement=None)
    pay(client, holder)
    assert told() == []
    assert [row[1] for row in recorded("notifications.")] == ["versement", ""]


def test_choosing_again_starts_from_then(client, holder, told) -> None:
    choose(client, versement="1")
    choose(client, versement=None)
    pay(client, holder)
    choose(client, versement="1")
    assert told() == []


def test_another_member_s_payment_is_none_of_ours(client, holder, make, told) -> None:
    choose(client, versement="1")
    with client.services.database.write() as db:
        stranger = factories.household(db, name="Autre")
        factories.payment(db, stranger.member)
    assert told() == []


def test_adult_dependant_is_told_of_own_lines_alone(client, told) -> None:
    with client.services.database.write() as db:
        family = factories.household(db, spouse="Paul")
        account = factories.dependant_account(db, client.services.keyring, family["Paul"], email="paul@exemple.example")
    enter(client, account)
    choose(client, versement="1")
    with client.services.database.write() as db:
        factories.paid_line(db, family.contract)
    assert told() == []
    with client.services.database.write() as db:
        factories.paid_line(db, family.contract, family["Paul"])
    assert told() == ["paul@exemple.example"]


def test_closed_or_suspended_account_gets_no_letter(client, holder, told) -> None:
    choose(client, versement="1")
    pay(client, holder)
    with client.services.database.write() as db:
        suspension = factories.suspend(db, holder)
    assert told() == []
    with client.services.database.write() as db:
        db.get(type(suspension), suspension.id).ended_at = NOW
        db.add(AccountClosing(account_id=holder.id, reason="essai"))
    assert told() == []


def test_two_jobs_at_once_write_once(client, holder, post_box) -> None:
    from portal.data.notifications import due_payment_notices, keep_notice  # noqa: PLC0415

    choose(client, versement="1")
    pay(client, holder)
    with client.services.database.read() as db:
        (notice,) = due_payment_notices(db, NOW)
    kept = []
    for _ in range(2):
        with client.services.database.write() as db:
            kept.append(keep_notice(db, notice, NOW))
    assert kept == [True, False]


def test_other_spaces_are_offered_nothing_and_cannot_force_it(client, make) -> None:
    from tests.support.entry import send  # noqa: PLC0415

    enter(client, make(factories.employer_account))
    assert client.get(PAGE).first("#versement") is None
    assert send(client, PAGE, {"versement": "1", "compte": "1"}, form_at="/compte").status_code == 303
    with client.services.database.read() as db:
        from sqlmodel import select  # noqa: PLC0415

        from portal.data.notifications import NotificationChoice  # noqa: PLC0415

        assert db.exec(select(NotificationChoice)).all() == []
