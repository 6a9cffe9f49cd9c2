"""What a person objects to, at once and without a reason (GDPR 21(2) and (3); R-70): being canvassed, being profiled.

The portal canvasses and profiles nobody. The insurer's other tools read `objecting_persons` and `objecting_accounts`
before they do.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.accounts import Account
from portal.data.case_turns import in_turn
from portal.data.columns import Index, instant
from portal.data.persons import Person
from portal.data.sessions import Viewer
from portal.data.visibility import is_representative


class Purpose(StrEnum):
    """Values are stored."""

    MARKETING = "prospection"
    PROFILING = "profilage"


class DataObjection(SQLModel, table=True):
    """An objection, until `ended_at`. It outlives the account of a person: `account_id` is then empty."""

    __tablename__ = "data_objection"
    __table_args__ = (
        Index("ix_data_objection_account", "account_id", "purpose"),
        Index("ix_data_objection_person", "person_id", "purpose"),
    )

    id: int | None = Field(default=None, primary_key=True)
    account_id: int | None = Field(default=None, foreign_key="account.id")
    person_id: int | None = Field(default=None, foreign_key="person.id")
    purpose: str
    made_at: datetime = instant()
    ended_at: datetime | None = instant(default=None)


def objections_of(db: Session, viewer: Viewer) -> list[DataObjection]:
    """The viewer's, the newest first, those taken back among them: a person's also under an account that is gone."""
    mine, person_id = col(DataObjection.account_id) == viewer.account_id, _own_person(viewer)
    if person_id is not None:
        mine |= col(DataObjection.person_id) == person_id
    query = select(DataObjection).where(mine)
    return list(db.exec(query.order_by(col(DataObjection.id).desc())))


def objected(db: Session, viewer: Viewer) -> set[Purpose]:
    """What the viewer objects to now."""
    return {Purpose(row.purpose) for row in objections_of(db, viewer) if row.ended_at is None}


def choose_objections(
    db: Session, viewer: Viewer, wanted: set[Purpose], now: datetime
) -> tuple[set[Purpose], set[Purpose]]:
    """Objects to what is wanted, and to nothing else; what is new, and what is taken back. Effective at once."""
    in_turn(db, viewer)
    before = objected(db, viewer)
    for row in objections_of(db, viewer):
        if row.ended_at is None and Purpose(row.purpose) not in wanted:
            row.ended_at = now
            db.add(row)
    person_id = _own_person(viewer)
    for purpose in sorted(wanted - before):
        db.add(DataObjection(account_id=viewer.account_id, person_id=person_id, purpose=purpose, made_at=now))
    db.flush()
    return wanted - before, before - wanted


def object_for(db: Session, person_id: int, account_id: int | None, purpose: Purpose, at: datetime) -> bool:
    """Keeps an objection that somebody made otherwise than online, from that instant on; False when they object
    already. The caller has locked the person's row. `account_id`: the person's own, if any."""
    theirs = (DataObjection.person_id == person_id, DataObjection.purpose == purpose)
    if db.exec(select(DataObjection.id).where(*theirs, col(DataObjection.ended_at).is_(None))).first() is not None:
        return False
    db.add(DataObjection(account_id=account_id, person_id=person_id, purpose=purpose, made_at=at))
    db.flush()
    return True


def objecting_persons(db: Session, purpose: Purpose) -> Sequence[str]:
    """The insurer's references of the persons who object, in order: the list that its other tools honour. No viewer: a
    program of the insurer asks."""
    still = (DataObjection.purpose == purpose, col(DataObjection.ended_at).is_(None))
    joined = select(Person.reference).join(DataObjection, col(DataObjection.person_id) == Person.id)
    return db.exec(joined.where(*still).distinct().order_by(Person.reference)).all()


def objecting_accounts(db: Session, purpose: Purpose) -> Sequence[str]:
    """The identifiers of the accounts that object and are no covered person's own (employers, professionals, whoever
    represents somebody), in order. No viewer, as above."""
    still = (DataObjection.purpose == purpose, col(DataObjection.ended_at).is_(None))
    joined = select(Account.identifier).join(DataObjection, col(DataObjection.account_id) == Account.id)
    bare = joined.where(*still, col(DataObjection.person_id).is_(None))
    return db.exec(bare.distinct().order_by(Account.identifier)).all()


def _own_person(viewer: Viewer) -> int | None:
    """A representative objects for nobody else."""
    return None if is_representative(viewer) else viewer.person_id
