"""What a page and its fragment tell of one file of employees."""

import json
from typing import Any, NamedTuple

from sqlmodel import Session

from portal.data.employee_imports import (
    AT_WORK,
    MOST_FAILURES,
    REFUSED,
    EmployeeImport,
    ImportState,
    authors_of,
    counts_of,
    rows_with_reasons,
)
from portal.pages.employer.import_words import (
    ACTION_LABELS,
    RESULT_LABELS,
    WORK_TITLES,
    accepted_in_words,
    headline,
)
from portal.staff_rows import Result
from portal.web import PortalRequest

FILE = "employee-import"
LINES_SHOWN = 50
_RESULTS_SHOWN = (ImportState.CHECKED, ImportState.APPLIED, ImportState.UNDONE)


class Line(NamedTuple):
    """A row that is not plainly accepted, as the page shows it."""

    line: int
    action: str
    label: str
    tone: str
    reasons: list[str]


def file_context(request: PortalRequest, db: Session, found: EmployeeImport, opaque: str) -> dict[str, Any]:
    """The whole state of a file: work under way, or what became of its rows."""
    counts = counts_of(db, found)
    accepted = accepted_in_words(counts)
    is_at_work = found.state in AT_WORK
    tone, title, text = ("", "", "") if is_at_work else headline(found, accepted)
    return {
        "file": found,
        "authors": authors_of(db, request.viewer, found),
        "name": opaque,
        "is_at_work": is_at_work,
        "is_stuck": found.failures >= MOST_FAILURES,
        "tone": tone,
        "headline": WORK_TITLES[ImportState(found.state)] if is_at_work else title,
        "text": text,
        "preview": accepted,
        "accepted": bool(accepted),
        "may_be_undone": found.may_be_undone(request.now),
        "has_content": found.storage_name is not None,
        "refused": any(result == REFUSED for _, result in counts),
        "shows_results": found.state in _RESULTS_SHOWN and bool(counts),
        "actions": [label for action, label in ACTION_LABELS.items() if _has(counts, action)],
        "results": _results(counts),
        "columns_url": request.services.urls("employer.import", {"colonnes": "1"}, file=opaque),
        **_progress(found),
        **_lines(request, db, found, opaque),
    }


def _progress(found: EmployeeImport) -> dict[str, Any]:
    total = max(found.rows - 1, 1)
    done = max(found.position - 1, 0) if found.state != ImportState.UNDOING else 0
    text = f"{done} {'ligne traitée' if done < 2 else 'lignes traitées'} sur {total}."
    if found.state == ImportState.UNDOING:
        text = "Les opérations sont défaites une à une, la dernière d’abord."
    return {"total": total, "done": done, "percent": done * 100 // total, "progress_text": text}


def _lines(request: PortalRequest, db: Session, found: EmployeeImport, opaque: str) -> dict[str, Any]:
    """The rows to read again, a page at a time, by the number of the last one shown."""
    text = request.query_params.get("apres", "")
    after = int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 0
    rows = rows_with_reasons(db, found, None, after, LINES_SHOWN + 1)
    shown = rows[:LINES_SHOWN]
    is_more = len(rows) > LINES_SHOWN
    following = {"apres": str(shown[-1].line)} if is_more else None
    return {
        "lines": [
            Line(row.line, row.action, *RESULT_LABELS[Result(row.result)], json.loads(row.reasons)) for row in shown
        ],
        "next_url": request.services.urls("employer.import", following, file=opaque) if following else "",
    }


def _results(counts: dict[tuple[str, int], int]) -> list[tuple[str, str, list[int]]]:
    shown = [action for action in ACTION_LABELS if _has(counts, action)]
    return [
        (label, tone, [counts.get((action, result), 0) for action in shown])
        for result, (label, tone) in RESULT_LABELS.items()
    ]


def _has(counts: dict[tuple[str, int], int], action: str) -> bool:
    return action != "?" or any(of == "?" for of, _ in counts)
