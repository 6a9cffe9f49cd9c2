"""A practice's account has a company's brakes, by the same code; a transfer goes to the day's account (R-13, R-40)."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import Session

from portal.bank_words import details_of, iban_of
from portal.data.bank_changes import EFFECT_AFTER, AlreadyThere, BankState
from portal.data.company_bank import COMPANY
from portal.data.fraud import FraudChannel, freeze
from portal.data.links import STOPPING, LinkPurpose
from portal.data.organisation_bank import (
    OwnChange,
    apply_change,
    approve_change,
    ask_change,
    cancel_change,
    change_waiting,
    due_changes_of,
    organisation_history,
    pending_behind,
)
from portal.data.organisation_bank_contacts import organisation_addresses
from portal.data.organisation_bank_rules import NobodyApproves, choose_rule
from portal.data.practice_bank import PRACTICE, PracticeBankDetails, account_on
from portal.formatting import PARIS
from tests.support import factories
from tests.support.practices import NOW, THIRD_NUMBER, practice_firm

FIRST, SECOND, THIRD = "FR7630006000011234567890189", "FR1420041010050500013M02606", "DE89370400440532013000"
LATER = NOW + EFFECT_AFTER


def new(iban: str = SECOND):
    return details_of(iban_of(iban), "Optique Exemple")


@pytest.fixture
def db(database):
    with Session(database.writer, expire_on_commit=False) as session:
        yield session
        session.rollback()


@pytest.fixture
def firm(db, keyring):
    return practice_firm(db, keyring)


@pytest.fixture
def ada(db, firm):
    return factories.viewer_of(db, firm.first)


@pytest.fixture
def bela(db, firm):
    return factories.viewer_of(db, firm.second)


def states(db, viewer, keyring) -> list[BankState]:
    return [given.state for given in organisation_history(db, viewer, PRACTICE, keyring)]


def test_change_waits_72_hours_and_then_serves(db, keyring, firm, ada) -> None:
    row = ask_change(db, ada, PRACTICE, keyring, new(), NOW)
    assert due_changes_of(db, PRACTICE, LATER - timedelta(seconds=1)) == []
    assert due_changes_of(db, PRACTICE, LATER) == [(row.id, firm.practice.id)]
    assert due_changes_of(db, COMPANY, LATER) == []
    assert apply_change(db, PRACTICE, row.id, firm.practice.id, LATER).id == row.id
    with pytest.raises(AlreadyThere):
        ask_change(db, ada, PRACTICE, keyring, new(), LATER)
    assert states(db, ada, keyring) == [BankState.IN_FORCE]


def test_reported_account_given_again_changes_nothing(db, keyring, firm, ada) -> None:
    """A company signs a mandate for it; a practice signs nothing."""
    kept = {"provider_id": firm.practice.id, "reported_on": date(2020, 1, 1), "masked": "FR76 •••• 189"}
    secret = {"iban_encrypted": keyring.encrypt(FIRST), "holder_encrypted": keyring.encrypt("Optique Exemple")}
    db.add(PracticeBankDetails(**kept, **secret, iban_lookup=keyring.lookup(FIRST)))
    db.flush()
    with pytest.raises(AlreadyThere):
        ask_change(db, ada, PRACTICE, keyring, new(FIRST), NOW)


def test_second_responsible_approves_what_the_first_asked(db, keyring, ada, bela) -> None:
    choose_rule(db, ada, PRACTICE, needs_approval=True, now=NOW)
    row = ask_change(db, ada, PRACTICE, keyring, new(), NOW)
    assert row.takes_effect_at is None
    assert change_waiting(db, ada, PRACTICE) is None
    assert change_waiting(db, bela, PRACTICE).row_id == row.id
    with pytest.raises(OwnChange):
        approve_change(db, ada, PRACTICE, row.id, NOW)
    assert approve_change(db, bela, PRACTICE, row.id, NOW).takes_effect_at == LATER


def test_two_signatures_are_refused_to_whoever_is_alone(db, keyring) -> None:
    alone = practice_firm(db, keyring, THIRD_NUMBER)
    alone.second.role = "membre"
    db.flush()
    with pytest.raises(NobodyApproves):
        choose_rule(db, factories.viewer_of(db, alone.first), PRACTICE, needs_approval=True, now=NOW)


def test_another_practice_has_its_own_account_and_stops_nothing(db, keyring, firm, ada) -> None:
    row = ask_change(db, ada, PRACTICE, keyring, new(), NOW)
    other = practice_firm(db, keyring, THIRD_NUMBER)
    stranger = factories.viewer_of(db, other.first)
    assert states(db, stranger, keyring) == []
    assert cancel_change(db, PRACTICE, other.practice.id, NOW) is None
    assert pending_behind(db, PRACTICE, other.first.id, str(row.id)) is None
    assert pending_behind(db, COMPANY, firm.first.id, str(row.id)) is None
    assert pending_behind(db, PRACTICE, firm.second.id, str(row.id)).id == row.id


def test_fraud_report_of_a_responsible_stops_the_change_and_one_of_the_team_does_not_r13(
    db, keyring, firm, ada
) -> None:
    ask_change(db, ada, PRACTICE, keyring, new(), NOW)
    assert freeze(db, keyring, firm.colleague.id, FraudChannel.LINK, "", NOW).stopped_organisation is None
    assert freeze(db, keyring, firm.second.id, FraudChannel.LINK, "", NOW).stopped_organisation is not None
    assert states(db, ada, keyring) == [BankState.CANCELLED]


def test_change_waits_while_its_author_is_frozen(db, keyring, firm, ada) -> None:
    freeze(db, keyring, firm.first.id, FraudChannel.LINK, "", NOW)
    row = ask_change(db, factories.viewer_of(db, firm.second), PRACTICE, keyring, new(), NOW)
    row.asked_by = firm.first.id
    db.flush()
    assert due_changes_of(db, PRACTICE, LATER) == []


def test_transfer_goes_to_the_account_in_force_as_its_day_begins_r40(db, keyring, firm, ada) -> None:
    assert account_on(db, ada, NOW.date()) is None
    for iban, since in ((FIRST, NOW - timedelta(days=90)), (SECOND, NOW - timedelta(days=10))):
        row = ask_change(db, ada, PRACTICE, keyring, new(iban), since - EFFECT_AFTER)
        apply_change(db, PRACTICE, row.id, firm.practice.id, since)
    given_up = ask_change(db, ada, PRACTICE, keyring, new(THIRD), NOW)
    changed_on = (NOW - timedelta(days=10)).astimezone(PARIS).date()
    assert account_on(db, ada, changed_on).masked == "FR76 •••• 189"
    assert account_on(db, ada, changed_on + timedelta(days=1)).masked == "FR14 •••• 606"
    assert account_on(db, ada, NOW.date()).id != given_up.id


def test_letters_go_to_all_who_signed_and_to_the_address_of_the_files(db, firm) -> None:
    found = organisation_addresses(db, PRACTICE, firm.practice.id, datetime.now(UTC))
    assert {email for _, email in found} == {"ada@optique.example", "bela@optique.example", "boite@optique.example"}


def test_link_of_its_letters_works_although_a_thief_changes_the_password() -> None:
    assert LinkPurpose.PRACTICE_BANK_CHANGE in STOPPING
