"""Whose turn it is: the insurer keeps what it has received."""

from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, select

from portal.data.cases import Case, CaseState, CaseStep


def last_sent_at(db: Session, case: Case) -> datetime | None:
    """When the insurer was last sent the case; None for a draft. The caller has found the case."""
    if case.sent_at is None:
        return None
    query = select(func.max(CaseStep.at)).where(CaseStep.case_id == case.id, CaseStep.state == CaseState.SENT)
    return db.exec(query).one() or case.sent_at
