"""One case at the desk, /gestion/dossiers/{dossier}: what is asked, its pieces, what was said, the context that
deciding it takes, where it stands, and what may be decided."""

from datetime import datetime
from typing import Any

from litestar import Response
from litestar.params import FromPath
from sqlmodel import Session

from portal.case_areas import DESK_STATES
from portal.case_steps import told_steps
from portal.data.accounts import Space
from portal.data.case_messages import messages_of
from portal.data.cases import Case, CaseKind, CaseState
from portal.data.complaints import told_of
from portal.data.desk_cases import AtDesk
from portal.data.desk_contexts import person_name
from portal.data.proposals import DecisionProposal, decision_in, waiting_on
from portal.data.proposals_seen import returned_to, voided_of
from portal.deciding.frames import Block, Frame, Told
from portal.deciding.registry import frame_of
from portal.desk_words import ACT_LABELS
from portal.labels import SPACE_LABELS
from portal.pages.account.pieces import slot_views
from portal.pages.desk.case_access import CASE, WORKS, case_crumbs, case_title, note, opened
from portal.pages.desk.work import work_context
from portal.rendering import render_page
from portal.routing import page
from portal.web import PortalRequest


@page(CASE, name="desk.case", guards=WORKS)
def case_page(request: PortalRequest, dossier: FromPath[str]) -> Response[bytes]:
    at_desk = opened(request, request.db, dossier)
    note(request, at_desk)
    return render_page(
        request,
        "desk/case/case.html",
        case_title(at_desk.case),
        crumbs=case_crumbs(request),
        **case_context(request, request.db, at_desk, dossier),
    )


def case_context(request: PortalRequest, db: Session, at_desk: AtDesk, dossier: str) -> dict[str, Any]:
    """All that the page of a case shows. The caller has opened the case, and notes that it was read."""
    case, frame = at_desk.case, frame_of(at_desk.case)
    return {
        "dossier": dossier,
        "case": case,
        "item": at_desk.item,
        "state": DESK_STATES[CaseState(case.state)],
        "author": author_words(request, db, at_desk),
        "told": frame.tell(request, db, case),
        "blocks": blocks_of(request, db, at_desk, frame),
        "slots": slot_views(request, db, case, for_desk=True),
        "messages": messages_of(db, request.services.keyring, case),
        "names": names_of(request, db, at_desk),
        "steps": told_steps(request, db, case),
        "is_late": is_late(case.due_at, request.now),
        "links": links_of(request, db, case, frame, dossier),
        "waiting": _proposal(request, waiting_on(db, case)),
        "returned": _proposal(request, returned_to(db, request.viewer, case)),
        "voided": _proposal(request, voided_of(db, request.viewer, case)),
    } | work_context(request, db, at_desk.item)


def links_of(request: PortalRequest, db: Session, case: Case, frame: Frame, dossier: str) -> list[tuple[str, str]]:
    """What may be done with the case as it stands: labels and addresses, each once."""
    urls = request.services.urls
    acts = [
        (
            ruling.label,
            urls(ruling.route, dossier=dossier)
            if ruling.route
            else urls("desk.case.decision", {"acte": act.value}, dossier=dossier),
        )
        for act, ruling in frame.offered(db, case).items()
    ]
    others = frame.elsewhere(db, case) if frame.elsewhere else ()
    return list(dict.fromkeys([*acts, *((label, urls(route, dossier=dossier)) for label, route in others)]))


def blocks_of(request: PortalRequest, db: Session, at_desk: AtDesk, frame: Frame) -> list[Block]:
    """The context that deciding the case takes."""
    found = (beside(request, db, at_desk.case) for beside in frame.beside)
    return [block for block in found if block is not None]


def told_in(request: PortalRequest, db: Session, at_desk: AtDesk) -> Told:
    """What the case asks."""
    return frame_of(at_desk.case).tell(request, db, at_desk.case)


def author_words(request: PortalRequest, db: Session, at_desk: AtDesk) -> str:
    """Who asks: name, organisation, space."""
    author = at_desk.author
    if author is None and at_desk.case.kind == CaseKind.DATA_RIGHT:
        return f"{person_name(db, at_desk.case.person_id)}, sans compte"
    if author is None:
        contact = told_of(db, request.services.keyring, at_desk.case).contact
        return f"{contact.name}, sans compte" if contact else "Sans compte"
    parts = [author.display_name, author.organisation, SPACE_LABELS[Space(at_desk.case.space)].lower()]
    return ", ".join(dict.fromkeys(part for part in parts if part))


def names_of(request: PortalRequest, db: Session, at_desk: AtDesk) -> dict[int | None, str]:
    """Who wrote in the conversation besides the insurer, by account."""
    name = author_words(request, db, at_desk).partition(",")[0]
    return {at_desk.author.id if at_desk.author else None: name}


def is_late(due_at: datetime | None, now: datetime) -> bool:
    """Whether the day on which an answer was owed has passed."""
    return due_at is not None and due_at < now


def _proposal(request: PortalRequest, row: DecisionProposal | None) -> dict[str, Any] | None:
    """A decision that waits, or came back, in words; `name`: concealed."""
    if row is None:
        return None
    keyring = request.services.keyring
    decision = decision_in(keyring, row) if row.payload_encrypted else None
    return {
        "name": keyring.conceal("proposal", [row.id or 0])[0],
        "act": row.act,
        "label": ACT_LABELS[decision.act] if decision else "",
        "words": decision.words if decision else "",
        "cents": row.cents,
        "at": row.written_at,
        "is_own": row.written_by == request.viewer.account_id,
        "note": keyring.decrypt(row.note_encrypted) if row.note_encrypted else "",
    }


HANDLERS = [case_page]
