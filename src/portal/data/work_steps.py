"""What agents did with a request, among themselves: who took it, handed it over, put it to sleep, and what they noted.

Nothing here is shown to whom the request is about. What is written about a person is personal data all the same: it is
given on demand (article 15 of the GDPR, ADR 33), and goes with the person's account.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.accounts import Account
from portal.data.cases import Case
from portal.data.columns import Index, instant
from portal.data.fraud import FraudReport
from portal.data.work_items import WorkItem
from portal.security import Keyring

LONGEST_TEXT = 1000


class WorkAct(StrEnum):
    """Values are stored, and part of the evidence."""

    TAKEN = "prise-en-charge"
    ASSIGNED = "transmission"
    GIVEN_BACK = "remise"
    ESCALATED = "escalade"
    SETTLED = "fin-escalade"
    SNOOZED = "veille"
    WOKEN = "reveil"
    NOTED = "note"


class WorkStep(SQLModel, table=True):
    """One act. `by`: none for the portal itself; `about_id`: the account whose request it is; `to_id`: who got it;
    `until`: asleep till then; the words are encrypted."""

    __tablename__ = "work_step"
    __table_args__ = (Index("ix_work_step_item", "item_id", "id"), Index("ix_work_step_about", "about_id"))

    id: int | None = Field(default=None, primary_key=True)
    item_id: int = Field(foreign_key="work_item.id")
    about_id: int | None = Field(default=None, foreign_key="account.id")
    act: str
    at: datetime = instant()
    by: int | None = Field(default=None, foreign_key="account.id")
    to_id: int | None = Field(default=None, foreign_key="account.id")
    until: datetime | None = instant(default=None)
    text_encrypted: bytes | None = None


@dataclass(frozen=True, slots=True)
class ToldStep:
    """An act as agents read it; `by`, `to`: names, empty for nobody."""

    act: WorkAct
    at: datetime
    by: str
    to: str
    until: datetime | None
    text: str


def add_step(
    db: Session,
    keyring: Keyring,
    item: WorkItem,
    act: WorkAct,
    now: datetime,
    *,
    by: int | None,
    to: int | None = None,
    until: datetime | None = None,
    text: str = "",
) -> None:
    """Keeps what an agent did; `by`: None for an operator at the server."""
    sealed = keyring.encrypt(text) if text else None
    row = {"act": act, "at": now, "by": by, "to_id": to, "until": until, "text_encrypted": sealed}
    db.add(WorkStep(item_id=item.id or 0, about_id=account_about(db, item), **row))
    db.flush()


def steps_of(db: Session, keyring: Keyring, item: WorkItem) -> list[ToldStep]:
    """What agents did with a request, the newest first. The caller has found the item."""
    by, to = aliased(Account), aliased(Account)
    query = (
        select(WorkStep, by.display_name, to.display_name)
        .join(by, col(by.id) == WorkStep.by, isouter=True)
        .join(to, col(to.id) == WorkStep.to_id, isouter=True)
        .where(WorkStep.item_id == item.id)
        .order_by(col(WorkStep.id).desc())
    )
    return [
        ToldStep(
            WorkAct(row.act),
            row.at,
            by_name or "",
            to_name or "",
            row.until,
            keyring.decrypt(row.text_encrypted) if row.text_encrypted else "",
        )
        for row, by_name, to_name in db.exec(query)
    ]


def account_about(db: Session, item: WorkItem) -> int | None:
    """The account whose request it is; None for a complaint of somebody without one, and for a death."""
    if item.report_id is not None:
        return db.exec(select(FraudReport.account_id).where(FraudReport.id == item.report_id)).one()
    if item.death_id is not None:
        return None
    return db.exec(select(Case.account_id).where(Case.id == item.case_id)).one()


def object_of(db: Session, item: WorkItem) -> str:
    """How the evidence names the request."""
    if item.report_id is not None:
        return f"{item.kind}:{item.report_id}"
    if item.death_id is not None:
        return f"{item.kind}:{item.death_id}"
    return f"{item.kind}:{db.exec(select(Case.reference).where(Case.id == item.case_id)).one()}"
