"""The invited employee's side: found by the link, known by birth date and number, answers kept, one by one (R-30).

No viewer: the link says which invitation, and what is proved on top says that it is the employee who reads it. A
wrong answer never says what was wrong with it, nor whether the employer gave a number.
"""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from msgspec.structs import replace
from sqlmodel import Session, select

from portal.data.employees import Employee, EmploymentPeriod
from portal.data.invitation_drafts import Draft, read_draft, sealed_draft
from portal.data.invitations import (
    LIVE,
    AffiliationInvitation,
    InvitationState,
    invited_period,
    state_of,
)
from portal.data.organisations import company_of
from portal.data.staff_categories import StaffCategory
from portal.security import Keyring, fingerprint

PROVEN_FOR = timedelta(hours=2)


class Asked(NamedTuple):
    """An invitation as its link finds it. `period`, `category`: what it is for, None once that is over."""

    row: AffiliationInvitation
    employee: Employee
    company: str
    state: InvitationState
    period: EmploymentPeriod | None
    category: StaffCategory | None
    draft: Draft

    @property
    def is_live(self) -> bool:
        return self.state in LIVE


class Gone(Exception):
    """The invitation was finished, withdrawn or replaced meanwhile, or this browser has to prove again who holds it."""


def invitation_behind(db: Session, keyring: Keyring, token: str, now: datetime, *, lock: bool = False) -> Asked | None:
    """The invitation whose newest letter holds this token, in whatever state; None for any other token."""
    query = select(AffiliationInvitation).where(AffiliationInvitation.token_hash == fingerprint(token))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    row = db.exec(query).first() if token else None
    if row is None:
        return None
    return _asked(db, keyring, row, now, lock=lock)


def first_day_of(asked: Asked) -> date:
    """The day from which the affiliation counts, or would have counted."""
    return asked.period.starts_on if asked.period is not None else asked.employee.hired_on


def is_proven(row: AffiliationInvitation, browser: str, now: datetime) -> bool:
    """Whether this browser proved, lately, that the employee uses it."""
    if not browser or row.proven_at is None or row.proven_hash != fingerprint(browser):
        return False
    return now - row.proven_at < PROVEN_FOR


def prove(
    db: Session, keyring: Keyring, token: str, birth_date: date, nir: str, browser: str, now: datetime
) -> AffiliationInvitation | None:
    """Lets a browser in when birth date and number are the employee's; None when they are not, or the link is over.

    `nir`: with a right key, or empty; it counts only when the employer gave one. The caller limits the tries.
    """
    asked = invitation_behind(db, keyring, token, now, lock=True)
    if asked is None or not asked.is_live or not _is_the_employee(keyring, asked.employee, birth_date, nir):
        return None
    row = asked.row
    row.proven_hash, row.proven_at = fingerprint(browser), now
    row.opened_at = row.opened_at or now
    if not asked.draft.nir:
        row.draft_encrypted = sealed_draft(keyring, replace(asked.draft, nir=nir))
    return _kept(db, row)


def keep_draft(db: Session, keyring: Keyring, asked: Asked, draft: Draft, now: datetime) -> None:
    """Keeps answers of an invitation that the caller has locked by `proven_invitation`."""
    asked.row.draft_encrypted, asked.row.proven_at = sealed_draft(keyring, draft), now
    _kept(db, asked.row)


def proven_invitation(db: Session, keyring: Keyring, token: str, browser: str, now: datetime) -> Asked:
    """The invitation, locked, for whoever proved to be its employee. Raises `Gone`."""
    asked = invitation_behind(db, keyring, token, now, lock=True)
    if asked is None or not asked.is_live or not is_proven(asked.row, browser, now):
        raise Gone
    return asked


def _asked(db: Session, keyring: Keyring, row: AffiliationInvitation, now: datetime, *, lock: bool) -> Asked:
    """The employee is held before the period is read: a colleague may be affiliating them by hand."""
    employee = db.get_one(Employee, row.employee_id, with_for_update=lock, populate_existing=lock)
    period = invited_period(db, employee)
    state = state_of(row, now, is_invited=period is not None)
    category = db.get_one(StaffCategory, period.category_id) if period is not None else None
    return Asked(
        row, employee, company_of(db, employee.company_id).name, state, period, category, read_draft(keyring, row)
    )


def _is_the_employee(keyring: Keyring, employee: Employee, birth_date: date, nir: str) -> bool:
    if employee.birth_date != birth_date:
        return False
    return employee.nir_lookup is None or (bool(nir) and employee.nir_lookup in keyring.lookups(nir))


def _kept(db: Session, row: AffiliationInvitation) -> AffiliationInvitation:
    db.add(row)
    db.flush()
    return row
