"""Checks that are frozen, for a user and for the practice; a form sent twice (R-42, R-62)."""

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlmodel import Session

from portal.data.accounts import Account, Role
from portal.data.columns import utc_now
from portal.data.desk_acts import suspend
from portal.data.organisations import Provider
from portal.data.rights_checks import (
    ChecksFrozen,
    FreezeDue,
    Made,
    ProofNeeded,
    RightsCheck,
    Sent,
    check_rights,
)
from portal.data.rights_freezes import (
    RightsFreeze,
    freeze_checks,
    freeze_of_case,
    freeze_state,
    lift_checks,
    responsible_for,
)
from portal.data.rights_patterns import BOUNDS, Pattern
from portal.data.rights_questions import Means, Question
from portal.data.sessions import Viewer
from portal.data.throttling import RIGHTS_USER, Throttle
from tests.support import factories
from tests.support.cards import covered_household
from tests.support.rights import FIRST_NUMBER, members_in_a_row, practice

SEEN = {Pattern.NEIGHBOURS: 15}
NOW = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)


@pytest.fixture
def account(db, keyring) -> Account:
    return practice(db, keyring)


@pytest.fixture
def viewer(db, account) -> Viewer:
    return factories.viewer_of(db, account)


@pytest.fixture
def colleague(db, keyring, account) -> Viewer:
    return factories.viewer_of(db, factories.provider_account(db, keyring, provider_id=account.provider_id))


@pytest.fixture
def desk(db, keyring) -> Viewer:
    return factories.viewer_of(db, factories.desk_account(db, keyring))


def question_of(family, day=None) -> Question:
    marks = (family.contract.member_number, family.member.birth_date, 1, day or datetime.now(UTC).date())
    return Question(Means.MEMBER_NUMBER, *marks)


def frozen(db: Session, viewer: Viewer, keyring) -> RightsFreeze:
    return freeze_checks(db, viewer, keyring, SEEN, "Vu : 15 numéros.", utc_now())


class TestFreeze:
    def test_frozen_user_asks_nothing_and_the_colleague_goes_on(self, db, keyring, viewer, colleague) -> None:
        family = covered_household(db)
        made = frozen(db, viewer, keyring)
        assert (made.is_practice, json.loads(made.seen)) == (False, {"numeros_voisins": 15})
        with pytest.raises(ChecksFrozen) as refused:
            check_rights(db, viewer, keyring, question_of(family), utc_now())
        assert refused.value.freeze.id == made.id
        assert check_rights(db, colleague, keyring, question_of(family), utc_now()).check.person_id == family.member.id

    def test_second_frozen_user_freezes_the_practice(self, db, keyring, account, viewer, colleague) -> None:
        third = factories.viewer_of(db, factories.provider_account(db, keyring, provider_id=account.provider_id))
        frozen(db, viewer, keyring)
        assert freeze_state(db, third).freeze is None
        assert frozen(db, colleague, keyring).is_practice
        assert freeze_state(db, third).freeze is not None
        with pytest.raises(ChecksFrozen):
            check_rights(db, third, keyring, question_of(covered_household(db)), utc_now())

    def test_user_frozen_after_another_was_given_back_is_alone(self, db, keyring, viewer, colleague, desk) -> None:
        first = frozen(db, viewer, keyring)
        assert lift_checks(db, desk, first.report_id, utc_now())
        assert not frozen(db, colleague, keyring).is_practice

    def test_freeze_of_another_practice_concerns_nobody_here(self, db, keyring, viewer) -> None:
        for _ in range(2):
            frozen(db, factories.viewer_of(db, practice(db, keyring)), keyring)
        assert freeze_state(db, viewer) == (None, None)

    def test_practice_is_given_back_by_the_case_that_froze_it(self, db, keyring, viewer, colleague, desk) -> None:
        own, wide = frozen(db, viewer, keyring), frozen(db, colleague, keyring)
        assert lift_checks(db, desk, wide.report_id, utc_now())
        assert freeze_state(db, colleague).freeze is None
        assert freeze_state(db, viewer).freeze.id == own.id
        assert lift_checks(db, desk, own.report_id, utc_now())
        assert freeze_state(db, viewer).freeze is None
        assert freeze_state(db, viewer).lifted_at is not None

    def test_freeze_is_lifted_once_and_by_the_desk_alone(self, db, keyring, viewer, colleague, desk) -> None:
        made = frozen(db, viewer, keyring)
        for stranger in (viewer, colleague):
            assert freeze_of_case(db, stranger, made.report_id) is None
            assert lift_checks(db, stranger, made.report_id, utc_now()) is None
        assert lift_checks(db, desk, made.report_id + 1, utc_now()) is None
        lifted = lift_checks(db, desk, made.report_id, utc_now())
        assert lifted.lifted_by == desk.account_id
        assert lift_checks(db, desk, made.report_id, utc_now()) is None

    def test_those_who_answer_for_the_practice_and_the_known_address_are_written_to(self, db, keyring, account) -> None:
        stranger = practice(db, keyring)
        stranger.email = "ailleurs@exemple.example"
        account.email = "titulaire@exemple.example"
        gone = factories.provider_account(db, keyring, provider_id=account.provider_id, email="parti@exemple.example")
        suspend(db, None, gone, "Essai d’une suspension.", utc_now())
        staff = factories.provider_account(db, keyring, provider_id=account.provider_id, email="aide@exemple.example")
        staff.role = Role.PROVIDER_STAFF
        db.flush()
        assert responsible_for(db, account.provider_id) == [(account.id, "titulaire@exemple.example")]
        db.get_one(Provider, account.provider_id).email = "Titulaire@exemple.example"
        assert len(responsible_for(db, account.provider_id)) == 1
        db.get_one(Provider, account.provider_id).email = "cabinet@exemple.example"
        assert responsible_for(db, account.provider_id)[1:] == [(None, "cabinet@exemple.example")]


class TestJudgement:
    def test_neighbours_ask_for_a_proof_then_for_a_freeze(self, db, keyring, viewer) -> None:
        """A thief who can prove goes on, and is frozen before the fifteenth answer."""
        members_in_a_row(db, 20)
        viewer, at, due = replace(viewer, confirmed_at=NOW - timedelta(hours=1)), NOW, None
        answered = 0
        while due is None:
            at += timedelta(seconds=1)
            try:
                check_rights(db, viewer, keyring, _nth(answered), at)
                answered += 1
            except ProofNeeded:
                viewer = replace(viewer, confirmed_at=at)
            except FreezeDue as error:
                due = error
        assert due.seen == SEEN
        assert answered == BOUNDS[Pattern.NEIGHBOURS].freeze - 1

    def test_thief_who_cannot_prove_stays_at_the_first_bound_and_is_not_frozen(self, db, keyring, viewer) -> None:
        viewer, answered = replace(viewer, confirmed_at=NOW - timedelta(hours=1)), 0
        members_in_a_row(db, 20)
        for number in range(20):
            try:
                check_rights(db, viewer, keyring, _nth(number), NOW + timedelta(seconds=number))
            except ProofNeeded:
                continue
            answered += 1
        assert answered == BOUNDS[Pattern.NEIGHBOURS].proof - 1

    def test_nothing_is_counted_of_what_is_not_answered(self, db, keyring, viewer) -> None:
        frozen(db, viewer, keyring)
        with pytest.raises(ChecksFrozen):
            check_rights(db, viewer, keyring, question_of(covered_household(db)), utc_now())
        assert db.get(Throttle, (RIGHTS_USER.purpose, str(viewer.account_id))) is None


class TestSameForm:
    def test_form_sent_twice_is_one_question(self, db, keyring, viewer) -> None:
        family, sent = covered_household(db), Sent(form="un")
        first, second = (check_rights(db, viewer, keyring, question_of(family), NOW, sent) for _ in range(2))
        assert (first.is_again, second.is_again) == (False, True)
        assert (first.check.engagement, first.digest) == (second.check.engagement, second.digest)
        assert db.get_one(Throttle, (RIGHTS_USER.purpose, str(viewer.account_id))).failures == 1

    @pytest.mark.parametrize(
        "other", ["form", "no form", "marks", "day", "later", "user"], ids=lambda name: name.replace(" ", "-")
    )
    def test_anything_else_is_another_question(self, db, keyring, viewer, colleague, other) -> None:
        family = covered_household(db)
        question, sent = question_of(family, NOW.date()), Sent(form="" if other == "no form" else "un")
        check_rights(db, viewer, keyring, question, NOW, sent)
        later = NOW + timedelta(minutes=5) if other == "later" else NOW
        if other == "form":
            sent = Sent(form="deux")
        if other == "marks":
            question = replace(question, birth_rank=2)
        if other == "day":
            question = replace(question, care_day=NOW.date() - timedelta(1))
        asker = colleague if other == "user" else viewer
        assert not check_rights(db, asker, keyring, question, later, sent).is_again

    def test_form_sent_twice_at_once_is_answered_once(self, database, keyring) -> None:
        with database.write() as db:
            family, viewer = covered_household(db), factories.viewer_of(db, practice(db, keyring))
        made: list[Made] = []

        def press() -> None:
            with database.write() as db:
                made.append(check_rights(db, viewer, keyring, question_of(family), utc_now(), Sent(form="un")))

        run_at_once(press, 4)
        assert sorted(each.is_again for each in made) == [False, True, True, True]
        assert len({each.check.engagement for each in made}) == 1
        with database.read() as db:
            assert len(db.execute(select(RightsCheck.id)).all()) == 1


def test_questions_that_race_with_a_freeze_are_answered_before_it_or_never(database, keyring) -> None:
    """The neighbours of a stolen list, in many windows at once: one freeze, and no answer after it."""
    with database.write() as db:
        viewer = replace(factories.viewer_of(db, practice(db, keyring)), confirmed_at=utc_now() - timedelta(hours=2))
        members_in_a_row(db, 30)
        number = BOUNDS[Pattern.NEIGHBOURS].freeze
        for asked in range(number - 1):
            confirmed = replace(viewer, confirmed_at=utc_now())
            check_rights(db, confirmed, keyring, _nth(asked), utc_now())
    outcomes: list[str] = []
    proven = replace(viewer, confirmed_at=utc_now())

    def ask() -> None:
        with database.write() as db:
            try:
                check_rights(db, proven, keyring, _nth(number + len(outcomes)), utc_now())
                outcomes.append("answered")
            except ChecksFrozen:
                outcomes.append("refused")
            except FreezeDue as due:
                freeze_checks(db, proven, keyring, due.seen, "Vu.", utc_now())
                outcomes.append("froze")

    run_at_once(ask, 6)
    assert sorted(outcomes) == ["froze", *["refused"] * 5]
    with database.read() as db:
        assert len(db.execute(select(RightsFreeze.id)).all()) == 1
        assert len(db.execute(select(RightsCheck.id)).all()) == number - 1


def _nth(number: int) -> Question:
    return Question(Means.MEMBER_NUMBER, str(FIRST_NUMBER + number), factories.ADULT_BIRTH, 1, NOW.date())


def run_at_once(act, times: int) -> None:
    threads = [threading.Thread(target=act) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
