"""What is looked at while a file of the desk is loaded, within its transaction: what it changes, what forbids it.

A watch is used for the dry run and for the application alike; the application stops at what the dry run would tell.
"""

import json
from datetime import date
from typing import Any

from sqlmodel import Session

from portal.data.directory_upkeep import count_present
from portal.data.guarantee_changes import (
    MOST_COUNTED,
    Stretch,
    changed_stretches,
    changed_tables,
    first_day_of_change,
    paid_under,
    product_names,
    read_tables,
    replaced_tables,
)
from portal.data.publication_files import PublicationFile
from portal.data.publications import Nature
from portal.formatting import NBSP, long_date, whole
from portal.importing.run import Report

# From which share of the directory on its leaving asks for a second look.
MANY_LEAVE = 10


class CannotApply(Exception):
    """Applied now, the file would do what nobody approved: nothing of it is kept."""


class FileWatch:
    """What every file tells. `approved`: the file as somebody approved it, None for a dry run."""

    def __init__(self, today: date, approved: PublicationFile | None) -> None:
        self._today = today
        self._approved = approved
        self.report: dict[str, Any] = {}
        self.undo: dict[str, Any] = {}

    def before(self, _db: Session) -> None:
        """Nothing yet."""

    def after(self, _db: Session, report: Report) -> None:
        """Counts the rows."""
        self.report |= {"counts": report.counts, "left": report.left}


class GuaranteeWatch(FileWatch):
    """What changes in the tables, from when on, and the payments that its past has settled."""

    def before(self, db: Session) -> None:
        self._held = read_tables(db)

    def after(self, db: Session, report: Report) -> None:
        super().after(db, report)
        before, after = changed_tables(self._held, read_tables(db))
        first = first_day_of_change(before, after)
        self.undo = {"before": before, "after": after, "replaced": replaced_tables(self._held, after)}
        self.report |= {"first": first.isoformat() if first else "", "obstacles": self._obstacles(db, report)}
        if self._approved is not None and (self.report["obstacles"] or self.undo != json.loads(self._approved.undo)):
            raise CannotApply

    def _obstacles(self, db: Session, report: Report) -> list[str]:
        found = ["Des lignes du fichier sont refusées\u00a0: un tableau se publie entier."] if report.rejected else []
        names = product_names(db)
        used = [
            (stretch, paid_under(db, stretch, self._today))
            for stretch in changed_stretches(self.undo["before"], self.undo["after"])
        ]
        return found + [_past_words(names[stretch.product_id], stretch, lines) for stretch, lines in used if lines]


class DirectoryWatch(FileWatch):
    """How much of the directory leaves."""

    def before(self, db: Session) -> None:
        self.report["present"] = count_present(db)

    def after(self, db: Session, report: Report) -> None:
        super().after(db, report)
        if self._approved is not None and leaves_many(self.report) and report.left > self._approved.found["left"]:
            raise CannotApply


WATCHES: dict[Nature, type[FileWatch]] = {
    Nature.GUARANTEES: GuaranteeWatch,
    Nature.DIRECTORY: DirectoryWatch,
    Nature.NATIONAL_DIRECTORY: FileWatch,
}


def leaves_many(report: dict[str, Any]) -> bool:
    """Whether so many places leave that somebody must look twice."""
    return bool(report.get("left", 0) * 100 > report.get("present", 0) * MANY_LEAVE)


def _past_words(product: str, stretch: Stretch, lines: int) -> str:
    count = f"plus de {whole(MOST_COUNTED)}" if lines >= MOST_COUNTED else whole(lines)
    return (
        f"{product}\u00a0: le tableau du {long_date(stretch.first)} a déjà servi à {count}{NBSP}"
        f"{'remboursements' if lines > 1 else 'remboursement'}. Le passé ne se réécrit pas\u00a0: donnez une nouvelle "
        "version, à partir d’un jour à venir."
    )
