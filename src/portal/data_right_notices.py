"""Letters about rights over one's data: that something was received, or changed; never what (R-70)."""

from sqlmodel import Session

from portal.case_links import case_path
from portal.data.activity import account_object
from portal.data.case_desk import Agent
from portal.data.cases import Case, address_of
from portal.data.data_right_rules import clock_of
from portal.data.data_rights import is_own_request
from portal.data.evidence import Action
from portal.data.own_account import own_account
from portal.data.restricting import lift_by_desk
from portal.data.sessions import Viewer
from portal.web import PortalRequest, Services

# What a letter may say was changed: whoever stole a session would change it too.
RESTRICTED, LIFTED, LIFTED_BY_DESK, INSTRUCTED, REVOKED = "limitee", "levee", "levee-bureau", "directives", "retirees"


def tell_received(services: Services, db: Session, case: Case) -> None:
    """Writes that a request arrived, and by when it is answered."""
    email = address_of(db, case)
    if email and case.sent_at:
        href = services.settings.origin + case_path(services, case)
        day = clock_of(case.sent_at).answer_by
        services.mail.post(
            db,
            "data-request-received",
            email,
            account_id=case.account_id,
            reference=case.reference,
            day=day,
            href=href,
            is_own=is_own_request(db, case),
        )


def tell_changed(services: Services, db: Session, viewer: Viewer, what: str) -> None:
    """Writes that the viewer's choice was changed."""
    _post_changed(services, db, viewer.account_id, own_account(db, viewer).email, what)


def lift_for_desk(request: PortalRequest, db: Session, agent: Agent, account_id: int, reason: str) -> bool:
    """Lifts the restriction of an account for a reason that its holder is told of, with the letter and the evidence in
    the same transaction; whether the account was limited. Raises `PermissionError`, `WrongState` without a reason."""
    services = request.services
    email = lift_by_desk(db, agent, services.keyring, account_id, reason, request.now)
    if email is None:
        return False
    _post_changed(services, db, account_id, email, LIFTED_BY_DESK)
    request.record(db, Action.RESTRICTION_LIFTED, account_object(account_id))
    return True


def _post_changed(services: Services, db: Session, account_id: int, email: str, what: str) -> None:
    if email:
        href = services.settings.origin + services.urls("data")
        services.mail.post(db, "data-choice-changed", email, account_id=account_id, what=what, href=href)
