"""The third-party-payment cards that a viewer may show: one per contract, on a day (R-25, R-50, R-72).

A member's card names everybody whom the contract covers; an adult dependant's names that person alone; a
representative's, the person represented. Nothing of care stands on a card.
"""

from dataclasses import dataclass, replace
from datetime import date

from sqlmodel import Session, col

from portal.data.card_terms import UNROUTED, Routing, routings_on
from portal.data.coverage import Beneficiary
from portal.data.rights import Cover, RightsAnswer, answer_of, card_period, covers_where
from portal.data.sessions import Viewer
from portal.data.visibility import Scope, visible_scope


@dataclass(frozen=True, slots=True)
class Card:
    """A contract's card on `day`. `persons`: those covered that day, and those whose cover begins later in the card.

    `cover` gives what all of them share: the contract's own data.
    """

    day: date
    cover: Cover
    routing: Routing
    valid_from: date
    valid_to: date
    persons: tuple[RightsAnswer, ...]

    def only(self, person_id: int) -> "Card | None":
        """The card of one person alone, valid as long as that person is covered; None when the card does not name
        them."""
        own = tuple(each for each in self.persons if each.cover and each.cover.person_id == person_id)
        if not own or own[0].cover is None:
            return None
        starts = [each.valid_from for each in own if each.valid_from]
        ends = [each.valid_to for each in own if each.valid_to]
        return replace(self, persons=own, cover=own[0].cover, valid_from=min(starts), valid_to=max(ends))


@dataclass(frozen=True, slots=True)
class Wallet:
    """What a viewer may show: cards of `day`, and every cover there is, past and to come."""

    day: date
    cards: tuple[Card, ...]
    covers: tuple[Cover, ...]

    @property
    def persons(self) -> dict[int, str]:
        """First name of each person with a cover, the oldest first."""
        return {cover.person_id: cover.first_name for cover in self.covers}

    @property
    def last_day(self) -> date | None:
        """When the last cover ended, before `day`; None while one runs or is to come."""
        if not self.covers or any(cover.last_day >= self.day for cover in self.covers):
            return None
        return max(cover.last_day for cover in self.covers)

    @property
    def next_day(self) -> date | None:
        """When the next cover begins, after `day`."""
        coming = [cover.first_day for cover in self.covers if self.day < cover.first_day <= cover.last_day]
        return min(coming, default=None)


def wallet_on(db: Session, viewer: Viewer, day: date, today: date) -> Wallet:
    """The viewer's cards for care of `day`; `today` decides who may see whom."""
    covers = visible_covers(db, visible_scope(db, viewer, today))
    running = [cover for cover in covers if cover.starts_on <= day <= (cover.ends_on or date.max)]
    routings = routings_on(db, {cover.product_id for cover in running}, day) if running else {}
    numbers = sorted({cover.contract_id for cover in running})
    cards = (_card([each for each in running if each.contract_id == number], routings, day) for number in numbers)
    return Wallet(day, tuple(card for card in cards if card), tuple(covers))


def visible_covers(db: Session, scope: Scope) -> list[Cover]:
    """The covers of the household's persons, under the contracts by which the viewer knows them."""
    pairs = {(one.member_id, one.person_id) for one in scope.relatives}
    if not pairs:
        return []
    found = covers_where(db, col(Beneficiary.person_id).in_({person_id for _, person_id in pairs}))
    return [cover for cover in found if (cover.member_id, cover.person_id) in pairs]


def _card(covers: list[Cover], routings: dict[int, Routing], day: date) -> Card | None:
    """The card of one contract; None when nobody is covered by it on `day`."""
    routing = routings.get(covers[0].product_id, UNROUTED)
    answers = [answer_of(cover, routing, day) for cover in covers]
    if not any(answer.is_open for answer in answers):
        return None
    shown = tuple(answer for answer in answers if answer.valid_from is not None)
    return Card(day, covers[0], routing, *card_period(covers[0], routing, day), shown)
