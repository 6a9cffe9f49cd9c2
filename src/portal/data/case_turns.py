"""Whose turn it is: forms sent at once come one after the other; what an author adds gives the case back to the
insurer, who keeps what it has received."""

from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, select

from portal.data.accounts import Account
from portal.data.answer_delays import answer_due
from portal.data.cases import ALWAYS_OPEN, Case, CaseKind, CaseState, CaseStep, move_case
from portal.data.sessions import Viewer

AUTHOR_S_TURN = frozenset({CaseState.ANSWERED, CaseState.INCOMPLETE, CaseState.CLOSED})


def in_turn(db: Session, viewer: Viewer) -> None:
    """Two forms of one account, sent at once, come one after the other: the second one sees what the first began."""
    db.exec(select(Account.id).where(Account.id == viewer.account_id).with_for_update(key_share=True)).one()


def give_back(db: Session, case: Case, now: datetime, *, by: int | None) -> bool:
    """Gives a locked case that waited for its author back to the insurer, for what its author has just added.

    Whether it did: of the kinds that are always open alone, whose pages have no form that sends them again. Legal
    clocks go on, since they run from the first sending; an answer to a message is due anew. `by`: the author's
    account, None without one.
    """
    if case.kind not in ALWAYS_OPEN or case.state not in AUTHOR_S_TURN:
        return False
    if case.kind == CaseKind.MESSAGE and case.due_at is not None:
        case.due_at = answer_due(db, case.kind, case.space, now)
    move_case(db, case, CaseState.SENT, now, by=by)
    return True


def last_sent_at(db: Session, case: Case) -> datetime | None:
    """When the insurer was last sent the case; None for a draft. The caller has found the case."""
    if case.sent_at is None:
        return None
    query = select(func.max(CaseStep.at)).where(CaseStep.case_id == case.id, CaseStep.state == CaseState.SENT)
    return db.exec(query).one() or case.sent_at
