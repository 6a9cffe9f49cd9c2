"""An agent puts a line right (« rectifier »), paid or not: settled anew by the same rules, its difference paid or owed.

As a valuation, a `Rectification` says all that was typed and seen, so that one agent may propose it and another approve
it; it is settled anew under the lock of the member's row, and refused when what was seen is no more: another amount, a
run of transfers that paid the line meanwhile, a sum given back.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import msgspec
from sqlmodel import Session

from portal.data.benefits import BenefitLine, LineKind, Method, Payment, Status
from portal.data.case_desk import Agent
from portal.data.cases import Case, WrongState, touch
from portal.data.claim_rules import first_day
from portal.data.claim_settling import Outcome, Settled, Valued, value
from portal.data.claim_valuing import AmountsMoved, NotValued, TooNear, keep_valued, line_values
from portal.data.claims import ClaimLine
from portal.data.line_corrections import LineCorrection, correctable_lines, history_around, queued_opposites
from portal.data.overpayments import StepKind, add_step, note_owed, still_owed
from portal.data.parties import is_near
from portal.data.payments import PaymentDue, next_transfer_day, queue
from portal.data.persons import Person
from portal.data.valuation import SHORTEST_WORDS, Entry, LineProblem, Reason, Valuation
from portal.data.valuation_drafts import forget_typed
from portal.formatting import day_in_france
from portal.security import Keyring

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


class Effect(StrEnum):
    """What a rectification does with money. UNPAID: nothing had been paid, the right sum will be. PAID_MORE: the
    difference leaves with the next transfers. OWED: the member was paid too much. OWED_LESS: what is owed already is
    less. NONE: no money moves."""

    UNPAID = "unpaid"
    PAID_MORE = "paid-more"
    OWED = "owed"
    OWED_LESS = "owed-less"
    NONE = "none"


class Obstacle(StrEnum):
    """Why a line cannot be put right so. SAME: nothing changes. BARRED: what was paid too much can no longer be asked
    for (L221-11). TWO_STEPS: first the sum owed must be settled, by the amount that was paid. PERSON: other person."""

    SAME = "same"
    BARRED = "barred"
    TWO_STEPS = "two-steps"
    PERSON = "person"


class Rectification(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent typed of one line, and saw. `entry`: None to cancel it outright. `paid_cents`: what the member had
    been paid for it; `left_cents`: what of it was owed already."""

    line_id: int
    entry: Entry | None = None
    paid_cents: int = 0
    left_cents: int = 0


@dataclass(frozen=True, slots=True)
class Review:
    """What would come of a rectification now. `paid`: what the member was paid for the line; `root`: what the first
    line of its history paid; `left`: what is owed of it; all in cents."""

    line: BenefitLine
    outcome: Outcome
    paid: int
    root: int
    left: int
    is_barred: bool

    @property
    def valued(self) -> Valued | None:
        """The right line; None when the line is cancelled outright."""
        return self.outcome.lines[0] if self.outcome.lines else None

    @property
    def after(self) -> int:
        """What is right to pay, in cents."""
        return self.outcome.granted

    @property
    def gap(self) -> int:
        """What is paid more, in cents, or less when it is negative."""
        return self.after - self.paid

    @property
    def weight(self) -> int:
        """The amount by which four eyes are asked for: the most that the line moves, from what it was to begin with
        too, so that several small steps weigh as one."""
        return max(abs(self.after - each) for each in (self.line.supplementary_cents, self.paid, self.root))

    @property
    def effect(self) -> Effect:
        if self.paid == 0:
            return Effect.UNPAID if self.after else Effect.NONE
        if self.gap < 0:
            return Effect.OWED
        if self.gap == 0:
            return Effect.NONE
        return Effect.OWED_LESS if self.left else Effect.PAID_MORE

    @property
    def obstacles(self) -> tuple[Obstacle, ...]:
        valued = self.valued
        checks = (
            (Obstacle.PERSON, valued is not None and valued.entry.person_id != self.line.person_id),
            (Obstacle.SAME, valued is not None and self._is_same(valued)),
            (Obstacle.BARRED, self.effect is Effect.OWED and self.is_barred),
            (Obstacle.TWO_STEPS, self.effect is Effect.OWED_LESS and self.gap > self.left),
        )
        return tuple(obstacle for obstacle, is_so in checks if is_so)

    @property
    def may_be_applied(self) -> bool:
        return not self.obstacles and not (self.outcome.lines and self.outcome.has_problems)

    def _is_same(self, valued: Valued) -> bool:
        if valued.settled is None:
            return False
        after = valued.decided(valued.settled)
        names = ("care_date", "act_code", "provider", "quantity", "in_care_path", *TAKEN_BACK)
        return all(getattr(after, name) == getattr(self.line, name) for name in names)


@dataclass(frozen=True, slots=True)
class Rectified:
    """What a rectification did. `overpaid_cents`: what the member owes for it."""

    line: BenefitLine
    opposite: BenefitLine
    replacement: BenefitLine | None
    effect: Effect
    overpaid_cents: int


def standing_line(db: Session, agent: Agent, case: Case, line_id: int) -> BenefitLine | None:
    """A line of the claim that may be put right; None for any other, also once somebody did."""
    return next((line for line in correctable_lines(db, agent, case) if line.id == line_id), None)


def review_of(db: Session, agent: Agent, case: Case, asked: Rectification, now: datetime) -> Review | None:
    """What would come of it now; nothing is written. None for a line that does not stand (any more)."""
    line = standing_line(db, agent, case, asked.line_id)
    if line is None:
        return None
    outcome = Outcome(())
    if asked.entry is not None:
        entry = msgspec.structs.replace(asked.entry, replaces=line.id)
        outcome = _without_pieces(value(db, agent, case, Valuation(lines=(entry,)), now, righting=[line.id or 0]))
    history = history_around(db, line.id or 0)
    root = history[0].before if history else line
    return Review(
        line,
        outcome,
        paid=_paid_for(db, line),
        root=root.supplementary_cents,
        left=sum(each.left for each in still_owed(db, line.id or 0)),
        is_barred=_paid_on(db, line, root) < first_day(day_in_france(now)) if root.payment_id else False,
    )


def as_seen(review: Review) -> Rectification:
    """The rectification of an agent who sees what it does now."""
    entry = review.valued.as_seen() if review.valued else None
    return Rectification(line_id=review.line.id or 0, entry=entry, paid_cents=review.paid, left_cents=review.left)


def has_moved(review: Review, asked: Rectification) -> bool:
    """Whether it no longer does what the agent saw who decided."""
    is_other = (review.paid, review.left) != (asked.paid_cents, asked.left_cents)
    return is_other or (asked.entry is not None and review.outcome.has_moved)


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


def _without_pieces(outcome: Outcome) -> Outcome:
    """A line that stands waits for no piece: that reason is none here."""
    lines = tuple(
        Valued(each.entry, each.settled, each.twins, (*each.problems, LineProblem.NO_REASON))
        if each.entry.reason is Reason.PIECE
        else each
        for each in outcome.lines
    )
    return Outcome(lines)


def _paid_for(db: Session, line: BenefitLine) -> int:
    """What the member was paid for a line: of one that waits, what the line that it replaced had been paid."""
    if line.payment_id is not None:
        return line.supplementary_cents
    return -sum(each.supplementary_cents for each in queued_opposites(db, line.id or 0))


def _paid_on(db: Session, line: BenefitLine, root: BenefitLine) -> date:
    return db.get_one(Payment, root.payment_id or line.payment_id).paid_on


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
