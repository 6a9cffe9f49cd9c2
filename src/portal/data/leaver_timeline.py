"""What follows the end of an employment, and when: portability (code de la sécurité sociale, L911-8), then the offer of
the loi Évin (loi n° 89-1009, article 4; prices: décret n° 90-769, article 1). Rules alone: no table, no query."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from portal.data.group_figures import GroupFigures
from portal.data.leaving_rules import CONSEQUENCES, Evin, LeavingReason
from portal.data.rules import add_months, percent_of

PRICED_YEARS = 3
"""From the fourth year the price of the loi Évin is free."""


class Milestone(StrEnum):
    """A moment of the timeline. PROOF: evidence of unemployment, due when portability begins. PROOFS: as long as it
    lasts. NEAR_END: a month before portability ends, when the employee is written to. OFFER: the last day for the
    insurer's proposal. REQUEST: the last day to accept it."""

    LEFT = "fin-contrat"
    COVER_ENDS = "fin-couverture"
    PORTABILITY = "portabilite"
    PROOF = "justificatif"
    PROOFS = "justificatifs"
    NEAR_END = "fin-proche"
    PORTABILITY_ENDS = "fin-portabilite"
    OFFER = "proposition"
    REQUEST = "demande"


class NoPortability(StrEnum):
    """Why there is none. UNCOVERED: the employee was not affiliated on the last day."""

    UNCOVERED = "non-affilie"
    REASON = "motif"


@dataclass(frozen=True, slots=True)
class Leaving:
    """What a timeline follows from. `months`: of portability, 0 without; `ends_on`: its last day, None without."""

    reason: LeavingReason
    hired_on: date
    left_on: date
    contract_months: int
    months: int
    ends_on: date | None
    evin: Evin
    is_covered: bool

    @property
    def starts_on(self) -> date:
        """The first day without an employment."""
        return self.left_on + timedelta(days=1)

    @property
    def covered_until(self) -> date | None:
        """The last day of cover; None for whoever had none."""
        return (self.ends_on or self.left_on) if self.is_covered else None

    @property
    def no_portability(self) -> NoPortability | None:
        """Why there is no portability; None when there is."""
        if self.months:
            return None
        return NoPortability.REASON if self.is_covered else NoPortability.UNCOVERED

    @property
    def is_capped(self) -> bool:
        """Whether the law's maximum, and not the length of the contract, says how long portability lasts."""
        return 0 < self.months < self.contract_months


@dataclass(frozen=True, slots=True)
class Step:
    """A milestone on a day; `until`: the last day of a milestone that lasts."""

    milestone: Milestone
    day: date
    until: date | None = None

    def is_past(self, today: date) -> bool:
        """Whether nothing of it is left to come."""
        return (self.until or self.day) < today


@dataclass(frozen=True, slots=True)
class YearPrice:
    """The most that a year of the contract of one's own may cost: `percent` of the actives' whole price, which comes to
    `month_cents` a month; both None from the year when the price is free, which has no end."""

    number: int
    starts_on: date
    ends_on: date | None
    percent: int | None
    month_cents: int | None


def steps_of(leaving: Leaving, figures: GroupFigures) -> list[Step]:
    """The timeline of a departure, the first step first."""
    return sorted([*_first(leaving), *_portability(leaving), *_evin(leaving, figures)], key=lambda step: step.day)


def offer_anchor(leaving: Leaving) -> date | None:
    """The day from which the delays of the loi Évin run: the last of the employment or of portability, or the death;
    None for whoever is offered nothing."""
    if leaving.evin == Evin.NEVER or not leaving.is_covered:
        return None
    return leaving.ends_on if leaving.evin == Evin.AFTER else leaving.left_on


def request_until(leaving: Leaving, figures: GroupFigures) -> date | None:
    """The last day to ask for the contract of one's own, six months after the anchor; None without an offer."""
    anchor = offer_anchor(leaving)
    return add_months(anchor, figures.evin_request_months) if anchor else None


def near_end(leaving: Leaving) -> date | None:
    """The day on which the end of portability is announced, a month before; None when portability lasts no longer than
    that month, or is none: the letter of the departure then says it."""
    if leaving.ends_on is None or leaving.months < 2:
        return None
    return add_months(leaving.ends_on, -1)


def evin_prices(leaving: Leaving, figures: GroupFigures, month_cents: int | None) -> list[YearPrice]:
    """The most a contract of one's own may cost, year by year, when it follows at once; empty without an offer.

    `month_cents`: the whole price of an active employee of the same structure, the employer's part included; None when
    it is not known.
    """
    anchor = offer_anchor(leaving)
    if anchor is None:
        return []
    first = anchor + timedelta(days=1)
    percents = (figures.evin_first_percent, figures.evin_second_percent, figures.evin_third_percent)
    years = [_year(first, number, percent, month_cents) for number, percent in enumerate(percents, 1)]
    return [*years, YearPrice(PRICED_YEARS + 1, add_months(first, 12 * PRICED_YEARS), None, None, None)]


def is_written_to(leaving: Leaving) -> bool:
    """Whether the employee is written to: somebody who had cover, and is alive."""
    return leaving.is_covered and leaving.reason != LeavingReason.DEATH


def is_unemployed(reason: LeavingReason) -> bool:
    """Whether the reason gives a right to unemployment benefit, without which there is no portability."""
    return CONSEQUENCES[reason].is_portable


def _first(leaving: Leaving) -> Iterator[Step]:
    yield Step(Milestone.LEFT, leaving.left_on)
    if leaving.is_covered and not leaving.months:
        yield Step(Milestone.COVER_ENDS, leaving.left_on)


def _portability(leaving: Leaving) -> Iterator[Step]:
    if leaving.ends_on is None:
        return
    yield Step(Milestone.PORTABILITY, leaving.starts_on, leaving.ends_on)
    yield Step(Milestone.PROOF, leaving.starts_on)
    yield Step(Milestone.PROOFS, leaving.starts_on, leaving.ends_on)
    told_on = near_end(leaving)
    if told_on:
        yield Step(Milestone.NEAR_END, told_on)
    yield Step(Milestone.PORTABILITY_ENDS, leaving.ends_on)


def _evin(leaving: Leaving, figures: GroupFigures) -> Iterator[Step]:
    anchor, last = offer_anchor(leaving), request_until(leaving, figures)
    if anchor is None or last is None:
        return
    yield Step(Milestone.OFFER, anchor + timedelta(days=1), add_months(anchor, figures.evin_offer_months))
    yield Step(Milestone.REQUEST, anchor + timedelta(days=1), last)


def _year(first: date, number: int, percent: int, month_cents: int | None) -> YearPrice:
    starts_on = add_months(first, 12 * (number - 1))
    ends_on = add_months(first, 12 * number) - timedelta(days=1)
    return YearPrice(
        number, starts_on, ends_on, percent, None if month_cents is None else percent_of(month_cents, percent)
    )
