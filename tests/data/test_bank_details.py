"""Bank details: checked, delayed, stopped, and never two at once (issue: bank details; domain: change with brakes)."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session

from portal.bank_jobs import apply_due
from portal.bank_notices import tell_of_bank_change
from portal.bank_words import (
    NO_IBAN,
    NO_SEPA,
    WRONG_KEY,
    WRONG_LENGTH,
    WrongBic,
    WrongIban,
    bic_of,
    details_of,
    iban_of,
)
from portal.data.bank_changes import (
    EFFECT_AFTER,
    AccountBlocked,
    AlreadyThere,
    BankState,
    TooManyChanges,
    mask,
    sealed,
)
from portal.data.bank_details import (
    BankDetails,
    apply_bank_change,
    ask_bank_change,
    bank_history,
    cancel_bank_change,
    change_behind,
    due_changes,
    in_force,
    member_addresses,
)
from portal.data.desk_acts import close, lift, suspend
from portal.data.email_changes import EmailChange
from portal.data.fraud import FraudChannel, freeze
from portal.security import Keyring
from tests.support import factories

NOW = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)
FIRST, SECOND, THIRD = "FR7630006000011234567890189", "FR1420041010050500013M02606", "DE89370400440532013000"


@pytest.fixture
def db(database):
    with Session(database.writer, expire_on_commit=False) as session:
        yield session
        session.rollback()


@pytest.fixture
def account(db, keyring):
    return factories.member_account(db, keyring, factories.household(db).member, email="anne@exemple.example")


@pytest.fixture
def anne(db, account):
    return factories.viewer_of(db, account)


def new(iban: str = SECOND, holder: str = "Anne Essai"):
    return details_of(iban_of(iban), holder)


def outcome_of(typed: str) -> str:
    """The IBAN, or what is wrong with it in words."""
    try:
        return str(iban_of(typed))
    except WrongIban as wrong:
        return str(wrong)


def reported(db, keyring, person_id: int, iban: str = FIRST, since: date = date(2024, 1, 2)) -> BankDetails:
    row = BankDetails(person_id=person_id, reported_on=since, **sealed(keyring, new(iban)))
    db.add(row)
    db.flush()
    return row


@pytest.mark.engines("sqlite")
class TestIban:
    @pytest.mark.parametrize(
        "typed", [FIRST, "fr76 3000 6000 0112 3456 7890 189", " FR76-3000-6000-0112-3456-7890-189 "]
    )
    def test_however_it_is_typed(self, typed) -> None:
        assert str(iban_of(typed)) == FIRST

    @pytest.mark.parametrize(
        ("typed", "message"),
        [
            ("", NO_IBAN),
            ("bonjour", NO_IBAN),
            ("FR76", NO_IBAN),
            ("FR7630006000011234567890188", WRONG_KEY),
            ("FR763000600001123456789018", WRONG_LENGTH),
            ("BR1500000000000010932840814P2", NO_SEPA),
            ("<script>alert(1)</script>", NO_IBAN),
            ("١٢٣٤", NO_IBAN),
        ],
    )
    def test_each_mistake_has_its_words(self, typed, message) -> None:
        with pytest.raises(WrongIban) as wrong:
            iban_of(typed)
        assert str(wrong.value) == message

    def test_country_that_joined_sepa_lately_is_taken_with_its_bic(self) -> None:
        iban = iban_of("RS35260005601001611379")
        assert not iban.in_sepa_zone, "schwifty knows by now: JOINED_SINCE can go"
        with pytest.raises(WrongBic):
            bic_of("", iban)
        assert bic_of("AAAARSBGXXX", iban) == "AAAARSBGXXX"

    @given(st.text(max_size=60))
    def test_whatever_is_typed_gets_an_iban_or_words(self, typed) -> None:
        assert outcome_of(typed)

    @given(st.integers(0, 25), st.sampled_from("0123456789"))
    def test_one_wrong_digit_never_passes(self, at, digit) -> None:
        """The key finds each error of one digit (ISO 7064)."""
        changed = FIRST[: at + 2] + digit + FIRST[at + 3 :] if at + 2 < len(FIRST) else FIRST
        if changed != FIRST:
            with pytest.raises(WrongIban):
                iban_of(changed)

    def test_shown_by_its_ends_alone(self) -> None:
        assert mask(FIRST) == "FR76 •••• 189"


class TestChange:
    def test_old_details_stay_in_force_for_72_hours(self, db, keyring, anne) -> None:
        old = reported(db, keyring, anne.person_id)
        row = ask_bank_change(db, anne, keyring, new(), NOW)
        assert (row.takes_effect_at, in_force(db, anne).id) == (NOW + timedelta(hours=72), old.id)
        assert due_changes(db, NOW + EFFECT_AFTER - timedelta(seconds=1)) == []
        assert apply_bank_change(db, row.id, anne.person_id, NOW + timedelta(hours=71)) is None
        later = NOW + EFFECT_AFTER
        assert due_changes(db, later) == [(row.id, anne.person_id)]
        assert apply_bank_change(db, row.id, anne.person_id, later).id == row.id
        assert in_force(db, anne).id == row.id
        assert apply_bank_change(db, row.id, anne.person_id, later) is None
        assert [given.state for given in bank_history(db, anne, keyring)] == [BankState.IN_FORCE, BankState.REPLACED]

    def test_cancelled_change_never_takes_effect(self, db, keyring, anne) -> None:
        old = reported(db, keyring, anne.person_id)
        row = ask_bank_change(db, anne, keyring, new(), NOW)
        assert cancel_bank_change(db, anne.person_id, NOW).id == row.id
        assert cancel_bank_change(db, anne.person_id, NOW) is None
        assert apply_bank_change(db, row.id, anne.person_id, NOW + EFFECT_AFTER) is None
        assert in_force(db, anne).id == old.id

    def test_another_change_starts_the_clock_again(self, db, keyring, anne) -> None:
        first = ask_bank_change(db, anne, keyring, new(SECOND), NOW)
        second = ask_bank_change(db, anne, keyring, new(THIRD), NOW + timedelta(hours=1))
        states = {given.row.id: given.state for given in bank_history(db, anne, keyring)}
        assert states == {first.id: BankState.CANCELLED, second.id: BankState.PENDING}

    def test_same_account_again_is_no_change(self, db, keyring, anne) -> None:
        reported(db, keyring, anne.person_id)
        with pytest.raises(AlreadyThere):
            ask_bank_change(db, anne, keyring, new(FIRST), NOW)
        ask_bank_change(db, anne, keyring, new(SECOND), NOW)
        with pytest.raises(AlreadyThere):
            ask_bank_change(db, anne, keyring, new(SECOND), NOW)

    def test_wrong_holder_on_the_right_account_is_corrected(self, db, keyring, anne) -> None:
        """In force, then pending: the account alone does not make it the same."""
        reported(db, keyring, anne.person_id)
        first = ask_bank_change(db, anne, keyring, new(FIRST, "Anne Essay"), NOW)
        second = ask_bank_change(db, anne, keyring, new(FIRST, "Anne Essai-Martin"), NOW)
        states = {given.row.id: (given.holder, given.state) for given in bank_history(db, anne, keyring)}
        assert states[first.id] == ("Anne Essay", BankState.CANCELLED)
        assert states[second.id] == ("Anne Essai-Martin", BankState.PENDING)

    @pytest.mark.parametrize("holder", ["ANNE ESSAI", "Anne  Essai", "anne essaï"])
    def test_holder_as_the_bank_writes_it_is_no_other_holder(self, db, keyring, anne, holder) -> None:
        reported(db, keyring, anne.person_id)
        with pytest.raises(AlreadyThere):
            ask_bank_change(db, anne, keyring, new(FIRST, holder), NOW)

    def test_going_back_while_a_change_waits_is_one(self, db, keyring, anne) -> None:
        reported(db, keyring, anne.person_id)
        ask_bank_change(db, anne, keyring, new(SECOND), NOW)
        assert ask_bank_change(db, anne, keyring, new(FIRST), NOW).masked == mask(FIRST)

    def test_three_a_day_are_enough(self, db, keyring, anne) -> None:
        for iban in (FIRST, SECOND, THIRD):
            ask_bank_change(db, anne, keyring, new(iban), NOW)
        with pytest.raises(TooManyChanges):
            ask_bank_change(db, anne, keyring, new(FIRST), NOW)
        ask_bank_change(db, anne, keyring, new(FIRST), NOW + timedelta(days=1))

    def test_insurers_newer_report_wins(self, db, keyring, anne) -> None:
        row = ask_bank_change(db, anne, keyring, new(), NOW)
        apply_bank_change(db, row.id, anne.person_id, NOW + EFFECT_AFTER)
        newer = reported(db, keyring, anne.person_id, THIRD, date(2026, 12, 1))
        assert in_force(db, anne).id == newer.id

    def test_no_iban_lies_in_the_clear(self, db, keyring, anne) -> None:
        ask_bank_change(db, anne, keyring, new(), NOW)
        stored = " ".join(str(value) for value in db.execute(text("SELECT * FROM bank_details")).one())
        assert SECOND not in stored
        assert "Essai" not in stored

    def test_link_finds_the_change_of_its_own_account_alone(self, db, keyring, anne, account) -> None:
        row = ask_bank_change(db, anne, keyring, new(), NOW)
        other = factories.member_account(db, keyring, factories.household(db).member)
        assert change_behind(db, account.id, str(row.id)).id == row.id
        assert change_behind(db, other.id, str(row.id)) is None

    def test_letters_go_to_the_former_address_too(self, db, account) -> None:
        """Whoever took the account over, and changed its address first, does not own the old one."""
        for email, days in (("avant@exemple.example", 3), ("jadis@exemple.example", 40)):
            change = EmailChange(account_id=account.id, current_email=email, new_email="x", asked_at=NOW)
            change.applied_at = NOW - timedelta(days=days)
            db.add(change)
        db.flush()
        assert set(member_addresses(db, account, NOW)) == {"anne@exemple.example", "avant@exemple.example"}


class TestFreeze:
    """R-13: whoever stole the account asked for the change; the report of the fraud ends it."""

    def report(self, db, keyring, account, at: datetime):
        return freeze(db, keyring, account.id, FraudChannel.LINK, "", at)

    def test_fraud_report_gives_up_the_change_that_waits(self, db, keyring, anne, account) -> None:
        old = reported(db, keyring, anne.person_id)
        row = ask_bank_change(db, anne, keyring, new(), NOW)
        frozen = self.report(db, keyring, account, NOW + timedelta(hours=1))
        assert frozen.stopped.id == row.id
        late = NOW + timedelta(hours=73)
        assert due_changes(db, late) == []
        assert apply_bank_change(db, row.id, anne.person_id, late) is None
        assert in_force(db, anne).id == old.id
        assert next(given.state for given in bank_history(db, anne, keyring)) is BankState.CANCELLED

    def test_change_that_waits_for_somebody_else_goes_on(self, db, keyring, anne) -> None:
        row = ask_bank_change(db, anne, keyring, new(), NOW)
        other = factories.member_account(db, keyring, factories.household(db).member)
        assert self.report(db, keyring, other, NOW).stopped is None
        assert due_changes(db, NOW + EFFECT_AFTER) == [(row.id, anne.person_id)]

    def test_second_report_of_the_same_fraud_stops_nothing_more(self, db, keyring, anne, account) -> None:
        ask_bank_change(db, anne, keyring, new(), NOW)
        assert self.report(db, keyring, account, NOW) is not None
        assert self.report(db, keyring, account, NOW) is None

    def test_change_asked_as_the_account_was_frozen_is_refused(self, db, keyring, anne, account) -> None:
        """The thief's request that waited for its turn while the report was written."""
        self.report(db, keyring, account, NOW)
        with pytest.raises(AccountBlocked):
            ask_bank_change(db, anne, keyring, new(), NOW)

    def test_change_waits_as_long_as_the_insurer_suspends_the_account(self, db, keyring, anne, account) -> None:
        row = ask_bank_change(db, anne, keyring, new(), NOW)
        assert suspend(db, None, account, "Vérification en cours.", NOW)
        late = NOW + timedelta(hours=73)
        assert due_changes(db, late) == []
        assert apply_bank_change(db, row.id, anne.person_id, late) is None
        assert lift(db, None, account, late)
        assert due_changes(db, late) == [(row.id, anne.person_id)]
        assert apply_bank_change(db, row.id, anne.person_id, late).id == row.id

    def test_change_of_a_closed_account_never_takes_effect(self, db, keyring, anne, account) -> None:
        row = ask_bank_change(db, anne, keyring, new(), NOW)
        assert close(db, None, account, "Fraude établie.", NOW)
        assert due_changes(db, NOW + EFFECT_AFTER) == []
        assert apply_bank_change(db, row.id, anne.person_id, NOW + EFFECT_AFTER) is None


class FreezeRace:
    """A change whose time has come, and the account that asked for it."""

    def __init__(self, app, database) -> None:
        self.services, self.database, self.late = app.state.services, database, NOW + EFFECT_AFTER
        keyring = self.services.keyring
        with database.write() as db:
            self.account = factories.member_account(
                db, keyring, factories.household(db).member, email="anne@exemple.example"
            )
            self.viewer = factories.viewer_of(db, self.account)
            self.row_id = ask_bank_change(db, self.viewer, keyring, new(), NOW).id

    def freeze(self) -> bool:
        """Whether the report stopped the change."""
        with self.database.write() as db:
            frozen = freeze(db, self.services.keyring, self.account.id, FraudChannel.LINK, "", self.late)
            return frozen.stopped is not None

    def state(self) -> BankState:
        with self.database.read() as db:
            history = bank_history(db, self.viewer, self.services.keyring)
        return next(given.state for given in history if given.row.id == self.row_id)


@pytest.fixture
def race(app, database) -> FreezeRace:
    return FreezeRace(app, database)


def test_freezing_and_applying_at_once_one_wins(race) -> None:
    with ThreadPoolExecutor(2) as both:
        stopped, applied = both.submit(race.freeze), both.submit(apply_due, race.services, race.late)
        assert {stopped.result(), bool(applied.result())} == {True, False}
    assert race.state() is (BankState.CANCELLED if stopped.result() else BankState.IN_FORCE)


def test_report_waits_for_a_change_that_is_being_written_about(race) -> None:
    """No deadlock: whoever freezes takes the person's turn before the account's, which letters take last."""
    with ThreadPoolExecutor(1) as other:
        with race.database.write() as db:
            row = apply_bank_change(db, race.row_id, race.viewer.person_id, race.late)
            stopped = other.submit(race.freeze)
            time.sleep(0.5)
            tell_of_bank_change(race.services, db, row, "bank-changed", race.late)
        assert stopped.result() is False
    assert race.state() is BankState.IN_FORCE


def test_stopping_and_applying_at_once_one_wins(database, settings) -> None:
    keyring = Keyring(settings)
    with database.write() as db:
        account = factories.member_account(db, keyring, factories.household(db).member)
        viewer = factories.viewer_of(db, account)
        row = ask_bank_change(db, viewer, keyring, new(), NOW)
        row_id, person_id = row.id, viewer.person_id

    def stop() -> bool:
        with database.write() as db:
            return cancel_bank_change(db, person_id, NOW + EFFECT_AFTER) is not None

    def apply() -> bool:
        with database.write() as db:
            return apply_bank_change(db, row_id, person_id, NOW + EFFECT_AFTER) is not None

    with ThreadPoolExecutor(2) as both:
        stopped, applied = both.submit(stop), both.submit(apply)
        assert {stopped.result(), applied.result()} == {True, False}


def test_two_changes_at_once_leave_one_pending(database, settings) -> None:
    keyring = Keyring(settings)
    with database.write() as db:
        viewer = factories.viewer_of(db, factories.member_account(db, keyring, factories.household(db).member))

    def ask(iban: str) -> None:
        with database.write() as db:
            ask_bank_change(db, viewer, keyring, new(iban), NOW)

    with ThreadPoolExecutor(2) as both:
        list(both.map(ask, (SECOND, THIRD)))
    with database.read() as db:
        states = [given.state for given in bank_history(db, viewer, keyring)]
    assert sorted(states) == [BankState.CANCELLED, BankState.PENDING]
