"""Why an account cannot be used, since when, and what its holder is told (R-13, R-63, R-64).

No viewer here: whoever is told has just given the right password, or reads the account's own mailbox.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, select

from portal.data.accounts import Account, AccountClosing, AccountSuspension, SuspensionKind
from portal.data.standing import STANDING_COLUMNS, Standing, reading_until, standing_of
from portal.formatting import day_in_france


class BlockKind(StrEnum):
    SUSPENDED = "suspendu"
    FRAUD = "fraude"
    CLOSED = "ferme"
    ACCESS_OVER = "acces-termine"
    COVER_OVER = "couverture-terminee"


@dataclass(frozen=True, slots=True)
class Block:
    """`since`: a day in France; COVER_OVER, ACCESS_OVER: the last day of use. `reason`: what was written for the holder
    when the account was suspended or closed, or empty."""

    kind: BlockKind
    since: date
    reason: str = ""


def block_of(db: Session, account_id: int, now: datetime) -> Block | None:
    """Why the account cannot be used now; None while it can."""
    standing = db.exec(select(*STANDING_COLUMNS).select_from(Account).where(Account.id == account_id)).one()
    state = standing_of(day_in_france(now), *standing)
    if state is Standing.SUSPENDED:
        return _suspension(db, account_id)
    return _end(db, account_id, standing) if state is Standing.CLOSED else None


def _suspension(db: Session, account_id: int) -> Block:
    under_way = (AccountSuspension.account_id == account_id, col(AccountSuspension.ended_at).is_(None))
    row = db.exec(select(AccountSuspension).where(*under_way).order_by(col(AccountSuspension.id)).limit(1)).one()
    kind = BlockKind.FRAUD if row.kind == SuspensionKind.FRAUD else BlockKind.SUSPENDED
    return Block(kind, day_in_france(row.started_at), row.reason)


def _end(db: Session, account_id: int, standing: Sequence[Any]) -> Block:
    closing = db.get(AccountClosing, account_id)
    if closing is not None:
        return Block(BlockKind.CLOSED, day_in_france(closing.closed_at), closing.reason)
    *_, covered_to, access_to = standing
    if access_to is not None and (covered_to is None or access_to < reading_until(covered_to)):
        return Block(BlockKind.ACCESS_OVER, access_to)
    return Block(BlockKind.COVER_OVER, reading_until(covered_to))
