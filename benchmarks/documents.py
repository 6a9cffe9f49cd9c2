"""Statements and exports: milliseconds per PDF, and memory of the server that sends 100 000 lines as CSV."""

import shutil
import socket
import sqlite3
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.request import Request, urlopen

import psutil

from benchmarks.sites import FOLDER, bring_up_to_date, build, served, sign_in_members
from portal.data.statement_content import Content, Cover, PersonTotals, StatementLine, StatementPayment, add_up
from portal.data.statement_periods import Period, month_of, year_of
from portal.data.statements import Draft
from portal.insurer import Insurer
from portal.statement_documents import statement_pdf

RUNS = 11
EXPORTED = 100_000
EXPORT = "/adherent/prestations/export.csv"
PORT = 8077
HOST = "127.0.0.1:8000"  # the origin of the measured sites
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
    print(f"  CSV of {EXPORTED:,} lines: {seconds:.1f} s, the server grew by {peak:.1f} MB at most (wanted: flat)")


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
    """Seconds of a whole export, and megabytes that the server grows by meanwhile, with a second client that stalls."""
    folder, cookie = _site_of_one_member()
    with served("benchmarks.sites:load_portal", folder, PORT):
        # A short one first: what the server loads once is not the export's.
        _export(cookie, "?q=introuvable")
        watch = _Watch()
        watch.start()
        with _stalled(cookie):
            started = time.perf_counter()
            lines = _export(cookie)
            seconds = time.perf_counter() - started
        assert lines >= EXPORTED, lines
        return seconds, watch.growth() / 2**20


def _site_of_one_member() -> tuple[Path, str]:
    """A site whose lines all belong to its first member, and that member's cookie."""
    folder = FOLDER / "export"
    if not (folder / "ready").exists():
        shutil.copytree(build(EXPORTED + EXPORTED // 20), folder)
    bring_up_to_date(folder)
    cookie = sign_in_members(folder)[0]
    with closing(sqlite3.connect(folder / "portal.sqlite3")) as raw:
        first = raw.execute("SELECT min(member_id) FROM contract").fetchone()[0]
        raw.execute("UPDATE benefit_line SET member_id = ?, person_id = ?", (first, first))
        raw.commit()
    return folder, cookie


def _export(cookie: str, query: str = "") -> int:
    """Reads an export over HTTP; how many lines came."""
    request = Request(f"http://127.0.0.1:{PORT}{EXPORT}{query}", headers={"Cookie": cookie, "Host": HOST})
    with urlopen(request, timeout=60) as answer:  # noqa: S310  (this machine)
        return sum(1 for _ in answer) - 1


@contextmanager
def _stalled(cookie: str) -> Iterator[None]:
    with socket.create_connection(("127.0.0.1", PORT)) as client:
        client.sendall(f"GET {EXPORT} HTTP/1.1\r\nHost: {HOST}\r\nCookie: {cookie}\r\n\r\n".encode())
        yield


class _Watch(threading.Thread):
    """The most that this process's children hold resident, in bytes above the start."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._done = threading.Event()
        self._first = self._most = _resident()

    def run(self) -> None:
        while not self._done.wait(0.02):
            self._most = max(self._most, _resident())

    def growth(self) -> int:
        self._done.set()
        self.join()
        return self._most - self._first


def _resident() -> int:
    return sum(_held_by(process.pid) for process in psutil.Process().children(recursive=True))


def _held_by(pid: int) -> int:
    """Bytes of memory that no file backs: pages of the mapped database are the system's to take back."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon:"))


if __name__ == "__main__":
    main()
