"""A message that is really a complaint becomes one, with the clock of the day on which it was written (R-26, R-80).

A dissatisfaction expressed in writing is a complaint, whatever the form it came by (ACPR recommendation 2022-R-01): its
author has nothing to do again. Only an agent charged with messages reaches one here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.accounts import Account, Space
from portal.data.case_desk import Agent, lock_for_desk, move_by_desk
from portal.data.case_messages import Message, add_message, messages_of
from portal.data.cases import Case, CaseState, WrongState, add_case, move_case, new_case_reference, touch
from portal.data.complaint_rules import clock_of
from portal.data.complaints import KIND as COMPLAINT
from portal.data.complaints import Category, Complaint, Contact, Said, complaint_row
from portal.data.desk_cases import AtDesk
from portal.data.messages import KIND as MESSAGE
from portal.formatting import day_in_france, end_of_day_in_france
from portal.security import Keyring


class Requalification(SQLModel, table=True):
    """A complaint, and the thread that it was at first: a thread becomes one once."""

    __tablename__ = "requalification"

    case_id: int = Field(primary_key=True, foreign_key="case_file.id", sa_column_kwargs={"autoincrement": False})
    thread_id: int = Field(foreign_key="case_file.id", unique=True)


@dataclass(frozen=True, slots=True)
class Requalified:
    """The complaint, and the thread that it came from."""

    complaint: Case
    thread: Case


@dataclass(frozen=True, slots=True)
class Candidate:
    """A thread that may become a complaint, and what its author wrote in it. `complaint`: what it became already."""

    case: Case
    written: Sequence[Message]
    complaint: Case | None


Tell = Callable[[Session, Requalified], None]


def candidate_of(db: Session, keyring: Keyring, at_desk: AtDesk) -> Candidate | None:
    """The thread that an agent opened (`case_at_desk`); None for a case of another kind."""
    case = at_desk.case
    if case.kind != MESSAGE:
        return None
    written = [message for message in messages_of(db, keyring, case) if not message.is_from_insurer]
    return Candidate(case, written, _made_of(db, case))


def turn_into_complaint(
    db: Session,
    agent: Agent,
    keyring: Keyring,
    candidate: Candidate,
    message: Message,
    category: Category,
    words: Callable[[Case], str],
    tell: Tell,
    now: datetime,
) -> Requalified:
    """A complaint out of one message of the candidate's author, acknowledged as it is made; the thread tells it, in
    `words`, and is closed. `tell`: the letter, in this transaction.

    Raises `WrongState` when it became one already, or the thread ended for good; `CaseMoved`.
    """
    thread = lock_for_desk(db, agent, candidate.case.id or 0, candidate.case.version)
    if thread is None or _made_of(db, thread) is not None or (thread.is_over and thread.state != CaseState.CLOSED):
        raise WrongState
    case = _complaint(db, keyring, thread, message, category, now, by=agent.account_id)
    made = Requalified(case, thread)
    add_message(db, agent, keyring, thread, words(case), now)
    if thread.state == CaseState.CLOSED:
        touch(db, thread, now)
        tell(db, made)
    else:
        move_by_desk(db, agent, keyring, thread, CaseState.CLOSED, "", now, tell=lambda db, _: tell(db, made))
    return made


def _complaint(
    db: Session, keyring: Keyring, thread: Case, message: Message, category: Category, now: datetime, *, by: int
) -> Case:
    """Members follow it in their space; others, whose space has no complaints, by the link of the letter."""
    is_members = thread.space == Space.MEMBER
    case = add_case(
        db,
        Case(
            reference=new_case_reference(db),
            kind=COMPLAINT,
            space=thread.space,
            account_id=thread.account_id if is_members else None,
            member_id=thread.member_id,
            opened_at=message.sent_at,
            changed_at=now,
            sent_at=message.sent_at,
            due_at=end_of_day_in_france(clock_of(day_in_france(message.sent_at)).answer_by),
        ),
    )
    row = complaint_row(case, keyring, Said(category, message.text))
    row.acknowledged_at = now
    if not is_members:
        _leave_contact(db, keyring, row, message.author_id or thread.account_id)
    db.add(row)
    db.add(Requalification(case_id=case.id or 0, thread_id=thread.id or 0))
    db.flush()
    move_case(db, case, CaseState.SENT, now, by=by)
    return case


def _leave_contact(db: Session, keyring: Keyring, row: Complaint, account_id: int | None) -> None:
    account = db.get(Account, account_id) if account_id else None
    if account is not None:
        Contact(account.display_name, account.email).leave(row, keyring)


def _made_of(db: Session, thread: Case) -> Case | None:
    query = select(Case).join(Requalification, col(Requalification.case_id) == Case.id)
    return db.exec(query.where(Requalification.thread_id == thread.id)).first()
