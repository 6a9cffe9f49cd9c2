"""What the listing of benefit lines takes and gives: filters, rows, sums. `data/listing.py` does the work."""

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from portal.data.benefits import Family, Status


class Sort(StrEnum):
    RECENT = "recent"
    CARE = "soin"
    REMAINING = "reste"


@dataclass(frozen=True, slots=True)
class Filters:
    """What the viewer looks for; dates bear on `posted_on`, both included."""

    person_id: int | None = None
    start: date | None = None
    end: date | None = None
    family: Family | None = None
    status: Status | None = None
    text: str = ""
    sort: Sort = Sort.RECENT

    @property
    def any_set(self) -> bool:
        """Whether anything narrows the list (the order does not)."""
        return replace(self, sort=Sort.RECENT) != Filters()


class Line(NamedTuple):
    """A row of the list, amounts in cents; the last two are its payment's, if any."""

    id: int
    payment_id: int | None
    person_id: int
    posted_on: date
    care_date: date
    label: str
    kind: str
    status: str
    provider: str
    note: str
    spent_cents: int
    base_net_cents: int
    supplementary_cents: int
    other_cover_cents: int
    remaining_cents: int
    paid_on: date | None
    method: str | None

    @property
    def reimbursed_cents(self) -> int:
        """What base scheme, insurer and other covers paid together."""
        return self.base_net_cents + self.supplementary_cents + self.other_cover_cents


class ExportLine(NamedTuple):
    """A row of an export: every amount of the line in cents, its payment's columns, the person's first name."""

    id: int
    reference: str
    posted_on: date
    care_date: date
    act_code: str
    label: str
    family: str
    kind: str
    status: str
    provider: str
    quantity: int
    note: str
    spent_cents: int
    base_cents: int
    base_rate: int
    base_gross_cents: int
    flat_fee_cents: int
    franchise_cents: int
    base_net_cents: int
    supplementary_cents: int
    other_cover_cents: int
    remaining_cents: int
    first_name: str
    paid_on: date | None
    method: str | None
    payment_reference: str | None


class Totals(NamedTuple):
    """Sums over every line of a filter, in cents."""

    line_count: int
    spent_cents: int
    base_net_cents: int
    supplementary_cents: int
    other_cover_cents: int
    remaining_cents: int


class PersonTotals(NamedTuple):
    """All that a member learns of an adult dependant's lines."""

    person_id: int
    line_count: int
    spent_cents: int
    reimbursed_cents: int


@dataclass(frozen=True, slots=True)
class LinePage:
    """One page of lines; `more` when others follow."""

    lines: tuple[Line, ...]
    more: bool
