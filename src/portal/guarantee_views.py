"""What pages that show a guarantee table share: the day and the words asked for, and its rows in words, by heading."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlmodel import Session

from portal.data.guarantee_examples import Example, worked_examples
from portal.data.guarantees import GuaranteeTable, TableRow, matching
from portal.formatting import today
from portal.forms import FieldError, typed_day
from portal.guarantee_words import HEADING_LABELS, Shares, shares_of
from portal.web import PortalRequest

LONGEST_SEARCH = 80
# How far ahead a version that is already decided may be looked at.
AHEAD = timedelta(days=366)
WRONG_DAY = "Cette date n’existe pas. Donnez un jour, comme 31/12/2026."
FAR_DAY = "Cette date est trop lointaine\u00a0: choisissez-en une d’ici un an."


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page was asked for: a day, words to look for, and what is wrong with them."""

    day: date
    raw_day: str
    text: str
    errors: tuple[FieldError, ...] = ()

    @property
    def asked_day(self) -> str:
        """The day as the address names it: empty for today."""
        return "" if self.day == today() and not self.errors else self.raw_day


@dataclass(frozen=True, slots=True)
class Shown:
    """A row of the table as it is shown, with its examples."""

    row: TableRow
    shares: Shares
    examples: tuple[Example, ...]


def read_asked(request: PortalRequest) -> Asked:
    """The day and the words of the query string; today when there is no day, or no good one."""
    raw = request.query_params.get("le", "")[:20]
    text = " ".join(request.query_params.get("q", "")[:LONGEST_SEARCH].split())
    day = typed_day(raw) if raw else today()
    if day is None:
        return Asked(today(), raw, text, (FieldError("le", WRONG_DAY),))
    if day > today() + AHEAD:
        return Asked(today(), raw, text, (FieldError("le", FAR_DAY),))
    return Asked(day, day.isoformat(), text)


def table_groups(db: Session, table: GuaranteeTable, text: str) -> list[tuple[str, str, list[Shown]]]:
    """Anchor, title and rows of each heading in which something was found."""
    found = set(matching(table, text)) if text else set(table.rows)
    examples = worked_examples(db, table)
    groups = []
    for heading in table.headings:
        rows = [_shown(row, examples) for row in table.under(heading) if row in found]
        if rows:
            groups.append((heading.value.replace("_", "-"), HEADING_LABELS[heading], rows))
    return groups


def _shown(row: TableRow, examples: list[Example]) -> Shown:
    return Shown(row, shares_of(row), tuple(each for each in examples if each.rule_code == row.terms.code))
