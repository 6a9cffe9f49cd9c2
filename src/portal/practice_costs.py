"""What professionals' prices leave to pay to whoever looks for one: by the rules of paid lines (R-20, R-24)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from portal.data.directory import Practice
from portal.data.estimates import Question, remaining_at
from portal.data.evidence import Action
from portal.formatting import today
from portal.web import PortalRequest

Cost = tuple[str, int]


def costs_for(request: PortalRequest, practices: Iterable[Practice]) -> Mapping[Cost, int]:
    """What is left to pay, in cents, by act and price; nothing where the guarantees say nothing of it."""
    prices: dict[str, set[int]] = defaultdict(set)
    for practice in practices:
        if practice.act_code and practice.price_cents:
            prices[practice.act_code].add(practice.price_cents)
    return {(act, price): left for act, asked in prices.items() for price, left in _left(request, act, asked).items()}


def _left(request: PortalRequest, act: str, prices: set[int]) -> dict[int, int]:
    person_id = request.viewer.person_id
    if person_id is None:
        return {}
    request.note_read(Action.ESTIMATE_READ, act, persons=[person_id])
    return remaining_at(request.db, request.viewer, Question(person_id, act, 0, today()), prices, today())
