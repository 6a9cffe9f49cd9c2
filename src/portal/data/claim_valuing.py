"""An agent values a claim for good: benefit lines, what is due, the decision.

A `Valuation` holds all that an agent typed, so that it may be proposed by one and applied for another; it is settled
anew under the lock of the member's row, and refused when its amounts are no longer those that were seen.
"""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from portal.data.benefits import BenefitLine
from portal.data.case_desk import Agent, move_by_desk
from portal.data.cases import Case, CaseKind, WrongState
from portal.data.claim_settling import Outcome, Settled, Valued, value
from portal.data.claims import ClaimLine
from portal.data.parties import is_near
from portal.data.payments import next_transfer_day, queue
from portal.data.persons import Person
from portal.data.recomputation import LineFacts
from portal.data.rules import Used
from portal.data.sessions import Viewer
from portal.data.valuation import Valuation
from portal.data.valuation_drafts import forget_typed
from portal.data.valued_lines import ValuedLine
from portal.folding import fold
from portal.formatting import day_in_france
from portal.security import Keyring


class NotValued(Exception):
    """The valuation cannot be applied as it is: its problems, in `outcome`."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


class AmountsMoved(NotValued):
    """What the rules give is no longer what was seen: another claim was valued meanwhile, or a figure changed."""


class TooNear(Exception):
    """The claim is the agent's own, or of somebody of the agent's family."""


def apply_valuation(
    db: Session, agent: Agent, keyring: Keyring, case: Case, valuation: Valuation, now: datetime
) -> Outcome:
    """Values a claim for good: writes its lines, lets them wait for the next transfers, decides the locked case and
    tells its author; the member is asked for an account when nobody knows where to send what is due.

    Raises `NotValued`, `AmountsMoved`, `TooNear`, `WrongState` for a case that is no claim to decide, or without words.
    """
    is_open = case.kind == CaseKind.CLAIM and not (case.is_draft or case.is_over)
    if not is_open or case.member_id is None or not valuation.words.strip():
        raise WrongState
    if is_near(db, agent.account_id, case):
        raise TooNear
    db.get_one(Person, case.member_id, with_for_update=True)
    outcome = value(db, agent, case, valuation, now)
    if outcome.has_moved:
        raise AmountsMoved(outcome)
    if outcome.has_problems:
        raise NotValued(outcome)
    due_on = next_transfer_day(db, day_in_france(now))
    for number, valued in enumerate(outcome.lines, 1):
        settled = valued.settled if valued.is_written else None
        line = _write(db, case, valued, settled, f"{case.reference}-{number}", now) if settled else None
        keep_valued(db, agent, keyring, case, valued, line, now)
        if line is not None and valued.granted:
            queue(db, line, due_on, now)
    move_by_desk(db, agent, keyring, case, outcome.decision, valuation.words.strip(), now)
    forget_typed(db, case)
    if outcome.granted:
        agent.letters.ask_for_account(db, case.member_id, now)
    return outcome


def _write(db: Session, case: Case, valued: Valued, settled: Settled, reference: str, now: datetime) -> BenefitLine:
    """The benefit line of a valued one; a line that waited takes its place."""
    values = line_values(valued, settled, reference, now)
    waited = db.get(BenefitLine, valued.entry.replaces) if valued.entry.replaces else None
    line = waited or BenefitLine(**values)
    for name, each in values.items():
        setattr(line, name, each)
    db.add(line)
    db.flush()
    if waited is None:
        db.add(ClaimLine(case_id=case.id or 0, line_id=line.id or 0, linked_at=now))
        db.flush()
    return line


def line_values(valued: Valued, settled: Settled, reference: str, now: datetime) -> dict[str, Any]:
    """The columns of the benefit line of a valued one."""
    facts = valued.decided(settled)._replace(reference=reference)
    values = {name: getattr(facts, name) for name in LineFacts._fields if name not in {"id", "rule_code"}}
    search = fold(f"{facts.label} {facts.provider}")
    return values | {"posted_on": day_in_france(now), "rule_id": settled.ground.rule_id, "search": search}


def keep_valued(
    db: Session, agent: Viewer, keyring: Keyring, case: Case, valued: Valued, line: BenefitLine | None, now: datetime
) -> None:
    """Keeps what was decided of a line, and what weighed on it then."""
    entry, words = valued.entry, valued.entry.words.strip()
    db.add(
        ValuedLine(
            case_id=case.id or 0,
            line_id=line.id if line else None,
            verdict=entry.verdict,
            reason=entry.reason or "",
            computed_cents=valued.computed,
            granted_cents=valued.granted,
            motive_encrypted=keyring.encrypt(words) if words else None,
            **_used_columns(valued.settled),
            valued_at=now,
            valued_by=agent.account_id,
        )
    )
    db.flush()


def _used_columns(settled: Settled | None) -> dict[str, int]:
    used = settled.used if settled else Used()
    return {f"used_{name}": count for name, count in used._asdict().items()}
