"""Letters that a complaint's clock asks for: received, late, made of a message. They say nothing of its content."""

from typing import Any

from sqlmodel import Session

from portal.case_links import case_path, link_path
from portal.data.cases import Case, address_of
from portal.data.complaint_rules import Clock, clock_of
from portal.data.open_complaints import contact_of
from portal.formatting import day_in_france
from portal.web import Services


def tell_acknowledged(services: Services, db: Session, case: Case) -> None:
    """Acknowledges a complaint (ACPR 2022-R-01): its reference, until when it is answered, who the mediator is."""
    _post(services, db, case, "complaint-acknowledged")


def tell_delayed(services: Services, db: Session, case: Case) -> None:
    """Says that the answer will not come in two months, and that the mediator may be asked; the reason that an agent
    gave stands on the complaint's page."""
    _post(services, db, case, "complaint-delayed")


def tell_requalified(services: Services, db: Session, case: Case, message: Case) -> None:
    """Says that a message is treated as a complaint, from the day on which it was written."""
    _post(services, db, case, "complaint-from-message", message_reference=message.reference)


def _post(services: Services, db: Session, case: Case, name: str, **more: Any) -> None:
    """Nothing without an address. Whoever has no account follows the complaint by the link."""
    if case.account_id is not None:
        email, path = address_of(db, case), case_path(services, case)
    else:
        contact = contact_of(db, services.keyring, case)
        email, path = contact.email if contact else "", link_path(services, case.id or 0)
    if email:
        said = {"reference": case.reference, "href": services.settings.origin + path, **_days(case), **more}
        mediator = services.settings.mediator.model_dump()
        services.mail.post(db, name, email, account_id=case.account_id, mediator=mediator, **said)


def _days(case: Case) -> dict[str, Any]:
    if case.sent_at is None:
        raise ValueError("a complaint that was not sent has no clock")
    clock: Clock = clock_of(day_in_france(case.sent_at))
    return {"sent_on": clock.sent_on, "answer_by": clock.answer_by, "mediator_on": clock.mediator_on}
