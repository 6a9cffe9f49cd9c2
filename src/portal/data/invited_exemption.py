"""An invited employee who asks to stay out of the contract instead: the request goes to the employer's register (R-30)."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlmodel import Session

from portal.data.employees import Employee
from portal.data.exemption_grounds import ExemptionGround, grounds_open
from portal.data.exemption_rows import Exemption
from portal.data.exemptions import Wish, ask_exemption
from portal.data.files import NewFile
from portal.data.invited import Asked, Gone


def grounds_for(db: Session, asked: Asked) -> list[ExemptionGround]:
    """The legal cases that the employee may ask under, on the day that the cover would begin."""
    if asked.period is None:
        return []
    return grounds_open(db, asked.employee.group_contract_id, asked.period.starts_on)


def ask_instead(
    db: Session,
    asked: Asked,
    ground: str,
    statement: str,
    now: datetime,
    *,
    today: date,
    until: date | None,
    insurer: str,
    evidence: Sequence[NewFile],
) -> Exemption:
    """Asks for an exemption from the first day on, in place of the affiliation; what was typed before is erased. The
    caller has locked the invitation (`invited.proven_invitation`). Raises `Gone`, `Refused` (with the form's field).
    """
    if asked.period is None:
        raise Gone
    employee = db.get_one(Employee, asked.employee.id, with_for_update=True, populate_existing=True)
    wish = Wish(ground, today, asked.period.starts_on, until, insurer, statement)
    exemption = ask_exemption(db, employee, wish, now, evidence=evidence)
    row = asked.row
    row.exemption_asked_at, row.draft_encrypted = now, None
    db.add(row)
    db.flush()
    return exemption
