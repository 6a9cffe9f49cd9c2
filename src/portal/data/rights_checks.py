"""The checks of rights that health professionals make (R-42): one question, one answer, kept as it was shown.

An answer is found again by the practice that asked, and proven by its engagement number: the content is sealed under
that number, and the evidence of the act holds its digest.
"""

import hashlib
import secrets
from dataclasses import replace
from datetime import date, datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import LargeBinary, Row, Select, bindparam, func, insert, select
from sqlalchemy.exc import NoResultFound
from sqlmodel import Field, Session, SQLModel, col

from portal.data.accounts import Account
from portal.data.columns import BIG, Index, instant
from portal.data.organisations import Provider, agreement_on
from portal.data.prepared import Prepared
from portal.data.profession_care import care_codes
from portal.data.rights import RightsAnswer, RightsStatus
from portal.data.rights_answers import ShownAnswer, shown_answer
from portal.data.rights_freezes import RightsFreeze, freeze_state
from portal.data.rights_patterns import MISSES, Asked, Pattern, seen_in, unusual_until
from portal.data.rights_questions import Question, answer_to
from portal.data.rights_traces import Marks, add_trace, marks_of, same_press
from portal.data.sessions import Viewer
from portal.data.software import SoftwareCheck
from portal.data.throttling import (
    RIGHTS_MISSES,
    RIGHTS_PRACTICE,
    RIGHTS_USER,
    Guesses,
    allow,
    back_at,
    count_failures,
    hold,
)
from portal.security import Keyring, luhn_digit

PAGE = 20
ENGAGEMENT_DIGITS = 15


class RightsCheck(SQLModel, table=True):
    """A check and its answer. `engagement`: its number, random, of sixteen digits. `person_id`: whoever was found.
    `content_sealed`: the `ShownAnswer`, as JSON."""

    __tablename__ = "rights_check"
    __table_args__ = (
        Index("ix_rights_check_provider", "provider_id", "id"),
        Index("ix_rights_check_asked", "provider_id", "asked_at"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    engagement: str = Field(unique=True)
    asked_at: datetime = instant()
    asked_by: int = Field(foreign_key="account.id")
    provider_id: int = Field(foreign_key="provider.id")
    agreement_id: int | None = Field(default=None, foreign_key="agreement.id")
    means: str
    care_day: date
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    status: str
    content_sealed: bytes = Field(sa_type=LargeBinary)


class PastCheck(NamedTuple):
    """A check with its answer opened. `asker`: the user's name, empty once their account is erased. `operator`: who sat
    at the counter, in the practice's own code, when its software asked; empty for the page."""

    check: RightsCheck
    answer: ShownAnswer
    asker: str
    operator: str = ""


class Sent(NamedTuple):
    """How a question was sent. `form`: the token of its form, empty without one. `browser`: the keyed marks of the
    browser, empty when it is not known which. `is_proven`: the user has just proved who they are."""

    form: str = ""
    browser: tuple[str, ...] = ()
    is_proven: bool = True


class Made(NamedTuple):
    """A check, and the digest of its content. `is_again`: this form made it a moment ago, and nothing was done now."""

    check: RightsCheck
    digest: str
    is_again: bool = False


class TooManyChecks(Exception):
    """The account or the practice has used up what it may ask, or missed too often: nothing was looked up. `back_at`:
    when it may ask again."""

    def __init__(self, back_at: datetime | None) -> None:
        self.back_at = back_at


class ProofNeeded(Exception):
    """The question is unusual, and the user must first prove anew who they are: nothing was looked up."""


class ChecksFrozen(Exception):
    """The user's checks, or the practice's, are frozen: nothing was looked up."""

    def __init__(self, freeze: RightsFreeze) -> None:
        self.freeze = freeze


class FreezeDue(Exception):
    """What the user asks stays unusual after a proof: nothing was looked up, and the caller freezes the checks in this
    transaction (`rights_freezes.freeze_checks`). `seen`: how many of each pattern."""

    def __init__(self, seen: dict[Pattern, int]) -> None:
        self.seen = seen


SENT = Sent()


def check_rights(
    db: Session, viewer: Viewer, keyring: Keyring, question: Question, now: datetime, sent: Sent = SENT
) -> Made:
    """Answers one question of the viewer's practice and keeps the answer; the same form sent twice is one question.

    A practice's questions are judged one after the other. Raises `ChecksFrozen`, `FreezeDue`, `ProofNeeded`,
    `TooManyChecks`, `MarksNeeded`, and `NoResultFound` for an account of no practice.
    """
    provider_id, profession = _held_practice(db, viewer)
    marks = marks_of(keyring, question, sent.form)
    if (again := same_press(db, viewer.account_id, marks, now)) is not None:
        return _made_before(db, keyring, again)
    _judge(db, viewer, Asked(marks, sent.browser, sent.is_proven), now)
    _count(db, viewer, now)
    agreement_id = agreement_on(db, provider_id, question.care_day)
    answer = _answer(db, keyring, question, agreement_id)
    content = msgspec.json.encode(shown_answer(answer, care_codes(db, profession, question.care_day)))
    check = _kept(db, viewer, keyring, question, answer, agreement_id, content, now)
    _trace(db, viewer, check, marks, now)
    return Made(check, hashlib.sha256(content).hexdigest())


def needs_proof(db: Session, viewer: Viewer, now: datetime, sent: Sent = SENT) -> bool:
    """Whether the user must prove anew who they are before any question."""
    asked = Asked(None, sent.browser, sent.is_proven, freeze_state(db, viewer).lifted_at)
    return bool(seen_in(db, viewer, asked, now).proof)


def find_check(db: Session, viewer: Viewer, keyring: Keyring, check_id: int) -> PastCheck | None:
    """A check of the viewer's own practice; None for any other."""
    row = db.connection().execute(_own(viewer).where(col(RightsCheck.id) == check_id)).first()
    return _opened(row, keyring) if row else None


def check_by_engagement(db: Session, viewer: Viewer, engagement: str) -> int | None:
    """The id of a check of the viewer's own practice by its number; None for any other."""
    own = (col(RightsCheck.provider_id) == viewer.provider_id, RightsCheck.engagement == engagement)
    return db.connection().execute(select(RightsCheck.id).where(*own)).scalar()


def past_checks(
    db: Session, viewer: Viewer, keyring: Keyring, between: tuple[datetime, datetime] | None, before: int | None
) -> list[PastCheck]:
    """A page of the practice's checks and one more when there are others, newest first: those asked `between` two
    instants, older than the row `before`."""
    query = _own(viewer).order_by(col(RightsCheck.id).desc()).limit(PAGE + 1)
    if between is not None:
        query = query.where(col(RightsCheck.asked_at) >= between[0], col(RightsCheck.asked_at) < between[1])
    if before is not None:
        query = query.where(col(RightsCheck.id) < before)
    return [_opened(row, keyring) for row in db.connection().execute(query)]


def new_engagement() -> str:
    """A number that nobody guesses, and whose last digit catches a misreading."""
    digits = f"{secrets.randbelow(10**ENGAGEMENT_DIGITS):0{ENGAGEMENT_DIGITS}}"
    return digits + luhn_digit(digits)


def _made_before(db: Session, keyring: Keyring, check_id: int) -> Made:
    """The check that the same form has made."""
    check = db.get_one(RightsCheck, check_id)
    content = keyring.unseal(check.content_sealed, _label(check.engagement))
    return Made(check, hashlib.sha256(content).hexdigest(), is_again=True)


def _judge(db: Session, viewer: Viewer, asked: Asked, now: datetime) -> None:
    """Lets a question pass that is neither frozen nor unusual. The practice's row is held: whoever waited for it sees
    the freeze that came before."""
    state = freeze_state(db, viewer)
    if state.freeze is not None:
        raise ChecksFrozen(state.freeze)
    seen = seen_in(db, viewer, replace(asked, since=state.lifted_at), now, may_keep=True)
    if seen.freeze:
        raise FreezeDue(seen.freeze)
    if seen.proof:
        raise ProofNeeded


def _held_practice(db: Session, viewer: Viewer) -> tuple[int, str]:
    """The practice's id and profession; its row is locked. Raises `NoResultFound` for an account of no practice."""
    row = _PRACTICE.first(db, {"practice": viewer.provider_id})
    if row is None:
        raise NoResultFound
    return row[0], row[1]


def _count(db: Session, viewer: Viewer, now: datetime) -> None:
    uses: Guesses = [(RIGHTS_USER, str(viewer.account_id)), (RIGHTS_PRACTICE, str(viewer.provider_id))]
    if hold(db, _misses(viewer), now):
        raise TooManyChecks(back_at(db, _misses(viewer), now))
    if until := unusual_until(db, viewer.provider_id or 0, now, may_keep=True):
        raise TooManyChecks(until)
    if not allow(db, uses, now):
        raise TooManyChecks(back_at(db, uses, now))


def _misses(viewer: Viewer) -> Guesses:
    return [(RIGHTS_MISSES, str(viewer.account_id))]


def _answer(db: Session, keyring: Keyring, question: Question, agreement_id: int | None) -> RightsAnswer:
    """Without an agreement on the day of care nobody is looked for, so that nothing is told of anybody."""
    if agreement_id is None:
        return RightsAnswer(RightsStatus.NO_AGREEMENT, question.care_day)
    return answer_to(db, keyring, question)


def _kept(
    db: Session,
    viewer: Viewer,
    keyring: Keyring,
    question: Question,
    answer: RightsAnswer,
    agreement_id: int | None,
    content: bytes,
    now: datetime,
) -> RightsCheck:
    engagement = new_engagement()
    check = RightsCheck(
        engagement=engagement,
        asked_at=now,
        asked_by=viewer.account_id,
        provider_id=viewer.provider_id or 0,
        agreement_id=agreement_id,
        means=question.means,
        care_day=question.care_day,
        person_id=answer.cover.person_id if answer.cover else None,
        status=answer.status,
        content_sealed=keyring.seal(content, _label(engagement)),
    )
    check.id = db.connection().execute(_KEEP, check.model_dump(exclude={"id"})).scalar_one()
    return check


def _trace(db: Session, viewer: Viewer, check: RightsCheck, marks: Marks, now: datetime) -> None:
    """What later questions are judged by."""
    is_miss = check.status in MISSES
    if is_miss:
        count_failures(db, _misses(viewer), now)
    add_trace(db, check.id or 0, viewer.account_id, marks, now, is_miss=is_miss)


def _label(engagement: str) -> str:
    return f"rights:{engagement}"


_CHECKS = SQLModel.metadata.tables["rights_check"]
_KEEP = insert(_CHECKS).returning(_CHECKS.c.id)
_PRACTICE = Prepared(
    select(Provider.id, Provider.profession).where(col(Provider.id) == bindparam("practice")).with_for_update()
)


def _own(viewer: Viewer) -> Select[Any]:
    """The practice's own checks, each with the name of whoever asked, and who sat at the counter."""
    return (
        select(_CHECKS, col(Account.display_name), func.coalesce(SoftwareCheck.operator, ""))
        .join(Account, col(Account.id) == _CHECKS.c.asked_by)
        .outerjoin(SoftwareCheck, col(SoftwareCheck.check_id) == _CHECKS.c.id)
        .where(_CHECKS.c.provider_id == viewer.provider_id)
    )


def _opened(row: Row[Any], keyring: Keyring) -> PastCheck:
    check = RightsCheck(**dict(zip(_CHECKS.columns.keys(), row[:-2], strict=True)))
    content = keyring.unseal(check.content_sealed, _label(check.engagement))
    return PastCheck(check, msgspec.json.decode(content, type=ShownAnswer), *map(str, row[-2:]))
