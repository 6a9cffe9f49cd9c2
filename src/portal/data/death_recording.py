"""Recording somebody's death at the desk, and undoing it when it was a mistake (R-63, R-70, R-72).

In one transaction: the person's cover ends with the day of the death, the accounts close and their sessions end, what
was to be written to them is not, the desk has what follows in its queue, and a letter for the family waits to be
posted. Cover of others on the same contracts does not change. Undoing gives back what was changed, save what somebody
changed since.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_
from sqlmodel import Session, col, select

from portal.data import desk_departures
from portal.data.accounts import Account, AccountClosing
from portal.data.coverage import Beneficiary
from portal.data.death_follow import follow
from portal.data.deaths import Death, DeathCover, Proof, death_of
from portal.data.files import NewFile, keep_file
from portal.data.parties import is_near_to
from portal.data.persons import Person
from portal.data.reopenings import reopen
from portal.data.sessions import Viewer
from portal.data.withdrawn_letters import withdraw_letters
from portal.data.work_items import Duty, Turn, duties_of, follow_death
from portal.security import Keyring

# What anybody reads who comes to a closed account by its password: it may not be its holder.
CLOSING_REASON = "Ce compte n’est plus utilisé. Pour toute question, écrivez-nous ou appelez-nous."
LONGEST_TOLD, LONGEST_REFERENCE = 200, 80


@dataclass(frozen=True, slots=True)
class Told:
    """What the agent was told. `reference`: of the certificate that was seen; `file`: the one that is kept."""

    died_on: date
    proof: Proof
    told_by: str
    reference: str = ""
    file: NewFile | None = None


class NotAllowed(Exception):
    """The viewer has not the duty, or is near to the person; or there is no such person."""


class AlreadyRecorded(Exception):
    """Somebody recorded it before; `death` is that one."""

    def __init__(self, death: Death) -> None:
        super().__init__()
        self.death = death


def may_handle(db: Session, viewer: Viewer, person_id: int) -> bool:
    """Whether the viewer records a death of this person, and does what follows: charged with rights over data, and
    neither the person nor a relative."""
    if Duty.PRIVACY not in duties_of(db, viewer) or db.get(Person, person_id) is None:
        return False
    return not is_near_to(db, viewer.account_id, persons={person_id}, accounts=set())


def record_death(
    db: Session, viewer: Viewer, keyring: Keyring, person_id: int, told: Told, now: datetime
) -> tuple[Death, list[Account]]:
    """The death, and the accounts that it closed. Raises `NotAllowed`, `AlreadyRecorded`: of two agents at once, one
    records it."""
    person = db.get(Person, person_id, with_for_update=True)
    if person is None or not may_handle(db, viewer, person_id):
        raise NotAllowed
    if (before := death_of(db, person_id)) is not None:
        raise AlreadyRecorded(before)
    death = _death(db, viewer, keyring, person_id, told, now)
    _end_cover(db, death)
    closed = [each for each in _accounts(db, person_id) if _close(db, viewer, keyring, each, now)]
    withdraw_letters(db, [each.id or 0 for each in _accounts(db, person_id)], now)
    follow(db, death, now)
    return death, closed


def undo_death(
    db: Session, viewer: Viewer, keyring: Keyring, death_id: int, reason: str, now: datetime
) -> tuple[Death, list[Account]] | None:
    """Takes a death back, for a reason that the person reads; the accounts that it opens again, save those which were
    erased meanwhile. None when it was undone before. Raises `NotAllowed`."""
    death = db.get(Death, death_id, with_for_update=True, populate_existing=True)
    if death is None or not may_handle(db, viewer, death.person_id):
        raise NotAllowed
    if death.undone_at is not None:
        return None
    death.undone_at, death.undone_by = now, viewer.account_id
    death.undone_reason_encrypted = keyring.encrypt(reason)
    db.add(death)
    db.flush()
    _give_cover_back(db, death)
    follow_death(db, death_id, Turn.NOBODY, None, now)
    return death, [each for each in _closed_by(db, death) if reopen(db, viewer, each, reason, now)]


def _death(db: Session, viewer: Viewer, keyring: Keyring, person_id: int, told: Told, now: datetime) -> Death:
    file = keep_file(db, None, told.file, now) if told.file else None
    row = Death(
        person_id=person_id,
        died_on=told.died_on,
        proof=told.proof,
        reference_encrypted=keyring.encrypt(told.reference) if told.reference else None,
        file_id=file.id if file else None,
        told_by_encrypted=keyring.encrypt(told.told_by),
        recorded_at=now,
        recorded_by=viewer.account_id,
    )
    db.add(row)
    db.flush()
    return row


def _end_cover(db: Session, death: Death) -> None:
    """Periods that would begin later have no day to end with: whoever asks about rights knows of the death besides."""
    goes_on = or_(col(Beneficiary.valid_to).is_(None), col(Beneficiary.valid_to) > death.died_on)
    running = (Beneficiary.person_id == death.person_id, Beneficiary.valid_from <= death.died_on, goes_on)
    query = select(Beneficiary).where(*running).order_by(col(Beneficiary.id)).with_for_update()
    for row in db.exec(query.execution_options(populate_existing=True)).all():
        db.add(DeathCover(death_id=death.id or 0, beneficiary_id=row.id or 0, valid_to=row.valid_to))
        row.valid_to = death.died_on
        db.add(row)
    db.flush()


def _give_cover_back(db: Session, death: Death) -> None:
    """What was changed since the death was recorded is somebody else's word: it stays."""
    query = (
        select(Beneficiary, DeathCover)
        .join(DeathCover, col(DeathCover.beneficiary_id) == Beneficiary.id)
        .where(DeathCover.death_id == death.id, Beneficiary.valid_to == death.died_on)
    )
    for row, before in db.exec(query.with_for_update(of=Beneficiary)).all():
        row.valid_to = before.valid_to
        db.add(row)
    db.flush()


def _accounts(db: Session, person_id: int) -> Sequence[Account]:
    query = select(Account).where(Account.person_id == person_id).order_by(col(Account.id))
    return db.exec(query.with_for_update()).all()


def _close(db: Session, viewer: Viewer, keyring: Keyring, account: Account, now: datetime) -> bool:
    return desk_departures.close(db, viewer, keyring, account, CLOSING_REASON, now)


def _closed_by(db: Session, death: Death) -> Sequence[Account]:
    """The accounts that this very death closed."""
    query = (
        select(Account)
        .join(AccountClosing, col(AccountClosing.account_id) == Account.id)
        .where(Account.person_id == death.person_id, AccountClosing.closed_at == death.recorded_at)
        .order_by(col(Account.id))
    )
    return db.exec(query.with_for_update(of=Account)).all()
