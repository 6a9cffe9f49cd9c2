"""When the portal was last backed up, and what the copy holds. About nobody."""

from datetime import datetime

from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.columns import BIG, instant


class BackupRun(SQLModel, table=True):
    """A copy that was made whole. `name`: its folder's; `size` in bytes; `head`: the last row of evidence in it."""

    __tablename__ = "backup_run"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    made_at: datetime = instant()
    size: int = Field(sa_type=BIG)
    files: int
    head: int = Field(sa_type=BIG)


def keep_backup(db: Session, name: str, made_at: datetime, size: int, files: int, head: int) -> None:
    """Notes a copy that is whole."""
    db.add(BackupRun(name=name, made_at=made_at, size=size, files=files, head=head))
    db.flush()


def last_backup(db: Session) -> BackupRun | None:
    """The newest copy."""
    return db.exec(select(BackupRun).order_by(col(BackupRun.id).desc()).limit(1)).first()
