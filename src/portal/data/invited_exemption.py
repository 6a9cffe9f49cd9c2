"""An invited employee who asks to stay out of the contract: a request in the employer's register (R-30)."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from portal.data.employees import Employee
from portal.data.exemption_grounds import ExemptionGround, grounds_open
from portal.data.exemption_rows import Exemption
from portal.data.exemptions import Wish, ask_exemption
from portal.data.files import NewFile
from portal.data.invited import Asked


def grounds_for(db: Session, asked: Asked) -> list[ExemptionGround]:
    """The legal cases that the employee may ask under, on the day that the cover would begin."""
    if asked.period is None:
        return []
    return grounds_open(db, asked.employee.group_contract_id, asked.period.starts_on)


def ask_instead(db: Session, asked: Asked, wish: Wish, evidence: Sequence[NewFile], now: datetime) -> Exemption:
    """Asks for an exemption in place of the affiliation; what was typed before is erased. The caller has locked the
    invitation (`invited.proven_invitation`). Raises `Refused`, with the form's field."""
    employee = db.get_one(Employee, asked.employee.id, with_for_update=True, populate_existing=True)
    exemption = ask_exemption(db, employee, wish, now, evidence=evidence)
    row = asked.row
    row.exemption_asked_at, row.draft_encrypted = now, None
    db.add(row)
    db.flush()
    return exemption
