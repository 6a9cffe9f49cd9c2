"""How many checks of rights a practice makes on a normal day: worked out once a day, since a hospital's four weeks are
long to count (R-62)."""

from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlmodel import Field, Session, SQLModel

from portal.formatting import day_in_france

USUAL = timedelta(days=28)


class RightsUsual(SQLModel, table=True):
    """A practice's normal day, as it was on `day`."""

    __tablename__ = "rights_usual"

    provider_id: int = Field(primary_key=True, foreign_key="provider.id", sa_column_kwargs={"autoincrement": False})
    day: date
    checks: int


def usual_day(db: Session, provider_id: int, now: datetime, *, may_keep: bool = False) -> int:
    """How many checks the practice makes on a day on which it makes any, over four weeks, the last day left out.

    `may_keep`: the caller writes, and holds the practice's row; the figure is kept for the rest of the day.
    """
    today = day_in_france(now)
    kept = db.get(RightsUsual, provider_id)
    if kept is not None and kept.day == today:
        return kept.checks
    checks = _worked_out(db, provider_id, now)
    if may_keep:
        db.merge(RightsUsual(provider_id=provider_id, day=today, checks=checks))
        db.flush()
    return checks


def _worked_out(db: Session, provider_id: int, now: datetime) -> int:
    checks = SQLModel.metadata.tables["rights_check"]
    before = (checks.c.asked_at > now - USUAL, checks.c.asked_at < now - timedelta(days=1))
    days = func.count(func.distinct(func.date(checks.c.asked_at)))
    query = select(func.count(), days).where(checks.c.provider_id == provider_id, *before)
    total, active = db.connection().execute(query).one()
    return int(total // active) if active else 0
