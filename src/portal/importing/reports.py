"""An import that leaves a report, whatever becomes of it: in transactions of its own, before the work and after it."""

import getpass
import os

from portal.data.columns import utc_now
from portal.data.import_runs import RunState, begin_run, end_run
from portal.database import Database
from portal.importing.problems import UnreadableFile
from portal.importing.run import Report, Request, run_import
from portal.security import Keyring


def reported_import(database: Database, keyring: Keyring, request: Request) -> Report:
    """As `run_import`, which it calls; raises what that raises."""
    name = os.fsencode(request.path.name).decode(errors="replace")
    with database.write() as db:
        run = begin_run(db, request.kind.name, name, _operator(), utc_now())
    report = Report()
    try:
        run_import(database, keyring, request, report)
    except BaseException as error:
        _end(database, run, *_failure(error))
        raise
    _end(database, run, _state(request, report), report=report)
    return report


def _failure(error: BaseException) -> tuple[RunState, str]:
    """What of an error may be kept: an unreadable file's words, which are ours; of others, the class alone."""
    if isinstance(error, UnreadableFile):
        return RunState.UNREADABLE, str(error)
    return RunState.FAILED, type(error).__name__


def _state(request: Request, report: Report) -> RunState:
    if request.is_dry_run:
        return RunState.DRY_RUN
    return RunState.DONE if report.is_committed else RunState.STRICT


def _end(database: Database, run: int, state: RunState, reason: str = "", report: Report | None = None) -> None:
    counts, digest = (report.counts, report.sha256) if report else ({}, "")
    with database.write() as db:
        end_run(db, run, state, utc_now(), counts, digest, reason)


def _operator() -> str:
    """Who ran the command, as the server knows them; a container may know nobody."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
