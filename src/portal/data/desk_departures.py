"""Accounts suspended or closed together with what they had to do: an agent's requests go back into the queue, at once.

`viewer` is None for an operator at the server, as in `desk_acts`.
"""

from datetime import datetime

from sqlmodel import Session

from portal.data import desk_acts
from portal.data.accounts import Account
from portal.data.desk_team import pass_on
from portal.data.sessions import Viewer
from portal.security import Keyring


def suspend(db: Session, viewer: Viewer | None, keyring: Keyring, account: Account, reason: str, now: datetime) -> bool:
    """As `desk_acts.suspend`; what the account had waits for anybody."""
    done = desk_acts.suspend(db, viewer, account, reason, now)
    if done:
        pass_on(db, viewer, keyring, account.id or 0, now)
    return done


def close(db: Session, viewer: Viewer | None, keyring: Keyring, account: Account, reason: str, now: datetime) -> bool:
    """As `desk_acts.close`; what the account had waits for anybody."""
    done = desk_acts.close(db, viewer, account, reason, now)
    if done:
        pass_on(db, viewer, keyring, account.id or 0, now)
    return done
