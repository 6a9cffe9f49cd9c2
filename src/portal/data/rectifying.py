"""An agent puts a line right (« rectifier »), paid or not: settled anew by the same rules, its difference paid or owed.

As a valuation, a `Rectification` says all that was typed and seen, so that one agent may propose it and another approve
it; it is settled anew under the lock of the member's row, and refused when what was seen is no more: another amount, a
run of transfers that paid the line meanwhile, a sum given back.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from portal.data.benefits import BenefitLine, LineKind, Method, Payment, Status
from portal.data.case_desk import Agent
from portal.data.cases import Case, WrongState, touch
from portal.data.claim_settling import Settled
from portal.data.claim_valuing import AmountsMoved, NotValued, TooNear, keep_valued, line_values
from portal.data.claims import ClaimLine
from portal.data.line_corrections import LineCorrection, queued_opposites
from portal.data.overpayments import StepKind, add_step, note_owed, still_owed
from portal.data.parties import is_near
from portal.data.payments import PaymentDue, next_transfer_day, queue
from portal.data.persons import Person
from portal.data.rectification_review import TAKEN_BACK, Effect, Rectification, Review, has_moved, review_of
from portal.data.valuation import SHORTEST_WORDS
from portal.data.valuation_drafts import forget_typed
from portal.formatting import day_in_france
from portal.security import Keyring


@dataclass(frozen=True, slots=True)
class Rectified:
    """What a rectification did. `overpaid_cents`: what the member owes for it."""

    line: BenefitLine
    opposite: BenefitLine
    replacement: BenefitLine | None
    effect: Effect
    overpaid_cents: int


def apply_rectification(
    db: Session, agent: Agent, keyring: Keyring, case: Case, asked: Rectification, words: str, now: datetime
) -> Rectified:
    """Puts a line of a locked claim right, for the reason that its author reads: takes it back, writes the right line
    if there is one, lets the difference be paid or writes down that it is owed, and tells.

    Raises `TooNear`; `WrongState` for a line that does not stand (any more), or without a reason; `AmountsMoved`,
    `NotValued`.
    """
    if is_near(db, agent.account_id, case) or case.member_id is None:
        raise TooNear
    db.get_one(Person, case.member_id, with_for_update=True)
    review = review_of(db, agent, case, asked, now)
    if review is None or len(words.strip()) < SHORTEST_WORDS:
        raise WrongState
    if has_moved(review, asked):
        raise AmountsMoved(review.outcome)
    if not review.may_be_applied:
        raise NotValued(review.outcome)
    done = _written(db, agent, keyring, case, review, words.strip(), now)
    forget_typed(db, case)
    touch(db, case, now)
    agent.letters.tell_of_news(db, case)
    return done


def _written(
    db: Session, agent: Agent, keyring: Keyring, case: Case, review: Review, words: str, now: datetime
) -> Rectified:
    line, before = review.line, queued_opposites(db, review.line.id or 0)
    opposite = _opposite(db, case, line, words, now)
    replacement = _replacement(db, agent, keyring, case, review, now)
    _unqueue(db, line)
    line.status = Status.CANCELLED
    db.add(line)
    row = LineCorrection(
        case_id=case.id or 0,
        line_id=line.id or 0,
        opposite_id=opposite.id or 0,
        replacement_id=replacement.id if replacement else None,
        corrected_at=now,
        corrected_by=agent.account_id,
    )
    db.add(row)
    db.flush()
    owed = _move_money(db, agent, review, row, opposite, replacement, before, now)
    return Rectified(line, opposite, replacement, review.effect, owed)


def _move_money(
    db: Session,
    agent: Agent,
    review: Review,
    row: LineCorrection,
    opposite: BenefitLine,
    replacement: BenefitLine | None,
    before: list[BenefitLine],
    now: datetime,
) -> int:
    """Lets the difference be paid, or writes down what is owed; how much, in cents. `before`: what earlier corrections
    of the line would have taken back."""
    was_paid, due_on = review.line.payment_id is not None, next_transfer_day(db, day_in_france(now))
    if review.paid and (review.gap <= 0 or review.left):
        _settle_without_money(db, [*before, *([opposite] if was_paid else []), *filter(None, [replacement])], now)
        if review.effect is Effect.OWED:
            note_owed(db, row, review.line.member_id, -review.gap, now)
            agent.letters.tell_of_overpayment(db, review.line.member_id, now)
            return -review.gap
        _owe_less(db, agent, review, now)
        return 0
    if was_paid:
        opposite.status = Status.PENDING
        queue(db, opposite, due_on, now)
    if replacement is not None and (review.after or was_paid):
        queue(db, replacement, due_on, now)
    if review.gap > 0:
        agent.letters.ask_for_account(db, review.line.member_id, now)
    return 0


def _owe_less(db: Session, agent: Agent, review: Review, now: datetime) -> None:
    """What is paid more is taken off what is owed, the oldest sum first."""
    rest = review.gap
    for each in still_owed(db, review.line.id or 0):
        cents = min(rest, each.left)
        if cents > 0:
            add_step(db, each.row, StepKind.REDUCED, now, cents=cents, by=agent.account_id)
            rest -= cents


def _settle_without_money(db: Session, lines: list[BenefitLine], now: datetime) -> None:
    """Puts lines together under a payment of no money, so that the statement of that day tells them."""
    day, first = day_in_france(now), lines[0]
    member = db.get_one(Person, first.member_id)
    payment = Payment(
        reference=f"R{day:%y%m%d}-{lines[-1].id}",
        member_id=first.member_id,
        paid_on=day,
        method=Method.ADJUSTMENT,
        payee=f"{member.first_name} {member.last_name}",
        amount_cents=0,
    )
    db.add(payment)
    db.flush()
    for line in lines:
        _unqueue(db, line)
        line.payment_id, line.posted_on = payment.id, day
        is_care = line.kind == LineKind.CARE and line.status == Status.PENDING
        line.status = Status.PAID if is_care else line.status
        db.add(line)
    db.flush()


def _opposite(db: Session, case: Case, line: BenefitLine, words: str, now: datetime) -> BenefitLine:
    kept = line.model_dump(exclude={"id", "payment_id", *TAKEN_BACK})
    told = {"kind": LineKind.CORRECTION, "status": Status.REGULARISED, "note": words}
    opposite = {name: -getattr(line, name) for name in TAKEN_BACK}
    reference = {"reference": f"{line.reference}R", "posted_on": day_in_france(now)}
    return _added(db, case, BenefitLine(**(kept | told | opposite | reference)), now)


def _replacement(
    db: Session, agent: Agent, keyring: Keyring, case: Case, review: Review, now: datetime
) -> BenefitLine | None:
    """The right line. Its reference sorts after its predecessor's opposite, as explanations look for what was taken
    back."""
    valued = review.valued
    settled: Settled | None = valued.settled if valued else None
    if valued is None or settled is None:
        return None
    line = _added(db, case, BenefitLine(**line_values(valued, settled, f"{review.line.reference}S", now)), now)
    keep_valued(db, agent, keyring, case, valued, line, now)
    return line


def _added(db: Session, case: Case, line: BenefitLine, now: datetime) -> BenefitLine:
    db.add(line)
    db.flush()
    db.add(ClaimLine(case_id=case.id or 0, line_id=line.id or 0, linked_at=now))
    db.flush()
    return line


def _unqueue(db: Session, line: BenefitLine) -> None:
    due = db.get(PaymentDue, line.id)
    if due is not None:
        db.delete(due)
        db.flush()
