"""What waits for somebody of a company or a practice: each area's data module has functions that find some of it."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many, since or until which day, for how many cents in all; `row_id`: the one of them to begin with."""

    count: int
    on: date | None = None
    cents: int = 0
    row_id: int | None = None
