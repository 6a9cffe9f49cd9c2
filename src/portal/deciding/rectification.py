"""Putting a line right, or asking for a sum no more, as decisions like others: kept, approved by a second agent from an
amount on, applied (R-05, R-61). Each has pages of its own, for each line."""

from datetime import datetime
from typing import Any

import msgspec
from sqlmodel import Session

from portal.data.case_desk import Agent
from portal.data.cases import Case, WrongState
from portal.data.decisions import Act, Decision
from portal.data.evidence import Action
from portal.data.overpayments import Overpayment, overpayment_in, owed, waive
from portal.data.payments import next_transfer_day
from portal.data.rectification_review import Rectification, Review, as_seen, has_moved, review_of
from portal.data.rectifying import apply_rectification
from portal.deciding.frames import Ruling, Sheet
from portal.formatting import today
from portal.rectification_words import EFFECTS, STALE, STALE_REASON
from portal.security import Keyring
from portal.web import PortalRequest

RIGHTED = "partials/desk/valuation/righted.html"
OWED = "partials/desk/valuation/owed.html"


class Waiver(msgspec.Struct, frozen=True):
    """A sum of which what is left is asked for no more. `left_cents`: what that was, as the agent saw it."""

    overpayment_id: int
    left_cents: int


def righted(review: Review, words: str) -> Decision:
    """The decision of an agent who sees what it does now."""
    return Decision(Act.RECTIFY, words, content=msgspec.json.encode(as_seen(review)).decode())


def waived(row: Overpayment, left: int, words: str) -> Decision:
    """The decision to ask for what is left no more."""
    return Decision(Act.WAIVE, words, content=msgspec.json.encode(Waiver(row.id or 0, left)).decode())


def review_context(db: Session, review: Review | None) -> dict[str, Any]:
    """What `RIGHTED` shows: before, after, what it does with money and when; None for a line that stands no more."""
    return {
        "review": review,
        "effect": EFFECTS[review.effect] if review else None,
        "paid_on": next_transfer_day(db, today()),
    }


def _asked(decision: Decision) -> Rectification:
    if not decision.content:
        raise WrongState
    return msgspec.json.decode(decision.content, type=Rectification)


def _apply(db: Session, agent: Agent, keyring: Keyring, case: Case, decision: Decision, now: datetime) -> None:
    apply_rectification(db, agent, keyring, case, _asked(decision), decision.words, now)


def _look(request: PortalRequest, db: Session, case: Case, decision: Decision) -> Sheet:
    """The line as it was proposed, settled now: what moved meanwhile keeps it from being approved."""
    asked = _asked(decision)
    review = review_of(db, request.viewer, case, asked, request.now)
    if review is None:
        return Sheet(RIGHTED, review_context(db, None), STALE, STALE_REASON)
    is_stale = has_moved(review, asked) or not review.may_be_applied
    told = (STALE, STALE_REASON) if is_stale else ("", "")
    return Sheet(RIGHTED, review_context(db, review), *told)


def _waiver(db: Session, case: Case, decision: Decision) -> tuple[Waiver, Overpayment]:
    if not decision.content:
        raise WrongState
    asked = msgspec.json.decode(decision.content, type=Waiver)
    row = overpayment_in(db, case, asked.overpayment_id)
    if row is None:
        raise WrongState
    return asked, row


def _apply_waiver(db: Session, agent: Agent, keyring: Keyring, case: Case, decision: Decision, now: datetime) -> None:
    asked, row = _waiver(db, case, decision)
    if owed(db, row).left != asked.left_cents or not decision.words.strip():
        raise WrongState
    waive(db, agent, case, row, keyring.encrypt(decision.words.strip()), now)


def _look_waiver(_: PortalRequest, db: Session, case: Case, decision: Decision) -> Sheet:
    asked, row = _waiver(db, case, decision)
    standing = owed(db, row)
    told = (STALE, STALE_REASON) if standing.left != asked.left_cents else ("", "")
    return Sheet(OWED, {"standing": standing}, *told)


def _on_its_own_page(_: Session, __: Case) -> bool:
    """Each line has its page: the case's own leads to the lines."""
    return False


RECTIFY = Ruling(
    "Rectifier une ligne",
    None,
    _apply,
    when=_on_its_own_page,
    recorded=Action.CASE_LINE_CORRECTED,
    route="desk.case.valuation",
    look=_look,
)
WAIVE = Ruling(
    "Renoncer à une somme",
    None,
    _apply_waiver,
    when=_on_its_own_page,
    recorded=Action.OVERPAYMENT_CHANGED,
    route="desk.case.valuation",
    look=_look_waiver,
)
