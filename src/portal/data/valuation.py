"""What an agent types to value a claim: lines, what is decided of each, and words for the member. No database.

It says everything that applying it needs, so that it may be kept (JSON), proposed by one agent and applied for another.
"""

from datetime import date
from enum import StrEnum

import msgspec

from portal.data.cases import Case
from portal.data.claim_rules import first_day
from portal.data.parameters import Sector
from portal.formatting import day_in_france

SHORTEST_WORDS = 10
LONGEST_WORDS = 300
MOST_LINES = 20


class Verdict(StrEnum):
    """What is decided of a line. FIXED: an amount that the rules do not give. Values are stored."""

    ACCEPTED = "acceptee"
    FIXED = "fixee"
    REFUSED = "refusee"


class Reason(StrEnum):
    """Why a line is refused. Values are stored; the words stand on the member's line."""

    UNCOVERED = "non-couvert"
    WAITING = "carence"
    LIMIT = "limite"
    TWIN = "deja-paye"
    BARRED = "prescrit"
    PIECE = "piece"
    OTHER = "autre"

    @property
    def told(self) -> str:
        """What the member reads; empty for what the agent's own words say."""
        return _TOLD[self]


_TOLD = {
    Reason.UNCOVERED: "Votre contrat ne couvre pas ce soin.",
    Reason.WAITING: "Ce soin a eu lieu pendant le délai de carence de votre contrat.",
    Reason.LIMIT: "La limite de votre garantie pour ce soin est atteinte.",
    Reason.TWIN: "Ce soin a déjà été remboursé.",
    Reason.BARRED: "Ce soin a plus de deux ans\u00a0: il ne peut plus être remboursé (code de la mutualité, L221-11).",
    Reason.PIECE: "Il manque un document.",
    Reason.OTHER: "",
}


class LineProblem(StrEnum):
    """What is wrong with a line, in the order in which an agent would put it right."""

    SPENT = "spent"
    SHARES = "shares"
    TO_COME = "to-come"
    UNCOVERED = "uncovered"
    NOT_WAITING = "not-waiting"
    BARRED = "barred"
    NO_REASON = "no-reason"
    FIXED = "fixed"
    WORDS = "words"
    TWIN = "twin"
    NOTHING = "nothing"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One care, in cents. `base_net_cents`: what the base scheme's statement says that it paid; None to let the rules
    say it. `replaces`: the benefit line that waited for this claim. `seen_cents`: what the rules gave when the agent
    decided. `words`: what is missing, or why this amount. `apart`: the references of the lines and claims like it of
    which the agent said that they are other care."""

    person_id: int
    care_date: date
    act_code: str
    spent_cents: int
    provider: str = ""
    sector: Sector = Sector.ANY
    quantity: int = 1
    in_care_path: bool = True
    base_net_cents: int | None = None
    other_cents: int = 0
    replaces: int | None = None
    verdict: Verdict = Verdict.ACCEPTED
    fixed_cents: int | None = None
    reason: Reason | None = None
    words: str = ""
    apart: tuple[str, ...] = ()
    seen_cents: int = 0


class Valuation(msgspec.Struct, frozen=True, kw_only=True):
    """The lines of a claim, and what its author reads of the decision."""

    lines: tuple[Entry, ...]
    words: str = ""


def barred_before(case: Case, today: date) -> date:
    """The first day of care that the claim may still ask for: two years before it was sent (L221-11)."""
    return first_day(day_in_france(case.sent_at) if case.sent_at else today)
