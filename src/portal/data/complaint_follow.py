"""What an agent charged with complaints notes of one that waits: why its answer is late, that the mediator was asked.

The author is told of a delay, with its reason, and of the mediator (ACPR recommendation 2022-R-01).
"""

from datetime import date, datetime

from sqlmodel import Session

from portal.data.case_desk import Agent, Tell, lock_for_desk
from portal.data.case_messages import add_message
from portal.data.cases import Case, WrongState, touch
from portal.data.complaints import KIND, Complaint, Told, told_of
from portal.data.desk_cases import AtDesk
from portal.formatting import day_in_france
from portal.security import Keyring


class MediatedOutside(ValueError):
    """The mediator cannot have been asked on that day: before the complaint, or in days to come."""


def complaint_at_desk(db: Session, keyring: Keyring, at_desk: AtDesk) -> Told | None:
    """The complaint that an agent opened (`case_at_desk`); None for a case of another kind."""
    return told_of(db, keyring, at_desk.case) if at_desk.case.kind == KIND else None


def announce_delay(
    db: Session, agent: Agent, keyring: Keyring, told: Told, why: str, tell: Tell, now: datetime
) -> Case:
    """Tells a complaint's author why the answer takes longer; `tell`: the letter, in this transaction.

    Raises `WrongState` once it is over, or was told; `CaseMoved`.
    """
    case, row = _locked(db, agent, told)
    if case.is_over or row.delayed_at is not None:
        raise WrongState
    row.delayed_at = now
    db.add(row)
    add_message(db, agent, keyring, case, why, now)
    touch(db, case, now)
    tell(db, case)
    return case


def note_mediator(db: Session, agent: Agent, told: Told, day: date, now: datetime) -> Case:
    """Notes when the mediator was asked, as the insurer learnt it. Raises `MediatedOutside`, `CaseMoved`."""
    case, row = _locked(db, agent, told)
    if not day_in_france(case.sent_at or now) <= day <= day_in_france(now):
        raise MediatedOutside
    row.mediator_on = day
    db.add(row)
    touch(db, case, now)
    return case


def _locked(db: Session, agent: Agent, told: Told) -> tuple[Case, Complaint]:
    case = lock_for_desk(db, agent, told.case.id or 0, told.case.version)
    if case is None:
        raise WrongState
    return case, db.get_one(Complaint, case.id, populate_existing=True)
