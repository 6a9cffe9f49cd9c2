"""What the insurer's staff do with a case: take it, refuse a piece, ask for one, answer, decide.

The desk alone reaches a case here; nobody's own case is found by these functions otherwise. Whoever acts is an
`Agent`, who brings what writes letters: an act that the case's author must learn of posts its letter itself, in the
same transaction, so that no caller can forget it.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Protocol

from sqlmodel import Session, select

from portal.data.accounts import Space
from portal.data.case_messages import add_message
from portal.data.case_pieces import CasePiece, find_piece
from portal.data.cases import Case, CaseKind, CaseMoved, CaseState, WrongState, move_case, touch
from portal.data.postal_letters import LetterKind
from portal.data.received_requests import answers_on_paper
from portal.data.sessions import Viewer
from portal.security import Keyring

# Their pages show no conversation: the desk asks by refusing a piece, and answers by its decision.
WITHOUT_WORDS = frozenset(
    {
        CaseKind.AUTONOMY,
        CaseKind.CORRECTION,
        CaseKind.PRACTICE_ADDRESS,
        CaseKind.PRACTICE_NUMBER,
        CaseKind.DATA_RIGHT,
    }
)


Tell = Callable[[Session, Case], None]


class Letters(Protocol):
    """Letters to the author of a case, put into the outbox in the transaction of what they tell; they say nothing of
    the content. Nothing is written to whoever gave no address."""

    def tell_of_news(self, db: Session, case: Case) -> None:
        """Something of the case waits to be read."""

    def acknowledge_complaint(self, db: Session, case: Case) -> None:
        """The complaint is acknowledged, in the words that the law asks for: until when, and who the mediator is."""

    def tell_of_autonomy(self, db: Session, case: Case) -> None:
        """The lines of the minor who asked are the minor's alone."""

    def tell_of_overpayment(self, db: Session, member_id: int, now: datetime) -> None:
        """Tells a member that a sum was paid too much, and where to read what becomes of it."""

    def ask_for_account(self, db: Session, member_id: int, now: datetime) -> None:
        """Asks a member to whom something is due where to send it, when nobody knows."""

    def write_on_paper(
        self, db: Session, case: Case, kind: LetterKind, words: str, now: datetime, *, by: int | None
    ) -> None:
        """Writes, as a letter to post, about a request on data that came on paper. `words`: the insurer's own; `by`:
        the account of whoever wrote them, if anybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent(Viewer):
    """One of the insurer's staff, at work on cases."""

    letters: Letters


def agent_at_work(viewer: Viewer, letters: Letters) -> Agent:
    """The viewer as an agent who acts on cases. Raises `PermissionError` for anybody but the desk."""
    if viewer.space != Space.DESK:
        raise PermissionError
    return Agent(**{each.name: getattr(viewer, each.name) for each in fields(Viewer)}, letters=letters)


def lock_for_desk(db: Session, agent: Viewer, case_id: int, version: int) -> Case | None:
    """A case that was sent, for an agent to change it in this transaction; None when there is none.

    Raises `CaseMoved` when it is no longer the `version` that the agent saw, `PermissionError` for others.
    """
    _letters_of(agent)
    query = select(Case).where(Case.id == case_id, Case.state != CaseState.DRAFT).with_for_update()
    case = db.exec(query.execution_options(populate_existing=True)).first()
    if case is not None and case.version != version:
        raise CaseMoved(case)
    return case


def move_by_desk(
    db: Session,
    agent: Viewer,
    keyring: Keyring,
    case: Case,
    state: CaseState,
    reason: str,
    now: datetime,
    *,
    tell: Tell | None = None,
) -> None:
    """Takes a locked case into a state, and tells its author, save that it is under review; `reason` is what the person
    reads, `tell` the letter in the place of the one that says there is news.

    Raises `WrongState`: also for a case that would wait for words which its author has no way to write, or be settled
    though it is no conversation; `PermissionError` for anybody but an `Agent`.
    """
    letters = _letters_of(agent)
    if state is CaseState.ANSWERED and case.kind in WITHOUT_WORDS:
        raise WrongState
    if state is CaseState.CLOSED and case.kind != CaseKind.MESSAGE:
        raise WrongState
    move_case(db, case, state, now, by=agent.account_id, reason=keyring.encrypt(reason) if reason else None)
    if state is not CaseState.IN_REVIEW:
        (tell or letters.tell_of_news)(db, case)


def refuse_piece(
    db: Session, agent: Viewer, keyring: Keyring, case: Case, piece_id: int, motive: str, now: datetime
) -> None:
    """Refuses one piece of a locked case, with its motive: the person is asked for that one again, and for no other.

    The case then waits for the person, who is told once. Raises `WrongState` for a case that is over, or a piece that
    is not there.
    """
    piece = find_piece(db, case, piece_id)
    if piece is None or case.is_over:
        raise WrongState
    row = db.get_one(CasePiece, piece_id)
    row.refused_at, row.refused_by, row.refusal_encrypted = now, agent.account_id, keyring.encrypt(motive)
    db.add(row)
    if case.state != CaseState.INCOMPLETE:
        move_by_desk(db, agent, keyring, case, CaseState.INCOMPLETE, "", now)
    else:
        touch(db, case, now)
    owe_letter(db, agent, case, LetterKind.PIECE, motive, now)


def answer(db: Session, agent: Viewer, keyring: Keyring, case: Case, text: str, now: datetime) -> None:
    """Writes to the person about a locked case, which then waits for the person. Raises `WrongState`."""
    move_by_desk(db, agent, keyring, case, CaseState.ANSWERED, "", now)
    add_message(db, agent, keyring, case, text, now)


def owe_letter(db: Session, agent: Viewer, case: Case, kind: LetterKind, words: str, now: datetime) -> None:
    """Writes a letter to post, where the locked request is answered on paper; nothing otherwise."""
    letters = _letters_of(agent)
    if answers_on_paper(db, case):
        letters.write_on_paper(db, case, kind, words, now, by=agent.account_id)


def _letters_of(agent: Viewer) -> Letters:
    if not isinstance(agent, Agent):
        raise PermissionError
    return agent.letters
