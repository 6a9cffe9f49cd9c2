"""The demonstration's publications: terms and an article to read again, one article scheduled, two files to check."""

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta

from sqlmodel import Session

from portal.article_checks import title_of
from portal.data.articles import ArticleVersion, keep_version
from portal.data.evidence import Action, record
from portal.data.publication_files import keep_file
from portal.data.publications import (
    Nature,
    Publication,
    approve,
    digest_of_parts,
    prepare,
    waiting_publications,
)
from portal.data.sessions import Viewer
from portal.data.terms import digest_of, next_number
from portal.data.terms_drafts import keep_draft
from portal.database import Database
from portal.demo.reference import rows, written
from portal.demo.viewers import viewer_of
from portal.formatting import PARIS, today
from portal.information import sources
from portal.storage import Storage

AGENT, SUPERVISOR = "9000000019", "9000000027"
TERMS_AHEAD, ARTICLE_AHEAD = timedelta(days=90), timedelta(days=10)
ADDED = "\nLa réponse arrive dans la messagerie, et un e-mail prévient l’utilisateur.\n"
ADDED_WORDS = "La réponse à une question arrive dans la messagerie, et un e-mail vous prévient (article 9).\n"
REWRITTEN = "tiers-payant-et-carte"


def show_publications(database: Database, storage: Storage) -> None:
    """Prepares them all, unless something waits already. Raises `StorageFailed`."""
    with database.read() as db:
        if waiting_publications(db, 1):
            return
    table = _next_table()
    kept = storage.keep(table)
    now = datetime.now(UTC)
    with database.write() as db:
        agent, supervisor = viewer_of(db, AGENT), viewer_of(db, SUPERVISOR)
        _terms(db, agent, now)
        _article(db, supervisor, "don-du-sang", "Prévention", written("article-don-du-sang.md"), now)
        _scheduled(db, agent, supervisor, now)
        _file(db, agent, table, kept, now)


def _terms(db: Session, agent: Viewer, now: datetime) -> None:
    text = written("terms-2.md").rstrip("\n") + "\n" + ADDED
    title = f"Conditions d’utilisation, version {next_number(db)}"
    effect = _midnight(today() + TERMS_AHEAD)
    made = prepare(db, agent, Nature.TERMS, title, digest_of(text), effect, now)
    keep_draft(db, made, text, ADDED_WORDS)
    _record(db, agent, Action.PUBLICATION_PREPARED, made, now)


def _article(
    db: Session, author: Viewer, slug: str, theme: str, text: str, now: datetime, effect: datetime | None = None
) -> Publication:
    digest = digest_of_parts(slug, theme, "", text)
    made = prepare(db, author, Nature.ARTICLE, title_of(text), digest, effect, now)
    keep_version(db, made, ArticleVersion(publication_id=0, slug=slug, theme=theme, words="", text=text))
    _record(db, author, Action.PUBLICATION_PREPARED, made, now)
    return made


def _scheduled(db: Session, agent: Viewer, supervisor: Viewer, now: datetime) -> None:
    """An article that the portal brings, written anew, approved, for a day to come."""
    brought = sources()[REWRITTEN]
    text = brought.text.rstrip("\n") + "\n- Garder la carte dans votre téléphone, même sans réseau.\n"
    made = _article(db, agent, REWRITTEN, brought.theme, text, now, _midnight(today() + ARTICLE_AHEAD))
    approve(supervisor, made, made.version, now)
    _record(db, supervisor, Action.PUBLICATION_APPROVED, made, now)


def _file(db: Session, agent: Viewer, content: bytes, kept: str, now: datetime) -> None:
    digest = hashlib.sha256(content).hexdigest()
    made = prepare(db, agent, Nature.GUARANTEES, "tableau-confort", digest, None, now)
    keep_file(db, made, len(content), kept)
    _record(db, agent, Action.PUBLICATION_PREPARED, made, now)


def _next_table() -> bytes:
    """The table of a product, ended, and the next one: its refunds by percentage are ten points higher."""
    start = date(today().year + 1, 1, 1)
    last = (start - timedelta(days=1)).isoformat()
    held = [row for row in rows("guarantees") if row["product"] == "CONFORT" and not row["valid_to"]]
    ended = [row | {"valid_to": last} for row in held]
    return _csv([*ended, *(row | {"valid_from": start.isoformat(), "percent": _raised(row)} for row in held)])


def _raised(row: Mapping[str, str]) -> str:
    return str(int(row["percent"]) + 10) if row["percent"] else ""


def _csv(found: Iterable[Mapping[str, str]]) -> bytes:
    lines = list(found)
    sheet = io.StringIO()
    writer = csv.DictWriter(sheet, list(lines[0]), delimiter=";", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return sheet.getvalue().encode()


def _record(db: Session, viewer: Viewer, action: Action, made: Publication, now: datetime) -> None:
    record(db, viewer, action, object=made.object, details={"title": made.title}, now=now)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), PARIS)
