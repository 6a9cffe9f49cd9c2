"""What the insurer's staff do with a case: take it, refuse a piece, ask for one, answer, decide.

The desk alone (`viewer.space`) reaches a case here; nobody's own case is found by these functions otherwise.
"""

from datetime import datetime

from sqlmodel import Session, select

from portal.data.accounts import Space
from portal.data.case_messages import add_message
from portal.data.case_pieces import CasePiece, find_piece
from portal.data.cases import Case, CaseKind, CaseMoved, CaseState, WrongState, move_case, touch
from portal.data.sessions import Viewer
from portal.security import Keyring

# Their pages show no conversation: the desk asks by refusing a piece, and answers by its decision.
WITHOUT_WORDS = frozenset({CaseKind.AUTONOMY, CaseKind.CORRECTION})


def lock_for_desk(db: Session, agent: Viewer, case_id: int, version: int) -> Case | None:
    """A case that was sent, for an agent to change it in this transaction; None when there is none.

    Raises `CaseMoved` when it is no longer the `version` that the agent saw, `PermissionError` for others.
    """
    if agent.space != Space.DESK:
        raise PermissionError
    query = select(Case).where(Case.id == case_id, Case.state != CaseState.DRAFT).with_for_update()
    case = db.exec(query.execution_options(populate_existing=True)).first()
    if case is not None and case.version != version:
        raise CaseMoved(case)
    return case


def move_by_desk(
    db: Session, agent: Viewer, keyring: Keyring, case: Case, state: CaseState, reason: str, now: datetime
) -> None:
    """Takes a locked case into a state; `reason` is what the person reads.

    Raises `WrongState`: also for a case that would wait for words which its author has no way to write.
    """
    if state is CaseState.ANSWERED and case.kind in WITHOUT_WORDS:
        raise WrongState
    move_case(db, case, state, now, by=agent.account_id, reason=keyring.encrypt(reason) if reason else None)


def refuse_piece(
    db: Session, agent: Viewer, keyring: Keyring, case: Case, piece_id: int, motive: str, now: datetime
) -> None:
    """Refuses one piece of a locked case, with its motive: the person is asked for that one again, and for no other.

    The case then waits for the person. Raises `WrongState` for a case that is over, or a piece that is not there.
    """
    piece = find_piece(db, case, piece_id)
    if piece is None or case.is_over:
        raise WrongState
    row = db.get_one(CasePiece, piece_id)
    row.refused_at, row.refused_by, row.refusal_encrypted = now, agent.account_id, keyring.encrypt(motive)
    db.add(row)
    if case.state != CaseState.INCOMPLETE:
        move_case(db, case, CaseState.INCOMPLETE, now, by=agent.account_id)
    else:
        touch(db, case, now)


def answer(db: Session, agent: Viewer, keyring: Keyring, case: Case, text: str, now: datetime) -> None:
    """Writes to the person about a locked case, which then waits for the person. Raises `WrongState`."""
    move_by_desk(db, agent, keyring, case, CaseState.ANSWERED, "", now)
    add_message(db, agent, keyring, case, text, now)
