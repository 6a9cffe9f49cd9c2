"""Signed-in sessions: our own table, looked up on every request, ended at once (security: no fixation, no revival).

The cookie holds a signed random token; the row holds the token's SHA-256. Idle time is judged on `seen_at`, which the
journal refreshes in batches; absolute time on `created_at`. What an account may do now (its stage and its standing) is
computed from its own rows each time, so that a suspension or new terms apply to the very next request.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Update, bindparam, func, or_, select, update
from sqlmodel import Field, Session, SQLModel

from portal.data.accounts import Account, Space
from portal.data.columns import Index, instant
from portal.data.mandates import Mandate
from portal.data.passkeys import Passkey
from portal.data.prepared import Prepared
from portal.data.session_limits import LIMITS
from portal.data.standing import OPEN, STANDING_COLUMNS, Standing, standing_of
from portal.data.terms import TermsAcceptance, TermsVersion, standing
from portal.formatting import day_in_france
from portal.security import fingerprint, new_token


class Stage(StrEnum):
    """How far a session has come, and what is due before it goes on. A session's row stores CODE, EMAIL_CODE or FULL
    (who it is, is proved); the stages between are computed from the account.

    CODE: the second factor. EMAIL_CODE: the code e-mailed for a browser not seen before. PASSWORD: a temporary password
    is to be changed. FACTOR: a second factor is to be set up. TERMS: terms are to be accepted.
    """

    CODE = "code"
    EMAIL_CODE = "code-email"
    PASSWORD = "mot-de-passe"  # noqa: S105
    FACTOR = "second-facteur"
    TERMS = "conditions"
    FULL = "complete"


FACTOR_FREE = frozenset({Space.MEMBER})
HAS_FACTOR = or_(
    Account.totp_encrypted.is_not(None),
    select(Passkey.id).where(Passkey.account_id == Account.id, Passkey.removed_at.is_(None)).exists(),
)


class SignedSession(SQLModel, table=True):
    """One browser signed in to one account."""

    __tablename__ = "session"
    __table_args__ = (
        Index("ix_session_account", "account_id"),
        Index("ix_session_open", "ended_at", "seen_at"),
    )

    token_hash: str = Field(primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    stage: str
    created_at: datetime = instant()
    confirmed_at: datetime = instant()
    seen_at: datetime = instant()
    ended_at: datetime | None = instant(default=None)
    address: str = ""
    browser: str = ""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is asking: the signed-in account, as every function of `data/` that touches personal data receives it.

    `confirmed_at`: when the person last proved who they are in this session. `ended_on`: last day of cover, once past.
    `scope`: what the mandate of an outside firm opens (`mandates.read_scope`); empty for everybody else.
    """

    account_id: int
    space: str
    role: str
    display_name: str
    organisation: str
    person_id: int | None
    stage: str
    session_hash: str
    company_id: int | None
    provider_id: int | None
    confirmed_at: datetime
    standing: Standing = Standing.ACTIVE
    ended_on: date | None = None
    scope: str = ""


class Reader(Protocol):
    """Who reads, as far as family privacy goes: a viewer, or the author of something that a job looks at."""

    @property
    def account_id(self) -> int: ...

    @property
    def person_id(self) -> int | None: ...

    @property
    def role(self) -> str: ...


class _Row(NamedTuple):
    account_id: int
    space: str
    role: str
    display_name: str
    organisation: str
    person_id: int | None
    stage: str
    session_hash: str
    company_id: int | None
    provider_id: int | None
    confirmed_at: datetime
    created_at: datetime
    seen_at: datetime
    password_temporary_until: datetime | None
    has_factor: bool
    owes_terms: bool
    scope: str | None
    is_suspended: bool
    is_closed: bool
    is_leaving: bool
    is_restricted: bool
    ended_on: date | None
    access_to: date | None


_terms_in_force = (
    select(func.coalesce(func.max(TermsVersion.number), 0))
    .where(TermsVersion.effective_at <= bindparam("now", type_=TermsVersion.effective_at.type), standing())
    .scalar_subquery()
)
_terms_accepted = (
    select(func.coalesce(func.max(TermsAcceptance.version), 0))
    .where(TermsAcceptance.account_id == Account.id)
    .correlate(Account)
    .scalar_subquery()
)
_mandated = (
    select(Mandate.scope)
    .where(Mandate.account_id == Account.id, Mandate.ended_at.is_(None))
    .correlate(Account)
    .scalar_subquery()
)

_COLUMNS: tuple[Any, ...] = (
    Account.id,
    Account.space,
    Account.role,
    Account.display_name,
    Account.organisation,
    Account.person_id,
    SignedSession.stage,
    SignedSession.token_hash,
    Account.company_id,
    Account.provider_id,
    SignedSession.confirmed_at,
    SignedSession.created_at,
    SignedSession.seen_at,
    Account.password_temporary_until,
    HAS_FACTOR,
    _terms_in_force > _terms_accepted,
    _mandated,
    *STANDING_COLUMNS,
)
_FIND = Prepared(
    select(*_COLUMNS).where(
        SignedSession.account_id == Account.id,
        SignedSession.token_hash == bindparam("token_hash"),
        SignedSession.ended_at.is_(None),
    )
)


def find_viewer(db: Session, token: str, now: datetime) -> Viewer | None:
    """The viewer behind a session token; None when the session is unknown, ended or past its limits, or its account
    suspended or closed."""
    return find_viewer_by_hash(db, fingerprint(token), now)


def find_viewer_by_hash(db: Session, session_hash: str, now: datetime) -> Viewer | None:
    """The viewer of a session, as it is now; see `find_viewer`."""
    found = _FIND.first(db, {"token_hash": session_hash, "now": now})
    return _viewer(found, now) if found else None


def _viewer(found: Sequence[Any], now: datetime) -> Viewer | None:
    row = _Row(*found)
    limits = LIMITS[Space(row.space)]
    standing = standing_of(day_in_france(now), *found[-len(STANDING_COLUMNS) :])
    if now - row.seen_at > limits.idle or now - row.created_at > limits.absolute or standing not in OPEN:
        return None
    ended_on = row.ended_on if standing is Standing.ENDED else None
    return Viewer(*row[:6], _stage(row), *row[7:11], standing, ended_on, row.scope or "")


def _stage(row: _Row) -> Stage:
    if row.stage != Stage.FULL:
        return Stage(row.stage)
    if row.password_temporary_until is not None:
        return Stage.PASSWORD
    if not row.has_factor and row.space not in FACTOR_FREE:
        return Stage.FACTOR
    return Stage.TERMS if row.owes_terms else Stage.FULL


def lapsed_account(db: Session, session_hash: str) -> int | None:
    """The account of a complete session that nobody ended, past its limits or not; None for any other. It tells
    whom something may be kept for, never who is asking."""
    whole = (SignedSession.token_hash == session_hash, SignedSession.stage == Stage.FULL)
    open_one = (*whole, SignedSession.ended_at.is_(None))
    return db.connection().execute(select(SignedSession.account_id).where(*open_one)).scalar()


def open_session(
    db: Session, account_id: int, stage: Stage, now: datetime, address: str = "", browser: str = ""
) -> str:
    """Opens a session under a new random token (never one that the browser proposed), and returns the token."""
    token = new_token()
    db.add(
        SignedSession(
            token_hash=fingerprint(token),
            account_id=account_id,
            stage=stage,
            created_at=now,
            confirmed_at=now,
            seen_at=now,
            address=address,
            browser=browser[:200],
        )
    )
    db.flush()
    return token


def end_session(db: Session, viewer: Viewer, now: datetime) -> bool:
    """Ends the viewer's session; whether it was still open. An ended session is never opened again."""
    return bool(db.exec(_end(now).where(SignedSession.token_hash == viewer.session_hash)).rowcount)


def renew_session(db: Session, viewer: Viewer, now: datetime, *, confirmed: bool = False) -> str | None:
    """Gives the viewer's session a new token (security: C2), and returns it; None when it was ended meanwhile.

    `confirmed`: the person has just proved who they are. The session keeps its age.
    """
    token = new_token()
    values = {"token_hash": fingerprint(token)} | ({"confirmed_at": now} if confirmed else {})
    open_one = (SignedSession.token_hash == viewer.session_hash, SignedSession.ended_at.is_(None))
    return token if db.exec(update(SignedSession).where(*open_one).values(**values)).rowcount else None


def end_other_sessions(db: Session, viewer: Viewer, now: datetime) -> int:
    """Ends every session of the viewer's account but the one in use; how many."""
    others = (SignedSession.account_id == viewer.account_id, SignedSession.token_hash != viewer.session_hash)
    return int(db.exec(_end(now).where(*others)).rowcount)


def end_sessions_of(db: Session, account_id: int, now: datetime) -> None:
    """Ends every session of an account."""
    db.exec(_end(now).where(SignedSession.account_id == account_id))


def refresh_sessions(db: Session, seen: dict[str, datetime]) -> None:
    """Moves `seen_at` forward for the sessions (by token hash) that made a request; never back, never once ended."""
    for token_hash, at in seen.items():
        db.exec(
            update(SignedSession)
            .where(
                SignedSession.token_hash == token_hash,
                SignedSession.ended_at.is_(None),
                SignedSession.seen_at < at,
            )
            .values(seen_at=at)
        )


def _end(now: datetime) -> Update:
    return update(SignedSession).where(SignedSession.ended_at.is_(None)).values(ended_at=now)
