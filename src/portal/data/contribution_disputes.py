"""Lines of a call for contributions that a company contests: a case, sent at once, for the insurer's desk to judge."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.case_slots import Slot
from portal.data.cases import ENDS, Case, CaseKind, CaseState, begin_case, find_case, move_case
from portal.data.columns import Index
from portal.data.contribution_calls import ContributionCall, ContributionLine, find_call
from portal.data.sessions import Viewer
from portal.data.waiting import Waiting
from portal.security import Keyring

KIND = CaseKind.CONTRIBUTION_DISPUTE


class Motive(StrEnum):
    """What is wrong with the line. Values are stored."""

    HEADCOUNT = "effectif"
    PRICE = "tarif"
    STRUCTURE = "structure"
    DATES = "dates"
    OTHER = "autre"


class ContributionDispute(SQLModel, table=True):
    """What is said against a line; the text is empty once its account was erased."""

    __tablename__ = "contribution_dispute"
    __table_args__ = (Index("ix_contribution_dispute_line", "line_id"),)

    case_id: int = Field(primary_key=True, foreign_key="case_file.id", sa_column_kwargs={"autoincrement": False})
    line_id: int = Field(foreign_key="contribution_line.id")
    motive: str
    text_encrypted: bytes


class AlreadyContested(Exception):
    """The line is contested already, and the insurer has not answered."""


@dataclass(frozen=True, slots=True)
class Contested:
    """A dispute as its author reads it."""

    case: Case
    call: ContributionCall
    line: ContributionLine
    motive: Motive
    text: str


def dispute_slots(*_: object) -> list[Slot]:
    """What proves the mistake may be joined."""
    return [Slot("pieces", "Documents qui appuient votre demande", is_required=False)]


def contestable_line(db: Session, viewer: Viewer, line_id: int) -> tuple[ContributionCall, ContributionLine] | None:
    """A line of a call of the viewer's company, or None."""
    line = db.get(ContributionLine, line_id)
    call = find_call(db, viewer, line.call_id) if line else None
    return (call, line) if call and line else None


def contest_line(
    db: Session, viewer: Viewer, keyring: Keyring, line_id: int, motive: Motive, text: str, now: datetime
) -> Case | None:
    """Contests a line, at once; None when it is no line of the viewer's company. Raises `AlreadyContested`. The call's
    row is locked, so that of two sendings the second one sees the first."""
    found = contestable_line(db, viewer, line_id)
    if found is None:
        return None
    db.get_one(ContributionCall, found[0].id, with_for_update=True)
    if line_id in open_disputes(db, [found[0].id or 0]).get(found[0].id or 0, {}):
        raise AlreadyContested
    case = begin_case(db, viewer, KIND, now)
    encrypted = keyring.encrypt(text)
    db.add(ContributionDispute(case_id=case.id or 0, line_id=line_id, motive=motive, text_encrypted=encrypted))
    db.flush()
    move_case(db, case, CaseState.SENT, now, by=viewer.account_id)
    return case


def open_disputes(db: Session, call_ids: Iterable[int]) -> dict[int, dict[int, Case]]:
    """The cases that the insurer has not ended, by call and line; the caller has reached the calls."""
    query = (
        select(ContributionLine.call_id, ContributionLine.id, Case)
        .join(ContributionDispute, col(ContributionDispute.line_id) == ContributionLine.id)
        .join(Case, col(Case.id) == ContributionDispute.case_id)
        .where(col(ContributionLine.call_id).in_(list(call_ids)), col(Case.state).not_in(ENDS))
    )
    found: dict[int, dict[int, Case]] = {}
    for call_id, line_id, case in db.exec(query):
        found.setdefault(call_id, {})[line_id or 0] = case
    return found


def disputes_to_answer(db: Session, viewer: Viewer, _: date) -> Waiting | None:
    """The viewer's disputes for which the insurer asked for a piece or an answer."""
    query = select(Case.id).where(
        Case.account_id == viewer.account_id, Case.kind == KIND, Case.state == CaseState.INCOMPLETE
    )
    found = db.exec(query.order_by(col(Case.id))).all()
    return Waiting(len(found), row_id=found[0]) if found else None


def dispute_of(db: Session, viewer: Viewer, keyring: Keyring, case_id: int) -> Contested | None:
    """One of the viewer's disputes, or None."""
    case = find_case(db, viewer, case_id, KIND)
    row = db.get(ContributionDispute, case.id) if case else None
    found = contestable_line(db, viewer, row.line_id) if row else None
    if case is None or row is None or found is None:
        return None
    text = keyring.decrypt(row.text_encrypted) if row.text_encrypted else ""
    return Contested(case, *found, Motive(row.motive), text)
