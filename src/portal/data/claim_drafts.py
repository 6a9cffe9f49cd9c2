"""Drafts of claims and quotes: begun, answered question by question, deleted."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from portal.data.benefits import BenefitLine, Family
from portal.data.case_erasure import delete_draft
from portal.data.case_pieces import CasePiece
from portal.data.case_turns import in_turn
from portal.data.cases import ENDS, Case, CaseKind, CaseState, WrongState, open_case, touch
from portal.data.claims import Asked, Claim, ClaimLine, Step, asked_of, covered_on
from portal.data.parameters import Sector
from portal.data.sessions import Viewer
from portal.data.visibility import Relative, visible_scope
from portal.formatting import day_in_france


@dataclass(frozen=True, slots=True)
class Amount:
    """The answer to the last question. `act_code`: the very act, when a quote names one that can be estimated."""

    spent_cents: int
    act_code: str = ""
    sector: Sector = Sector.ANY
    quantity: int = 1


Begun = tuple[Asked, bool]  # a claim, and whether it is new: pressed twice, a button gives the same one


def start_claim(db: Session, viewer: Viewer, kind: CaseKind, now: datetime) -> Begun:
    """A new draft, or the last one in which nothing was answered nor joined yet. Raises `TooManyDrafts`."""
    in_turn(db, viewer)
    blank = _blank_draft(db, viewer, kind)
    return (blank, False) if blank else (_opened(db, viewer, kind, now), True)


def start_after_quote(db: Session, viewer: Viewer, quote: Asked, now: datetime) -> Begun:
    """The invoice that follows a quote: same person, same care; or the draft of it. Raises `TooManyDrafts`."""
    in_turn(db, viewer)
    draft = _first(db, _own(viewer).where(Claim.quote_id == quote.case.id, Case.state == CaseState.DRAFT))
    return (draft, False) if draft else (_after_quote(db, viewer, quote, now), True)


def _after_quote(db: Session, viewer: Viewer, quote: Asked, now: datetime) -> Asked:
    asked = _opened(db, viewer, CaseKind.CLAIM, now)
    asked.row.quote_id, asked.row.family = quote.case.id, quote.row.family
    asked.row.act_code, asked.row.sector, asked.row.quantity = quote.row.act_code, quote.row.sector, quote.row.quantity
    asked.case.person_id, asked.case.member_id = quote.case.person_id, quote.case.member_id
    return _kept(db, asked)


def start_for_line(db: Session, viewer: Viewer, line: BenefitLine, now: datetime) -> Begun:
    """The invoice that a line waits for: its day, person, care and price are known. Or the viewer's own that runs
    already, a draft or sent. Raises `TooManyDrafts`."""
    in_turn(db, viewer)
    about_it = select(ClaimLine.line_id).where(ClaimLine.case_id == Case.id, ClaimLine.line_id == line.id).exists()
    running = _first(db, _own(viewer).where(Case.kind == CaseKind.CLAIM, col(Case.state).not_in(ENDS), about_it))
    return (running, False) if running else (_for_line(db, viewer, line, now), True)


def _for_line(db: Session, viewer: Viewer, line: BenefitLine, now: datetime) -> Asked:
    asked = _opened(db, viewer, CaseKind.CLAIM, now)
    asked.row.care_date, asked.row.family, asked.row.spent_cents = line.care_date, line.family, line.spent_cents
    asked.case.person_id, asked.case.member_id = line.person_id, line.member_id
    db.add(ClaimLine(case_id=asked.case.id or 0, line_id=line.id or 0, linked_at=now))
    return _kept(db, asked)


def set_day(db: Session, viewer: Viewer, asked: Asked, day: date, now: datetime) -> None:
    """The day of care; a person who was not covered on it must be chosen anew. Raises `WrongState`."""
    asked.row.care_date = day
    covered = covered_on(db, viewer, visible_scope(db, viewer, day_in_france(now)), day)
    if asked.case.person_id not in {one.person_id for one in covered}:
        asked.case.person_id = None
    _change(db, asked, now)


def set_person(db: Session, asked: Asked, one: Relative, now: datetime) -> None:
    """Whose care it is: somebody of `covered_on`. Raises `WrongState`."""
    asked.case.person_id, asked.case.member_id = one.person_id, one.member_id
    _change(db, asked, now)


def set_care(db: Session, asked: Asked, family: Family, now: datetime) -> None:
    """The kind of care; an act of another kind is forgotten. Raises `WrongState`."""
    if asked.row.family != family:
        asked.row.act_code, asked.row.sector, asked.row.quantity = "", Sector.ANY, 1
    asked.row.family = family
    _change(db, asked, now)


def set_amount(db: Session, asked: Asked, amount: Amount, now: datetime) -> None:
    """What was paid, or what the quote asks. Raises `WrongState`."""
    row = asked.row
    row.spent_cents, row.quantity = amount.spent_cents, amount.quantity
    row.act_code, row.sector = amount.act_code, amount.sector
    _change(db, asked, now)


def forget_claim(db: Session, asked: Asked) -> None:
    """Deletes a locked draft and what it says; its pieces are gone already. Raises `WrongState`."""
    if not asked.case.is_draft:
        raise WrongState
    for link in db.exec(select(ClaimLine).where(ClaimLine.case_id == asked.case.id)):
        db.delete(link)
    db.delete(asked.row)
    db.flush()
    delete_draft(db, asked.case)


def _opened(db: Session, viewer: Viewer, kind: CaseKind, now: datetime) -> Asked:
    case = open_case(db, viewer, kind, now)
    row = Claim(case_id=case.id or 0)
    db.add(row)
    db.flush()
    return Asked(case, row)


def _own(viewer: Viewer) -> SelectOfScalar[Case]:
    return select(Case).join(Claim, col(Claim.case_id) == Case.id).where(Case.account_id == viewer.account_id)


def _first(db: Session, query: SelectOfScalar[Case]) -> Asked | None:
    """One of these cases: what was sent before what was not."""
    found = db.exec(query.order_by(col(Case.sent_at).is_(None), col(Case.id)).limit(1)).first()
    return asked_of(db, found) if found else None


def _blank_draft(db: Session, viewer: Viewer, kind: CaseKind) -> Asked | None:
    query = (
        select(Case)
        .where(Case.account_id == viewer.account_id, Case.kind == kind, Case.state == CaseState.DRAFT)
        .where(Case.version == 1, ~select(CasePiece.id).where(CasePiece.case_id == Case.id).exists())
        .order_by(col(Case.id).desc())
    )
    drafts = (asked_of(db, case) for case in db.exec(query).all())
    return next((each for each in drafts if each.next_step is Step.DAY and not each.row.quote_id), None)


def _kept(db: Session, asked: Asked) -> Asked:
    db.add(asked.case)
    db.add(asked.row)
    db.flush()
    return asked


def _change(db: Session, asked: Asked, now: datetime) -> None:
    if not asked.case.is_draft:
        raise WrongState
    db.add(asked.row)
    touch(db, asked.case, now)
