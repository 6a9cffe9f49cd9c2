"""Claims (demandes de remboursement) and quotes (devis): what a member asks to be paid, or told beforehand.

A claim is a case; its table holds what it is about: day, kind of care, amount; the person and the member whose contract
covers that person stand in the case. What was estimated and answered is in `claim_estimates`, what was paid after all
in `claim_lines`.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.benefits import BenefitLine, Family, Status
from portal.data.case_authors import author_reads
from portal.data.case_pieces import CasePiece, pieces_of
from portal.data.case_slots import Slot, filled, missing
from portal.data.cases import (
    Case,
    CaseKind,
    CaseState,
    WrongState,
    cases_of,
    find_case,
    lock_case,
    move_case,
)
from portal.data.claim_rules import day_problem, families_for, slots_for
from portal.data.columns import CheckConstraint, Index, instant, utc_now
from portal.data.coverage import Beneficiary, Contract
from portal.data.guarantees import in_force
from portal.data.parameters import Sector
from portal.data.remote_links import sends_by_itself
from portal.data.sessions import Viewer
from portal.data.valuation_drafts import forget_typed
from portal.data.visibility import Relative, Scope, lines_of, visible_scope
from portal.formatting import day_in_france

KINDS = (CaseKind.CLAIM, CaseKind.QUOTE)
CANCELLABLE = frozenset({CaseState.SENT, CaseState.IN_REVIEW, CaseState.INCOMPLETE, CaseState.ANSWERED})


class Claim(SQLModel, table=True):
    """What a claim is about; empty fields are not answered yet. `spent_cents`: paid, or asked by the quote, for the
    whole quantity. `quote_id`: the quote that this invoice follows."""

    __tablename__ = "claim"
    __table_args__ = (
        Index("ix_claim_quote", "quote_id"),
        CheckConstraint("spent_cents > 0", name="ck_claim_spent"),
        CheckConstraint("quantity > 0", name="ck_claim_quantity"),
    )

    case_id: int = Field(primary_key=True, foreign_key="case_file.id", sa_column_kwargs={"autoincrement": False})
    care_date: date | None = None
    family: str = ""
    act_code: str = ""
    sector: str = Sector.ANY
    quantity: int = 1
    spent_cents: int | None = None
    quote_id: int | None = Field(default=None, foreign_key="case_file.id")


class ClaimLine(SQLModel, table=True):
    """A benefit line that a claim or a quote led to, or that waits for its invoice."""

    __tablename__ = "claim_line"
    __table_args__ = (Index("ix_claim_line_line", "line_id"),)

    case_id: int = Field(primary_key=True, foreign_key="case_file.id", sa_column_kwargs={"autoincrement": False})
    line_id: int = Field(primary_key=True, foreign_key="benefit_line.id", sa_column_kwargs={"autoincrement": False})
    linked_at: datetime = instant()


class Step(StrEnum):
    """The questions that a draft asks, in order; values stand in addresses."""

    DOCUMENTS = "documents"
    DAY = "date"
    PERSON = "personne"
    CARE = "soin"
    AMOUNT = "montant"


class Problem(StrEnum):
    """What keeps a claim from being sent."""

    UNFILLED = "unfilled"
    PIECES = "pieces"
    DAY = "day"
    UNCOVERED = "uncovered"
    ASKED = "asked"


class NotReady(Exception):
    """The claim cannot be sent as it is; `problems` says why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__()
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Asked:
    """A claim as its author reads it."""

    case: Case
    row: Claim

    @property
    def kind(self) -> CaseKind:
        return CaseKind(self.case.kind)

    @property
    def is_quote(self) -> bool:
        return self.kind is CaseKind.QUOTE

    @property
    def family(self) -> Family | None:
        return Family(self.row.family) if self.row.family else None

    @property
    def next_step(self) -> Step | None:
        """The first question without an answer; None when there is an answer to each."""
        answers = {
            Step.DAY: self.row.care_date,
            Step.PERSON: self.case.person_id,
            Step.CARE: self.row.family,
            Step.AMOUNT: self.row.spent_cents,
        }
        return next((step for step, answer in answers.items() if not answer), None)


# --- reading ---


def claim_of(db: Session, viewer: Viewer, case_id: int) -> Asked | None:
    """One of the viewer's claims or quotes, or None."""
    case = find_case(db, viewer, case_id, *KINDS)
    return asked_of(db, case) if case else None


def claims_of(db: Session, viewer: Viewer) -> list[Asked]:
    """The viewer's claims and quotes: those that wait for the viewer, drafts, then the newest."""
    found = cases_of(db, viewer, *KINDS)
    rows = {
        row.case_id: row for row in db.exec(select(Claim).where(col(Claim.case_id).in_([each.id for each in found])))
    }
    return [Asked(case, rows[case.id or 0]) for case in found]


def covered_on(db: Session, viewer: Viewer, scope: Scope, day: date) -> list[Relative]:
    """Those of the viewer's household whom a contract covers on a day, the viewer first."""
    found = {one.person_id: one for one in scope.relatives if is_covered(db, one, day)}
    return sorted(found.values(), key=lambda one: not one.is_self)


def is_covered(db: Session, one: Relative, day: date) -> bool:
    """Whether a contract of that member covers the person on a day."""
    query = (
        select(Beneficiary.id)
        .join(Contract, col(Contract.id) == Beneficiary.contract_id)
        .where(Beneficiary.person_id == one.person_id, Contract.member_id == one.member_id)
        .where(in_force(Beneficiary.valid_from, Beneficiary.valid_to, day))
        .where(in_force(Contract.starts_on, Contract.ends_on, day))
    )
    return db.exec(query.limit(1)).first() is not None


def claim_slots(db: Session, case: Case) -> list[Slot]:
    """The pieces that a claim takes; what the insurer holds already is not asked again."""
    asked = asked_of(db, case)
    return slots_for(asked.kind, asked.family, _held(db, asked))


def _held(db: Session, asked: Asked) -> set[str]:
    """The prescription came with the quote; the statement, with the line that waits for its invoice, or by itself."""
    came_with_quote = select(CasePiece.slot).where(
        CasePiece.case_id == asked.row.quote_id, CasePiece.slot == "ordonnance", col(CasePiece.refused_at).is_(None)
    )
    held = set(db.exec(came_with_quote)) if asked.row.quote_id else set()
    waiting = select(BenefitLine.id).join(ClaimLine, col(ClaimLine.line_id) == BenefitLine.id)
    has_line = db.exec(waiting.where(ClaimLine.case_id == asked.case.id).limit(1)).first() is not None
    return held | {"decompte"} if has_line or _comes_by_itself(db, asked) else held


def _comes_by_itself(db: Session, asked: Asked) -> bool:
    """Whether the statement does; not where the link would tell what a person keeps private."""
    day = asked.row.care_date
    sends = day is not None and sends_by_itself(db, asked.case.person_id, day)
    return sends and author_reads(db, asked.case, day_in_france(utc_now()))


def waiting_line(db: Session, viewer: Viewer, line_id: int, today: date) -> BenefitLine | None:
    """A line that waits for a document, if the viewer may read it."""
    readable = lines_of(visible_scope(db, viewer, today).detailed)
    query = select(BenefitLine).where(BenefitLine.id == line_id, readable)
    return db.exec(query.where(BenefitLine.status == Status.AWAITING_PIECE)).first()


# --- sending ---


def lock_claim(db: Session, viewer: Viewer, case_id: int, version: int) -> Asked | None:
    """The viewer's claim, for changing it in this transaction. None when there is none; raises `CaseMoved`."""
    case = lock_case(db, viewer, case_id, version, *KINDS)
    return asked_of(db, case) if case else None


def problems_of(db: Session, viewer: Viewer, asked: Asked, now: datetime) -> list[Problem]:
    """What keeps the claim from being sent, in the order in which the person would put it right."""
    day, today = asked.row.care_date, day_in_france(now)
    if asked.next_step is not None or day is None or asked.family not in families_for(asked.kind):
        return [Problem.UNFILLED]
    first_sent_on = day_in_france(asked.case.sent_at) if asked.case.sent_at else today
    covered = {one.person_id for one in covered_on(db, viewer, visible_scope(db, viewer, today), day)}
    checks = (
        (Problem.PIECES, bool(missing(filled(claim_slots(db, asked.case), pieces_of(db, asked.case))))),
        (Problem.DAY, day_problem(asked.kind, day, first_sent_on) is not None),
        (Problem.UNCOVERED, asked.case.person_id not in covered),
        (Problem.ASKED, author_reads(db, asked.case, today) and _is_asked_by_another(db, asked.case)),
    )
    return [problem for problem, is_so in checks if is_so]


def send_claim(db: Session, viewer: Viewer, asked: Asked, now: datetime) -> None:
    """Sends a locked claim, or sends it again once completed. Raises `NotReady`, `WrongState`."""
    if not asked.case.gives_pieces_back:
        raise WrongState
    _lock_lines(db, asked.case)
    problems = problems_of(db, viewer, asked, now)
    if problems:
        raise NotReady(problems)
    move_case(db, asked.case, CaseState.SENT, now, by=viewer.account_id)


def _lock_lines(db: Session, case: Case) -> None:
    """Two claims for one line, of one account or of two, are sent one after the other."""
    lines = select(ClaimLine.line_id).where(ClaimLine.case_id == case.id)
    query = select(BenefitLine.id).where(col(BenefitLine.id).in_(lines)).order_by(col(BenefitLine.id))
    db.exec(query.with_for_update(key_share=True)).all()


def _is_asked_by_another(db: Session, case: Case) -> bool:
    """Whether the insurer has another claim for a line that this one answers; quotes answer none."""
    lines = select(ClaimLine.line_id).where(ClaimLine.case_id == case.id)
    query = (
        select(Case.id)
        .join(ClaimLine, col(ClaimLine.case_id) == Case.id)
        .where(Case.kind == CaseKind.CLAIM, Case.id != case.id, col(ClaimLine.line_id).in_(lines))
        .where(col(Case.state).in_(CANCELLABLE))
    )
    return case.kind == CaseKind.CLAIM and db.exec(query.limit(1)).first() is not None


def cancel_claim(db: Session, viewer: Viewer, asked: Asked, now: datetime) -> None:
    """A locked claim, taken back by its author; what agents had begun to type of it is erased. Raises `WrongState`."""
    move_case(db, asked.case, CaseState.CANCELLED, now, by=viewer.account_id)
    forget_typed(db, asked.case)


def asked_of(db: Session, case: Case) -> Asked:
    """What a claim's case asks. The caller has found the case."""
    return Asked(case, db.get_one(Claim, case.id))
