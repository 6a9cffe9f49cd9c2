"""The desk's queue: 50 000 requests that wait, of every kind, among a million that are over, on both databases (R-05).

The list with its filters' counts, within the process (wanted: 20 ms or less); how the database finds the rows; what
taking the next request costs.
"""

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from litestar.testing import TestClient
from sqlmodel import Session

from benchmarks.covered_persons import fill, settings_in
from benchmarks.plans import explained
from benchmarks.sites import passing_postgresql
from portal.app import create_app
from portal.data.accounts import Account
from portal.data.sessions import Viewer
from portal.data.work_acts import take_next
from portal.data.work_items import DUTY_OF, Turn
from portal.data.work_queue import QueueFilters, Watch, When, queue_counts, queue_page
from portal.data.work_views import keep_view
from portal.database import Database
from portal.schema import migrate
from portal.security import Keyring
from portal.sessions import SESSION, make_cookie
from portal.settings import Settings
from tests.support import factories

OPEN, OVER = (50_000, 1_000_000) if os.environ.get("BENCH_FULL") else (50_000, 200_000)
ROUNDS, AGENTS = 60, 20
TODAY = datetime.now(UTC)
FIRST_DAY = (TODAY - timedelta(days=10)).date().isoformat()
KINDS = sorted(DUTY_OF)

KIND = "CASE n % 14 " + " ".join(f"WHEN {at} THEN '{kind}'" for at, kind in enumerate(KINDS)) + " END"
IS_OPEN = "n % :spread = 0"
ROWS = {
    "case_file": {
        "id": "n",
        "reference": "'D-' || n",
        "kind": KIND,
        "space": "'adherent'",
        "state": f"CASE WHEN {IS_OPEN} THEN 'envoyee' ELSE 'acceptee' END",
        "version": "2",
        **dict.fromkeys(("opened_at", "changed_at", "sent_at"), "{" + FIRST_DAY + " + n % 10}"),
    },
    "work_item": {
        "id": "n",
        "kind": KIND,
        "space": "CASE n % 5 WHEN 0 THEN 'employeur' WHEN 1 THEN 'professionnel' ELSE 'adherent' END",
        "case_id": "n",
        "turn": f"CASE WHEN {IS_OPEN} THEN 'gestion' WHEN n % 40 = 1 THEN 'personne' ELSE 'fini' END",
        "urgency": "CASE WHEN n % 997 = 0 THEN 0 ELSE 2 END",
        "since": "{" + FIRST_DAY + " + n % 10}",
        "due_at": "{" + FIRST_DAY + " + n * 7919 % 90}",
        "order_at": "{" + FIRST_DAY + " + n * 7919 % 90}",
        "assignee_id": "CASE WHEN n / :spread % 3 = 0 THEN 1 + n / :spread / 3 % :agents END",
    },
}
SHOWN = {
    "": QueueFilters(),
    "?qui=moi": QueueFilters(holder=1),
    "?qui=personne": QueueFilters(is_free=True),
    "?delai=retard": QueueFilters(when=When.LATE),
    "?delai=bientot&qui=personne": QueueFilters(when=When.SOON, is_free=True),
    "?delai=aujourdhui": QueueFilters(when=When.TODAY),
    "?nature=reclamation&delai=retard": QueueFilters(kind="reclamation", when=When.LATE),
    "?espace=gestion": QueueFilters(space="gestion"),
    "?suivi=escalade": QueueFilters(watch=Watch.ESCALATED),
    "?suivi=veille": QueueFilters(watch=Watch.SNOOZED),
    "?tour=fini": QueueFilters(turn=Turn.NOBODY),
    "?reference=D-0000-0021": QueueFilters(reference="D-21"),
}


def main() -> None:
    """Prints p50 and p95 of the list's page with each filter, of its parts, of the next request; and the plans."""
    folder = Path(tempfile.mkdtemp(prefix="portal-queue-"))
    try:
        _measure("SQLite", f"sqlite:///{folder / 'queue.sqlite3'}", folder / "sqlite")
        with passing_postgresql() as url:
            _measure("PostgreSQL", url, folder / "postgresql")  # signs checkpoints of its own
    finally:
        shutil.rmtree(folder)


def _measure(name: str, url: str, folder: Path) -> None:
    settings = settings_in(folder).model_copy(update={"database_url": url, "worker": "separate"})
    database, keyring = Database(url), Keyring(settings)
    since = time.perf_counter()
    agents = _build(database, keyring)
    load = os.getloadavg()[0]
    print(f"  {name}, {OPEN:,} open among {OVER:,}, made in {time.perf_counter() - since:.0f} s; load {load:.1f}")
    _tell_pages(database, settings, agents[0])
    viewer = _viewer(database, agents[0])
    with database.read() as db:
        for query, filters in SHOWN.items():
            _tell(f"rows {query}", lambda filters=filters: queue_page(db, viewer, keyring, filters, TODAY))  # type: ignore[misc]
            _tell(f"count {query}", lambda filters=filters: queue_counts(db, viewer, keyring, [filters], TODAY))  # type: ignore[misc]
    plans: dict[str, None] = {}
    for filters in SHOWN.values():
        plans |= dict.fromkeys(explained(database, lambda db, filters=filters: _asked(db, viewer, keyring, filters)))  # type: ignore[misc]
    for line in plans:
        print(f"      {line}")
    _tell("next request", lambda: _next(database, keyring, viewer))
    database.dispose()


def _build(database: Database, keyring: Keyring) -> list[Account]:
    """The rows, and agents charged with everything, one of whom keeps three filters."""
    migrate(database)
    with database.write() as db:
        agents = [factories.desk_account(db, keyring) for _ in range(AGENTS)]
        viewer = factories.viewer_of(db, agents[0])
        for query in ("nature=reclamation", "espace=employeur&qui=personne", "delai=bientot&nature=devis"):
            keep_view(db, viewer, query, query, TODAY)
    spread = (OPEN + OVER) // OPEN
    fill(database, ROWS, OPEN + OVER, spread=spread, agents=AGENTS)
    return agents


def _tell_pages(database: Database, settings: Settings, agent: Account) -> None:
    """The whole answer, from the request to the HTML, by the application itself."""
    with database.write() as db:
        token = factories.session_token(db, agent)
    with TestClient(create_app(settings), base_url=settings.origin) as client:
        services = client.app.state.services
        cookie = make_cookie(services, SESSION, token)
        client.cookies.set(cookie.key, str(cookie.value))
        for query in SHOWN:
            answer = client.get(f"/gestion/file{query}")
            assert "Dossiers à traiter" in answer.text, answer.url
            _tell(f"page {query}", lambda query=query: client.get(f"/gestion/file{query}"))  # type: ignore[misc]
        _tell("start page", lambda: client.get("/gestion"))


def _viewer(database: Database, account: Account) -> Viewer:
    with database.write() as db:
        viewer: Viewer = factories.viewer_of(db, account)
        return viewer


def _asked(db: Session, viewer: Viewer, keyring: Keyring, filters: QueueFilters) -> None:
    queue_page(db, viewer, keyring, filters, TODAY)
    queue_counts(db, viewer, keyring, [filters], TODAY)


def _next(database: Database, keyring: Keyring, viewer: Viewer) -> None:
    with database.write() as db:
        assert take_next(db, viewer, keyring, TODAY) is not None


def _tell(name: str, act: Callable[[], object]) -> None:
    """Also what the process spends on it, which other work on the machine does not change."""
    took, spent = [], []
    for _ in range(ROUNDS):
        since, before = time.perf_counter(), time.process_time()
        act()
        took.append((time.perf_counter() - since) * 1000)
        spent.append((time.process_time() - before) * 1000)
    slow = sorted(took)[int(ROUNDS * 0.95) - 1]
    told = f"p50 {statistics.median(took):6.2f} ms  p95 {slow:6.2f} ms  CPU {statistics.median(spent):6.2f} ms"
    print(f"    {name:<40} {told}", flush=True)


if __name__ == "__main__":
    main()
