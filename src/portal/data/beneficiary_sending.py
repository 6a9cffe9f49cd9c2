"""Sending a change of beneficiaries: which pieces it needs, its day of effect, its price, and what keeps it back."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from portal.data import beneficiary_pieces as pieces
from portal.data.beneficiary_changes import BeneficiaryChange, Change, Details, change_of
from portal.data.beneficiary_figures import deadlines_on
from portal.data.beneficiary_rules import Effect, Reason, Rule, Situation, first_day, last_day
from portal.data.case_pieces import CasePiece, pieces_of
from portal.data.case_slots import Slot, filled, missing
from portal.data.cases import WITH_INSURER, Case, CaseKind, CaseState, WrongState, move_case
from portal.data.contributions import Contribution, Structure, contribution_with
from portal.data.coverage import Beneficiary, Relationship
from portal.data.sessions import Viewer
from portal.folding import same_name
from portal.formatting import day_in_france
from portal.security import Keyring


class Problem(StrEnum):
    """What keeps a change from being sent."""

    UNFILLED = "unfilled"
    PIECES = "pieces"
    COVERED = "covered"
    ASKED = "asked"
    CONTRACT_ENDS = "contract-ends"


class NotReady(Exception):
    """The change cannot be sent as it is; `problems` says why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__()
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a change will do: its day of effect (None: an agent computes it) and the contribution (None: unchanged)."""

    effect: Effect | None
    contribution: Contribution | None


# --- pieces ---


def change_slots(db: Session, case: Case) -> list[Slot]:
    """The pieces that a change takes. What the insurer holds of the same person already is not asked for again."""
    row = db.get_one(BeneficiaryChange, case.id)
    return pieces.slots(_codes(CaseKind(case.kind), row), held_slots(db, case))


def _codes(kind: CaseKind, row: BeneficiaryChange) -> tuple[str, ...]:
    if kind is CaseKind.BENEFICIARY_CHANGED:
        return pieces.for_correction(filter(None, row.fields.split(",")))
    if not row.reason:
        return ()
    if kind is CaseKind.BENEFICIARY_REMOVED:
        return pieces.for_removal(Reason(row.reason))
    situation = Situation(row.situation) if row.situation else None
    return pieces.for_addition(Relationship(row.relationship), Reason(row.reason), situation)


def held_slots(db: Session, case: Case) -> set[str]:
    """The kinds of pieces that the insurer accepted for the same person, in earlier changes of the same account."""
    if case.person_id is None:
        return set()
    query = (
        select(CasePiece.slot)
        .join(Case, col(Case.id) == CasePiece.case_id)
        .join(BeneficiaryChange, col(BeneficiaryChange.case_id) == Case.id)
        .where(Case.account_id == case.account_id, Case.person_id == case.person_id)
        .where(Case.state == CaseState.ACCEPTED, col(CasePiece.refused_at).is_(None))
    )
    return set(db.exec(query))


# --- effect and price ---


def outlook(db: Session, change: Change, now: datetime) -> Outlook:
    """What the change does: as it was computed when it was sent first, or as it would be if it were sent now."""
    if change.row.effect_on is not None and change.case.sent_at is not None and not change.case.takes_pieces:
        return _kept(change.row)
    effect = effect_of(db, change, day_in_france(change.case.sent_at or now))
    return Outlook(effect, _contribution(db, change, effect) if effect else None)


def _kept(row: BeneficiaryChange) -> Outlook:
    day = row.effect_on or date.min
    effect = Effect(day, Rule(row.effect_rule), row.charged_from or day, row.effect_limit)
    if not row.structure_before:
        return Outlook(effect, None)
    before, after = Structure(row.structure_before), Structure(row.structure_after)
    return Outlook(effect, Contribution(before, after, row.before_cents, row.after_cents))


def effect_of(db: Session, change: Change, asked_on: date) -> Effect | None:
    """The day of effect of a change asked for on a day; None when the figures are missing, or there is none yet."""
    deadlines = deadlines_on(db, asked_on)
    reason, opened_on = change.reason, change.contract.starts_on
    if deadlines is None or reason is None or change.kind is CaseKind.BENEFICIARY_CHANGED:
        return None
    if change.kind is CaseKind.BENEFICIARY_ADDED:
        return first_day(reason, change.event_on, asked_on, deadlines, opened_on)
    return last_day(reason, change.event_on, asked_on, deadlines, opened_on, _covered_from(db, change))


def _covered_from(db: Session, change: Change) -> date:
    """The first day of the person's first period under the contract; the removal may be about a later one."""
    query = select(func.min(Beneficiary.valid_from)).where(
        Beneficiary.contract_id == change.contract.id, Beneficiary.person_id == change.case.person_id
    )
    return db.exec(query).one() or change.contract.starts_on


def _contribution(db: Session, change: Change, effect: Effect) -> Contribution:
    more = 1 if change.kind is CaseKind.BENEFICIARY_ADDED else -1
    return contribution_with(db, change.contract, more, effect.day)


# --- sending ---


def problems_of(db: Session, keyring: Keyring, change: Change, now: datetime) -> list[Problem]:
    """What keeps the change from being sent, in the order in which the person would put it right."""
    if not change.is_filled:
        return [Problem.UNFILLED]
    found = [_pieces_problem(db, change.case), _contract_problem(db, change, now)]
    if change.kind is CaseKind.BENEFICIARY_ADDED:
        found += [_cover_problem(db, change, now), _twice_problem(db, keyring, change)]
    return [problem for problem in found if problem]


def send_change(db: Session, viewer: Viewer, keyring: Keyring, change: Change, now: datetime) -> None:
    """Sends a locked change, or sends it again once completed. Deadlines run from the first sending.

    Raises `NotReady`; `WrongState` when it is with the insurer already, or over.
    """
    if not change.case.gives_pieces_back:
        raise WrongState
    problems = problems_of(db, keyring, change, now)
    if problems:
        raise NotReady(problems)
    _keep(change.row, outlook(db, change, now))
    db.add(change.row)
    move_case(db, change.case, CaseState.SENT, now, by=viewer.account_id)


def _keep(row: BeneficiaryChange, seen: Outlook) -> None:
    if seen.effect:
        row.effect_on, row.effect_rule = seen.effect.day, seen.effect.rule
        row.charged_from, row.effect_limit = seen.effect.charged_from, seen.effect.limit
    if seen.contribution:
        row.structure_before, row.structure_after = seen.contribution.before, seen.contribution.after
        row.before_cents, row.after_cents = seen.contribution.before_cents, seen.contribution.after_cents


def _pieces_problem(db: Session, case: Case) -> Problem | None:
    return Problem.PIECES if missing(filled(change_slots(db, case), pieces_of(db, case))) else None


def _contract_problem(db: Session, change: Change, now: datetime) -> Problem | None:
    """Nothing begins after the contract, and an ended one changes no more."""
    ends_on, today = change.contract.ends_on, day_in_france(now)
    effect = outlook(db, change, now).effect
    begins = effect.day if effect and change.kind is CaseKind.BENEFICIARY_ADDED else today
    return Problem.CONTRACT_ENDS if ends_on is not None and max(begins, today) > ends_on else None


def _cover_problem(db: Session, change: Change, now: datetime) -> Problem | None:
    person_id, today = change.case.person_id, day_in_france(now)
    if person_id is None:
        return None
    effect = outlook(db, change, now).effect
    return Problem.COVERED if is_covered_from(db, change, person_id, effect.day if effect else today) else None


def is_covered_from(db: Session, change: Change, person_id: int, day: date) -> bool:
    """Whether the contract covers the person on that day, or later already."""
    query = select(Beneficiary.id).where(
        Beneficiary.contract_id == change.contract.id,
        Beneficiary.person_id == person_id,
        or_(col(Beneficiary.valid_to).is_(None), col(Beneficiary.valid_to) >= day),
    )
    return db.exec(query).first() is not None


def _twice_problem(db: Session, keyring: Keyring, change: Change) -> Problem | None:
    """The same person asked for in another change that the insurer has, or that waits for the member."""
    query = (
        select(Case)
        .join(BeneficiaryChange, col(BeneficiaryChange.case_id) == Case.id)
        .where(Case.account_id == change.case.account_id, Case.kind == change.kind, Case.id != change.case.id)
        .where(col(Case.state).in_({*WITH_INSURER, CaseState.INCOMPLETE}))
    )
    others = (change_of(db, keyring, case).details for case in db.exec(query).all())
    return Problem.ASKED if any(_same_person(change.details, other) for other in others) else None


def _same_person(one: Details, other: Details) -> bool:
    if one.nir and one.nir == other.nir:
        return True
    return one.birth_date == other.birth_date and same_name(one.first_name, other.first_name)
