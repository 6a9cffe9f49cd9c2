"""What is kept of a question about rights for a week, so that what is unusual is seen (R-62): keyed hashes alone.

They tell a number that is asked again, or one near it, and the same form sent twice; nothing can be read back, and they
are gone once no rule looks at them any more. The answer itself is kept apart (`rights_checks`).
"""

import re
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, delete
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.columns import BIG, Index, UtcDateTime, instant
from portal.data.prepared import Prepared
from portal.data.rights_questions import Means, Question
from portal.security import Keyring

# Rules look a week back.
KEPT = timedelta(days=8)
# Whoever walks through numbers takes the next ones; two numbers less than half of this apart are always neighbours.
NEIGHBOURHOOD = 100
# A form that is sent twice is sent within moments; a page that the browser shows again may be sent somewhat later.
SAME_PRESS = timedelta(minutes=5)
_NIR_BARE = 13
_NUMBER = re.compile(r"(.*?)([0-9]{1,15})", re.DOTALL)


class RightsTrace(SQLModel, table=True):
    """The trace of a check. `number`: what was asked for; `marks`: with birth date and rank; `lower` and `upper`: the
    two neighbourhoods of the number, empty for a code; `form`: the form that was sent, empty without one."""

    __tablename__ = "rights_trace"
    __table_args__ = (Index("ix_rights_trace_asked", "asked_by", "asked_at"),)

    check_id: int = Field(
        primary_key=True, foreign_key="rights_check.id", sa_type=BIG, sa_column_kwargs={"autoincrement": False}
    )
    asked_by: int = Field(foreign_key="account.id")
    asked_at: datetime = instant()
    is_miss: bool
    number: str
    marks: str
    lower: str = ""
    upper: str = ""
    form: str = ""


_SAME = Prepared(
    select(RightsTrace.check_id).where(
        RightsTrace.asked_by == bindparam("asked_by"),
        RightsTrace.asked_at > bindparam("after", type_=UtcDateTime()),
        RightsTrace.form == bindparam("form"),
        RightsTrace.marks == bindparam("marks"),
    )
)


class Marks(NamedTuple):
    """The keyed hashes of a question."""

    number: str
    marks: str
    lower: str
    upper: str
    form: str


def marks_of(keyring: Keyring, question: Question, form: str = "") -> Marks:
    """The hashes of a question; `form`: the token of the form that sent it."""
    bare = re.sub(r"[\s./-]", "", question.number).upper()
    number = f"rights number {question.means} {bare[:_NIR_BARE] if question.means is Means.NIR else bare}"
    whole = f"{number} {question.card_number} {question.birth_date} {question.birth_rank}"
    lower, upper = _neighbourhoods(question.means, number)
    sent = f"rights form {form} {question.care_day}" if form else ""
    return Marks._make(keyring.lookup(text) if text else "" for text in (number, whole, lower, upper, sent))


def add_trace(db: Session, check_id: int, asked_by: int, marks: Marks, now: datetime, *, is_miss: bool) -> None:
    """Keeps the trace of a check that was just made."""
    db.add(RightsTrace(check_id=check_id, asked_by=asked_by, asked_at=now, is_miss=is_miss, **marks._asdict()))
    db.flush()


def same_press(db: Session, asked_by: int, marks: Marks, now: datetime) -> int | None:
    """The check that this very form has made already with these very marks; None when it is the first time."""
    if not marks.form:
        return None
    values = {"asked_by": asked_by, "after": now - SAME_PRESS, "form": marks.form, "marks": marks.marks}
    found = _SAME.first(db, values)
    return found[0] if found else None


def purge(db: Session, now: datetime) -> int:
    """Forgets the traces that no rule looks at any more; how many."""
    return int(db.exec(delete(RightsTrace).where(col(RightsTrace.asked_at) < now - KEPT)).rowcount)


def _neighbourhoods(means: Means, number: str) -> tuple[str, str]:
    """Two rows of blocks, one shifted by half a block: what is near shares a block of one or the other. A card's code
    is no number."""
    found = _NUMBER.fullmatch(number)
    if means is Means.CARD_CODE or found is None:
        return "", ""
    head, tail = found[1], int(found[2])
    near = (tail // NEIGHBOURHOOD, (tail + NEIGHBOURHOOD // 2) // NEIGHBOURHOOD)
    return f"{head} block {near[0]}", f"{head} shifted block {near[1]}"
