"""A practice's invoices and transfers among those of all practices: what a list, each search and each page cost in a
table a hundred times as long, on both databases, and how the database finds the rows (R-40).

Each practice has 2 000 invoices, mixed with everybody's as they come. `BENCH_FULL=1`: five million invoices.
"""

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlmodel import Session, col, select

from benchmarks.covered_persons import fill, settings_in
from benchmarks.plans import explained, pages_touched
from benchmarks.sites import passing_postgresql
from portal.data.invoice_listing import (
    InvoiceFilters,
    export_invoices,
    find_invoice,
    invoice_page,
    invoice_totals,
    lateness_on,
)
from portal.data.invoice_reading import lines_paying, steps_of
from portal.data.invoices import Invoice, InvoiceState
from portal.data.parameters import Parameter
from portal.data.sessions import Viewer
from portal.data.transfer_reading import find_transfer, lines_of_transfer, months_of, transfers_of
from portal.data.transfers import Transfer
from portal.database import Database
from portal.schema import migrate
from portal.security import Keyring
from tests.support import factories

MANY = 5_000_000 if os.environ.get("BENCH_FULL") else 500_000
FEW = 50_000
OF_A_PRACTICE, IN_A_LOT = 2_000, 20
ROUNDS, PRACTICES_ASKED = 80, 10
DAY = date(2026, 6, 15)
WANTED = 1.2

# `n` is the invoice, from 1 on; :practices share them in turn.
PRACTICE = "1 + (n - 1) % :practices"
TURN = "((n - 1) / :practices)"
ROWS = {
    "provider": {
        "id": "n",
        "national_id": "CAST(90000000000 + n AS varchar)",
        "profession": "'opticien'",
        "name": "'Optique ' || n",
        "email": "''",
    },
    "invoice_lot": {"id": "n", "provider_id": "1 + (n - 1) / 100", "number": "'L' || ((n - 1) % 100)"},
    "transfer": {
        "id": "n",
        "provider_id": "1 + (n - 1) / 100",
        "reference": "'V' || n",
        "paid_on": "{2024-01-10 + (n - 1) % 100 * 9}",
        "amount_cents": "100000",
        "iban_masked": "''",
    },
    "invoice": {
        "id": "n",
        "provider_id": PRACTICE,
        "number": "'F' || n",
        "lot_id": f"((n - 1) % :practices) * 100 + {TURN} / 20 + 1",
        "patient": "'Prenom' || (n * 7 % 300) || ' Nom' || (n * 13 % 3000)",
        "search": "'prenom' || (n * 7 % 300) || ' nom' || (n * 13 % 3000)",
        "care_date": f"{{2024-01-01 + {TURN} * 9 / 20}}",
        "received_on": f"{{2024-01-01 + {TURN} * 9 / 20}}",
        "channel": f"CASE {TURN} % 10 WHEN 0 THEN 'papier' ELSE 'dre' END",
        "total_cents": f"4000 + {TURN} * 37 % 9000",
        "base_cents": "1000",
        "requested_cents": f"3000 + {TURN} * 37 % 9000",
        "accepted_cents": f"CASE {TURN} % 20 WHEN 0 THEN 0 WHEN 1 THEN 0 ELSE 3000 END",
        "state": f"CASE {TURN} % 20 WHEN 0 THEN 'rejetee' WHEN 1 THEN 'recue' ELSE 'payee' END",
        "state_on": f"{{2024-01-04 + {TURN} * 9 / 20}}",
        "reject_code": "''",
        "engagement": "''",
    },
    "invoice_step": {
        "invoice_id": "n",
        "state_on": f"{{2024-01-04 + {TURN} * 9 / 20}}",
        "state": "'recue'",
        "reject_code": "''",
    },
    "remittance_line": {
        "transfer_id": "1 + (n - 1) / 20",
        "position": "1 + (n - 1) % 20",
        "invoice_number": "'F' || n",
        "invoice_id": "((n - 1) / 20 % 100 * 20 + (n - 1) % 20) * :practices + (n - 1) / 2000 + 1",
        "label": "''",
        "amount_cents": "5000",
    },
}
A_PRACTICE, A_LOT = ("provider",), ("invoice_lot", "transfer")
FILTERS = {
    "list": InvoiceFilters(),
    "patient": InvoiceFilters(patient="nom12 prenom3"),
    "state": InvoiceFilters(state=InvoiceState.REJECTED),
    "late": InvoiceFilters(is_late=True),
    "days": InvoiceFilters(since=date(2025, 3, 1), until=date(2025, 3, 31)),
    "number": InvoiceFilters(number="F1234"),
    "lot": InvoiceFilters(lot="L42"),
    "amount": InvoiceFilters(cents=5_517),
}


@dataclass(frozen=True, slots=True)
class Site:
    """A database, some of its practices, and of each a transfer and an invoice in the middle of its list."""

    database: Database
    viewers: list[Viewer]
    transfers: dict[int, int]
    invoices: dict[int, int]


Act = Callable[[Session, Site, Viewer], object]


def main() -> None:
    """Prints p50 and p95 of each act with many and with few invoices, their ratio, and the plans with many."""
    folder = Path(tempfile.mkdtemp(prefix="portal-invoices-"))
    try:
        _compare("SQLite", *(_build(f"sqlite:///{folder / str(rows)}.sqlite3", folder, rows) for rows in (MANY, FEW)))
    finally:
        shutil.rmtree(folder)
    with ExitStack() as stack:
        urls = [stack.enter_context(_kept_apart()) for _ in (MANY, FEW)]
        _compare("PostgreSQL", *(_build(url, folder, rows) for url, rows in zip(urls, (MANY, FEW), strict=True)))


@contextmanager
def _kept_apart() -> Iterator[str]:
    """Each size has a server of its own, so that the many do not push the few out of its memory."""
    with passing_postgresql() as url:
        yield url


def _build(url: str, folder: Path, rows: int) -> Site:
    since, practices = time.perf_counter(), rows // OF_A_PRACTICE
    database = Database(url)
    migrate(database)
    for table, columns in ROWS.items():
        each = 1 if table in A_PRACTICE else OF_A_PRACTICE // IN_A_LOT if table in A_LOT else OF_A_PRACTICE
        fill(database, {table: columns}, practices * each, practices=practices)
    with database.write() as db:
        for code, days in (("delai_facture_jours", 7), ("delai_facture_papier_jours", 30)):
            db.add(Parameter(code=code, label=code, unit="nombre", value=days, valid_from=date(2020, 1, 1)))
        keyring, step = Keyring(settings_in(folder)), practices // PRACTICES_ASKED
        chosen = [1 + at * step for at in range(PRACTICES_ASKED)]
        viewers = [
            factories.viewer_of(db, factories.provider_account(db, keyring, provider_id=each)) for each in chosen
        ]
        transfers = {each: _middle(db, Transfer, each) for each in chosen}
        invoices = {each: _middle(db, Invoice, each) for each in chosen}
    print(f"  {rows:,} invoices made in {url.partition(':')[0]} in {time.perf_counter() - since:.0f} s")
    return Site(database, viewers, transfers, invoices)


def _middle(db: Session, model: type[Transfer] | type[Invoice], provider_id: int) -> int:
    ids = list(db.exec(select(model.id).where(model.provider_id == provider_id).order_by(col(model.id))))
    return ids[len(ids) // 2] or 0


def _acts() -> dict[str, Act]:
    lists: dict[str, Act] = {name: _listing(filters) for name, filters in FILTERS.items()}
    return lists | {
        "next page": lambda db, site, viewer: _page(db, viewer, InvoiceFilters(), site.invoices[_practice(viewer)]),
        "an invoice": _invoice,
        "all, as a file": _export,
        "transfers": lambda db, site, viewer: transfers_of(
            db, viewer, find_transfer(db, viewer, site.transfers[_practice(viewer)]), 26
        ),
        "months": lambda db, _, viewer: months_of(db, viewer, DAY),
        "a transfer": _transfer,
    }


def _listing(filters: InvoiceFilters) -> Act:
    return lambda db, _, viewer: _page(db, viewer, filters, None)


def _page(db: Session, viewer: Viewer, filters: InvoiceFilters, after: int | None) -> None:
    late = lateness_on(db, DAY)
    if after is None:
        invoice_totals(db, viewer, filters, late)
    invoice_page(db, viewer, filters, late, after)


def _invoice(db: Session, site: Site, viewer: Viewer) -> None:
    row = find_invoice(db, viewer, site.invoices[_practice(viewer)])
    assert row is not None
    steps_of(db, row)
    assert lines_paying(db, row)


def _export(db: Session, _: Site, viewer: Viewer) -> None:
    assert sum(1 for _ in export_invoices(db, viewer, InvoiceFilters(), lateness_on(db, DAY))) == OF_A_PRACTICE


def _transfer(db: Session, site: Site, viewer: Viewer) -> None:
    row = find_transfer(db, viewer, site.transfers[_practice(viewer)])
    assert row is not None
    assert len(lines_of_transfer(db, row)) == IN_A_LOT


def _practice(viewer: Viewer) -> int:
    return viewer.provider_id or 0


def _compare(name: str, many: Site, few: Site) -> None:
    """The sizes take turns, so that a busy moment of the machine weighs on both; a first turn fills their memories.
    Undisturbed: a tenth of the turns take less, those that other work on the machine met least."""
    print(f"  {name}, {MANY:,} invoices, load of the machine {os.getloadavg()[0]:.1f}; wanted: {WANTED} × or less")
    plans: dict[str, None] = {}
    for what, act in _acts().items():
        took: dict[int, list[float]] = {MANY: [], FEW: []}
        for number in range(ROUNDS + PRACTICES_ASKED):
            for rows, site in ((MANY, many), (FEW, few)):
                took[rows].append(_timed(site, act, site.viewers[number % len(site.viewers)]))
        slow, fast = (statistics.quantiles(took[rows][PRACTICES_ASKED:], n=20) for rows in (MANY, FEW))
        plans |= dict.fromkeys(explained(many.database, lambda db, act=act: act(db, many, many.viewers[0])))
        print(
            f"    {what:<15} p50 {slow[9]:.2f} ms, p95 {slow[18]:.2f} ms; of {FEW:,}: {fast[9]:.2f} ms; "
            f"{slow[9] / fast[9]:.2f} ×, undisturbed {slow[1]:.2f} ms, {slow[1] / fast[1]:.2f} ×"
            f"{_pages(act, many, few)}"
        )
    for line in plans:
        print(f"      {line}")
    for site in (many, few):
        site.database.dispose()


def _pages(act: Act, many: Site, few: Site) -> str:
    """What PostgreSQL looks at, of a practice in the middle of each table."""
    more, fewer = (
        pages_touched(each.database, lambda db, each=each: act(db, each, each.viewers[5])) for each in (many, few)
    )
    return f"; {more} pages, {more / fewer:.2f} ×" if fewer else ""


def _timed(site: Site, act: Act, viewer: Viewer) -> float:
    since = time.perf_counter()
    with site.database.read() as db:
        act(db, site, viewer)
    return (time.perf_counter() - since) * 1000


if __name__ == "__main__":
    main()
