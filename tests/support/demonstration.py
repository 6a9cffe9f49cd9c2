"""The demonstration: its files imported, or the whole of it prepared; and every line of a database explained."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from sqlmodel import Session

from portal.data.columns import utc_now
from portal.data.explanation import Explanation, _facts, _line_query, _rule_in_force, explain_line  # the same query
from portal.data.recomputation import Grounds
from portal.data.sessions import Viewer
from portal.database import Database
from portal.demo.generator import Options, write_demo_data
from portal.demo.reference import Reference
from portal.demo.site import READY, demo_settings, prepare
from portal.importing.registry import KINDS
from portal.importing.run import Request, run_import
from portal.security import Keyring
from portal.settings import Settings

TODAY = date(2026, 11, 24)
OPTIONS = Options(members=20, history=2, seed=7, today=TODAY)
ORIGIN = "https://portal.test"


def import_demo(database: Database, settings: Settings, folder: Path, options: Options = OPTIONS) -> None:
    """Writes the demonstration's files under `folder` and imports them all; any rejected row fails."""
    write_demo_data(options, folder)
    for name, kind in KINDS.items():
        report = run_import(
            database, Keyring(settings), Request(kind, folder / f"{name}.csv", folder / "rejects.csv", is_strict=True)
        )
        assert report.rejected == 0, (folder / "rejects.csv").read_text()


def prepare_small(folder: Path) -> list[str]:
    """Prepares a demonstration of three members, or what it lacks; returns what it told."""
    told: list[str] = []
    prepare(folder, demo_settings(folder, ORIGIN), members=3, years=1, seed=1, tell=told.append)
    return told


def prepare_twice(folder: Path) -> None:
    """Prepares a demonstration of eight members, then once more, as one that was interrupted is."""
    for _ in range(2):
        (folder / READY).unlink(missing_ok=True)
        prepare(folder, demo_settings(folder, ORIGIN), members=8, years=1, seed=42, tell=lambda _: None)


def explain_every_line(db: Session) -> Iterator[Explanation]:
    """Each line of the database explained, from what one query loads and the demonstration's dated tables."""
    reference = Reference()
    by_person = defaultdict(list)
    for row in db.connection().execute(_line_query()):
        by_person[row.person_id].append((row, _facts(row)))
    for pairs in by_person.values():
        history = [line for _, line in pairs]
        for row, line in pairs:
            tariff = reference.tariff(line.act_code, line.care_date)
            grounds = Grounds(row.birth_date, tariff, reference.figures.on(line.care_date), None)
            yield explain_line(line, grounds, _rule_in_force(row), history)


def viewer_of(person_id: int | None, account_id: int = 1) -> Viewer:
    """A signed-in member or dependant."""
    return Viewer(
        account_id, "adherent", "adherent", "Test", "", person_id, "complete", "0" * 64, None, None, utc_now()
    )
