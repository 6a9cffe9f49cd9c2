"""What is never forgotten while it may be needed in a dispute (R-71): whoever has a hold, whoever has a case that the
insurer has not answered, whoever asked that nothing be done with the data but keep it (GDPR, article 18.2), and whoever
died, until what that asks for is done (`death_follow.py`).

A hold is placed and lifted by a supervisor; it stands on an account or on a person, and covers both of the two.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select, true, update
from sqlmodel import Field, Session, SQLModel, col

from portal.data.accounts import Account, ProcessingRestriction
from portal.data.cases import Case, CaseState
from portal.data.columns import CheckConstraint, Index, instant
from portal.data.deaths import unsettled_accounts, unsettled_persons
from portal.data.persons import Person
from portal.data.sessions import Viewer
from portal.security import Keyring

# What waits for the insurer or for the person. A draft waits for nobody; an answer that nobody took up is settled.
OPEN_STATES = (CaseState.SENT, CaseState.IN_REVIEW, CaseState.INCOMPLETE)


class RetentionHold(SQLModel, table=True):
    """Keeps all about an account or a person, from `placed_at` until `lifted_at`; why, encrypted."""

    __tablename__ = "retention_hold"
    __table_args__ = (
        CheckConstraint("(account_id IS NULL) <> (person_id IS NULL)", name="ck_retention_hold_one"),
        Index("ix_retention_hold_account", "account_id"),
        Index("ix_retention_hold_person", "person_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    account_id: int | None = Field(default=None, foreign_key="account.id")
    person_id: int | None = Field(default=None, foreign_key="person.id")
    reason_encrypted: bytes
    placed_at: datetime = instant()
    placed_by: int | None = Field(default=None, foreign_key="account.id")
    lifted_at: datetime | None = instant(default=None)
    lifted_by: int | None = Field(default=None, foreign_key="account.id")


def place_hold(db: Session, viewer: Viewer, keyring: Keyring, account: Account, reason: str, now: datetime) -> bool:
    """Keeps all about an account and its person; False when a hold does so already."""
    if hold_on(db, account) is not None:
        return False
    owner = {"person_id": account.person_id} if account.person_id else {"account_id": account.id}
    sealed = keyring.encrypt(reason)
    db.add(RetentionHold(**owner, reason_encrypted=sealed, placed_at=now, placed_by=viewer.account_id))
    db.flush()
    return True


def lift_hold(db: Session, viewer: Viewer, account: Account, now: datetime) -> bool:
    """Ends the hold on an account and its person; False when there is none."""
    values = {"lifted_at": now, "lifted_by": viewer.account_id}
    return bool(db.exec(update(RetentionHold).where(_on(account)).values(**values)).rowcount)


def hold_on(db: Session, account: Account) -> RetentionHold | None:
    """The hold that keeps an account or its person."""
    return db.scalars(select(RetentionHold).where(_on(account))).first()


def place_hold_on_person(
    db: Session, viewer: Viewer, keyring: Keyring, person_id: int, reason: str, now: datetime
) -> bool:
    """Keeps all about a person, with an account or without; False when a hold does so already. Of two placed at once,
    the second one sees the first."""
    db.exec(select(Person.id).where(col(Person.id) == person_id).with_for_update()).one()
    if hold_on_person(db, person_id) is not None:
        return False
    sealed = keyring.encrypt(reason)
    row = RetentionHold(person_id=person_id, reason_encrypted=sealed, placed_at=now, placed_by=viewer.account_id)
    db.add(row)
    db.flush()
    return True


def lift_hold_on_person(db: Session, viewer: Viewer, person_id: int, now: datetime) -> bool:
    """Ends the hold on a person; False when there is none."""
    values = {"lifted_at": now, "lifted_by": viewer.account_id}
    return bool(db.exec(update(RetentionHold).where(_on_person(person_id)).values(**values)).rowcount)


def hold_on_person(db: Session, person_id: int) -> RetentionHold | None:
    """The hold that keeps a person, whether it was placed from the person's sheet or from an account."""
    return db.scalars(select(RetentionHold).where(_on_person(person_id))).first()


def may_go(account: ColumnElement[Any] | None, person: ColumnElement[Any] | None) -> ColumnElement[bool]:
    """Whether neither an account nor a person of a row is held. None: rows of that table have no such owner."""
    free: list[ColumnElement[bool]] = [true()]
    if account is not None:
        free += [or_(account.is_(None), account.not_in(held)) for held in _accounts()]
    if person is not None:
        free += [or_(person.is_(None), person.not_in(held)) for held in _persons()]
    return and_(*free)


def not_held(account: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether no hold was placed on an account or its person, nor a death waits; open cases do not matter."""
    on_account, of_person, *_ = _accounts()
    return account.not_in(on_account) & account.not_in(of_person) & account.not_in(unsettled_accounts())


_HELD = col(RetentionHold.lifted_at).is_(None)
_RESTRICTED = col(ProcessingRestriction.ended_at).is_(None)
_OPEN = col(Case.state).in_(OPEN_STATES)


def _accounts() -> tuple[Select[Any], ...]:
    of_person = select(Account.id).join(RetentionHold, col(RetentionHold.person_id) == Account.person_id)
    return (
        select(RetentionHold.account_id).where(_HELD, col(RetentionHold.account_id).is_not(None)),
        of_person.where(_HELD),
        select(Case.account_id).where(_OPEN, col(Case.account_id).is_not(None)),
        select(Account.id).join(Case, col(Case.person_id) == Account.person_id).where(_OPEN),
        select(ProcessingRestriction.account_id).where(_RESTRICTED),
        unsettled_accounts(),
    )


def _persons() -> tuple[Select[Any], ...]:
    of_account = select(Account.person_id).join(RetentionHold, col(RetentionHold.account_id) == Account.id)
    of_author = select(Account.person_id).join(Case, col(Case.account_id) == Account.id)
    restricted = select(Account.person_id).join(ProcessingRestriction, ProcessingRestriction.account_id == Account.id)
    return (
        select(RetentionHold.person_id).where(_HELD, col(RetentionHold.person_id).is_not(None)),
        of_account.where(_HELD, col(Account.person_id).is_not(None)),
        select(Case.person_id).where(_OPEN, col(Case.person_id).is_not(None)),
        select(Case.member_id).where(_OPEN, col(Case.member_id).is_not(None)),
        of_author.where(_OPEN, col(Account.person_id).is_not(None)),
        restricted.where(_RESTRICTED, col(Account.person_id).is_not(None)),
        unsettled_persons(),
    )


def _on_person(person_id: int) -> ColumnElement[bool]:
    return _HELD & (col(RetentionHold.person_id) == person_id)


def _on(account: Account) -> ColumnElement[bool]:
    mine = col(RetentionHold.account_id) == account.id
    if account.person_id is not None:
        mine |= col(RetentionHold.person_id) == account.person_id
    return _HELD & mine
