"""Sessions (security C1 to C4): opaque tokens, limits to the second, an ended session stays ended."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from portal.data.accounts import Role, Space
from portal.data.sessions import Stage, end_session, end_sessions_of, find_viewer, open_session, refresh_sessions
from portal.security import fingerprint
from tests.support import factories

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SPACES = [
    (Space.MEMBER, Role.MEMBER, 20, 12),
    (Space.EMPLOYER, Role.SIGNATORY, 15, 8),
    (Space.PROVIDER, Role.PROVIDER, 15, 8),
    (Space.DESK, Role.AGENT, 10, 4),
]


@pytest.fixture
def account(db, keyring):
    return factories.account(db, keyring, Space.MEMBER, Role.MEMBER)


def opened(db, account, now: datetime = NOW) -> str:
    return open_session(db, account.id, Stage.FULL, now, "192.0.2.1", "essai")


def test_the_session_says_who_is_asking(db, keyring) -> None:
    household, account = factories.member_with_account(db, keyring)
    viewer = find_viewer(db, opened(db, account), NOW)
    assert viewer is not None
    assert (viewer.account_id, viewer.person_id) == (account.id, household.member.id)
    assert (viewer.space, viewer.role, viewer.stage) == ("adherent", "adherent", "complete")


@pytest.mark.parametrize(("space", "role", "minutes", "_"), SPACES, ids=[space for space, *_ in SPACES])
def test_idle_session_ends_one_second_after_its_limit(db, keyring, space, role, minutes, _) -> None:
    """C3: members 20 minutes, employers and professionals 15, staff 10."""
    token = opened(db, factories.account(db, keyring, space, role))
    assert find_viewer(db, token, NOW + timedelta(minutes=minutes)) is not None
    assert find_viewer(db, token, NOW + timedelta(minutes=minutes) + SECOND) is None


@pytest.mark.parametrize(("space", "role", "_", "hours"), SPACES, ids=[space for space, *_ in SPACES])
def test_busy_session_ends_one_second_after_its_limit(db, keyring, space, role, _, hours) -> None:
    """C3: members 12 hours, employers and professionals 8, staff 4, however busy."""
    token = opened(db, factories.account(db, keyring, space, role))
    end = NOW + timedelta(hours=hours)
    refresh_sessions(db, {fingerprint(token): end})
    assert find_viewer(db, token, end) is not None
    assert find_viewer(db, token, end + SECOND) is None


def test_each_session_has_a_new_long_token(db, account) -> None:
    tokens = {opened(db, account) for _ in range(20)}
    assert len(tokens) == 20
    assert min(len(token) for token in tokens) == 43  # 256 bits in base64


def test_the_database_holds_no_usable_token(database, keyring) -> None:
    """C1: a thief of the database cannot take over a session."""
    with database.write() as db:
        token = opened(db, factories.account(db, keyring, Space.MEMBER, Role.MEMBER))
    with database.read() as db:
        row = db.execute(text("SELECT * FROM session")).one()
    assert token not in str(row)
    assert fingerprint(token) in row


@pytest.mark.parametrize("token", ["", "x", "a" * 43, "\x00", "é"])
def test_an_unknown_token_is_nobody(db, account, token) -> None:
    opened(db, account)
    assert find_viewer(db, token, NOW) is None


def test_a_token_hash_is_no_token(db, account) -> None:
    assert find_viewer(db, fingerprint(opened(db, account)), NOW) is None


def test_an_ended_session_is_over_at_once_and_ends_once(db, account) -> None:
    """C4."""
    token = opened(db, account)
    viewer = find_viewer(db, token, NOW)
    assert end_session(db, viewer, NOW) is True
    assert find_viewer(db, token, NOW) is None
    assert end_session(db, viewer, NOW + SECOND) is False


def test_ending_one_session_leaves_the_others(db, account) -> None:
    first, second = opened(db, account), opened(db, account)
    end_session(db, find_viewer(db, first, NOW), NOW)
    assert find_viewer(db, second, NOW) is not None


def test_ending_all_sessions_of_an_account_leaves_other_accounts(db, keyring, account) -> None:
    other = factories.account(db, keyring, Space.MEMBER, Role.MEMBER)
    mine, theirs = [opened(db, account), opened(db, account)], opened(db, other)
    end_sessions_of(db, account.id, NOW)
    assert [find_viewer(db, token, NOW) for token in mine] == [None, None]
    assert find_viewer(db, theirs, NOW) is not None


def test_a_late_refresh_does_not_revive_an_ended_session(db, account) -> None:
    """C4, L2: the journal may bring `seen_at` after the sign-out."""
    token = opened(db, account)
    end_session(db, find_viewer(db, token, NOW), NOW)
    refresh_sessions(db, {fingerprint(token): NOW + timedelta(minutes=1)})
    assert find_viewer(db, token, NOW + timedelta(minutes=1)) is None
    assert db.execute(text("SELECT count(*) FROM session WHERE seen_at > created_at")).scalar() == 0


def test_a_refresh_moves_forward_and_never_back(db, account) -> None:
    token = opened(db, account)
    refresh_sessions(db, {fingerprint(token): NOW + timedelta(minutes=15)})
    refresh_sessions(db, {fingerprint(token): NOW + timedelta(minutes=5), "unknown": NOW})
    assert find_viewer(db, token, NOW + timedelta(minutes=35)) is not None
    assert find_viewer(db, token, NOW + timedelta(minutes=35) + SECOND) is None
