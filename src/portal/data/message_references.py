"""What a practice's message is about: its own invoices, a transfer, an answer on rights, by their numbers (R-41).

A number is kept as it was given: what it names is looked for anew each time, among the practice's own alone.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from sqlmodel import Field, Session, SQLModel, col, delete, select

from portal.data.cases import Case
from portal.data.columns import Index
from portal.data.invoices import Invoice
from portal.data.rights_checks import check_by_engagement
from portal.data.sessions import Viewer
from portal.data.transfers import Transfer


class ReferenceKind(StrEnum):
    """Values are stored."""

    INVOICE = "facture"
    TRANSFER = "virement"
    ENGAGEMENT = "engagement"


class MessageReference(SQLModel, table=True):
    """A number that a thread is about."""

    __tablename__ = "message_reference"
    __table_args__ = (Index("ix_message_reference_case", "case_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="case_file.id")
    kind: str
    number: str


class Reference(NamedTuple):
    """A number, and what it is the number of."""

    kind: ReferenceKind
    number: str


class Linked(NamedTuple):
    """A reference, and the row of the viewer's practice that it names; None when there is none (any more)."""

    kind: ReferenceKind
    number: str
    row_id: int | None


def linked(db: Session, viewer: Viewer, references: Sequence[Reference]) -> list[Linked]:
    """The references with what they name, in their order."""
    invoices = _invoices(db, viewer, [each.number for each in references if each.kind is ReferenceKind.INVOICE])
    others = {each: _other(db, viewer, each) for each in references if each.kind is not ReferenceKind.INVOICE}
    return [Linked(*each, others[each] if each in others else invoices.get(each.number)) for each in references]


def references_of(db: Session, case: Case) -> list[Reference]:
    """What a thread is about. The caller has found the case."""
    query = select(MessageReference).where(MessageReference.case_id == case.id).order_by(col(MessageReference.id))
    return [Reference(ReferenceKind(row.kind), row.number) for row in db.exec(query)]


def set_references(db: Session, case: Case, references: Iterable[Reference]) -> None:
    """What a draft is about, in the place of what it was. The caller holds the case's lock."""
    db.exec(delete(MessageReference).where(col(MessageReference.case_id) == case.id))
    db.add_all(MessageReference(case_id=case.id or 0, kind=kind, number=number) for kind, number in references)
    db.flush()


def _invoices(db: Session, viewer: Viewer, numbers: list[str]) -> dict[str, int]:
    query = select(Invoice.number, Invoice.id).where(
        col(Invoice.provider_id) == viewer.provider_id, col(Invoice.number).in_(numbers)
    )
    return {number: row_id or 0 for number, row_id in db.exec(query)} if numbers else {}


def _other(db: Session, viewer: Viewer, reference: Reference) -> int | None:
    if reference.kind is ReferenceKind.ENGAGEMENT:
        return check_by_engagement(db, viewer, reference.number)
    own = (col(Transfer.provider_id) == viewer.provider_id, Transfer.reference == reference.number)
    return db.exec(select(Transfer.id).where(*own)).first()
