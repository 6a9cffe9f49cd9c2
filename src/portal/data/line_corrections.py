"""A line valued here is found wrong: it is cancelled by a line of the opposite amounts, and what was paid too much is
withheld from the member's next transfers (indu)."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from portal.data.accounts import Space
from portal.data.benefits import BenefitLine, LineKind, Status
from portal.data.case_desk import Agent
from portal.data.cases import Case, WrongState, touch
from portal.data.claim_valuing import TooNear
from portal.data.claims import ClaimLine
from portal.data.parties import is_near
from portal.data.payments import PaymentDue, next_transfer_day, queue
from portal.data.persons import Person
from portal.data.sessions import Viewer
from portal.data.valuation import SHORTEST_WORDS
from portal.data.valued_lines import ValuedLine
from portal.formatting import day_in_france

TAKEN_BACK = (
    "spent_cents",
    "base_cents",
    "base_gross_cents",
    "flat_fee_cents",
    "franchise_cents",
    "base_net_cents",
    "supplementary_cents",
    "other_cover_cents",
    "remaining_cents",
)
CORRECTABLE = (Status.PENDING, Status.PAID)


@dataclass(frozen=True, slots=True)
class Corrected:
    """What a correction did. `overpaid_cents`: what the member had been paid for it, and owes."""

    line: BenefitLine
    correction: BenefitLine
    overpaid_cents: int


def correctable_lines(db: Session, agent: Agent, case: Case) -> list[BenefitLine]:
    """The lines of a claim that were valued here and still stand, for an agent who may act on the case."""
    if is_near(db, agent.account_id, case):
        return []
    query = (
        select(BenefitLine)
        .join(ValuedLine, col(ValuedLine.line_id) == BenefitLine.id)
        .where(ValuedLine.case_id == case.id, BenefitLine.kind == LineKind.CARE)
        .where(col(BenefitLine.status).in_(CORRECTABLE))
        .order_by(col(BenefitLine.id))
    )
    return list(db.exec(query.execution_options(populate_existing=True)))


def lines_of_claim(db: Session, agent: Viewer, case: Case) -> list[BenefitLine]:
    """The lines that came of a claim, corrections included, for an agent who may read it; none for anybody else."""
    if agent.space != Space.DESK:
        return []
    query = select(BenefitLine).join(ClaimLine, col(ClaimLine.line_id) == BenefitLine.id)
    return list(db.exec(query.where(ClaimLine.case_id == case.id).order_by(col(BenefitLine.id))))


def correct_line(db: Session, agent: Agent, case: Case, line_id: int, words: str, now: datetime) -> Corrected:
    """Cancels a line of a locked claim, for the reason that its author reads, and tells that there is news.

    Raises `TooNear`; `WrongState` for a line that does not stand (any more), or without a reason.
    """
    if is_near(db, agent.account_id, case):
        raise TooNear
    db.get_one(Person, case.member_id, with_for_update=True)
    line = next((each for each in correctable_lines(db, agent, case) if each.id == line_id), None)
    if line is None or len(words.strip()) < SHORTEST_WORDS:
        raise WrongState
    overpaid = line.supplementary_cents if line.payment_id is not None else 0
    correction = _opposite(db, case, line, words.strip(), now)
    _unqueue(db, line)
    if overpaid:
        correction.status = Status.PENDING
        queue(db, correction, next_transfer_day(db, day_in_france(now)), now)
    line.status = Status.CANCELLED
    db.add(line)
    touch(db, case, now)
    agent.letters.tell_of_news(db, case)
    return Corrected(line, correction, overpaid)


def _opposite(db: Session, case: Case, line: BenefitLine, words: str, now: datetime) -> BenefitLine:
    kept = line.model_dump(exclude={"id", "payment_id", *TAKEN_BACK})
    told = {"kind": LineKind.CORRECTION, "status": Status.REGULARISED, "note": words}
    opposite = {name: -getattr(line, name) for name in TAKEN_BACK}
    reference = {"reference": f"{line.reference}R", "posted_on": day_in_france(now)}
    correction = BenefitLine(**(kept | told | opposite | reference))
    db.add(correction)
    db.flush()
    db.add(ClaimLine(case_id=case.id or 0, line_id=correction.id or 0, linked_at=now))
    db.flush()
    return correction


def _unqueue(db: Session, line: BenefitLine) -> None:
    due = db.get(PaymentDue, line.id)
    if due is not None:
        db.delete(due)
        db.flush()
