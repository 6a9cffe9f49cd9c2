"""Drafts of claims and quotes: begun, answered question by question, deleted."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, select

from portal.data.benefits import BenefitLine, Family
from portal.data.case_pieces import CasePiece
from portal.data.cases import Case, CaseKind, CaseState, WrongState, delete_draft, open_case, touch
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


def start_claim(db: Session, viewer: Viewer, kind: CaseKind, now: datetime) -> Asked:
    """A new draft, or the last one in which nothing was answered nor joined yet. Raises `TooManyDrafts`."""
    return _blank_draft(db, viewer, kind) or _opened(db, viewer, kind, now)


def start_after_quote(db: Session, viewer: Viewer, quote: Asked, now: datetime) -> Asked:
    """The invoice that follows a quote: same person, same care. Raises `TooManyDrafts`."""
    asked = _opened(db, viewer, CaseKind.CLAIM, now)
    asked.row.quote_id, asked.row.family = quote.case.id, quote.row.family
    asked.row.act_code, asked.row.sector, asked.row.quantity = quote.row.act_code, quote.row.sector, quote.row.quantity
    asked.case.person_id, asked.case.member_id = quote.case.person_id, quote.case.member_id
    return _kept(db, asked)


def start_for_line(db: Session, viewer: Viewer, line: BenefitLine, now: datetime) -> Asked:
    """The invoice that a line waits for: its day, person, care and price are known. Raises `TooManyDrafts`."""
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
