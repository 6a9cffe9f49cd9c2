"""A valuation while it is typed: kept at each step, so that neither a proof of identity, a colleague nor a closed tab
loses it. One for each claim, whoever types; encrypted, since it tells of somebody's health."""

import hashlib
from datetime import datetime

import msgspec
from sqlmodel import Field, Session, SQLModel, select

from portal.data.cases import Case, CaseKind, CaseState
from portal.data.columns import instant
from portal.data.sessions import Viewer
from portal.data.work_items import WorkItem
from portal.data.work_reach import items_for
from portal.security import Keyring


class ValuationDraft(SQLModel, table=True):
    """What was typed of a claim's valuation, by whom last."""

    __tablename__ = "valuation_draft"

    case_id: int = Field(primary_key=True, foreign_key="case_file.id", sa_column_kwargs={"autoincrement": False})
    content_encrypted: bytes
    saved_at: datetime = instant()
    saved_by: int = Field(foreign_key="account.id")


class Typed(msgspec.Struct, frozen=True):
    """The fields of each line, as they were typed."""

    lines: tuple[dict[str, str], ...]

    @property
    def mark(self) -> str:
        """What tells one state of it from another."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()[:16]


def claim_at_desk(db: Session, viewer: Viewer, keyring: Keyring, item_id: int) -> Case | None:
    """The claim of a request at the desk, for an agent who may read it (R-72); None for any other."""
    query = select(Case).join(WorkItem, WorkItem.case_id == Case.id).where(WorkItem.id == item_id)
    return db.exec(
        query.where(items_for(db, viewer, keyring), Case.kind == CaseKind.CLAIM, Case.state != CaseState.DRAFT)
    ).first()


def lock_claim_at_desk(db: Session, viewer: Viewer, keyring: Keyring, item_id: int) -> Case | None:
    """The same, as it is now, for changing it in this transaction."""
    case = claim_at_desk(db, viewer, keyring, item_id)
    if case is None:
        return None
    query = select(Case).where(Case.id == case.id).with_for_update()
    return db.exec(query.execution_options(populate_existing=True)).one()


def typed_for(db: Session, keyring: Keyring, case: Case) -> Typed | None:
    """What was typed for a claim; None when nothing was. The caller may read the case."""
    row = db.get(ValuationDraft, case.id)
    return msgspec.json.decode(keyring.decrypt(row.content_encrypted), type=Typed) if row else None


def keep_typed(db: Session, agent: Viewer, keyring: Keyring, case: Case, typed: Typed, now: datetime) -> None:
    """Keeps what was typed for a claim that the caller locked."""
    content = keyring.encrypt(msgspec.json.encode(typed).decode())
    row = db.get(ValuationDraft, case.id)
    row = row or ValuationDraft(case_id=case.id or 0, content_encrypted=content, saved_by=agent.account_id)
    row.content_encrypted, row.saved_at, row.saved_by = content, now, agent.account_id
    db.add(row)
    db.flush()


def forget_typed(db: Session, case: Case) -> None:
    """Erases it: the claim has ended."""
    row = db.get(ValuationDraft, case.id)
    if row is not None:
        db.delete(row)
        db.flush()
