"""Professionals' prices: of which act, and what they leave to pay by the rules of paid lines (R-20, R-24)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from portal.data.directory import Practice
from portal.data.estimates import Question, remaining_at
from portal.data.evidence import Action
from portal.data.figures import act_labels
from portal.formatting import today
from portal.web import PortalRequest


class Cost(NamedTuple):
    """What a price pays for, in words, and what it leaves to pay, in cents; None where the guarantees say nothing."""

    act: str
    left: int | None = None


Costs = Mapping[tuple[str, int], Cost]


def costs_of(request: PortalRequest, practices: Iterable[Practice], *, is_personal: bool) -> Costs:
    """The costs of places by act and price (cents). `is_personal`: for a viewer whose guarantees are known."""
    prices: dict[str, set[int]] = defaultdict(set)
    for practice in practices:
        if practice.act_code and practice.price_cents:
            prices[practice.act_code].add(practice.price_cents)
    labels = act_labels(request.db, prices)
    left = {act: _left(request, act, asked) if is_personal else {} for act, asked in prices.items()}
    return {
        (act, price): Cost(labels[act], left[act].get(price))
        for act, asked in prices.items()
        if act in labels
        for price in asked
    }


def _left(request: PortalRequest, act: str, prices: set[int]) -> dict[int, int]:
    person_id = request.viewer.person_id
    if person_id is None:
        return {}
    request.note_read(Action.ESTIMATE_READ, act, persons=[person_id])
    return remaining_at(request.db, request.viewer, Question(person_id, act, 0, today()), prices, today())
