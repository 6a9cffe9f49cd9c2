"""Invitations: an employee is asked, by the link of a letter, to finish the affiliation that the employer began (R-30).

The employer sees how far an invitation is, never what the employee typed. The link is random, signed by the caller and
stored as its digest alone; a new letter replaces it.
"""

import json
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import func
from sqlalchemy.orm import defer
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.affiliating import NewEmployee
from portal.data.columns import CheckConstraint, Index, instant
from portal.data.employee_acts import Acting, Refused, note
from portal.data.employee_entry import enter_once
from portal.data.employees import Employee, EmploymentPeriod, EventKind, PeriodKind, events_of, periods_of
from portal.data.exemptions import open_request
from portal.data.organisations import GroupContract
from portal.data.reversal import Changes
from portal.data.sessions import Viewer
from portal.data.staff_categories import StaffCategory
from portal.data.waiting import Waiting
from portal.security import fingerprint, new_token

LIVES = timedelta(days=30)
PAGE = 50


class InvitationState(StrEnum):
    """OVER: the employee was affiliated, exempted or left by another way meanwhile."""

    SENT = "envoyee"
    OPENED = "ouverte"
    COMPLETED = "terminee"
    EXEMPTION_ASKED = "dispense"
    EXPIRED = "expiree"
    REVOKED = "retiree"
    OVER = "sans-suite"


LIVE = frozenset({InvitationState.SENT, InvitationState.OPENED})
RENEWABLE = LIVE | {InvitationState.EXPIRED}


class AffiliationInvitation(SQLModel, table=True):
    """`letters`: how many were sent, the last one at `sent_at`; its link works until `expires_at`.

    `opened_at`: the employee proved who they are for the first time; `proven_hash`, `proven_at`: the browser that did
    so last. `draft_encrypted`: what the employee typed so far (`data/invitation_drafts.py`), until it is sent.
    """

    __tablename__ = "affiliation_invitation"
    __table_args__ = (
        Index("ix_affiliation_invitation_employee", "employee_id"),
        Index("ix_affiliation_invitation_expires", "expires_at"),
        CheckConstraint("completed_at IS NULL OR revoked_at IS NULL", name="ck_affiliation_invitation_end"),
    )

    id: int | None = Field(default=None, primary_key=True)
    employee_id: int = Field(foreign_key="employee.id")
    token_hash: str = Field(unique=True)
    invited_by: int | None = Field(default=None, foreign_key="account.id")
    letters: int = 1
    sent_at: datetime = instant()
    expires_at: datetime = instant()
    opened_at: datetime | None = instant(default=None)
    proven_hash: str = ""
    proven_at: datetime | None = instant(default=None)
    draft_encrypted: bytes | None = None
    completed_at: datetime | None = instant(default=None)
    exemption_asked_at: datetime | None = instant(default=None)
    revoked_at: datetime | None = instant(default=None)
    revoked_by: int | None = Field(default=None, foreign_key="account.id")


_DRAFT: Any = AffiliationInvitation.draft_encrypted


class Invited(NamedTuple):
    """An invitation in the employer's list. `starts_on`: the day of the affiliation, None once no period is open."""

    row: AffiliationInvitation
    employee: Employee
    category: str
    starts_on: date | None
    state: InvitationState
    is_invited: bool

    @property
    def may_renew(self) -> bool:
        """Whether a new link may be sent: the employee still has to answer."""
        return self.is_invited and self.state is not InvitationState.REVOKED


def invite(
    db: Session, acting: Acting, contract: GroupContract, category: StaffCategory, new: NewEmployee
) -> tuple[Employee, AffiliationInvitation, str]:
    """Declares an employee as invited; with the invitation and its link's token, empty for a form pressed twice.

    Raises `Refused`.
    """
    if not new.email:
        raise Refused("no-email", "email")
    employee, is_new = enter_once(db, acting, contract, category, new, PeriodKind.INVITED)
    if is_new:
        return employee, *_begun(db, acting, employee)
    return employee, _newest(db, employee), ""


def send_again(db: Session, acting: Acting, row: AffiliationInvitation) -> tuple[AffiliationInvitation, str]:
    """A new link for a locked invitation, in place of the one before; what the employee typed stays, unless the link
    goes to another address. One that was finished, and the affiliation taken back, begins anew. Raises `Refused`."""
    employee = db.get_one(Employee, row.employee_id, with_for_update=True)
    if invited_period(db, employee) is None or row.revoked_at is not None:
        raise Refused("not-invited")
    if not employee.email:
        raise Refused("no-email")
    if open_request(db, employee) is not None:
        raise Refused("exemption-pending")
    if row.completed_at is not None or row.exemption_asked_at is not None:
        return _begun(db, acting, employee)
    if _is_readdressed(db, employee, row.sent_at):
        row.draft_encrypted, row.opened_at = None, None
    token = new_token()
    row.token_hash, row.proven_hash, row.proven_at = fingerprint(token), "", None
    row.sent_at, row.expires_at, row.letters = acting.now, acting.now + LIVES, row.letters + 1
    return _kept(db, row), token


def revoke(db: Session, acting: Acting, row: AffiliationInvitation) -> None:
    """Takes a locked invitation back, with the declaration that it was about and all that the employee typed.

    Raises `Refused` for one that is over.
    """
    employee = db.get_one(Employee, row.employee_id, with_for_update=True)
    period = invited_period(db, employee)
    if period is None or state_of(row, acting.now, is_invited=True) not in RENEWABLE:
        raise Refused("not-invited")
    row.revoked_at, row.revoked_by, row.draft_encrypted, row.proven_hash = acting.now, _by(acting), None, ""
    _kept(db, row)
    changes, starts_on = Changes(db), period.starts_on
    changes.remove(period)
    if not periods_of(db, employee):
        changes.set(employee, matricule=None)
    note(db, acting, employee, EventKind.INVITATION_ENDED, starts_on, changes)


def state_of(row: AffiliationInvitation, now: datetime, *, is_invited: bool) -> InvitationState:
    """How far an invitation is; `is_invited`: the employee's period still waits for it."""
    if row.revoked_at is not None:
        return InvitationState.REVOKED
    if row.exemption_asked_at is not None:
        return InvitationState.EXEMPTION_ASKED
    if row.completed_at is not None:  # waiting again: what was finished was taken back
        return InvitationState.OVER if is_invited else InvitationState.COMPLETED
    if not is_invited:
        return InvitationState.OVER
    if now >= row.expires_at:
        return InvitationState.EXPIRED
    return InvitationState.OPENED if row.opened_at is not None else InvitationState.SENT


def invited_period(db: Session, employee: Employee) -> EmploymentPeriod | None:
    """The period that waits for the employee to finish; None when there is none (any more)."""
    last = next(reversed(periods_of(db, employee)), None)
    return last if last is not None and last.kind == PeriodKind.INVITED and last.ends_on is None else None


def invitations(db: Session, viewer: Viewer, now: datetime, before: int | None = None) -> tuple[list[Invited], bool]:
    """Invitations of the viewer's company, the newest first, from the one before `before` on; whether more follow. What
    the employees typed is not even read."""
    query = (
        select(AffiliationInvitation, Employee)
        .options(defer(_DRAFT))
        .join(Employee, col(Employee.id) == AffiliationInvitation.employee_id)
        .where(Employee.company_id == viewer.company_id)
    )
    if before is not None:
        query = query.where(col(AffiliationInvitation.id) < before)
    found = db.exec(query.order_by(col(AffiliationInvitation.id).desc()).limit(PAGE + 1)).all()
    periods = _last_periods(db, [employee.id or 0 for _, employee in found[:PAGE]])
    return [_invited(row, employee, periods, now) for row, employee in found[:PAGE]], len(found) > PAGE


def invitations_expired(db: Session, viewer: Viewer, day: date) -> Waiting | None:
    """Employees of the viewer's company who still have to finish, and whose link works no more by the end of the
    day."""
    query = (
        select(func.count(), func.min(AffiliationInvitation.expires_at))
        .join(Employee, col(Employee.id) == AffiliationInvitation.employee_id)
        .join(EmploymentPeriod, col(EmploymentPeriod.employee_id) == Employee.id)
        .where(
            Employee.company_id == viewer.company_id,
            EmploymentPeriod.kind == PeriodKind.INVITED,
            col(EmploymentPeriod.ends_on).is_(None),
            col(AffiliationInvitation.completed_at).is_(None),
            col(AffiliationInvitation.exemption_asked_at).is_(None),
            col(AffiliationInvitation.revoked_at).is_(None),
            AffiliationInvitation.expires_at <= datetime.combine(day, time.min, UTC),
        )
    )
    count, first = db.exec(query).one()
    return Waiting(count, first.date()) if count else None


def find_invitation(
    db: Session, viewer: Viewer, invitation_id: int, now: datetime, *, lock: bool = False
) -> Invited | None:
    """An invitation of the viewer's company, for changing it in this transaction when `lock`ed."""
    query = (
        select(AffiliationInvitation)
        .join(Employee, col(Employee.id) == AffiliationInvitation.employee_id)
        .where(AffiliationInvitation.id == invitation_id, Employee.company_id == viewer.company_id)
    )
    if lock:
        query = query.with_for_update(of=AffiliationInvitation).execution_options(populate_existing=True)
    row = db.exec(query).first()
    if row is None:
        return None
    employee = db.get_one(Employee, row.employee_id, with_for_update=lock, populate_existing=lock)
    return _invited(row, employee, _last_periods(db, [row.employee_id]), now)


def _begun(db: Session, acting: Acting, employee: Employee) -> tuple[AffiliationInvitation, str]:
    _close_older(db, acting, employee)
    token = new_token()
    row = AffiliationInvitation(
        employee_id=employee.id or 0,
        token_hash=fingerprint(token),
        invited_by=_by(acting),
        sent_at=acting.now,
        expires_at=acting.now + LIVES,
    )
    return _kept(db, row), token


def _is_readdressed(db: Session, employee: Employee, since: datetime) -> bool:
    """Whether the address was changed since a moment, or a change taken back: whoever reads the new mailbox, and knows
    a birth date, would read what the employee typed."""
    changed = (
        max(each.recorded_at, each.undone_at or each.recorded_at)
        for each in events_of(db, employee)
        if each.kind == EventKind.CORRECTED and "email" in json.loads(each.details).get("fields", [])
    )
    return any(moment >= since for moment in changed)


def _close_older(db: Session, acting: Acting, employee: Employee) -> None:
    """Withdraws what an earlier invitation left open, or it would wait again beside the new one."""
    query = select(AffiliationInvitation).where(
        AffiliationInvitation.employee_id == employee.id,
        col(AffiliationInvitation.completed_at).is_(None),
        col(AffiliationInvitation.exemption_asked_at).is_(None),
        col(AffiliationInvitation.revoked_at).is_(None),
    )
    for row in db.exec(query.with_for_update()):
        row.revoked_at, row.revoked_by, row.draft_encrypted, row.proven_hash = acting.now, _by(acting), None, ""
        db.add(row)


def _newest(db: Session, employee: Employee) -> AffiliationInvitation:
    query = select(AffiliationInvitation).where(AffiliationInvitation.employee_id == employee.id)
    return db.exec(query.order_by(col(AffiliationInvitation.id).desc()).limit(1)).one()


def _last_periods(db: Session, employee_ids: list[int]) -> dict[int, tuple[EmploymentPeriod, str]]:
    """The last period of each employee, with the label of its category."""
    query = (
        select(EmploymentPeriod, StaffCategory.label)
        .join(StaffCategory, col(StaffCategory.id) == EmploymentPeriod.category_id)
        .where(col(EmploymentPeriod.employee_id).in_(employee_ids))
    )
    rows = db.exec(query.order_by(col(EmploymentPeriod.starts_on))).all()
    return {period.employee_id: (period, label) for period, label in rows}


def _invited(
    row: AffiliationInvitation, employee: Employee, periods: dict[int, tuple[EmploymentPeriod, str]], now: datetime
) -> Invited:
    period, category = periods.get(row.employee_id, (None, ""))
    is_invited = period is not None and period.kind == PeriodKind.INVITED and period.ends_on is None
    state, starts_on = state_of(row, now, is_invited=is_invited), period and period.starts_on
    return Invited(row, employee, category, starts_on, state, is_invited)


def _by(acting: Acting) -> int:
    return acting.viewer.account_id


def _kept(db: Session, row: AffiliationInvitation) -> AffiliationInvitation:
    db.add(row)
    db.flush()
    return row
