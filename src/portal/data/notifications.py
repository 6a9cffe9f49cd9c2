"""Notifications that a person chooses; notices about the account's security are always sent, and are no choice.

Looking for what is due needs no viewer: a job does, for accounts that chose it, and learns nothing but where to write.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, func, update
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.accounts import Account, Role
from portal.data.benefits import BenefitLine, Payment
from portal.data.columns import Index, instant, utc_now
from portal.data.sessions import Viewer
from portal.data.standing import closed, leaving, restricted, suspended
from portal.formatting import day_in_france


class Notification(StrEnum):
    PAYMENT = "versement"


OFFERED: dict[Role, tuple[Notification, ...]] = {
    Role.MEMBER: (Notification.PAYMENT,),
    Role.DEPENDANT: (Notification.PAYMENT,),
}


class NotificationChoice(SQLModel, table=True):
    """A notification chosen, until `ended_at`. `last_payment_id`: what was paid up to there is not news any more."""

    __tablename__ = "notification_choice"
    __table_args__ = (Index("ix_notification_choice_account", "account_id", "kind"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    kind: str
    chosen_at: datetime = instant(default_factory=utc_now)
    ended_at: datetime | None = instant(default=None)
    last_payment_id: int = 0
    last_sent_at: datetime | None = instant(default=None)


@dataclass(frozen=True, slots=True)
class DueNotice:
    """A letter to write: for which choice, to whom, and the newest payment that it announces."""

    choice_id: int
    account_id: int
    email: str
    payment_id: int


def chosen_notifications(db: Session, viewer: Viewer) -> set[Notification]:
    """What the viewer chose."""
    return {Notification(kind) for kind in db.exec(select(NotificationChoice.kind).where(_chosen(viewer)))}


def choose_notifications(db: Session, viewer: Viewer, wanted: set[Notification], now: datetime) -> bool:
    """Keeps the viewer's choice among what the viewer's role is offered; whether it is another one than before."""
    db.get_one(Account, viewer.account_id, with_for_update=True)
    before, after = chosen_notifications(db, viewer), wanted & set(OFFERED.get(Role(viewer.role), ()))
    for kind in before - after:
        db.exec(update(NotificationChoice).where(_chosen(viewer), _is(kind)).values(ended_at=now))
    newest = db.exec(select(func.coalesce(func.max(Payment.id), 0))).one() if after - before else 0
    for kind in after - before:
        account_id = viewer.account_id
        db.add(NotificationChoice(account_id=account_id, kind=kind, chosen_at=now, last_payment_id=newest))
    db.flush()
    return before != after


def due_payment_notices(db: Session, now: datetime, most: int = 500) -> list[DueNotice]:
    """At most `most` letters for payments newer than the last one announced: one a day in France for each account."""
    newest = select(func.max(Payment.id)).where(_concerns_account()).correlate(NotificationChoice, Account)
    found = db.exec(
        select(
            NotificationChoice.id,
            Account.id,
            Account.email,
            newest.scalar_subquery(),
            NotificationChoice.last_sent_at,
        )
        .join(Account, col(Account.id) == NotificationChoice.account_id)
        .where(
            _is(Notification.PAYMENT),
            col(NotificationChoice.ended_at).is_(None),
            Account.email != "",
            ~(suspended | closed | leaving | restricted),
            select(Payment.id).where(_concerns_account()).correlate(NotificationChoice, Account).exists(),
        )
        .order_by(col(NotificationChoice.id))
    )
    today = day_in_france(now)
    due = (row for row in found if row[4] is None or day_in_france(row[4]) < today)
    return [DueNotice(*row[:4]) for row, _ in zip(due, range(most), strict=False)]


def keep_notice(db: Session, notice: DueNotice, now: datetime) -> bool:
    """Says that the letter leaves, in its transaction; False when another process has already written it."""
    same = (col(NotificationChoice.id) == notice.choice_id, col(NotificationChoice.last_payment_id) < notice.payment_id)
    values = {"last_payment_id": notice.payment_id, "last_sent_at": now}
    return bool(db.exec(update(NotificationChoice).where(*same).values(values)).rowcount)


def _chosen(viewer: Viewer) -> ColumnElement[bool]:
    return (col(NotificationChoice.account_id) == viewer.account_id) & col(NotificationChoice.ended_at).is_(None)


def _is(kind: Notification) -> ColumnElement[bool]:
    return col(NotificationChoice.kind) == kind


def _concerns_account() -> ColumnElement[bool]:
    """A payment that the member received, or that holds a line of the dependant's own."""
    own_line = select(BenefitLine.id).where(
        col(BenefitLine.payment_id) == Payment.id, col(BenefitLine.person_id) == Account.person_id
    )
    is_newer = col(Payment.id) > NotificationChoice.last_payment_id
    received = (col(Account.role) == Role.MEMBER) & (col(Payment.member_id) == Account.person_id)
    return is_newer & (received | ((col(Account.role) == Role.DEPENDANT) & own_line.exists()))
