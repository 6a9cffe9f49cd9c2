"""The place around which somebody looks for professionals by habit: kept on demand, forgotten on demand (R-24)."""

from datetime import datetime
from typing import NamedTuple

from sqlmodel import Field, Session, SQLModel

from portal.data.columns import instant
from portal.data.sessions import Viewer
from portal.places.distance import Position

DECIMALS = 3
LONGEST = 200


class SavedPlace(SQLModel, table=True):
    """One an account. `label`: as it was found, « Lyon (69) »; degrees to three decimals, some hundred metres."""

    __tablename__ = "saved_place"

    account_id: int = Field(primary_key=True, foreign_key="account.id", sa_column_kwargs={"autoincrement": False})
    label: str
    latitude: float
    longitude: float
    saved_at: datetime = instant()


class Home(NamedTuple):
    """A saved place, as searches use it."""

    label: str
    position: Position


def saved_place(db: Session, viewer: Viewer) -> Home | None:
    """The viewer's."""
    row = db.get(SavedPlace, viewer.account_id)
    return Home(row.label, Position(row.latitude, row.longitude)) if row else None


def save_place(db: Session, viewer: Viewer, home: Home, now: datetime) -> None:
    """Keeps the viewer's place, instead of the one before; cut to `LONGEST` signs and `DECIMALS`."""
    latitude, longitude = (round(degrees, DECIMALS) for degrees in home.position)
    row = db.get(SavedPlace, viewer.account_id) or SavedPlace(
        account_id=viewer.account_id, label="", latitude=0, longitude=0
    )
    row.label, row.latitude, row.longitude, row.saved_at = home.label[:LONGEST], latitude, longitude, now
    db.add(row)
    db.flush()


def forget_place(db: Session, viewer: Viewer) -> bool:
    """Forgets the viewer's place; whether there was one."""
    row = db.get(SavedPlace, viewer.account_id)
    if row is not None:
        db.delete(row)
        db.flush()
    return row is not None
