"""What the desk's case page needs to know of a kind of case: what it tells, and what may be decided of it.

Each kind has one module here, which makes its `Frame`; `registry.py` lists them. Nothing else of the case page, of
decisions, of their previews or of four eyes knows one kind from another.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from litestar.handlers import HTTPRouteHandler
from sqlmodel import Session

from portal.data.cases import MOVES, Case, CaseState
from portal.data.decisions import Act, Decision
from portal.data.evidence import Action
from portal.data.proposals import Applier
from portal.web import PortalRequest

Row = tuple[str, str]
Weigh = Callable[[Session, Case, Decision], int | None]


class Words(Enum):
    """Whether an act takes words that the person reads."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Input:
    """What an act asks for besides its words: an amount, or a day. `starts`: what its field holds first."""

    name: str
    label: str
    hint: str = ""
    is_amount: bool = True
    is_required: bool = True
    starts: Callable[[Session, Case], str] | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a second agent reads of a decision besides its words: a partial and its context. `problem`: why it can no
    longer be approved as it stands, empty when it can; `reason`: what its author is told then, for a start."""

    template: str
    context: dict[str, Any]
    problem: str = ""
    reason: str = ""


Look = Callable[[PortalRequest, Session, Case, Decision], Sheet]


@dataclass(frozen=True, slots=True)
class Ruling:
    """One act on a kind of case. `to`: the state that it leads to, if to any, which says when it may be done; `when`:
    what else must be so. `weigh`: what it has the insurer pay, in cents, for acts about money: these ask for a proof of
    identity. `lead`: what the act does, in words, for the agent. `recorded`: how the evidence calls it. `route`: the
    page on which it is written, when it is not the form of decisions; its parameter is `dossier`. `look`: what a second
    agent reads of it there."""

    label: str
    to: CaseState | None
    apply: Applier
    words: Words = Words.REQUIRED
    inputs: tuple[Input, ...] = ()
    weigh: Weigh | None = None
    when: Callable[[Session, Case], bool] | None = None
    lead: str = ""
    recorded: Action = Action.CASE_DECIDED
    route: str = ""
    look: Look | None = None

    def is_offered(self, db: Session, case: Case) -> bool:
        """Whether the case's state allows the act now."""
        may_go = self.to is None or self.to in MOVES[CaseState(case.state)]
        return may_go and (self.when is None or self.when(db, case))

    def cents_of(self, db: Session, case: Case, decision: Decision) -> int | None:
        """What the decision has the insurer pay, in cents; None when it pays nothing."""
        return self.weigh(db, case, decision) if self.weigh else None


@dataclass(frozen=True, slots=True)
class Told:
    """What a case asks: terms and values, and the words that its author wrote."""

    rows: list[Row]
    text: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """What the desk reads beside the case: terms and values under a title."""

    title: str
    rows: list[Row]


Tell = Callable[[PortalRequest, Session, Case], Told]
Beside = Callable[[PortalRequest, Session, Case], Block | None]
Elsewhere = Callable[[Session, Case], tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Frame:
    """A kind of case at the desk. `page`: its author's own. `beside`: the context that deciding it takes, and no more.
    `talks`: its author writes to the insurer about it. `elsewhere`: links to what else is done with it as it
    stands, such as putting right what was paid: a label, and a route whose parameter is `dossier`. `matter`: what a
    case is about, where four eyes depend on it."""

    tell: Tell
    page: HTTPRouteHandler
    rulings: Mapping[Act, Ruling]
    beside: tuple[Beside, ...] = ()
    talks: bool = False
    elsewhere: Elsewhere | None = None
    matter: Callable[[Session, Case], str] | None = None

    def offered(self, db: Session, case: Case) -> dict[Act, Ruling]:
        """What may be decided of the case as it stands."""
        return {act: ruling for act, ruling in self.rulings.items() if ruling.is_offered(db, case)}

    def matter_of(self, db: Session, case: Case) -> str:
        """What the case is about; empty where no rule tells matters of its kind apart."""
        return self.matter(db, case) if self.matter else ""
