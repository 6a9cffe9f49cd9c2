"""Information articles as the desk writes them: each version is kept; which one is read follows from its day (R-27).

An article is known by its `slug`. Articles are public: there is no viewer to read them.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Text
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.columns import Index
from portal.data.publications import Nature, Publication, digest_of_parts, prepare
from portal.data.sessions import Viewer


class ArticleVersion(SQLModel, table=True):
    """A version of an article: `text` is Markdown, `words` more words by which it is found. `is_withdrawal`: from its
    day on nobody reads the article; the text is that of the version before."""

    __tablename__ = "article_version"
    __table_args__ = (Index("ix_article_version_slug", "slug", "publication_id"),)

    publication_id: int = Field(
        primary_key=True, foreign_key="publication.id", sa_column_kwargs={"autoincrement": False}
    )
    slug: str
    theme: str
    words: str
    text: str = Field(sa_type=Text)
    is_withdrawal: bool = False


Told = tuple[ArticleVersion, Publication]


def articles_in_force(db: Session, now: datetime) -> dict[str, Told]:
    """The version of each article that is in force at `now` (UTC), withdrawals included, by slug."""
    published = (col(Publication.approved_at).is_not(None), col(Publication.cancelled_at).is_(None))
    query = select(ArticleVersion.slug, ArticleVersion.publication_id).join(Publication, _OF_VERSION)
    in_force = query.where(*published, col(Publication.effective_at) <= now)
    # The one that took effect last; of two at the same instant, the one prepared last.
    ordered = in_force.order_by(col(Publication.effective_at), col(Publication.id))
    latest: dict[str, int] = dict(db.exec(ordered).all())
    found = select(ArticleVersion, Publication).join(Publication, _OF_VERSION)
    rows = db.exec(found.where(col(ArticleVersion.publication_id).in_(latest.values())))
    return {version.slug: (version, publication) for version, publication in rows}


def versions_of(db: Session, slug: str, most: int = 100) -> Sequence[Told]:
    """Every version of an article, prepared, published or given up, the newest first."""
    query: Any = select(ArticleVersion, Publication).join(Publication, _OF_VERSION)
    found = query.where(ArticleVersion.slug == slug).order_by(col(Publication.id).desc()).limit(most)
    return [(version, publication) for version, publication in db.exec(found)]


def version_of_article(db: Session, publication: Publication) -> ArticleVersion:
    """What a publication of an article holds."""
    return db.get_one(ArticleVersion, publication.id)


def digest_of_version(version: ArticleVersion) -> str:
    """What is read and approved of a version; hexadecimal."""
    told = ("retrait",) if version.is_withdrawal else (version.theme, version.words)
    return digest_of_parts(version.slug, *told, version.text)


def prepare_version(
    db: Session, viewer: Viewer, version: ArticleVersion, title: str, effective_at: datetime | None, now: datetime
) -> Publication:
    """A new publication that holds this version, to be read again by somebody else. The caller records it."""
    found = prepare(db, viewer, Nature.ARTICLE, title, digest_of_version(version), effective_at, now)
    keep_version(db, found, version)
    return found


def keep_version(db: Session, publication: Publication, version: ArticleVersion) -> None:
    """Writes what a publication of an article holds, or writes it anew."""
    version.publication_id = publication.id or 0
    db.merge(version)
    db.flush()


def slugs_in_use(db: Session) -> set[str]:
    """The addresses that articles of the desk have, or had."""
    return set(db.exec(select(ArticleVersion.slug).distinct()))


_OF_VERSION: Any = col(Publication.id) == ArticleVersion.publication_id
