"""What would come of putting a line right: settled anew by the same rules, what it changes, what it does with money.

Nothing is written here (`data/rectifying.py` does): an agent sees it while typing, a second agent before approving.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import msgspec
from sqlmodel import Session

from portal.data.benefits import BenefitLine, Payment
from portal.data.cases import Case
from portal.data.claim_rules import first_day
from portal.data.claim_settling import Outcome, Valued, value
from portal.data.line_corrections import correctable_lines, history_around, queued_opposites
from portal.data.overpayments import still_owed
from portal.data.sessions import Viewer
from portal.data.valuation import Entry, LineProblem, Reason, Valuation
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


def standing_line(db: Session, agent: Viewer, case: Case, line_id: int) -> BenefitLine | None:
    """A line of the claim that may be put right; None for any other, also once somebody did."""
    return next((line for line in correctable_lines(db, agent, case) if line.id == line_id), None)


def review_of(db: Session, agent: Viewer, case: Case, asked: Rectification, now: datetime) -> Review | None:
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
