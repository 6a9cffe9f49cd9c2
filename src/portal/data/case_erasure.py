"""How cases leave: drafts that are given up, and what an account's end does to its own. Drafts go, with their files;
what was sent stays, without names (R-66)."""

from sqlalchemy import Select, delete, select
from sqlmodel import Session, SQLModel, col

from portal.data.case_pieces import CasePiece
from portal.data.cases import Case, CaseState, CaseStep, WrongState
from portal.data.files import StoredFile


def delete_draft(db: Session, case: Case) -> None:
    """Forgets a draft and its steps; its pieces and its kind's own row are gone already. Raises `WrongState`."""
    if not case.is_draft:
        raise WrongState
    db.exec(delete(CaseStep).where(col(CaseStep.case_id) == case.id))
    db.delete(case)
    db.flush()


def forget_drafts(db: Session, account_id: int) -> list[str]:
    """Deletes the account's drafts and all that hangs on them; the storage names of their files, for the contents to be
    removed once this is committed."""
    drafts = select(Case.id).where(col(Case.account_id) == account_id, col(Case.state) == CaseState.DRAFT)
    files = select(CasePiece.file_id).where(col(CasePiece.case_id).in_(drafts))
    found = db.execute(select(StoredFile.id, StoredFile.storage_name).where(col(StoredFile.id).in_(files))).all()
    _delete_rows(db, drafts)
    db.execute(delete(StoredFile).where(col(StoredFile.id).in_([file_id for file_id, _ in found])))
    db.execute(delete(Case).where(col(Case.account_id) == account_id, col(Case.state) == CaseState.DRAFT))
    return [name for _, name in found]


def _delete_rows(db: Session, drafts: Select) -> None:
    """The rows of every table that hangs on a case, each kind's own among them; children first."""
    for table in reversed(SQLModel.metadata.sorted_tables):
        if "case_id" in table.columns:
            db.execute(delete(table).where(table.c.case_id.in_(drafts)))
