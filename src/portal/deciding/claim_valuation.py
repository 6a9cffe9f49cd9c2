"""A claim's valuation as a decision like others: kept, approved by a second agent from an amount on, applied (R-05)."""

from datetime import datetime

import msgspec
from sqlmodel import Session

from portal.data.case_desk import Agent
from portal.data.cases import Case, CaseState, WrongState
from portal.data.claim_settling import Outcome, insured_of, value
from portal.data.claim_valuing import apply_valuation
from portal.data.decisions import Act, Decision
from portal.data.payments import next_transfer_day
from portal.data.valuation import Valuation
from portal.data.visibility import Scope
from portal.deciding.frames import Ruling, Sheet
from portal.formatting import day_in_france
from portal.security import Keyring
from portal.valuation_words import STALE, STALE_REASON
from portal.web import PortalRequest


def valued(outcome: Outcome, words: str) -> Decision:
    """The decision of an agent who sees what the rules give now; in part as soon as a line is refused."""
    lines = tuple(each.as_seen() for each in outcome.lines)
    act = Act.ACCEPT if outcome.decision is CaseState.ACCEPTED else Act.PARTLY
    return Decision(act, words, content=msgspec.json.encode(Valuation(lines=lines)).decode())


def valuation_in(decision: Decision) -> Valuation:
    """The lines and the words of a decision. Raises `WrongState` for one that holds no line."""
    if not decision.content:
        raise WrongState
    kept = msgspec.json.decode(decision.content, type=Valuation)
    return msgspec.structs.replace(kept, words=decision.words)


def _apply(db: Session, agent: Agent, keyring: Keyring, case: Case, decision: Decision, now: datetime) -> None:
    apply_valuation(db, agent, keyring, case, valuation_in(decision), now)


def _look(request: PortalRequest, db: Session, case: Case, decision: Decision) -> Sheet:
    """The lines as they were proposed, settled now: what moved meanwhile keeps them from being approved."""
    outcome = value(db, request.viewer, case, valuation_in(decision), request.now)
    context = {
        "outcome": outcome,
        "names": Scope(tuple(insured_of(db, request.viewer, case))).names,
        "paid_on": next_transfer_day(db, day_in_france(request.now)),
    }
    is_stale = outcome.has_moved or outcome.has_problems
    told = (STALE, STALE_REASON) if is_stale else ("", "")
    return Sheet("partials/desk/valuation/lines.html", context, *told)


VALUE = Ruling("Liquider la demande", CaseState.ACCEPTED, _apply, route="desk.case.valuation", look=_look)
