"""What the page of a publication shows, by kind: the text and what it changes, or the file and what was found in it."""

import json
from typing import Any

from sqlmodel import Session

from portal.comparison import Comparison, compare
from portal.data.articles import version_of_article
from portal.data.guarantee_changes import Tables, VersionFacts, product_names
from portal.data.guarantee_previews import rows_of
from portal.data.publication_files import AT_WORK, MOST_FAILURES, FileState, PublicationFile, file_of
from portal.data.publications import Nature, Publication
from portal.data.terms import newest_terms, next_number
from portal.data.terms_drafts import draft_of
from portal.formatting import long_date, today
from portal.forms import typed_day
from portal.guarantee_words import NOTHING, shares_of
from portal.information import ARTICLE_TARGETS, articles_now
from portal.legal_text import read_blocks, read_text
from portal.pages.desk.publication_views import opaque_of
from portal.publication_acts import is_ready
from portal.publication_jobs import STEPS
from portal.publication_watches import leaves_many
from portal.publication_words import STEP_WORDS, WORK_TITLES, on_screen
from portal.web import PortalRequest

MOST_RULES = 400
COUNT_LABELS = {
    "created": "Ajoutées",
    "updated": "Modifiées",
    "unchanged": "Inchangées",
    "rejected": "Refusées",
    "merged": "Réunies à une autre",
    "ignored": "Sans objet ici",
    "older": "Ignorées, plus anciennes",
}
TEMPLATES = {Nature.TERMS: "terms.html", Nature.ARTICLE: "article.html"}


def template_of(found: Publication) -> str:
    """The template of a publication's page."""
    return f"desk/publication/{TEMPLATES.get(Nature(found.nature), 'file.html')}"


def context_of(request: PortalRequest, db: Session, found: Publication) -> dict[str, Any]:
    """What is particular to the publication's kind."""
    if found.nature == Nature.TERMS:
        return _terms_context(db, found)
    if found.nature == Nature.ARTICLE:
        return _article_context(request, db, found)
    return file_context(request, db, found)


def _terms_context(db: Session, found: Publication) -> dict[str, Any]:
    draft, before = draft_of(db, found), newest_terms(db)
    is_out = draft.number is not None
    return {
        "draft": draft,
        "number": draft.number or next_number(db),
        "words": read_blocks(draft.changes) if draft.changes.strip() else (),
        "before": None if is_out else before,
        "comparison": None if is_out or before is None else compare(before.text, draft.text),
        "is_ready": True,
        "many_leave": False,
    }


def _article_context(request: PortalRequest, db: Session, found: Publication) -> dict[str, Any]:
    version = version_of_article(db, found)
    before = articles_now(db, request.now).get(version.slug)
    return {
        "version": version,
        "article_title": read_text(version.text, ARTICLE_TARGETS).title,
        "before": before,
        "comparison": _against(before.text if before else "", version.text) if not version.is_withdrawal else None,
        "is_ready": True,
        "many_leave": False,
    }


def _against(before: str, text: str) -> Comparison | None:
    return compare(before, text, ARTICLE_TARGETS) if before and before != text else None


def file_context(request: PortalRequest, db: Session, found: Publication) -> dict[str, Any]:
    """How far the work on a file is, and what the check found; the page and its fragment show it."""
    file = file_of(db, found)
    report = file.found
    is_at_work = file.state in AT_WORK and found.cancelled_at is None
    return {
        "publication": found,
        "name": opaque_of(request, found),
        "file": file,
        "report": report,
        "problem": on_screen(report.get("problem", "")),
        "is_at_work": is_at_work,
        "is_stuck": file.failures >= MOST_FAILURES,
        "steps": STEPS,
        "work_title": WORK_TITLES.get(FileState(file.state), ""),
        "step_words": STEP_WORDS[min(file.step, STEPS)],
        "counts": [(COUNT_LABELS[name], count) for name, count in report.get("counts", {}).items()],
        "is_ready": is_ready(file),
        "many_leave": leaves_many(report),
        "first": long_date(day) if (day := typed_day(report.get("first", ""))) else "",
        "changes": _changes(db, file) if found.nature == Nature.GUARANTEES else [],
        "has_tables": found.nature == Nature.GUARANTEES,
    }


def _changes(db: Session, file: PublicationFile) -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    """Each version that changes: the product, the days, and each rule before and after, in words."""
    planned = json.loads(file.undo)
    names = product_names(db)
    return [
        (
            names[new["product_id"]],
            _days(new),
            _rules(db, planned["replaced"] | planned["before"], name, new)[:MOST_RULES],
        )
        for name, new in planned.get("after", {}).items()
    ]


def _days(version: VersionFacts) -> str:
    start, end = typed_day(version["valid_from"]), typed_day(version["valid_to"] or "")
    if start is None:
        return ""
    return f"du {long_date(start)} au {long_date(end)}" if end else f"à partir du {long_date(start)}"


def _rules(db: Session, before: Tables, name: str, new: VersionFacts) -> list[tuple[str, str, str]]:
    old = {row.terms.code: row for row in rows_of(db, before[name], today())} if name in before else {}
    rows = rows_of(db, new, today())
    return [
        (row.label, shares_of(old[code]).together if code in old else NOTHING, shares_of(row).together)
        for row in rows
        if (code := row.terms.code) not in old or old[code] != row
    ]
