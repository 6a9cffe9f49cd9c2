"""What is unusual in checks asks for a proof, then for a freeze: each bound exactly, by the practice's days (R-62)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert
from sqlmodel import Session, SQLModel

from portal.data.accounts import Account
from portal.data.known_browsers import remember
from portal.data.rights import RightsStatus
from portal.data.rights_checks import new_engagement
from portal.data.rights_patterns import BOUNDS, HOURLY_FLOOR, MISSES, Asked, Pattern, Seen, seen_in, unusual_until
from portal.data.rights_questions import Means, Question
from portal.data.rights_traces import KEPT, RightsTrace, marks_of, purge
from portal.data.rights_usual import RightsUsual, usual_day
from tests.support import factories
from tests.support.rights import practice

NOON = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 24, 22, 30, tzinfo=UTC)
LONG_AGO = NOON - timedelta(days=30)
AS_USUAL = Seen({}, {})


@pytest.fixture
def account(db, keyring) -> Account:
    return practice(db, keyring)


@pytest.fixture
def viewer(db, account):
    """Somebody who proved who they are long before anything was asked."""
    return replace(factories.viewer_of(db, account), confirmed_at=LONG_AGO)


@pytest.fixture
def marks(keyring):
    """The hashes of a question: its number, and which day of birth."""

    def made(number: str | int, born: int = 0, means: Means = Means.MEMBER_NUMBER):
        day = (NOON - timedelta(days=10_000 + born)).date()
        return marks_of(keyring, Question(means, str(number), day, 1, NOON.date()))

    return made


def asked(db: Session, account: Account, at: datetime, *, of=(), times=1, status=RightsStatus.OPEN) -> None:
    """Checks of the account, a second apart, until `at`: of the questions whose hashes these are, or of one number."""
    row = {
        "asked_by": account.id, "provider_id": account.provider_id, "means": "nir", "care_day": at.date(),
        "status": status, "content_sealed": b"",
    }  # fmt: skip
    questions = list(of) or [None] * times
    rows = [
        row | {"engagement": new_engagement(), "asked_at": at - timedelta(seconds=back)}
        for back in range(len(questions))
    ]
    checks = SQLModel.metadata.tables["rights_check"]
    made = db.connection().execute(insert(checks).returning(checks.c.id, sort_by_parameter_order=True), rows)
    for check_id, each, question in zip(made.scalars(), rows, questions, strict=True):
        kept = question._asdict() if question else {"number": "same", "marks": f"same {check_id}"}
        values = {"asked_by": account.id, "asked_at": each["asked_at"], "is_miss": status in MISSES}
        db.add(RightsTrace(check_id=check_id, **values, **kept))
    db.flush()


class TestHour:
    def test_small_practice_asks_up_to_the_floor_within_an_hour(self, db, account) -> None:
        asked(db, account, NOON, times=HOURLY_FLOOR - 1)
        assert not unusual_until(db, account.provider_id, NOON)
        asked(db, account, NOON)
        first = NOON - timedelta(seconds=HOURLY_FLOOR - 2)
        assert unusual_until(db, account.provider_id, NOON) == first + timedelta(hours=1)
        assert not unusual_until(db, account.provider_id, NOON + timedelta(hours=2))

    def test_large_practice_asks_half_of_its_normal_day_within_an_hour(self, db, account) -> None:
        """Days without any check, and today's flood, do not change what is normal."""
        for back in (3, 9, 20):
            asked(db, account, NOON - timedelta(days=back), times=200)
        asked(db, account, NOON, times=99)
        assert not unusual_until(db, account.provider_id, NOON)
        asked(db, account, NOON)
        assert unusual_until(db, account.provider_id, NOON)

    def test_checks_of_another_practice_count_for_nobody_else(self, db, keyring, account) -> None:
        asked(db, practice(db, keyring), NOON, times=HOURLY_FLOOR * 2)
        assert not unusual_until(db, account.provider_id, NOON)

    def test_normal_day_is_worked_out_once_a_day_by_whoever_writes(self, db, account) -> None:
        asked(db, account, NOON - timedelta(days=3), times=10)
        assert usual_day(db, account.provider_id, NOON) == 10
        assert db.get(RightsUsual, account.provider_id) is None
        assert usual_day(db, account.provider_id, NOON, may_keep=True) == 10
        asked(db, account, NOON - timedelta(days=4), times=30)
        assert usual_day(db, account.provider_id, NOON) == 10
        assert usual_day(db, account.provider_id, NOON + timedelta(days=1), may_keep=True) == 20


class TestMisses:
    def test_fifth_miss_within_an_hour_asks_for_a_proof(self, db, keyring, account, viewer) -> None:
        asked(db, account, NOON, times=BOUNDS[Pattern.MISSES].proof - 1, status=RightsStatus.UNKNOWN)
        assert seen_in(db, viewer, Asked(), NOON) == AS_USUAL
        asked(db, account, NOON, status=RightsStatus.INCONSISTENT)
        assert seen_in(db, viewer, Asked(), NOON).proof == {Pattern.MISSES: 5}
        assert seen_in(db, viewer, Asked(), NOON + timedelta(hours=1, minutes=1)) == AS_USUAL
        colleague = factories.provider_account(db, keyring, provider_id=account.provider_id)
        assert seen_in(db, factories.viewer_of(db, colleague), Asked(), NOON) == AS_USUAL

    def test_proof_answers_for_the_misses_before_it(self, db, account, viewer) -> None:
        asked(db, account, NOON - timedelta(minutes=2), times=9, status=RightsStatus.UNKNOWN)
        proven = replace(viewer, confirmed_at=NOON - timedelta(minutes=1))
        assert seen_in(db, proven, Asked(), NOON).proof == {}
        asked(db, account, NOON, times=5, status=RightsStatus.UNKNOWN)
        assert seen_in(db, proven, Asked(), NOON).proof == {Pattern.MISSES: 5}

    def test_fifteenth_miss_within_a_day_freezes_whatever_was_proven(self, db, account, viewer) -> None:
        asked(db, account, NOON - timedelta(hours=23), times=14, status=RightsStatus.UNKNOWN)
        proven = replace(viewer, confirmed_at=NOON)
        assert seen_in(db, proven, Asked(), NOON) == AS_USUAL
        asked(db, account, NOON, status=RightsStatus.UNKNOWN)
        assert seen_in(db, proven, Asked(), NOON).freeze == {Pattern.MISSES: 15}
        assert seen_in(db, proven, Asked(), NOON + timedelta(hours=2)) == AS_USUAL

    def test_misses_of_a_busy_day_freeze_nobody(self, db, account, viewer) -> None:
        """Fifteen are a third of forty-five questions, and less of forty-six."""
        asked(db, account, NOON - timedelta(hours=5), times=15, status=RightsStatus.UNKNOWN)
        asked(db, account, NOON - timedelta(hours=3), times=30)
        assert seen_in(db, viewer, Asked(), NOON).freeze == {Pattern.MISSES: 15}
        asked(db, account, NOON - timedelta(hours=3))
        assert Pattern.MISSES not in seen_in(db, viewer, Asked(), NOON).freeze


class TestBirths:
    @pytest.mark.parametrize(("tries", "due"), [(2, (0, 0)), (3, (3, 0)), (5, (5, 0)), (6, (6, 6))])
    def test_birth_dates_tried_in_turn_on_one_number_are_counted(self, db, account, viewer, marks, tries, due) -> None:
        earlier = NOON - timedelta(hours=2)  # an hour's misses are another pattern
        asked(db, account, earlier, of=[marks("A7", born) for born in range(tries)], status=RightsStatus.UNKNOWN)
        seen = seen_in(db, viewer, Asked(marks("A7", 99)), NOON)
        assert (seen.proof.get(Pattern.BIRTHS, 0), seen.freeze.get(Pattern.BIRTHS, 0)) == due
        assert Pattern.BIRTHS not in seen_in(db, viewer, Asked(marks("B7", 99)), NOON).proof

    def test_same_try_repeated_is_one_try(self, db, account, viewer, marks) -> None:
        earlier = NOON - timedelta(hours=2)
        asked(db, account, earlier, of=[marks("A7", 1)] * 3 + [marks("A7", 99)] * 3, status=RightsStatus.UNKNOWN)
        assert seen_in(db, viewer, Asked(marks("A7", 99)), NOON).proof == {}

    def test_family_of_one_member_number_is_no_guess(self, db, account, viewer, marks) -> None:
        asked(db, account, NOON, of=[marks("A7", born) for born in range(6)])
        assert seen_in(db, viewer, Asked(marks("A7", 99)), NOON) == AS_USUAL


class TestNeighbours:
    @pytest.mark.parametrize(("before", "due"), [(2, (0, 0)), (3, (4, 0)), (13, (14, 0)), (14, (15, 15))])
    def test_numbers_in_a_row_are_counted_with_this_one(self, db, account, viewer, marks, before, due) -> None:
        asked(db, account, NOON, of=[marks(10_000_090 + number) for number in range(before)])
        seen = seen_in(db, viewer, Asked(marks(10_000_090 + before)), NOON)
        assert (seen.proof.get(Pattern.NEIGHBOURS, 0), seen.freeze.get(Pattern.NEIGHBOURS, 0)) == due

    @pytest.mark.parametrize("write", ["a-1{:03}", "A 1{:03}", "A1{:03}"])
    def test_letters_before_the_number_and_its_writing_change_nothing(self, db, account, viewer, marks, write) -> None:
        asked(db, account, NOON, of=[marks(f"A1{number:03}") for number in (7, 8, 9)])
        assert seen_in(db, viewer, Asked(marks(write.format(10))), NOON).proof == {Pattern.NEIGHBOURS: 4}

    def test_security_numbers_are_neighbours_by_their_order_without_their_key(self, db, account, viewer, marks) -> None:
        numbers = [
            f"28005780060{order}{key}" for order, key in (("81", "11"), ("82", "97"), ("83", "55"), ("84", "02"))
        ]
        asked(db, account, NOON, of=[marks(number, means=Means.NIR) for number in numbers[:3]])
        seen = seen_in(db, viewer, Asked(marks(numbers[3], means=Means.NIR)), NOON)
        assert seen.proof == {Pattern.NEIGHBOURS: 4}

    def test_numbers_far_apart_and_one_number_again_are_as_usual(self, db, account, viewer, marks) -> None:
        asked(db, account, NOON, of=[marks(10_000_000 + 100 * number) for number in range(20)])
        asked(db, account, NOON, of=[marks(77_000_000, born) for born in range(5)])
        assert seen_in(db, viewer, Asked(marks(77_000_000, 9)), NOON) == AS_USUAL

    def test_codes_of_cards_have_no_neighbours(self, db, account, viewer, marks) -> None:
        codes = [marks(f"{'A' * 39}{last}", means=Means.CARD_CODE) for last in range(9)]
        asked(db, account, NOON, of=codes[:8])
        assert seen_in(db, viewer, Asked(codes[8]), NOON) == AS_USUAL

    def test_hashes_say_nothing_of_the_number(self, marks) -> None:
        for mark in marks("12345678")[:4]:
            assert len(mark) == 64
            assert "1234" not in mark


class TestNight:
    def test_night_asks_for_a_proof_unless_the_practice_works_at_night(self, db, account, viewer) -> None:
        asked(db, account, NOON - timedelta(days=2), times=5)
        assert seen_in(db, viewer, Asked(), NIGHT).proof == {Pattern.NIGHT: 1}
        asked(db, account, NIGHT, times=5)
        assert seen_in(db, viewer, Asked(), NIGHT).proof, "this very night makes no habit"
        asked(db, account, NIGHT - timedelta(days=3))
        assert seen_in(db, viewer, Asked(), NIGHT) == AS_USUAL

    def test_proof_holds_for_an_hour_of_the_night(self, db, viewer) -> None:
        proven = replace(viewer, confirmed_at=NIGHT)
        assert seen_in(db, proven, Asked(), NIGHT + timedelta(hours=1)) == AS_USUAL
        assert seen_in(db, proven, Asked(), NIGHT + timedelta(hours=1, seconds=1)).proof == {Pattern.NIGHT: 1}

    def test_thirty_checks_of_an_unusual_night_freeze(self, db, account, viewer) -> None:
        """From ten o'clock on; the evening's checks are none of the night's."""
        proven = replace(viewer, confirmed_at=NIGHT)
        asked(db, account, NIGHT.replace(hour=20, minute=50), times=20)
        asked(db, account, NIGHT, times=29)
        assert seen_in(db, proven, Asked(), NIGHT) == AS_USUAL
        asked(db, account, NIGHT + timedelta(hours=4))
        seen = seen_in(
            db, replace(viewer, confirmed_at=NIGHT + timedelta(hours=4)), Asked(), NIGHT + timedelta(hours=4)
        )
        assert seen.freeze == {Pattern.NIGHT: 30}


class TestBrowsers:
    def test_browser_not_seen_before_asks_for_a_proof(self, db, account, viewer) -> None:
        remember(db, account.id, ["usual"], LONG_AGO)
        for browser, is_proven, due in (
            ("usual", False, {}),
            ("other", True, {}),
            ("other", False, {Pattern.BROWSERS: 1}),
        ):
            assert seen_in(db, viewer, Asked(browser=(browser,), is_proven=is_proven), NOON).proof == due, browser

    def test_browser_of_another_account_is_not_known(self, db, keyring, viewer) -> None:
        remember(db, practice(db, keyring).id, ["usual"], LONG_AGO)
        assert seen_in(db, viewer, Asked(browser=("usual",), is_proven=False), NOON).proof == {Pattern.BROWSERS: 1}

    def test_sixth_new_browser_within_a_day_freezes(self, db, account, viewer) -> None:
        remember(db, account.id, ["yesterday"], NOON - timedelta(hours=25))
        for number in range(4):
            remember(db, account.id, [f"new {number}"], NOON - timedelta(hours=number))
        assert seen_in(db, viewer, Asked(browser=("fifth",)), NOON) == AS_USUAL
        remember(db, account.id, ["fifth"], NOON)
        assert seen_in(db, viewer, Asked(browser=("sixth",)), NOON).freeze == {Pattern.BROWSERS: 6}


class TestVolume:
    def test_sixtieth_check_of_a_day_asks_a_small_practice_for_a_proof(self, db, account, viewer) -> None:
        asked(db, account, NOON - timedelta(hours=9), times=59)
        assert seen_in(db, viewer, Asked(), NOON) == AS_USUAL
        asked(db, account, NOON - timedelta(hours=9))
        assert seen_in(db, viewer, Asked(), NOON).proof == {Pattern.VOLUME: 60}
        assert seen_in(db, replace(viewer, confirmed_at=NOON), Asked(), NOON) == AS_USUAL

    def test_practice_is_asked_beyond_twice_its_normal_day(self, db, account, viewer) -> None:
        asked(db, account, NOON - timedelta(days=9), times=100)
        asked(db, account, NOON - timedelta(hours=9), times=199)
        assert seen_in(db, viewer, Asked(), NOON).proof == {}
        asked(db, account, NOON - timedelta(hours=9))
        assert seen_in(db, viewer, Asked(), NOON).proof == {Pattern.VOLUME: 200}

    def test_two_normal_weeks_within_one_freeze_and_no_less_than_the_floor(self, db, account, viewer) -> None:
        for back in range(1, 7):
            asked(db, account, NOON - timedelta(days=back, hours=1), times=42)
        asked(db, account, NOON, times=47)
        proven = replace(viewer, confirmed_at=NOON)
        week = 6 * 42 + 47
        assert seen_in(db, proven, Asked(), NOON) == AS_USUAL, "two weeks of forty-two a day are 588"
        asked(db, account, NOON, times=588 - week)
        assert seen_in(db, proven, Asked(), NOON).freeze == {Pattern.VOLUME: 588}

    def test_practice_without_a_past_is_frozen_at_the_weeks_floor(self, db, account, viewer) -> None:
        proven = replace(viewer, confirmed_at=NOON)
        asked(db, account, NOON, times=299)
        assert seen_in(db, proven, Asked(), NOON) == AS_USUAL
        asked(db, account, NOON)
        assert seen_in(db, proven, Asked(), NOON).freeze == {Pattern.VOLUME: 300}


def test_freeze_that_was_lifted_starts_every_count_anew(db, account, viewer, marks) -> None:
    asked(db, account, NOON, of=[marks(10_000_000 + number) for number in range(20)], status=RightsStatus.UNKNOWN)
    assert set(seen_in(db, viewer, Asked(marks(10_000_020)), NOON).freeze) == {Pattern.MISSES, Pattern.NEIGHBOURS}
    assert seen_in(db, viewer, Asked(marks(10_000_020), since=NOON), NOON + timedelta(minutes=1)) == AS_USUAL


def test_traces_are_forgotten_once_no_rule_looks_at_them(db, account) -> None:
    asked(db, account, NOON - KEPT - timedelta(seconds=1), times=3)
    asked(db, account, NOON - KEPT)
    assert purge(db, NOON) == 3
