"""Second factors in the database (security B12, B13, B15), on both engines: owners, races, expiry, single use."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import text

from portal.data.passkey_challenges import LIFE, Ceremony, issue_challenge, use_challenge
from portal.data.passkeys import (
    MOST_PASSKEYS,
    NewPasskey,
    add_passkey,
    find_passkey,
    handle_of,
    keep_use,
    passkey_of,
    passkeys_of,
)
from portal.data.pending_secrets import LIVES, Kind, find_secret, follow_session, forget_secret, keep_secret
from portal.data.recovery_codes import make_recovery_codes, recovery_codes_left, use_recovery_code
from portal.data.second_factors import drop_passkey, drop_totp, factors_of, reset_factors, set_totp
from portal.data.sessions import find_viewer, renew_session
from portal.security import OneTimeCode
from tests.support import factories

NOW = datetime(2026, 3, 2, 9, 0, 10, tzinfo=UTC)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
MOMENT = timedelta(microseconds=1)


@pytest.fixture
def anne(db, keyring):
    """The viewer of a member without a second factor."""
    return factories.viewer_of(db, factories.member_with_account(db, keyring)[1], now=NOW)


@pytest.fixture
def employer(db, keyring):
    """The viewer of an employer with an application."""
    return factories.viewer_of(db, factories.employer_account(db, keyring), now=NOW)


def made(number: int = 1, sign_count: int = 0) -> NewPasskey:
    return NewPasskey(f"key {number}".encode(), b"public", sign_count)


def with_key(db, viewer, number: int = 1, sign_count: int = 0):
    handle_of(db, viewer)
    return add_passkey(db, viewer, made(number, sign_count), f"Clé {number}", NOW)


class TestRecoveryCodes:
    def test_ten_codes_each_used_once(self, db, anne) -> None:
        codes = make_recovery_codes(db, anne, NOW)
        assert len(set(codes)) == recovery_codes_left(db, anne) == 10
        for left, code in enumerate(reversed(codes)):
            assert recovery_codes_left(db, anne) == 10 - left
            assert use_recovery_code(db, anne, code, NOW)
            assert not use_recovery_code(db, anne, code, NOW)

    @pytest.mark.parametrize(
        "write", [str.lower, str.title, lambda code: code.replace("-", ""), lambda code: f" {code} "]
    )
    def test_code_is_read_as_people_type_it(self, db, anne, write) -> None:
        assert use_recovery_code(db, anne, write(make_recovery_codes(db, anne, NOW)[0]), NOW)

    def test_digits_that_no_code_holds_are_read_as_the_letters_they_look_like(self, db, anne) -> None:
        codes = make_recovery_codes(db, anne, NOW)
        code = next(code for code in codes if set(code) & set("OIB"))
        mistaken = code.replace("O", "0").replace("I", "1").replace("B", "8")
        assert use_recovery_code(db, anne, mistaken, NOW)

    def test_codes_work_for_their_own_account_alone(self, db, anne, employer) -> None:
        code = make_recovery_codes(db, anne, NOW)[0]
        assert not use_recovery_code(db, employer, code, NOW)
        assert recovery_codes_left(db, anne) == 10

    def test_new_codes_end_the_old_ones(self, db, anne) -> None:
        old = make_recovery_codes(db, anne, NOW)
        make_recovery_codes(db, anne, NOW)
        assert not any(use_recovery_code(db, anne, code, NOW) for code in old)
        assert recovery_codes_left(db, anne) == 10

    def test_of_two_uses_at_once_one_wins(self, database, keyring) -> None:
        with database.write() as db:
            viewer = factories.viewer_of(db, factories.employer_account(db, keyring))
            code = make_recovery_codes(db, viewer, NOW)[0]
        assert sum(at_once(database, 4, lambda db: use_recovery_code(db, viewer, code, NOW))) == 1


class TestApplication:
    def test_right_code_sets_it_and_wrong_one_does_not(self, db, anne, keyring) -> None:
        assert not set_totp(db, anne, keyring, SECRET, "000000", NOW - timedelta(days=1))
        assert not factors_of(db, anne).totp_on
        assert set_totp(db, anne, keyring, SECRET, OneTimeCode(SECRET).at(NOW), NOW)
        assert factors_of(db, anne).totp_on

    def test_member_may_do_without_and_employer_may_not(self, db, anne, employer, keyring) -> None:
        set_totp(db, anne, keyring, SECRET, OneTimeCode(SECRET).at(NOW), NOW)
        assert drop_totp(db, anne, NOW)
        assert not drop_totp(db, anne, NOW)
        assert not drop_totp(db, employer, NOW)
        with_key(db, employer)
        assert drop_totp(db, employer, NOW)
        assert not factors_of(db, employer).one_may_leave

    def test_two_removals_at_once_never_leave_an_employer_without(self, database, keyring) -> None:
        with database.write() as db:
            viewer = factories.viewer_of(db, factories.employer_account(db, keyring))
            key = with_key(db, viewer)
        removals = [lambda db: drop_totp(db, viewer, NOW), lambda db: drop_passkey(db, viewer, key.id, NOW) is not None]
        assert sorted(at_once(database, 2, *removals)) == [False, True]
        with database.read() as db:
            assert factors_of(db, viewer).count == 1


class TestPasskeys:
    def test_keys_are_reached_through_their_owner(self, db, anne, employer) -> None:
        key = with_key(db, anne)
        assert passkey_of(db, anne, key.id) is key
        assert passkey_of(db, employer, key.id) is None
        with_key(db, employer, 2)
        assert drop_passkey(db, employer, key.id, NOW) is None
        assert [each.name for each in passkeys_of(db, anne)] == ["Clé 1"]

    def test_removed_key_is_unknown_and_its_row_stays(self, db, anne) -> None:
        key = with_key(db, anne)
        assert drop_passkey(db, anne, key.id, NOW) is key
        assert key.removed_at == NOW
        assert find_passkey(db, b"key 1") is None
        assert passkeys_of(db, anne) == []
        assert add_passkey(db, anne, made(), "Encore", NOW) is None

    def test_handle_is_random_stable_and_the_account_s_own(self, db, anne, employer) -> None:
        assert handle_of(db, anne) == handle_of(db, anne) != handle_of(db, employer)
        assert len(handle_of(db, anne)) == 32

    def test_account_holds_a_bounded_number_of_keys(self, db, anne) -> None:
        for number in range(MOST_PASSKEYS):
            assert with_key(db, anne, number)
        assert with_key(db, anne, MOST_PASSKEYS) is None

    @pytest.mark.parametrize(
        ("stored", "told", "is_good"),
        [(0, 0, True), (0, 1, True), (5, 6, True), (5, 5, False), (5, 4, False), (5, 0, False)],
    )
    def test_counter_that_does_not_grow_betrays_a_copy(self, db, anne, stored, told, is_good) -> None:
        key = with_key(db, anne, sign_count=stored)
        assert keep_use(db, key, told, NOW) is is_good
        assert (key.used_at == NOW) is is_good
        assert key.sign_count == (told if is_good else stored)

    def test_one_counter_used_twice_at_once_is_good_once(self, database, keyring) -> None:
        with database.write() as db:
            with_key(db, factories.viewer_of(db, factories.employer_account(db, keyring)), sign_count=3)

        def use(db) -> bool:
            passkey, _ = find_passkey(db, b"key 1")
            return keep_use(db, passkey, 4, NOW)

        assert sum(at_once(database, 3, use)) == 1


class TestChallenges:
    def test_challenge_has_256_bits_and_serves_once(self, db) -> None:
        challenge = issue_challenge(db, "session:a", Ceremony.SIGN_IN, NOW)
        assert len(challenge) == 32
        assert use_challenge(db, challenge, "session:a", Ceremony.SIGN_IN, NOW)
        assert not use_challenge(db, challenge, "session:a", Ceremony.SIGN_IN, NOW)

    @pytest.mark.parametrize(
        ("binding", "ceremony", "later"),
        [
            ("session:b", Ceremony.SIGN_IN, timedelta()),
            ("", Ceremony.SIGN_IN, timedelta()),
            ("session:a", Ceremony.CONFIRM, timedelta()),
            ("session:a", Ceremony.SIGN_IN, LIFE),
        ],
    )
    def test_challenge_is_for_one_browser_one_purpose_and_five_minutes(self, db, binding, ceremony, later) -> None:
        challenge = issue_challenge(db, "session:a", Ceremony.SIGN_IN, NOW)
        assert not use_challenge(db, challenge, binding, ceremony, NOW + later)
        assert use_challenge(db, challenge, "session:a", Ceremony.SIGN_IN, NOW + LIFE - MOMENT)

    def test_expired_challenges_leave_when_one_is_issued(self, db) -> None:
        old = issue_challenge(db, "a", Ceremony.ENROL, NOW)
        issue_challenge(db, "b", Ceremony.ENROL, NOW + LIFE)
        assert not use_challenge(db, old, "a", Ceremony.ENROL, NOW)
        assert db.execute(text("SELECT count(*) FROM passkey_challenge")).scalar_one() == 1

    def test_of_two_uses_at_once_one_wins(self, database) -> None:
        with database.write() as db:
            challenge = issue_challenge(db, "a", Ceremony.CONFIRM, NOW)
        assert sum(at_once(database, 4, lambda db: use_challenge(db, challenge, "a", Ceremony.CONFIRM, NOW))) == 1


class TestPendingSecrets:
    def test_secret_is_the_session_s_own_and_expires(self, db, anne, employer, keyring) -> None:
        keep_secret(db, anne, keyring, Kind.TOTP, SECRET, NOW)
        assert find_secret(db, anne, keyring, Kind.TOTP, NOW) == SECRET
        assert find_secret(db, employer, keyring, Kind.TOTP, NOW) is None
        assert find_secret(db, anne, keyring, Kind.RECOVERY_CODES, NOW) is None
        assert find_secret(db, anne, keyring, Kind.TOTP, NOW + LIVES[Kind.TOTP] - MOMENT) == SECRET
        assert find_secret(db, anne, keyring, Kind.TOTP, NOW + LIVES[Kind.TOTP]) is None

    def test_secret_is_replaced_forgotten_and_follows_the_token(self, db, anne, keyring) -> None:
        keep_secret(db, anne, keyring, Kind.TOTP, "premier", NOW)
        keep_secret(db, anne, keyring, Kind.TOTP, "second", NOW)
        token = renew_session(db, anne, NOW)
        follow_session(db, anne, token)
        moved = find_viewer(db, token, NOW)
        assert find_secret(db, anne, keyring, Kind.TOTP, NOW) is None
        assert find_secret(db, moved, keyring, Kind.TOTP, NOW) == "second"
        forget_secret(db, moved, Kind.TOTP)
        assert find_secret(db, moved, keyring, Kind.TOTP, NOW) is None


def test_reset_by_the_desk_takes_everything_and_ends_every_session(db, employer, keyring) -> None:
    """B15: staff start over, and set nothing."""
    agent = factories.viewer_of(db, factories.desk_account(db, keyring), now=NOW)
    with_key(db, employer)
    make_recovery_codes(db, employer, NOW)
    token = renew_session(db, employer, NOW)
    reset_factors(db, agent, employer.account_id, NOW)
    state = factors_of(db, employer)
    assert (state.count, state.codes_left) == (0, 0)
    assert find_viewer(db, token, NOW) is None
    assert find_viewer(db, renew_session(db, agent, NOW), NOW) is not None


def at_once(database, threads: int, *acts) -> list[bool]:
    """The results of acts done in transactions of their own, started together; one act is done by every thread."""
    together = Barrier(threads)

    def run(act) -> bool:
        together.wait()
        with database.write() as db:
            return act(db)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, acts if len(acts) == threads else acts * threads))
