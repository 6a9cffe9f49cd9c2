"""Letters that wait to be sent to somebody who died: given up, with the change that they would have told about."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col

from portal.data.outbox import OutgoingMail

HOLDER_DEAD = "its holder is dead"


def withdraw_letters(db: Session, accounts: Collection[int], now: datetime) -> int:
    """Gives up what waits to be sent to these accounts, and forgets what it said; how many letters."""
    waiting = (col(OutgoingMail.account_id).in_(accounts), col(OutgoingMail.sent_at).is_(None))
    given_up = {"refused_at": now, "reason": HOLDER_DEAD, "recipient_encrypted": None, "content_encrypted": None}
    open_ones = update(OutgoingMail).where(*waiting, col(OutgoingMail.refused_at).is_(None)).values(**given_up)
    return int(db.exec(open_ones).rowcount)
