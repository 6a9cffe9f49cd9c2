"""What the portal told, or did, of a date that comes near: once for each request and stage, whatever runs again."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, Session, SQLModel, select

from portal.data.columns import instant


class ClockStage(StrEnum):
    """ACKNOWLEDGE: an acknowledgment is due soon. ACKNOWLEDGED: the portal acknowledged, since nobody had. ANSWER: an
    answer is due soon. DELAYED: its author was told that it would not come in time. LATE: its date went by. Stored."""

    ACKNOWLEDGE = "accuse-proche"
    ACKNOWLEDGED = "accuse-automatique"
    ANSWER = "reponse-proche"
    DELAYED = "attente-annoncee"
    LATE = "retard"


class ClockNotice(SQLModel, table=True):
    """A stage that a request at the desk came to, and when the portal said so."""

    __tablename__ = "clock_notice"

    item_id: int = Field(primary_key=True, foreign_key="work_item.id", sa_column_kwargs={"autoincrement": False})
    stage: str = Field(primary_key=True)
    told_at: datetime = instant()


def note_stage(db: Session, item_id: int, stage: ClockStage, now: datetime) -> bool:
    """Keeps that the stage was told; False when it was before. The caller holds the request's lock."""
    if db.get(ClockNotice, (item_id, stage)) is not None:
        return False
    db.add(ClockNotice(item_id=item_id, stage=stage, told_at=now))
    db.flush()
    return True


def stages_of(db: Session, item_id: int) -> list[ClockNotice]:
    """The stages that a request came to, the first one first. The caller has found the request."""
    query = select(ClockNotice).where(ClockNotice.item_id == item_id)
    return sorted(db.exec(query), key=lambda notice: notice.told_at)
