"""The account of an organisation: a company's, debited of contributions (R-31), or a practice's, credited of transfers.

Changed with the brakes of `bank_changes`, by those who signed the contract or the agreement alone. Where the
organisation chose so, another of them must approve, within `APPROVAL_WITHIN`; the 72 hours count from the approval.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select

from portal.data.accounts import Account
from portal.data.bank_changes import (
    EFFECT_AFTER,
    AccountBlocked,
    Given,
    NewDetails,
    added,
    cancel_pending,
    history_of,
    is_due,
    is_one_blocked,
    live_rows,
    put_in_force,
    refuse_needless,
    rows_of,
    sealed,
    waits,
)
from portal.data.organisation_bank_rules import NobodyApproves, is_approval_required, other_signatories
from portal.data.organisation_banks import APPROVAL_WITHIN, BankOwner, Organisation, Row
from portal.data.sessions import Viewer
from portal.data.standing import closed
from portal.data.waiting import Waiting
from portal.formatting import day_in_france
from portal.security import Keyring


class ChangeMoved(Exception):
    """The change was cancelled, approved or replaced meanwhile."""


class OwnChange(Exception):
    """Nobody approves the change that they asked for."""


def organisation_history(db: Session, viewer: Viewer, owner: BankOwner[Row], keyring: Keyring) -> list[Given[Row]]:
    """The bank details of the viewer's organisation, the newest first."""
    return history_of(keyring, _rows(db, owner, owner.id_of(viewer)))


def ask_change(
    db: Session, viewer: Viewer, owner: BankOwner[Row], keyring: Keyring, new: NewDetails, now: datetime
) -> Row:
    """Gives another account; a change still pending is given up. One that nobody signed for here may be signed for
    again. Raises `AccountBlocked`, `AlreadyThere`, `TooManyChanges`, `NobodyApproves`."""
    organisation = _locked(db, viewer, owner)
    rows = _rows(db, owner, organisation.id or 0)
    refuse_needless(keyring, rows, [row for row in live_rows(rows) if row.is_signed], new, now)
    needs_approval = is_approval_required(db, viewer, owner, now)
    if needs_approval and not other_signatories(db, viewer, owner):
        raise NobodyApproves
    cancel_pending(db, rows, now)
    row = owner.details(
        **{owner.key: organisation.id},
        bic=new.bic,
        asked_at=now,
        asked_by=viewer.account_id,
        needs_approval=needs_approval,
        takes_effect_at=None if needs_approval else now + EFFECT_AFTER,
        **sealed(keyring, new),
        **owner.signature(organisation, viewer, keyring),
    )
    return added(db, row)


def change_waiting(db: Session, viewer: Viewer, owner: BankOwner[Row]) -> Waiting | None:
    """The change that somebody else of the organisation's asked for, and that waits for the viewer to approve it."""
    rows = _rows(db, owner, owner.id_of(viewer))
    row = next((each for each in rows if each.awaits_approval and each.asked_by != viewer.account_id), None)
    if row is None or row.approval_until is None:
        return None
    return Waiting(1, day_in_france(row.approval_until), row_id=row.id)


def approve_change(db: Session, viewer: Viewer, owner: BankOwner[Row], row_id: int, now: datetime) -> Row:
    """Approves the change that the viewer has read: that one, and no other that took its place. Raises
    `AccountBlocked`, `ChangeMoved`, `OwnChange`."""
    organisation = _locked(db, viewer, owner)
    rows = _rows(db, owner, organisation.id or 0)
    row = next((one for one in rows if one.id == row_id and one.awaits_approval), None)
    if row is None or now >= (row.approval_until or now):
        raise ChangeMoved
    if row.asked_by == viewer.account_id:
        raise OwnChange
    row.approved_at, row.approved_by, row.takes_effect_at = now, viewer.account_id, now + EFFECT_AFTER
    return added(db, row)


def cancel_change(db: Session, owner: BankOwner[Row], organisation_id: int, now: datetime) -> Row | None:
    """Gives up the organisation's pending change; None when there is none (any more). The caller knows whose it is: one
    of those who sign, or whoever came by the link of a letter about it."""
    owner.lock(db, organisation_id)
    return cancel_pending(db, _rows(db, owner, organisation_id), now)


def pending_behind(db: Session, owner: BankOwner[Row], account_id: int, subject: str) -> Row | None:
    """The pending change that a letter's link to this account names; None once it is over."""
    organisation_id = db.exec(select(owner.account_key).where(Account.id == account_id)).first()
    named = (owner.details.id == int(subject), owner.column == organisation_id)
    return db.exec(select(owner.details).where(*named, waits(owner.details))).first()


def due_changes_of(db: Session, owner: BankOwner[Row], now: datetime) -> list[tuple[int, int]]:
    """Changes whose time has come: their ids, and their organisations'. A change waits as long as whoever asked for it,
    or approved it, is frozen or suspended."""
    return _found(db, owner, _due(owner, now))


def apply_change(db: Session, owner: BankOwner[Row], row_id: int, organisation_id: int, now: datetime) -> Row | None:
    """Puts a change whose time has come into force; None when it was cancelled, or applied, meanwhile."""
    owner.lock(db, organisation_id)
    return put_in_force(db, owner.details, _due(owner, now), row_id, now)


def lapsed_changes(db: Session, owner: BankOwner[Row], now: datetime) -> list[tuple[int, int]]:
    """Changes that nobody approved in time, or of which the author's or the approver's account was closed: their ids,
    and their organisations'."""
    return _found(db, owner, _lapsed(owner, now))


def drop_lapsed(db: Session, owner: BankOwner[Row], row_id: int, organisation_id: int, now: datetime) -> Row | None:
    """Gives up such a change; None when that was done, or is wrong by now."""
    owner.lock(db, organisation_id)
    query = select(owner.details).where(owner.details.id == row_id, _lapsed(owner, now))
    row = db.exec(query.execution_options(populate_existing=True)).first()
    return cancel_pending(db, [row], now) if row else None


def _locked(db: Session, viewer: Viewer, owner: BankOwner[Row]) -> Organisation:
    """The viewer's organisation, held; raises `AccountBlocked`."""
    organisation: Organisation = owner.lock(db, owner.id_of(viewer))
    if is_one_blocked(db, Account.id == viewer.account_id):
        raise AccountBlocked
    return organisation


def _rows(db: Session, owner: BankOwner[Row], organisation_id: int) -> list[Row]:
    return rows_of(db, owner.details, owner.column == organisation_id)


def _found(db: Session, owner: BankOwner[Row], which: ColumnElement[bool]) -> list[tuple[int, int]]:
    query = select(owner.details.id, owner.column).where(which).order_by(col(owner.details.id))
    return [(row_id or 0, organisation_id) for row_id, organisation_id in db.exec(query)]


def _actors(owner: BankOwner[Row]) -> ColumnElement[bool]:
    return or_(Account.id == owner.details.asked_by, Account.id == owner.details.approved_by)


def _due(owner: BankOwner[Row], now: datetime) -> ColumnElement[bool]:
    return is_due(owner.details, now, _actors(owner))


def _lapsed(owner: BankOwner[Row], now: datetime) -> ColumnElement[bool]:
    unapproved = and_(
        col(owner.details.takes_effect_at).is_(None), col(owner.details.asked_at) <= now - APPROVAL_WITHIN
    )
    orphan = select(Account.id).where(_actors(owner), closed).exists()
    return and_(waits(owner.details), or_(unapproved, orphan))
