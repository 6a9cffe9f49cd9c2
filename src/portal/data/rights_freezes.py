"""Checks of rights that are frozen (R-62): for one user whose questions stayed unusual, for the practice once several
users' did. Each freeze is a case of the desk, which lifts it; past answers stay readable meanwhile.

The practice's row is held by whoever judges a question (`rights_checks`), so that nothing is answered after a freeze.
"""

from datetime import date, datetime
from typing import NamedTuple

import msgspec
from sqlalchemy import bindparam
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.accounts import Account, Role, Space
from portal.data.columns import Index, instant
from portal.data.fraud import FraudChannel, open_case
from portal.data.organisations import Provider
from portal.data.prepared import Prepared
from portal.data.rights_patterns import Pattern
from portal.data.sessions import Viewer
from portal.data.standing import closed, suspended
from portal.data.waiting import Waiting
from portal.formatting import day_in_france
from portal.security import Keyring

Counts = dict[Pattern, int]
# Two users of a practice at once: it is the practice's computers that are in somebody's hands.
USERS_BEFORE_PRACTICE = 2


class RightsFreeze(SQLModel, table=True):
    """From when to when an account, or with `is_practice` everybody of its practice, checks no rights. `report_id`: the
    desk's case. `seen`: what was unusual, a count for each pattern, as JSON."""

    __tablename__ = "rights_freeze"
    __table_args__ = (
        Index("ix_rights_freeze_provider", "provider_id"),
        Index("ix_rights_freeze_report", "report_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    provider_id: int = Field(foreign_key="provider.id")
    report_id: int = Field(foreign_key="fraud_report.id")
    is_practice: bool = False
    seen: str
    frozen_at: datetime = instant()
    lifted_at: datetime | None = instant(default=None)
    lifted_by: int | None = Field(default=None, foreign_key="account.id")

    @property
    def patterns(self) -> Counts:
        return msgspec.json.decode(self.seen, type=dict[Pattern, int])


class FreezeState(NamedTuple):
    """`freeze`: the one that keeps the user from asking, None without; `lifted_at`: when the last one was lifted, from
    where counts start anew."""

    freeze: RightsFreeze | None
    lifted_at: datetime | None


NEVER_FROZEN = FreezeState(None, None)
# Every check asks this, and nearly every practice was never frozen.
_ANY = Prepared(select(RightsFreeze.id).where(RightsFreeze.provider_id == bindparam("provider_id")).limit(1))


def freeze_state(db: Session, viewer: Viewer) -> FreezeState:
    """What concerns the viewer of the freezes of the viewer's own practice: their own, and those of everybody."""
    if _ANY.first(db, {"provider_id": viewer.provider_id}) is None:
        return NEVER_FROZEN
    of_practice = db.exec(select(RightsFreeze).where(RightsFreeze.provider_id == viewer.provider_id)).all()
    mine = [row for row in of_practice if row.is_practice or row.account_id == viewer.account_id]
    freezing = [row for row in mine if row.lifted_at is None]
    wider = sorted(freezing, key=lambda row: (not row.is_practice, row.id))
    return FreezeState(next(iter(wider), None), max((row.lifted_at for row in mine if row.lifted_at), default=None))


def frozen_checks(db: Session, viewer: Viewer, _: date) -> Waiting | None:
    """Whether the viewer checks no rights now, and since which day."""
    freeze = freeze_state(db, viewer).freeze
    return Waiting(1, day_in_france(freeze.frozen_at)) if freeze else None


def freeze_checks(
    db: Session, viewer: Viewer, keyring: Keyring, seen: Counts, told: str, now: datetime
) -> RightsFreeze:
    """Freezes the viewer's checks, and the whole practice's when another of its users is frozen already; `told` opens
    the desk's case. The caller holds the practice's row, and has seen that the viewer is not frozen."""
    report = open_case(db, keyring, viewer.account_id, FraudChannel.RIGHTS, told, now)
    frozen = RightsFreeze(
        account_id=viewer.account_id,
        provider_id=viewer.provider_id or 0,
        report_id=report.id or 0,
        is_practice=_frozen_users(db, viewer) + 1 >= USERS_BEFORE_PRACTICE,
        seen=msgspec.json.encode(seen, order="deterministic").decode(),
        frozen_at=now,
    )
    db.add(frozen)
    db.flush()
    return frozen


def freeze_of_case(db: Session, viewer: Viewer, report_id: int) -> RightsFreeze | None:
    """The freeze that a case is about; None for another case, or a viewer who is not of the desk."""
    if viewer.space != Space.DESK:
        return None
    return db.exec(select(RightsFreeze).where(RightsFreeze.report_id == report_id)).first()


def lift_checks(db: Session, viewer: Viewer, report_id: int, now: datetime) -> RightsFreeze | None:
    """Gives the checks of a case's user back, and those of the practice when the case froze them; None when nothing is
    frozen by this case any more. The caller holds the user's account (`desk_acts.target`)."""
    frozen = freeze_of_case(db, viewer, report_id)
    if frozen is None:
        return None
    db.refresh(frozen, with_for_update=True)
    if frozen.lifted_at is not None:
        return None
    frozen.lifted_at, frozen.lifted_by = now, viewer.account_id
    db.flush()
    return frozen


def responsible_for(db: Session, provider_id: int) -> list[tuple[int | None, str]]:
    """Who answers for a practice, by account and address, each address once: those who manage its users, and the
    address that the insurer itself holds of it, since an account's may have been stolen with the account."""
    managing = (Account.provider_id == provider_id, Account.role == Role.PROVIDER, ~closed, ~suspended)
    rows = db.exec(select(Account.id, Account.email).where(*managing).order_by(col(Account.id))).all()
    found: dict[str, tuple[int | None, str]] = {}
    for account_id, email in [*rows, (None, db.get_one(Provider, provider_id).email)]:
        if email:
            found.setdefault(email.casefold(), (account_id, email))
    return list(found.values())


def _frozen_users(db: Session, viewer: Viewer) -> int:
    """How many other users of the practice are frozen now."""
    others = (RightsFreeze.provider_id == viewer.provider_id, RightsFreeze.account_id != viewer.account_id)
    rows = db.exec(select(RightsFreeze.account_id).where(*others, col(RightsFreeze.lifted_at).is_(None)))
    return len(set(rows))
