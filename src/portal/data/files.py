"""Files that people sent: what they are and where they lie. The contents are sealed in `portal.storage`.

A row is reached through what it belongs to (`data/cases.py`), never by its own number alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.columns import Index, instant
from portal.data.sessions import Viewer


class StoredFile(SQLModel, table=True):
    """A file of an account, or of nobody who has one (`account_id` empty: a complaint sent without an account).

    `digest`: SHA-256 of the content as it is given back, hexadecimal. `storage_name`: where it lies.
    """

    __tablename__ = "stored_file"
    __table_args__ = (Index("ix_stored_file_account", "account_id"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int | None = Field(default=None, foreign_key="account.id")
    name: str
    media_type: str
    size: int
    pages: int = 1
    digest: str
    storage_name: str = Field(unique=True)
    kept_at: datetime = instant()


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that lies in the storage already, and that no row names yet. `size` in bytes."""

    name: str
    media_type: str
    size: int
    pages: int
    digest: str
    storage_name: str


def keep_file(db: Session, viewer: Viewer | None, new: NewFile, now: datetime) -> StoredFile:
    """The row of a file that the viewer sent; nobody's without a viewer."""
    row = StoredFile(
        account_id=viewer.account_id if viewer else None,
        name=new.name,
        media_type=new.media_type,
        size=new.size,
        pages=new.pages,
        digest=new.digest,
        storage_name=new.storage_name,
        kept_at=now,
    )
    db.add(row)
    db.flush()
    return row


def known_names(db: Session, names: Iterable[str]) -> set[str]:
    """Those of the storage's names that a row still names: for the job that removes the others."""
    wanted = list(names)
    return set(db.exec(select(StoredFile.storage_name).where(col(StoredFile.storage_name).in_(wanted))))
