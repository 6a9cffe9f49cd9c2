"""The statements page, year by year: what each month and year offers (R-22)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from portal.data.statement_periods import Period, PeriodKind, code_of, month_of, year_of
from portal.data.statements import Issued, MonthPaid
from portal.formatting import NBSP, month_name
from portal.statement_documents import period_name

KIBIBYTE = 1024
NOTHING = MonthPaid(0, 0, 0)


class State(StrEnum):
    """RUNNING: not ended. EMPTY: nothing paid. READY: may be issued. ISSUED. OUTDATED: lines came in since it was."""

    RUNNING = "en_cours"
    EMPTY = "vide"
    READY = "a_editer"
    ISSUED = "edite"
    OUTDATED = "a_mettre_a_jour"


@dataclass(frozen=True, slots=True)
class Download:
    """An issued statement as the page links to it."""

    issued: Issued
    opaque: str
    title: str
    pdf_label: str
    csv_label: str


@dataclass(frozen=True, slots=True)
class Row:
    """A month or a year."""

    title: str
    code: str
    state: State
    paid: MonthPaid
    download: Download | None


@dataclass(frozen=True, slots=True)
class Year:
    """A year and its months, newest first."""

    number: int
    whole: Row
    months: list[Row]

    @property
    def rows(self) -> list[Row]:
        """What the page lists: the whole year once it has ended, then its months."""
        return self.months if self.whole.state is State.RUNNING else [self.whole, *self.months]


def file_label(kind: str, size: int) -> str:
    """« PDF (72 Ko) »: format and size of a file, as links say them."""
    if size < KIBIBYTE * KIBIBYTE:
        return f"{kind} ({max(1, round(size / KIBIBYTE))}{NBSP}Ko)"
    return f"{kind} ({size / KIBIBYTE / KIBIBYTE:.1f}{NBSP}Mo)".replace(".", ",")


def download_of(issued: Issued, opaque: str) -> Download:
    """An issued statement with the words of its links."""
    title = period_name(issued.kind, issued.period_start, issued.period_end)
    title = title[0].upper() + title[1:]
    return Download(issued, opaque, title, file_label("PDF", issued.pdf_size), file_label("CSV", issued.csv_size))


def years_of(paid: dict[date, MonthPaid], downloads: Sequence[Download], first_day: date, today: date) -> list[Year]:
    """Every year from the first day of cover (or of payment) to today, newest first."""
    begin = min([first_day, *paid]).replace(day=1)
    newest = _newest(downloads)
    return [_year(number, paid, newest, begin, today) for number in range(today.year, begin.year - 1, -1)]


def others_of(downloads: Sequence[Download]) -> list[Download]:
    """What the years do not show: periods on demand, and statements that a later one replaced."""
    shown = {id(download) for (kind, _), download in _newest(downloads).items() if kind != PeriodKind.CUSTOM}
    return [download for download in downloads if id(download) not in shown]


def _year(
    number: int, paid: dict[date, MonthPaid], newest: dict[tuple[str, date], Download], begin: date, today: date
) -> Year:
    firsts = [date(number, month, 1) for month in range(12, 0, -1)]
    months = [month_of(first) for first in firsts if begin <= first <= today]
    whole = year_of(number)
    total = _total(paid.get(month.start, NOTHING) for month in months)
    return Year(
        number,
        _row(f"Année {number}", whole, total, newest, today),
        [_row(_capital(month.start), month, paid.get(month.start, NOTHING), newest, today) for month in months],
    )


def _row(title: str, period: Period, paid: MonthPaid, newest: dict[tuple[str, date], Download], today: date) -> Row:
    download = newest.get((period.kind, period.start))
    return Row(title, code_of(period), _state(period, paid, download, today), paid, download)


def _state(period: Period, paid: MonthPaid, download: Download | None, today: date) -> State:
    if period.end >= today:
        return State.RUNNING
    if download is None:
        return State.READY if paid.line_count else State.EMPTY
    issued = download.issued
    same = paid == (issued.line_count, issued.reimbursed_cents, issued.supplementary_cents)
    return State.ISSUED if same else State.OUTDATED


def _newest(downloads: Iterable[Download]) -> dict[tuple[str, date], Download]:
    found: dict[tuple[str, date], Download] = {}
    for download in downloads:
        key = (download.issued.kind, download.issued.period_start)
        if key not in found or found[key].issued.revision < download.issued.revision:
            found[key] = download
    return found


def _total(parts: Iterator[MonthPaid] | Iterable[MonthPaid]) -> MonthPaid:
    rows = list(parts)
    return MonthPaid(*(sum(values) for values in zip(*rows, strict=True))) if rows else NOTHING


def _capital(day: date) -> str:
    name = month_name(day)
    return name[0].upper() + name[1:]
