"""What would come of a valuation: each line of a claim settled by the rules that settle and explain all others.

Nothing is written here (`data/claim_valuing.py` does): an agent sees it while typing, and it is done anew when applied.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import msgspec
from sqlmodel import Session, col, select

from portal.data.benefits import BenefitLine, Source, Status
from portal.data.cases import Case, CaseState
from portal.data.claim_twins import Twin, twins_of
from portal.data.claims import ClaimLine
from portal.data.coverage import Beneficiary, Contract
from portal.data.estimates import Ground, Question, blank_line, ground_of, settled_with
from portal.data.explanation import Explanation, explain_line, history_of
from portal.data.persons import Person
from portal.data.recomputation import LineFacts
from portal.data.rules import Used
from portal.data.sessions import Viewer
from portal.data.valuation import SHORTEST_WORDS, Entry, LineProblem, Reason, Valuation, Verdict, barred_before
from portal.data.visibility import Relative
from portal.data.weighing import used_in_all
from portal.formatting import day_in_france

# After every reference of the insurer's, before `estimates.LAST`: lines of the same claim weigh on those that follow.
EARLIER = "\ufffe"


@dataclass(frozen=True, slots=True)
class Settled:
    """A line as the rules settle it. `path_cut`: what the care-path penalty leaves unpaid, in cents; `used`: what
    counters stood at; `history`: what weighs on it."""

    ground: Ground
    line: LineFacts
    path_cut: int
    used: Used
    history: Sequence[LineFacts]


@dataclass(frozen=True, slots=True)
class Valued:
    """A line of a valuation as the rules settle it now. `settled`: None where nothing can be (nobody's cover, no
    tariff); `twins`: what is known of the same care already."""

    entry: Entry
    settled: Settled | None
    twins: tuple[Twin, ...]
    problems: tuple[LineProblem, ...]

    @property
    def line(self) -> LineFacts | None:
        """The line that the rules give."""
        return self.settled.line if self.settled else None

    @property
    def alike(self) -> list[str]:
        """The references of what may be the same care."""
        return [twin.reference for twin in self.twins if twin.is_same]

    @property
    def is_apart(self) -> bool:
        """Whether the agent said of all of these that they are other care."""
        return set(self.alike) <= set(self.entry.apart)

    @property
    def computed(self) -> int:
        """What the contract gives, in cents."""
        return self.line.supplementary_cents if self.line else 0

    @property
    def granted(self) -> int:
        """What the member would be paid, in cents."""
        if self.entry.verdict is Verdict.REFUSED:
            return 0
        return self.computed if self.entry.verdict is Verdict.ACCEPTED else self.entry.fixed_cents or 0

    @property
    def status(self) -> Status:
        """The state of the line that would be written."""
        if self.entry.verdict is not Verdict.REFUSED:
            return Status.PENDING
        return Status.AWAITING_PIECE if self.entry.reason is Reason.PIECE else Status.REFUSED

    @property
    def is_written(self) -> bool:
        """Whether a benefit line comes of it: not of what is known already, nor of what has no contract."""
        is_known = self.entry.verdict is Verdict.REFUSED and self.entry.reason is Reason.TWIN
        return self.settled is not None and (not is_known or self.entry.replaces is not None)

    def as_seen(self) -> Entry:
        """The entry of an agent who sees what the rules give now."""
        return msgspec.structs.replace(self.entry, seen_cents=self.computed)

    def decided(self, settled: Settled) -> LineFacts:
        """The line as it would be written."""
        line, granted = settled.line, self.granted
        rest = line.remaining_cents + line.supplementary_cents - granted
        words = {"status": self.status, "note": note_of(self.entry)}
        return line._replace(supplementary_cents=granted, remaining_cents=rest, **words)

    @property
    def explanation(self) -> Explanation | None:
        """« Pourquoi ce montant ? », as the member will read it."""
        if self.settled is None:
            return None
        ground, used = self.settled.ground, self.settled.used
        line = self.decided(self.settled)
        return explain_line(
            line, ground.grounds, ground.rule, self.settled.history, ground.act.description, {line.id: used}
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """A valuation, settled now."""

    lines: tuple[Valued, ...]

    @property
    def granted(self) -> int:
        """What the member would be paid in all, in cents."""
        return sum(each.granted for each in self.lines)

    @property
    def has_moved(self) -> bool:
        """Whether the rules no longer give what the agent saw who decided, or care like it came to be known."""
        return any(each.computed != each.entry.seen_cents or LineProblem.TWIN in each.problems for each in self.lines)

    @property
    def has_problems(self) -> bool:
        return not self.lines or any(each.problems for each in self.lines)

    @property
    def decision(self) -> CaseState:
        """Accepted whole, in part, or refused."""
        refused = [each.entry.verdict is Verdict.REFUSED for each in self.lines]
        if all(refused):
            return CaseState.REFUSED
        return CaseState.PARTLY if any(refused) else CaseState.ACCEPTED


def insured_of(db: Session, agent: Viewer, case: Case) -> list[Relative]:
    """The persons whom the contracts of the claim's member cover, or did: whose care a line may be, the one whom the
    claim is about first. The agent may read the case."""
    query = (
        select(Person)
        .join(Beneficiary, col(Beneficiary.person_id) == Person.id)
        .join(Contract, col(Contract.id) == Beneficiary.contract_id)
        .where(Contract.member_id == case.member_id)
        .distinct()
        .order_by(col(Person.birth_date), col(Person.id))
    )
    found = [_relative(person, case) for person in db.exec(query)]
    return sorted(found, key=lambda one: one.person_id != case.person_id)


def waiting_lines(db: Session, case: Case) -> list[BenefitLine]:
    """The lines that waited for what this claim brings. The caller has found the case."""
    query = select(BenefitLine).join(ClaimLine, col(ClaimLine.line_id) == BenefitLine.id)
    waiting = query.where(ClaimLine.case_id == case.id, BenefitLine.status == Status.AWAITING_PIECE)
    return list(db.exec(waiting.order_by(col(BenefitLine.id))))


def value(
    db: Session, agent: Viewer, case: Case, valuation: Valuation, now: datetime, righting: Collection[int] = ()
) -> Outcome:
    """What would come of a valuation now; nothing is written. A line that waited is completed once: a second entry of
    the same replaces nothing. `righting`: lines that stand, and may be put right. The agent may read the case."""
    people = {one.person_id: one for one in insured_of(db, agent, case)}
    waiting = {line.id or 0 for line in waiting_lines(db, case)} | set(righting)
    told: list[LineFacts] = []
    today = day_in_france(now)
    lines = tuple(_valued(db, case, entry, people, waiting, told, today) for entry in valuation.lines)
    return Outcome(lines)


def _relative(person: Person, case: Case) -> Relative:
    names = (person.first_name, person.last_name, person.birth_date)
    return Relative(person.id or 0, case.member_id or 0, *names, is_self=person.id == case.member_id, in_detail=True)


def _valued(
    db: Session,
    case: Case,
    entry: Entry,
    people: dict[int, Relative],
    waiting: set[int],
    told: list[LineFacts],
    today: date,
) -> Valued:
    relative = people.get(entry.person_id)
    settled = _settled(db, entry, relative, told) if relative else None
    twins = tuple(twins_of(db, case, entry))
    valued = Valued(entry, settled, twins, _misfits(case, entry, settled, twins, waiting, today))
    waiting.discard(entry.replaces or 0)
    if settled is not None:
        told.append(valued.decided(settled)._replace(reference=f"{EARLIER}{len(told)}"))
    return valued


def _settled(db: Session, entry: Entry, relative: Relative, told: Sequence[LineFacts]) -> Settled | None:
    question = question_of(entry)
    ground = ground_of(db, relative, question)
    if ground is None:
        return None
    blank = blank_line(question, ground)
    known = [one for one in history_of(db, blank, ground.rule, with_later=True) if one.id != entry.replaces]
    history = [*known, *(one for one in told if one.person_id == entry.person_id)]
    used = used_in_all(blank, history, ground.terms)
    line, settlement = settled_with(blank, question, ground, used)
    return Settled(ground, line, settlement.path_cut, used, history)


def question_of(entry: Entry) -> Question:
    """A line as the settlement asks it."""
    return Question(
        entry.person_id,
        entry.act_code,
        entry.spent_cents,
        entry.care_date,
        entry.sector,
        entry.quantity,
        provider=entry.provider,
        other_cover_cents=entry.other_cents,
        in_care_path=entry.in_care_path,
        told_net=entry.base_net_cents,
        source=Source.CLAIM,
    )


def _misfits(
    case: Case,
    entry: Entry,
    settled: Settled | None,
    twins: Sequence[Twin],
    waiting: Collection[int],
    today: date,
) -> tuple[LineProblem, ...]:
    is_refused, is_fixed = entry.verdict is Verdict.REFUSED, entry.verdict is Verdict.FIXED
    has_words = len(entry.words.strip()) >= SHORTEST_WORDS
    room = entry.spent_cents - (entry.base_net_cents or 0) - entry.other_cents
    needs_words = entry.reason in {Reason.PIECE, Reason.OTHER} if is_refused else is_fixed
    computed = settled.line.supplementary_cents if settled else 0
    checks = (
        (LineProblem.SPENT, entry.spent_cents <= 0 or entry.quantity <= 0),
        (LineProblem.SHARES, min(room, entry.other_cents, entry.base_net_cents or 0) < 0),
        (LineProblem.TO_COME, entry.care_date > today),
        (LineProblem.UNCOVERED, not is_refused and settled is None),
        (LineProblem.NOT_WAITING, entry.replaces is not None and entry.replaces not in waiting),
        (LineProblem.BARRED, not is_refused and entry.care_date < barred_before(case, today)),
        (LineProblem.NO_REASON, is_refused and entry.reason is None),
        (LineProblem.FIXED, is_fixed and not 0 < (entry.fixed_cents or 0) <= _most(settled, room)),
        (LineProblem.WORDS, needs_words and not has_words),
        (
            LineProblem.TWIN,
            not is_refused and any(twin.is_same and twin.reference not in entry.apart for twin in twins),
        ),
        (LineProblem.NOTHING, entry.verdict is Verdict.ACCEPTED and settled is not None and computed == 0),
    )
    return tuple(problem for problem, is_so in checks if is_so)


def _most(settled: Settled | None, room: int) -> int:
    """The most that an agent may grant, in cents: what the base scheme and others leave, less what the law has the
    patient keep: the flat fee, the franchise, and the penalty outside the care path (L871-1)."""
    if settled is None:
        return room
    line = settled.line
    kept = line.flat_fee_cents + line.franchise_cents + settled.path_cut
    return line.remaining_cents + line.supplementary_cents - kept


def note_of(entry: Entry) -> str:
    """What a line tells its reader besides its amounts."""
    words = entry.words.strip()
    if entry.verdict is Verdict.REFUSED and entry.reason is not None:
        return f"{entry.reason.told} {words}".strip()
    return words if entry.verdict is Verdict.FIXED else ""
