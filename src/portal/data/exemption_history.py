"""What was done about an exemption, by whom, and whether it was taken back since."""

from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session, col, select

from portal.data.accounts import Account
from portal.data.employees import EmployeeEvent
from portal.data.exemption_rows import Exemption, ExemptionStep, StepKind
from portal.data.sessions import Viewer


class TakenStep(NamedTuple):
    """`author`: a colleague's name; empty for the employee, the portal itself, or an account that is erased. `reason`:
    encrypted."""

    kind: str
    at: datetime
    author: str
    reason: bytes | None
    undone_at: datetime | None


def history_of(db: Session, viewer: Viewer, exemption: Exemption) -> list[TakenStep]:
    """The steps of an exemption that the caller has reached, the newest first."""
    query = (
        select(ExemptionStep, Account, EmployeeEvent)
        .outerjoin(Account, col(Account.id) == ExemptionStep.by)
        .outerjoin(EmployeeEvent, col(EmployeeEvent.id) == ExemptionStep.event_id)
        .where(ExemptionStep.exemption_id == exemption.id)
        .order_by(col(ExemptionStep.id).desc())
    )
    return [_taken(viewer, *row) for row in db.exec(query)]


def was_accepted(db: Session, exemption: Exemption) -> bool:
    """Whether it was accepted once, be it taken back since: the employee was told so."""
    query = select(ExemptionStep.id).where(
        ExemptionStep.exemption_id == exemption.id, ExemptionStep.kind == StepKind.ACCEPTED
    )
    return db.exec(query).first() is not None


def _taken(viewer: Viewer, step: ExemptionStep, author: Account | None, event: EmployeeEvent | None) -> TakenStep:
    is_colleague = author is not None and author.company_id is not None and author.company_id == viewer.company_id
    name = author.display_name if author is not None and is_colleague else ""
    return TakenStep(step.kind, step.at, name, step.reason_encrypted, event.undone_at if event else None)
