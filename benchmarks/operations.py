"""What `/metrics` costs: 50 000 open cases, a million rows of evidence, four hundred routes that were asked for."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from sqlalchemy import text

from portal.data.columns import utc_now
from portal.data.operation_figures import operation_figures
from portal.database import Database
from portal.meters import Meters
from portal.operation_metrics import figure_metrics
from portal.schema import migrate

CASES, ROWS, ROUTES = 50_000, 1_000_000, 400
_CASES = """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)
INSERT INTO case_file (reference, kind, space, state, version, opened_at, changed_at, sent_at, due_at)
SELECT 'R' || i, CASE i % 3 WHEN 0 THEN 'remboursement' WHEN 1 THEN 'reclamation' ELSE 'message' END, 'adherent',
       CASE i % 3 WHEN 0 THEN 'envoyee' WHEN 1 THEN 'en_instruction' ELSE 'a_completer' END,
       1, :now, :now, :now, datetime(:now, (i % 60 - 20) || ' days') FROM n"""
_ROWS = """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)
INSERT INTO evidence (seq, at, action, object, outcome, reason, commitment, prev_hash, hash)
SELECT i, :now, 'benefits.read', '', 'ok', '', '', 'a', 'b' FROM n"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/portal.sqlite3")
        migrate(database)
        now = utc_now()
        with database.write() as db:
            for statement, count in ((_CASES, CASES), (_ROWS, ROWS)):
                db.execute(text(statement), {"count": count, "now": f"{now:%Y-%m-%d %H:%M:%S.%f}"})
        with database.read() as db:
            figures = operation_figures(db, now)
        meters = Meters()
        for number in range(ROUTES):
            meters.count(f"/adherent/{number}", "GET", 200, 0.01)
        told = _median_ms(lambda: _read(database))
        written = _median_ms(lambda: meters.text(figure_metrics(figures, now, Path(folder), maintenance=False)))
        print(f"  figures {told:.1f} ms, text {written:.1f} ms (wanted: 20 ms together)")
        database.dispose()


def _read(database: Database) -> None:
    with database.read() as db:
        operation_figures(db, utc_now())


def _median_ms(act: Callable[[], object]) -> float:
    took = []
    for _ in range(9):
        begun = time.process_time()
        act()
        took.append((time.process_time() - begun) * 1000)
    return median(took)
