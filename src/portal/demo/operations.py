"""Reports of imports that kept nothing, beside those of the demonstration's own files: for the supervisors' page."""

from datetime import timedelta

from portal.data.columns import utc_now
from portal.data.import_runs import RunState, begin_run, end_run, last_runs
from portal.database import Database

UNREADABLE = "prestations-octobre.csv"
STRICT = "adherents-octobre.csv"
WHY = "La première ligne ne nomme pas les colonnes attendues."


def show_operations(database: Database) -> None:
    """A file that could not be read, and one that was refused whole; once."""
    now = utc_now()
    with database.write() as db:
        if any(run.file_name == UNREADABLE for run in last_runs(db)):
            return
        strict = begin_run(db, "persons", STRICT, "exploitation", now - timedelta(hours=3))
        counts = {"created": 12, "updated": 410, "unchanged": 9000, "rejected": 3}
        end_run(db, strict, RunState.STRICT, now - timedelta(hours=3), counts, "5f" * 32)
        unreadable = begin_run(db, "benefit-lines", UNREADABLE, "exploitation", now - timedelta(hours=2))
        end_run(db, unreadable, RunState.UNREADABLE, now - timedelta(hours=2), {}, "", WHY)
