"""Recovery codes: ten, of 80 bits, each used once in place of a lost second factor (security: B12, B15).

`use_recovery_code` runs at sign-in too; what it is given there is the session whose second step is due.
"""

import secrets
from base64 import b32encode
from datetime import datetime
from typing import Any

from sqlalchemy import func, update
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.columns import Index, instant
from portal.data.sessions import Viewer
from portal.security import fingerprint

CODES = 10
CODE_BYTES = 10
CODE_LETTERS = 16
FEW = 3
# Letters and digits alone, and what is easily read for another.
_TYPED = str.maketrans({"0": "O", "1": "I", "8": "B", " ": "", "-": "", "\u00a0": "", "\u202f": "", "–": ""})


class RecoveryCode(SQLModel, table=True):
    """`digest` holds the account too: the same code is worth nothing elsewhere. `dropped_at`: replaced by new ones."""

    __tablename__ = "recovery_code"
    __table_args__ = (Index("ix_recovery_code_account", "account_id"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    digest: str
    made_at: datetime = instant()
    used_at: datetime | None = instant(default=None)
    dropped_at: datetime | None = instant(default=None)


def make_recovery_codes(db: Session, viewer: Viewer, now: datetime) -> list[str]:
    """Ten new codes, shown once (« ABCD-EFGH-IJKL-MNOP »); the ones before are worth nothing any more."""
    drop_recovery_codes(db, viewer.account_id, now)
    codes = [b32encode(secrets.token_bytes(CODE_BYTES)).decode() for _ in range(CODES)]
    for code in codes:
        db.add(RecoveryCode(account_id=viewer.account_id, digest=_digest(viewer.account_id, code), made_at=now))
    db.flush()
    return ["-".join(code[at : at + 4] for at in range(0, CODE_LETTERS, 4)) for code in codes]


def use_recovery_code(db: Session, viewer: Viewer, typed: str, now: datetime) -> bool:
    """Uses a code up; of two browsers that send the same one, one wins."""
    code = typed.upper().translate(_TYPED)
    this_one = (*_usable(viewer.account_id), RecoveryCode.digest == _digest(viewer.account_id, code))
    return bool(db.exec(update(RecoveryCode).where(*this_one).values(used_at=now)).rowcount)


def recovery_codes_left(db: Session, viewer: Viewer) -> int:
    """How many codes still work."""
    return db.exec(select(func.count()).where(*_usable(viewer.account_id))).one()


def drop_recovery_codes(db: Session, account_id: int, now: datetime) -> None:
    """Makes every code of the account worthless."""
    db.exec(update(RecoveryCode).where(*_usable(account_id)).values(dropped_at=now))


def _usable(account_id: int) -> tuple[Any, ...]:
    is_open = (col(RecoveryCode.used_at).is_(None), col(RecoveryCode.dropped_at).is_(None))
    return (RecoveryCode.account_id == account_id, *is_open)


def _digest(account_id: int, code: str) -> str:
    return fingerprint(f"{account_id} {code}")
