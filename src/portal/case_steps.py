"""The states that a case took, as a page's timeline tells them."""

from datetime import datetime

from sqlmodel import Session

from portal.case_areas import STATE_LABELS
from portal.data.cases import Case, CaseState, steps_of
from portal.web import PortalRequest

ToldStep = tuple[tuple[str, str], datetime, str]  # label and tone, when, why


def told_steps(request: PortalRequest, db: Session, case: Case) -> list[ToldStep]:
    """Each state since the sending, with the insurer's words if it gave any. The caller has found the case."""
    decrypt = request.services.keyring.decrypt
    return [
        (STATE_LABELS[CaseState(step.state)], step.at, decrypt(step.reason_encrypted) if step.reason_encrypted else "")
        for step in steps_of(db, case)
        if step.state != CaseState.DRAFT
    ]
