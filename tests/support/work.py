"""Requests in the desk's queue, of every kind, for tests of the desk."""

from datetime import datetime

from sqlmodel import Session, select

from portal.data.cases import Case, CaseKind, CaseState, begin_case, move_case
from portal.data.fraud import FraudChannel, freeze
from portal.data.sessions import Viewer
from portal.data.work_items import WorkItem
from portal.security import Keyring
from tests.support import factories


def sent_case(
    db: Session,
    viewer: Viewer,
    now: datetime,
    kind: CaseKind = CaseKind.MESSAGE,
    *,
    due_at: datetime | None = None,
) -> WorkItem:
    """A case of the viewer's that was just sent, as the desk sees it."""
    case = begin_case(db, viewer, kind, now)
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
