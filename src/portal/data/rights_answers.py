"""A rights answer as it is shown, and as it is kept: what a card prints of one person, and nothing else (R-42).

One function makes it of the one answer (`rights.rights_on`), for « ce que voit mon pharmacien » and for the check that
professionals make; the latter is told of its own kinds of care alone.
"""

from collections.abc import Collection
from datetime import date

import msgspec

from portal.data.card_terms import CareColumn
from portal.data.rights import Cover, RightsAnswer, RightsStatus


class ShownPerson(msgspec.Struct, frozen=True):
    """Whom the answer is about, as the card names them."""

    last_name: str
    first_name: str
    birth_date: date
    birth_rank: int
    relationship: str
    member_number: str


class ShownPeriod(msgspec.Struct, frozen=True):
    """The harmonised block of the card, and the days on which it holds."""

    valid_from: date
    valid_to: date
    amc_number: str
    convention: str
    csr: str
    is_responsible: bool


class ShownAnswer(msgspec.Struct, frozen=True):
    """`person`: None when nobody was found. `period` and `columns`: for open rights alone."""

    status: RightsStatus
    day: date
    person: ShownPerson | None = None
    period: ShownPeriod | None = None
    columns: tuple[CareColumn, ...] = ()

    @property
    def is_open(self) -> bool:
        return self.status is RightsStatus.OPEN


def shown_answer(answer: RightsAnswer, codes: Collection[str] | None = None) -> ShownAnswer:
    """What is shown of an answer; `codes`: the columns that concern whoever asks, None for all of them."""
    if answer.cover is None:
        return ShownAnswer(answer.status, answer.day)
    person = _person(answer.cover)
    if not answer.is_open or answer.valid_from is None or answer.valid_to is None:
        return ShownAnswer(answer.status, answer.day, person)
    routing = answer.routing
    block = (routing.amc_number, routing.convention, routing.csr, answer.cover.is_responsible)
    period = ShownPeriod(answer.valid_from, answer.valid_to, *block)
    columns = tuple(each for each in routing.columns if codes is None or each.code in codes)
    return ShownAnswer(answer.status, answer.day, person, period, columns)


def _person(cover: Cover) -> ShownPerson:
    return ShownPerson(
        cover.last_name,
        cover.first_name,
        cover.birth_date,
        cover.birth_rank,
        cover.relationship,
        cover.member_number,
    )
