"""Statements and exports: milliseconds per PDF, and memory while 100 000 lines stream out as CSV."""

import statistics
import time
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from portal.data.listing import ExportLine
from portal.data.statement_content import Content, Cover, PersonTotals, StatementLine, StatementPayment, add_up
from portal.data.statement_periods import Period, month_of, year_of
from portal.data.statements import Draft
from portal.settings import Insurer
from portal.spreadsheets import csv_stream
from portal.statement_documents import statement_pdf

RUNS = 11
EXPORTED = 100_000
LINES_PER_PAYMENT = 3
INSURER = Insurer(name="Mutuelle", address="1 rue", phone="01 99 00 00 00", email="a@b.example", network="Kalivia")


def main() -> None:
    """Prints the median time of a month's and a year's PDF, and the CSV stream's speed and memory."""
    for name, period, count, wanted in (
        ("month of 12 lines", month_of(date(2026, 5, 1)), 12, 50),
        ("year of 400 lines", year_of(2025), 400, 300),
    ):
        print(f"  PDF of a {name}: {_median_ms(_draft(period, count)):.0f} ms (wanted: {wanted} or less)")
    seconds, peak = _stream()
    print(f"  CSV of {EXPORTED:,} lines: {seconds:.1f} s, at most {peak:.1f} MB held (wanted: flat)")


def _median_ms(draft: Draft) -> float:
    statement_pdf(draft, INSURER)
    took = []
    for _ in range(RUNS):
        started = time.perf_counter()
        statement_pdf(draft, INSURER)
        took.append((time.perf_counter() - started) * 1000)
    return statistics.median(took)


def _draft(period: Period, count: int) -> Draft:
    lines = [_line(period.start + timedelta(days=at * 7 % 28)) for at in range(count)]
    payments = [
        _payment(f"V-{at}", period.start, lines[at : at + LINES_PER_PAYMENT])
        for at in range(0, count, LINES_PER_PAYMENT)
    ]
    sums = add_up(lines)
    content = Content(
        kind=period.kind,
        period_start=period.start,
        period_end=period.end,
        recipient="Camille Exemple",
        covers=[Cover("C-1", "90000001", "Rives Équilibre")],
        payments=payments,
        persons=[PersonTotals(1, "Camille", count, False, sums)],
        totals=sums,
    )
    return Draft("R-2026-05-AAAAAA", datetime(2026, 11, 1, tzinfo=UTC), 1, "", content)


def _line(care_date: date) -> StatementLine:
    provider = "Dr Légende, ophtalmologue"
    amounts = (6000, 3150, 70, 2005, 3795, 0, 200)
    return StatementLine(care_date, 1, "CS", "Consultation chez un médecin spécialiste", "soin", provider, *amounts)


def _payment(reference: str, paid_on: date, lines: list[StatementLine]) -> StatementPayment:
    return StatementPayment(reference, paid_on, "virement", "Camille Exemple", "FR76 •••• 919", 0, lines, add_up(lines))


def _stream() -> tuple[float, float]:
    tracemalloc.start()
    started = time.perf_counter()
    for _ in csv_stream(_export_lines()):
        pass
    seconds = time.perf_counter() - started
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    return seconds, peak


def _export_lines() -> Iterator[ExportLine]:
    day = date(2026, 5, 1)
    for at in range(EXPORTED):
        words = ("CS", "Consultation", "soins_courants", "soin", "payee", "Dr Légende", 1, "")
        amounts = (6000, 3150, 70, 2205, 200, 0, 2005, 3795, 0, 200)
        yield ExportLine(at, f"L{at}", day, day, *words, *amounts, "Camille", day, "virement", f"V{at}")


if __name__ == "__main__":
    main()
