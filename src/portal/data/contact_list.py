"""The threads of a practice, as its users list them: the latest changed first, by key, with the last words (R-41)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, tuple_
from sqlmodel import Session, col, select

from portal.data.case_messages import CaseMessage, unread_counts
from portal.data.cases import Case, readable_by
from portal.data.messages import KIND, MessageThread, Topic
from portal.data.sessions import Viewer
from portal.security import Keyring

PAGE = 25
LONGEST_EXCERPT = 140


@dataclass(frozen=True, slots=True)
class ListedThread:
    """A thread in a list. `last`: how its last message begins; `last_by`: who wrote it, None for the insurer."""

    case: Case
    topic: Topic
    subject: str
    unread: int
    last: str
    last_by: int | None
    last_at: datetime


def practice_threads(db: Session, viewer: Viewer, keyring: Keyring, after: Case | None = None) -> list[ListedThread]:
    """The threads that follow `after`, and one more than a page when there are others. Drafts are the author's."""
    query = select(Case).where(readable_by(viewer), Case.kind == KIND)
    if after is not None:
        query = query.where(tuple_(col(Case.changed_at), col(Case.id)) < (after.changed_at, after.id))
    cases = db.exec(query.order_by(col(Case.changed_at).desc(), col(Case.id).desc()).limit(PAGE + 1)).all()
    return _listed(db, viewer, keyring, list(cases))


def _listed(db: Session, viewer: Viewer, keyring: Keyring, cases: list[Case]) -> list[ListedThread]:
    ids = [case.id or 0 for case in cases]
    rows = {row.case_id: row for row in db.exec(select(MessageThread).where(col(MessageThread.case_id).in_(ids)))}
    newest = (
        select(func.max(CaseMessage.id)).where(col(CaseMessage.case_id).in_(ids)).group_by(col(CaseMessage.case_id))
    )
    last = {each.case_id: each for each in db.exec(select(CaseMessage).where(col(CaseMessage.id).in_(newest)))}
    unread = unread_counts(db, viewer, KIND)
    return [
        _one(keyring, case, rows[case.id or 0], last.get(case.id or 0), unread.get(case.id or 0, 0)) for case in cases
    ]


def _one(keyring: Keyring, case: Case, row: MessageThread, last: CaseMessage | None, unread: int) -> ListedThread:
    subject = keyring.decrypt(row.subject_encrypted) if row.subject_encrypted else ""
    words = " ".join(keyring.decrypt(last.text_encrypted).split()) if last else ""
    return ListedThread(
        case,
        Topic(row.topic),
        subject,
        unread,
        words if len(words) <= LONGEST_EXCERPT else words[:LONGEST_EXCERPT].rsplit(" ", 1)[0] + "…",
        last.account_id if last and not last.is_from_insurer else None,
        last.sent_at if last else case.changed_at,
    )
