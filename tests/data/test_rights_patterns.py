"""What is unusual in a practice's checks asks for a proof, or stops: judged by the practice's own days (R-62)."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert
from sqlmodel import Session, SQLModel

from portal.data.accounts import Account
from portal.data.rights import RightsStatus
from portal.data.rights_checks import new_engagement
from portal.data.rights_patterns import HOURLY_FLOOR, MISSES_BEFORE_PROOF, is_beyond_usual, needs_proof
from tests.support import factories
from tests.support.rights import practice

NOON = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 24, 22, 30, tzinfo=UTC)


@pytest.fixture
def account(db, keyring) -> Account:
    return practice(db, keyring)


def asked(db: Session, account: Account, times: int, at: datetime, status: RightsStatus = RightsStatus.OPEN) -> None:
    """Checks of the practice, a second apart, until `at`."""
    row = {
        "asked_by": account.id, "provider_id": account.provider_id, "means": "nir", "care_day": at.date(),
        "status": status, "content_sealed": b"",
    }  # fmt: skip
    rows = [row | {"engagement": new_engagement(), "asked_at": at - timedelta(seconds=back)} for back in range(times)]
    db.connection().execute(insert(SQLModel.metadata.tables["rights_check"]), rows)


def test_small_practice_asks_up_to_the_floor_within_an_hour(db, account) -> None:
    asked(db, account, HOURLY_FLOOR - 1, NOON)
    assert not is_beyond_usual(db, account.provider_id, NOON)
    asked(db, account, 1, NOON)
    assert is_beyond_usual(db, account.provider_id, NOON)
    assert not is_beyond_usual(db, account.provider_id, NOON + timedelta(hours=2))


def test_large_practice_asks_half_of_its_normal_day_within_an_hour(db, account) -> None:
    """Days without any check, and today's flood, do not change what is normal."""
    for back in (3, 9, 20):
        asked(db, account, 200, NOON - timedelta(days=back))
    asked(db, account, 99, NOON)
    assert not is_beyond_usual(db, account.provider_id, NOON)
    asked(db, account, 1, NOON)
    assert is_beyond_usual(db, account.provider_id, NOON)


def test_checks_of_another_practice_count_for_nobody_else(db, keyring, account) -> None:
    asked(db, practice(db, keyring), HOURLY_FLOOR * 2, NOON)
    assert not is_beyond_usual(db, account.provider_id, NOON)


def test_user_who_misses_often_must_prove_who_they_are(db, keyring, account) -> None:
    viewer = factories.viewer_of(db, account)
    asked(db, account, MISSES_BEFORE_PROOF - 1, NOON, RightsStatus.UNKNOWN)
    assert not needs_proof(db, viewer, NOON)
    asked(db, account, 1, NOON, RightsStatus.INCONSISTENT)
    assert needs_proof(db, viewer, NOON)
    assert not needs_proof(db, viewer, NOON + timedelta(hours=1, minutes=1))
    colleague = factories.provider_account(db, keyring, provider_id=account.provider_id)
    assert not needs_proof(db, factories.viewer_of(db, colleague), NOON)


def test_night_asks_for_a_proof_unless_the_practice_works_at_night(db, account) -> None:
    viewer = factories.viewer_of(db, account)
    asked(db, account, 5, NOON - timedelta(days=2))
    assert needs_proof(db, viewer, NIGHT)
    asked(db, account, 5, NIGHT)
    assert needs_proof(db, viewer, NIGHT), "this very night makes no habit"
    asked(db, account, 1, NIGHT - timedelta(days=3))
    assert not needs_proof(db, viewer, NIGHT)
