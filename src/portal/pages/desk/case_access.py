"""How the desk's pages come to a case: its opaque name, who may open it, and what opening it leaves in the evidence."""

from typing import Any

from litestar.exceptions import NotFoundException
from sqlmodel import Session

from portal.case_areas import area_of
from portal.data.activity import account_object
from portal.data.cases import Case
from portal.data.desk_cases import AtDesk, case_at_desk
from portal.data.evidence import Action
from portal.permissions import Permission, requires
from portal.rendering import Crumb
from portal.web import PortalRequest

WORK = "work"
WORKS = [requires(Permission.DESK_QUEUE)]
CASE = "/gestion/dossiers/{dossier:str}"


def opened(request: PortalRequest, db: Session, dossier: str) -> AtDesk:
    """The case behind an opaque name; 404 unless it is the viewer's charge, and neither theirs nor a relative's."""
    found = case_at_desk(db, request.viewer, request.services.keyring, request.revealed(WORK, dossier))
    if found is None:
        raise NotFoundException
    return found


def note(request: PortalRequest, at_desk: AtDesk, action: Action = Action.CASE_READ, **details: Any) -> None:
    """Notes that the case was read here: its author, and whom it is about, find it in their journal (R-51)."""
    author = at_desk.author
    request.note_read(action, at_desk.case.object, persons=at_desk.concerned, **details)
    if author is not None and author.person_id is None:
        request.note_read(Action.CASE_READ_AT_DESK, account_object(author.id or 0), case=at_desk.case.reference)


def record(request: PortalRequest, db: Session, at_desk: AtDesk, action: Action, **details: Any) -> None:
    """Records an act on the case, in its transaction: for its author, or for whom it is about without an account."""
    for_whom = at_desk.author.person_id if at_desk.author else at_desk.case.person_id
    request.record(db, action, at_desk.case.object, acting_for=for_whom, **details)


def case_title(case: Case) -> str:
    """« Réclamation ABCD-1234 »."""
    return f"{area_of(case).title} {case.reference}"


def case_url(request: PortalRequest, dossier: str) -> str:
    """The address of a case's page at the desk."""
    return request.services.urls("desk.case", dossier=dossier)


def case_crumbs(request: PortalRequest, at_desk: AtDesk | None = None, dossier: str = "") -> list[Crumb]:
    """The way to a case, or to a page below it."""
    queue = [Crumb("Dossiers", request.services.urls("desk.queue"))]
    return [*queue, Crumb(case_title(at_desk.case), case_url(request, dossier))] if at_desk else queue
