"""What supervisors of the demonstration find: an exceptional access to review, and a first run of the schedule."""

from datetime import timedelta

from sqlmodel import Session, select

from portal.data.accounts import Account
from portal.data.columns import utc_now
from portal.data.evidence import Action, record
from portal.data.exceptional_access import ExceptionalAccess, minutes_on
from portal.data.retention_runs import RetentionRun, begin_run, end_run
from portal.data.retention_schedule import schedule_digest
from portal.database import Database
from portal.security import Keyring

MEMBER, COLLEAGUE = "1000000024", "9000000035"
MOTIVE = "Le médiateur attend une réponse avant ce soir, et la réclamation ne dit pas de quel soin il s’agit."


def show_desk_watch(database: Database, keyring: Keyring) -> None:
    """An access that a colleague opened and that waits for its review; run again, it changes nothing."""
    with database.write() as db:
        if db.exec(select(ExceptionalAccess)).first() is None:
            _open(db, keyring)
        if db.exec(select(RetentionRun)).first() is None:
            end_run(db, begin_run(db, schedule_digest(), utc_now()), utc_now())


def _open(db: Session, keyring: Keyring) -> None:
    opener = db.exec(select(Account).where(Account.identifier == COLLEAGUE)).one()
    member = db.exec(select(Account).where(Account.identifier == MEMBER)).one()
    at = utc_now() - timedelta(hours=5)
    row = ExceptionalAccess(
        person_id=member.person_id or 0,
        opened_by=opener.id or 0,
        motive_encrypted=keyring.encrypt(MOTIVE),
        opened_at=at,
        ends_at=at + timedelta(minutes=minutes_on(db, at)),
        ended_at=at + timedelta(minutes=12),
    )
    db.add(row)
    db.flush()
    acts = [(Action.EXCEPTIONAL_ACCESS_OPENED, {"purpose": "reclamation"}, 0)]
    acts += [(Action.EXCEPTIONAL_ACCESS_READ, {"part": part}, 2) for part in ("prestations", "demandes")]
    acts.append((Action.EXCEPTIONAL_ACCESS_ENDED, {}, 12))
    for action, details, minutes in acts:
        when = at + timedelta(minutes=minutes)
        record(
            db,
            None,
            action,
            object=row.object,
            actor=opener.id,
            acting_for=member.person_id,
            details=details,
            now=when,
        )
