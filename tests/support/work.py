"""Requests in the desk's queue, of every kind, for tests of the desk."""

from datetime import datetime

from selectolax.lexbor import LexborNode
from sqlmodel import Session, select

from portal.data.case_states import ENDS, WITH_INSURER
from portal.data.cases import Case, CaseKind, CaseState, begin_case, move_case
from portal.data.fraud import FraudChannel, FraudReport, freeze
from portal.data.messages import MessageThread, Topic
from portal.data.sessions import Viewer
from portal.data.work_items import Turn, WorkItem
from portal.security import Keyring
from tests.support import factories


def sent_case(
    db: Session,
    viewer: Viewer,
    now: datetime,
    kind: CaseKind = CaseKind.MESSAGE,
    *,
    due_at: datetime | None = None,
    keyring: Keyring | None = None,
) -> WorkItem:
    """A case of the viewer's that was just sent, as the desk sees it; with a `keyring`, a message has a subject too, as
    whoever opens it reads."""
    case = begin_case(db, viewer, kind, now)
    if keyring and kind is CaseKind.MESSAGE:
        subject = keyring.encrypt("Une question")
        db.add(MessageThread(case_id=case.id or 0, topic=Topic.CONTRACT, subject_encrypted=subject))
    case.due_at = due_at
    move_case(db, case, CaseState.SENT, now, by=viewer.account_id)
    return item_of(db, case)


def item_of(db: Session, case: Case) -> WorkItem:
    return db.exec(select(WorkItem).where(WorkItem.case_id == case.id)).one()


def case_of(db: Session, item: WorkItem) -> Case:
    return db.get_one(Case, item.case_id)


def fraud_item(db: Session, keyring: Keyring, account_id: int, now: datetime) -> WorkItem:
    """A report of the account's, which freezes it, as the desk sees it."""
    made = freeze(db, keyring, account_id, FraudChannel.SIGNED_IN, "Je ne reconnais pas cette connexion.", now)
    assert made is not None
    return db.exec(select(WorkItem).where(WorkItem.report_id == made.report.id)).one()


def author(db: Session, keyring: Keyring) -> Viewer:
    """A member who may send cases."""
    return factories.viewer_of(db, factories.member_with_account(db, keyring)[1])


def turn_of(case: Case) -> Turn:
    if case.state in ENDS or case.state == CaseState.CLOSED:
        return Turn.NOBODY
    return Turn.DESK if case.state in WITH_INSURER else Turn.PERSON


def in_step(db) -> list[str]:
    """Each case sent, and each report, has exactly one item, which agrees with it; nothing else has one."""
    wrong = []
    items = db.exec(select(WorkItem).order_by(WorkItem.id)).all()
    by_case = {item.case_id: item for item in items if item.case_id}
    for case in db.exec(select(Case).order_by(Case.id)):
        item = by_case.pop(case.id, None)
        if case.is_draft != (item is None):
            wrong.append(f"{case.object} is {case.state}: {item}")
        elif item and (item.turn, item.due_at, item.kind, item.space) != (
            turn_of(case), case.due_at, case.kind, case.space,
        ):  # fmt: skip
            wrong.append(f"{case.object} is {case.state}, due {case.due_at}: {item}")
        if item and case.due_at and item.order_at != case.due_at:
            wrong.append(f"{case.object} is ordered by {item.order_at}, due {case.due_at}")
    reports = {item.report_id for item in items if item.report_id}
    wrong += [f"no case: {left}" for left in by_case.values()]
    if reports != set(db.exec(select(FraudReport.id))) or len(items) != len({(i.case_id, i.report_id) for i in items}):
        wrong.append(f"reports: {reports}")
    return wrong


def words(node: LexborNode) -> str:
    """What people read in an element, its pieces apart, with ordinary spaces alone."""
    return " ".join(node.text(deep=True, separator=" ").replace("\u00a0", " ").split())
