"""What an exceptional access shows (R-72): one person's care lines, claims and quotes, and the list of their documents.

Each function asks the access itself, at the instant of the read: nothing is shown from the very second of its end, nor
to anybody but who opened it. Files themselves are not opened.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_
from sqlmodel import Session, SQLModel, col, select

from portal.data.accounts import Account
from portal.data.benefits import BenefitLine
from portal.data.case_pieces import CasePiece
from portal.data.cases import Case, CaseKind, CaseState
from portal.data.claims import Claim
from portal.data.evidence import Action
from portal.data.exceptional_access import ExceptionalAccess, current_access, may_open
from portal.data.files import StoredFile
from portal.data.sessions import Viewer
from portal.data.statements import Statement

PAGE = 50

_rows = SQLModel.metadata.tables["evidence"]
_details = SQLModel.metadata.tables["evidence_detail"]


@dataclass(frozen=True, slots=True)
class Lines:
    """Care lines, newest first; `after`: the number to go on from, None at the end."""

    rows: tuple[BenefitLine, ...]
    after: int | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A claim or a quote that was sent."""

    case: Case
    claim: Claim


@dataclass(frozen=True, slots=True)
class Document:
    """A statement, or a file of a case; `about`: the statement's number or the case's reference."""

    name: str
    about: str
    on: datetime


@dataclass(frozen=True, slots=True)
class Reading:
    """One read by an access, and which part of the record it was of."""

    at: datetime
    part: str


def readable(db: Session, viewer: Viewer, person_id: int, now: datetime) -> ExceptionalAccess | None:
    """The access by which the viewer may read this record at this instant; None without."""
    return current_access(db, viewer, person_id, now) if may_open(db, viewer, person_id) else None


def lines_of_person(db: Session, access: ExceptionalAccess, now: datetime, after: int | None = None) -> Lines:
    """A page of the person's own care lines; nobody else's, even on the same contract."""
    _check(access, now)
    query = select(BenefitLine).where(BenefitLine.person_id == access.person_id)
    if after is not None:
        query = query.where(col(BenefitLine.id) < after)
    rows = db.exec(query.order_by(col(BenefitLine.id).desc()).limit(PAGE + 1)).all()
    return Lines(tuple(rows[:PAGE]), rows[PAGE - 1].id if len(rows) > PAGE else None)


def claims_of_person(db: Session, access: ExceptionalAccess, now: datetime) -> list[Asked]:
    """The newest claims and quotes about the person, drafts left out: nobody has sent those."""
    _check(access, now)
    query = select(Case, Claim).join(Claim, col(Claim.case_id) == Case.id)
    ours = query.where(_about(access.person_id), Case.state != CaseState.DRAFT)
    return [Asked(case, claim) for case, claim in db.exec(ours.order_by(col(Case.id).desc()).limit(PAGE))]


def documents_of_person(db: Session, access: ExceptionalAccess, now: datetime) -> list[Document]:
    """The newest documents about the person: statements, and pieces of claims and quotes that were sent."""
    _check(access, now)
    issued = select(Statement.number, Statement.issued_at).where(Statement.person_id == access.person_id)
    statements = [Document("Relevé de prestations", *row) for row in db.exec(_newest(issued, Statement))]
    pieces = (
        select(StoredFile.name, Case.reference, CasePiece.added_at)
        .join(CasePiece, col(CasePiece.file_id) == StoredFile.id)
        .join(Case, col(Case.id) == CasePiece.case_id)
        .where(_about(access.person_id), Case.state != CaseState.DRAFT)
    )
    files = [Document(*row) for row in db.exec(_newest(pieces, CasePiece))]
    return sorted(statements + files, key=lambda document: document.on, reverse=True)[:PAGE]


def readings_of(db: Session, access: ExceptionalAccess) -> list[Reading]:
    """What was read by an access, from the evidence, in order: what its reviewer judges."""
    query = (
        select(_rows.c.at, _details.c.details)
        .outerjoin_from(_rows, _details, _details.c.seq == _rows.c.seq)
        .where(_rows.c.actor == access.opened_by, _rows.c.object == access.object)
        .where(_rows.c.action == Action.EXCEPTIONAL_ACCESS_READ)
        .order_by(_rows.c.seq)
    )
    return [Reading(at, _part(details)) for at, details in db.connection().execute(query)]


def _about(person_id: int) -> Any:
    own = select(Account.id).where(Account.person_id == person_id)
    is_own = col(Case.person_id).is_(None) & col(Case.account_id).in_(own)
    return or_(Case.person_id == person_id, is_own) & col(Case.kind).in_((CaseKind.CLAIM, CaseKind.QUOTE))


def _newest(query: Any, table: Any) -> Any:
    return query.order_by(table.id.desc()).limit(PAGE)


def _part(details: str | None) -> str:
    return str(json.loads(details).get("part", "")) if details else ""


def _check(access: ExceptionalAccess, now: datetime) -> None:
    if not access.is_open(now):
        raise PermissionError("this access is over")
