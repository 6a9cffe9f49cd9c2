"""The next version of the terms of use while it is prepared at the desk; `number` once it is published as one."""

from sqlalchemy import Text
from sqlmodel import Field, Session, SQLModel

from portal.data.publications import Publication


class TermsDraft(SQLModel, table=True):
    """`text` and `changes` are Markdown, as `TermsVersion` holds them."""

    __tablename__ = "terms_draft"

    publication_id: int = Field(
        primary_key=True, foreign_key="publication.id", sa_column_kwargs={"autoincrement": False}
    )
    text: str = Field(sa_type=Text)
    changes: str = Field(default="", sa_type=Text)
    number: int | None = Field(default=None, foreign_key="terms_version.number")


def draft_of(db: Session, publication: Publication) -> TermsDraft:
    """The text of a publication of terms."""
    return db.get_one(TermsDraft, publication.id)


def keep_draft(db: Session, publication: Publication, text: str, changes: str) -> None:
    """Writes the text of a publication of terms, or writes it anew."""
    kept = db.get(TermsDraft, publication.id) or TermsDraft(publication_id=publication.id or 0, text=text)
    kept.text, kept.changes = text, changes
    db.add(kept)
    db.flush()
