"""What supervisors of the demonstration find: an exceptional access to review, and a first run of the schedule."""

from datetime import timedelta

from sqlmodel import Session

from portal.data.columns import utc_now
from portal.data.evidence import Action, record
from portal.data.exceptional_access import accesses, end_access, open_access
from portal.data.retention_runs import begin_run, end_run, last_runs
from portal.data.retention_schedule import schedule_digest
from portal.database import Database
from portal.demo.viewers import viewer_of
from portal.security import Keyring

MEMBER, COLLEAGUE = "1000000024", "9000000035"
MOTIVE = "Le médiateur attend une réponse avant ce soir, et la réclamation ne dit pas de quel soin il s’agit."
# Minutes after the opening, what was done, and with which details.
ACTS: tuple[tuple[int, Action, dict[str, str]], ...] = (
    (0, Action.EXCEPTIONAL_ACCESS_OPENED, {"purpose": "reclamation"}),
    (2, Action.EXCEPTIONAL_ACCESS_READ, {"part": "prestations"}),
    (4, Action.EXCEPTIONAL_ACCESS_READ, {"part": "demandes"}),
    (12, Action.EXCEPTIONAL_ACCESS_ENDED, {}),
)


def show_desk_watch(database: Database, keyring: Keyring) -> None:
    """An access that a colleague opened and that waits for its review; run again, it changes nothing."""
    with database.write() as db:
        if not accesses(db, viewer_of(db, COLLEAGUE), keyring, 1):
            _open(db, keyring)
        if not last_runs(db, 1):
            end_run(db, begin_run(db, schedule_digest(), utc_now()), utc_now())


def _open(db: Session, keyring: Keyring) -> None:
    opener, person_id = viewer_of(db, COLLEAGUE), viewer_of(db, MEMBER).person_id or 0
    at = utc_now() - timedelta(hours=5)
    access, _ = open_access(db, opener, keyring, person_id, MOTIVE, at)
    end_access(db, opener, person_id, at + timedelta(minutes=ACTS[-1][0]))
    for minutes, action, details in ACTS:
        when = at + timedelta(minutes=minutes)
        record(db, opener, action, object=access.object, acting_for=person_id, details=details, now=when)
