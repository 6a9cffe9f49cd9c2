"""Rights by date: one answer for the card, for the member's view of it, for professionals (R-25, R-42, R-72)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.data.accounts import Role, Space
from portal.data.card_terms import UNROUTED, routings_on
from portal.data.cards import wallet_on
from portal.data.coverage import Relationship
from portal.data.rights import Cover, RightsStatus, answer_of, card_period, rights_on
from tests.support import factories
from tests.support.cards import card_terms, column, covered_household

DAY = date(2026, 6, 15)
FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)


def names(card) -> list[str]:
    return [answer.cover.first_name for answer in card.persons]


class TestRightsOn:
    @pytest.mark.parametrize(
        ("day", "status"),
        [
            (date(2019, 12, 31), RightsStatus.NOT_COVERED),
            (date(2020, 1, 1), RightsStatus.OPEN),
            (date(2026, 8, 31), RightsStatus.OPEN),
            (date(2026, 9, 1), RightsStatus.CLOSED),
        ],
    )
    def test_answer_follows_the_day(self, db, day, status) -> None:
        """The date of care must be within the person's own period, its first and last days included."""
        made = covered_household(db, ends_on=date(2026, 8, 31))
        assert rights_on(db, made.member.id, day).status is status

    def test_answer_says_what_a_card_prints_and_no_more(self, db) -> None:
        """R-42: exactly the information shown on the card."""
        made = covered_household(db)
        answer = rights_on(db, made["Zoé"].id, DAY)
        assert (answer.valid_from, answer.valid_to) == (FIRST, LAST)
        assert (answer.cover.member_number, answer.cover.birth_rank) == (made.contract.member_number, 1)
        assert [(each.code, each.value) for each in answer.routing.columns] == [("PHAR", "100"), ("OPTI", "PEC")]

    def test_person_whom_nobody_covers_is_unknown(self, db) -> None:
        assert rights_on(db, factories.person(db).id, DAY).status is RightsStatus.UNKNOWN

    def test_gap_between_two_covers_is_not_covered(self, db) -> None:
        made = covered_household(db)
        child = factories.person(db, "Luc")
        factories.cover(db, made.contract, child, valid_to=date(2026, 3, 31))
        factories.cover(db, made.contract, child, valid_from=date(2026, 9, 1))
        answers = [rights_on(db, child.id, day).status for day in (date(2026, 3, 31), DAY, date(2026, 9, 1))]
        assert answers == [RightsStatus.OPEN, RightsStatus.NOT_COVERED, RightsStatus.OPEN]

    def test_open_contract_answers_before_an_ended_one(self, db) -> None:
        old = covered_household(db, ends_on=date(2025, 12, 31))
        new = factories.contract(db, old.member, starts_on=FIRST)
        assert rights_on(db, old.member.id, DAY).cover.contract_id == new.id
        only_old = rights_on(db, old.member.id, DAY, contracts={old.contract.id})
        assert only_old.status is RightsStatus.CLOSED

    def test_cover_never_outlives_its_contract(self, db) -> None:
        made = covered_household(db)
        made.contract.ends_on = date(2026, 5, 31)
        db.flush()
        assert rights_on(db, made["Paul"].id, DAY).status is RightsStatus.CLOSED


class TestCards:
    def viewer(self, db, keyring, of, role=Role.MEMBER):
        return factories.viewer_of(db, factories.account(db, keyring, Space.MEMBER, role, of=of))

    def test_persons_of_one_card_have_periods_of_their_own(self, db, keyring) -> None:
        """Per-person validity differs inside one card: a leaver, a newborn, somebody still to come."""
        made = covered_household(db)
        made_rows = {"Eva": (date(2026, 3, 10), None), "Léo": (factories.COVERED_SINCE, date(2026, 9, 30)),
                     "Ida": (date(2026, 10, 1), None), "Tom": (factories.COVERED_SINCE, date(2026, 2, 1))}  # fmt: skip
        for name, (start, end) in made_rows.items():
            factories.cover(db, made.contract, factories.person(db, name), valid_from=start, valid_to=end)
        (card,) = wallet_on(db, self.viewer(db, keyring, made.member), DAY, DAY).cards
        periods = {answer.cover.first_name: (answer.valid_from, answer.valid_to) for answer in card.persons}
        assert periods["Anne"] == (FIRST, LAST)
        assert periods["Eva"] == (date(2026, 3, 10), LAST)
        assert periods["Léo"] == (FIRST, date(2026, 9, 30))
        assert periods["Ida"] == (date(2026, 10, 1), LAST)
        assert "Tom" not in periods
        assert [answer.cover.first_name for answer in card.persons if not answer.is_open] == ["Ida"]

    def test_adult_dependant_has_a_card_of_their_own(self, db, keyring) -> None:
        """R-72: nobody else of the household stands on it."""
        made = covered_household(db)
        (card,) = wallet_on(db, self.viewer(db, keyring, made["Paul"], Role.DEPENDANT), DAY, DAY).cards
        assert names(card) == ["Paul"]

    def test_card_of_one_person_is_as_long_as_that_person_is_covered(self, db, keyring) -> None:
        made = covered_household(db)
        child = factories.person(db, "Léo")
        factories.cover(db, made.contract, child, Relationship.CHILD, valid_to=date(2026, 9, 30))
        (card,) = wallet_on(db, self.viewer(db, keyring, made.member), DAY, DAY).cards
        own = card.only(child.id)
        assert (names(own), own.valid_to) == (["Léo"], date(2026, 9, 30))
        assert card.only(factories.person(db).id) is None

    def test_ended_cover_and_future_contract_tell_their_days(self, db, keyring) -> None:
        ended = covered_household(db, ends_on=date(2026, 1, 31))
        wallet = wallet_on(db, self.viewer(db, keyring, ended.member), DAY, DAY)
        assert (wallet.cards, wallet.last_day, wallet.next_day) == ((), date(2026, 1, 31), None)
        coming = factories.household(db, starts_on=date(2026, 9, 1))
        card_terms(db, coming.contract.product_id)
        viewer = self.viewer(db, keyring, coming.member)
        wallet = wallet_on(db, viewer, DAY, DAY)
        assert (wallet.cards, wallet.last_day, wallet.next_day) == ((), None, date(2026, 9, 1))
        (card,) = wallet_on(db, viewer, date(2026, 9, 1), DAY).cards
        assert (card.valid_from, card.valid_to) == (date(2026, 9, 1), LAST)

    def test_card_ends_when_its_columns_change(self, db) -> None:
        """Columns are dated: a card never promises what another table will say."""
        of = factories.product(db)
        card_terms(db, of.id)
        column(db, of.id, "AUDI", "Aides auditives", "PEC", position=3, valid_to=date(2026, 7, 31))
        routing = routings_on(db, {of.id}, DAY)[of.id]
        assert [each.code for each in routing.columns] == ["PHAR", "OPTI", "AUDI"]
        assert routing.valid_to == date(2026, 7, 31)
        assert [each.code for each in routings_on(db, {of.id}, LAST)[of.id].columns] == ["PHAR", "OPTI"]

    def test_product_without_card_has_none(self, db) -> None:
        assert routings_on(db, {factories.product(db).id}, DAY) == {}


days = st.dates(date(2010, 1, 1), date(2040, 12, 31))


@given(
    day=days, start=days, length=st.none() | st.integers(0, 4000), begins=days, runs=st.none() | st.integers(0, 4000)
)
def test_period_of_an_open_answer_holds_the_day_and_stays_within(day, start, length, begins, runs) -> None:
    """Property: open rights have a period that holds the day, inside the card's, inside the cover's."""
    end = None if length is None else start + timedelta(length)
    ends = None if runs is None else begins + timedelta(runs)
    cover = Cover(
        1, 1, "E", "A", day, 1, "adherent", start, end, 1, "C", "individuel", 1, "A1", True, begins, ends, 1, "P", None
    )
    answer = answer_of(cover, UNROUTED, day)
    is_covered = max(start, begins) <= day <= min(end or date.max, ends or date.max)
    assert answer.is_open is is_covered
    if is_covered:
        first, last = card_period(cover, UNROUTED, day)
        assert max(first, start) <= answer.valid_from <= day <= answer.valid_to <= min(last, end or date.max)
