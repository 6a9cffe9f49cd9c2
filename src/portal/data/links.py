"""Links sent by e-mail: random, signed by the caller, short-lived, used once (R-12, security: B2, B11).

A link dies when the account's password or address changes, save those that only stop something: whoever stole an
account must not silence them that way. No viewer here: the link itself says who comes.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import update
from sqlmodel import Field, Session, SQLModel, col

from portal.data.accounts import Account
from portal.data.columns import Index, instant
from portal.security import fingerprint, new_token


class LinkPurpose(StrEnum):
    """What a link lets its holder do, once."""

    PASSWORD_RESET = "mot-de-passe"  # noqa: S105
    EMAIL_CURRENT = "adresse-actuelle"
    EMAIL_NEW = "adresse-nouvelle"
    DELETION = "suppression"
    FRAUD = "fraude"
    BANK_CHANGE = "coordonnees-bancaires"
    COMPANY_BANK_CHANGE = "coordonnees-bancaires-entreprise"
    PRACTICE_BANK_CHANGE = "coordonnees-bancaires-cabinet"


LIVES = {
    LinkPurpose.PASSWORD_RESET: timedelta(hours=1),
    LinkPurpose.EMAIL_CURRENT: timedelta(hours=24),
    LinkPurpose.EMAIL_NEW: timedelta(hours=24),
    LinkPurpose.DELETION: timedelta(hours=24),
    LinkPurpose.FRAUD: timedelta(hours=24),
    LinkPurpose.BANK_CHANGE: timedelta(hours=72),
    # Longer than any change waits of itself: one whose author is suspended waits on, and its letter says that it works.
    LinkPurpose.COMPANY_BANK_CHANGE: timedelta(days=90),
    LinkPurpose.PRACTICE_BANK_CHANGE: timedelta(days=90),
}


# Links that change nothing but stop a change.
STOPPING = frozenset({LinkPurpose.BANK_CHANGE, LinkPurpose.COMPANY_BANK_CHANGE, LinkPurpose.PRACTICE_BANK_CHANGE})


class AccountLink(SQLModel, table=True):
    """`binding` is a digest of what the link depends on; `subject` says more (the id of an e-mail change…)."""

    __tablename__ = "account_link"
    __table_args__ = (Index("ix_link_account", "account_id"),)

    token_hash: str = Field(primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    purpose: str
    subject: str = ""
    binding: str
    made_at: datetime = instant()
    expires_at: datetime = instant()
    used_at: datetime | None = instant(default=None)


@dataclass(frozen=True, slots=True)
class Link:
    """A link that still works."""

    account_id: int
    purpose: LinkPurpose
    subject: str


def make_link(db: Session, account_id: int, purpose: LinkPurpose, now: datetime, subject: str = "") -> str:
    """A new link's token, to be signed and sent; only its hash is stored."""
    token = new_token()
    binding = _binding(db.get_one(Account, account_id), purpose)
    life = LIVES[purpose]
    db.add(
        AccountLink(
            token_hash=fingerprint(token),
            account_id=account_id,
            purpose=purpose,
            subject=subject,
            binding=binding,
            made_at=now,
            expires_at=now + life,
        )
    )
    db.flush()
    return token


def find_link(db: Session, token: str, now: datetime) -> Link | None:
    """The link behind a token, or None when it is unknown, used, expired, or its account has changed meanwhile."""
    row = db.get(AccountLink, fingerprint(token), populate_existing=True)
    if row is None or row.used_at is not None or now >= row.expires_at:
        return None
    purpose = LinkPurpose(row.purpose)
    if row.binding != _binding(db.get_one(Account, row.account_id), purpose):
        return None
    return Link(row.account_id, purpose, row.subject)


def use_link(db: Session, token: str, purpose: LinkPurpose, now: datetime) -> Link | None:
    """Uses the link up, in the caller's transaction; None when it does not work (any more), or for another purpose."""
    link = find_link(db, token, now)
    if link is None or link.purpose is not purpose:
        return None
    unused = (AccountLink.token_hash == fingerprint(token), col(AccountLink.used_at).is_(None))
    taken = db.exec(update(AccountLink).where(*unused).values(used_at=now)).rowcount
    return link if taken else None


def _binding(account: Account, purpose: LinkPurpose) -> str:
    if purpose in STOPPING:
        return ""
    return fingerprint(f"{account.password_hash} {account.email}")
