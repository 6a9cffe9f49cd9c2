"""What its author does with a case that begins as a draft and goes on as a conversation: send it, add words, take it
back. Kinds whose sending asks for more have functions of their own around these."""

from datetime import datetime

from sqlmodel import Session

from portal.data.case_messages import SentAlready, add_message, repeats
from portal.data.case_turns import give_back
from portal.data.cases import Case, CaseKind, CaseState, WrongState, lock_case, move_case, touch
from portal.data.sessions import Viewer
from portal.security import Keyring


def lock_draft(db: Session, viewer: Viewer, case_id: int, version: int | None, kind: CaseKind) -> Case | None:
    """The viewer's draft, for changing or sending it in this transaction; None when there is no such case.

    Raises `CaseMoved`; `WrongState` for anything but a draft.
    """
    case = lock_case(db, viewer, case_id, version, kind)
    if case is not None and not case.is_draft:
        raise WrongState
    return case


def add_words(
    db: Session, viewer: Viewer, keyring: Keyring, case_id: int, text: str, now: datetime, kind: CaseKind
) -> Case | None:
    """What its author adds to a case that was sent; it is the insurer's turn then. None without such a case.

    Raises `WrongState` before it is sent and once it is over, `SentAlready` when it ends with these very words.
    """
    case = lock_case(db, viewer, case_id, None, kind)
    if case is None:
        return None
    if case.is_draft or case.is_over:
        raise WrongState
    if repeats(db, viewer, keyring, case, text, now):
        raise SentAlready(case_id)
    add_message(db, viewer, keyring, case, text, now)
    if not give_back(db, case, now, by=viewer.account_id):
        touch(db, case, now)
    return case


def withdraw_case(db: Session, viewer: Viewer, case_id: int, now: datetime, kind: CaseKind) -> Case | None:
    """A case taken back by its author, whatever was said since its page was made: words are added in place, and leave
    the rest of the page as it was. None when there is no such case. Raises `WrongState`."""
    case = lock_case(db, viewer, case_id, None, kind)
    if case is not None:
        move_case(db, case, CaseState.CANCELLED, now, by=viewer.account_id)
    return case
