"""Drafts of complaints: begun, changed, deleted. /adherent/reclamations/nouvelle (R-26)."""

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.attachments import discard
from portal.data.answer_delays import usual_delay
from portal.data.case_pieces import remove_all_pieces
from portal.data.cases import CaseMoved, TooManyDrafts, WrongState, lock_case
from portal.data.complaints import KIND, Told, change_complaint, disputed_line, forget_complaint, start_complaint
from portal.data.evidence import Action
from portal.data.guarantees import covering_contracts
from portal.formatting import today
from portal.forms import FieldError, single_values, version_of
from portal.pages.account.conversations import FIELD
from portal.pages.account.pieces import CASE
from portal.pages.member.complaint_forms import Typed, category_choices, read_complaint
from portal.pages.member.complaints import complaint_crumbs, found_complaint, shown_again, to_complaint
from portal.permissions import Permission, requires
from portal.rendering import render_page
from portal.routing import action, async_action, page
from portal.web import PortalRequest

SENDS = [requires(Permission.COMPLAINTS_SEND)]
TOO_MANY = "Vous avez déjà vingt brouillons. Envoyez-en un, ou supprimez-en un, avant d’en commencer un autre."
MOVED = "Cette réclamation a changé depuis que vous l’avez ouverte, dans un autre onglet ou chez nous. La voici à jour."
SENT_ELSEWHERE = (
    "Cette réclamation est déjà envoyée\u00a0: elle ne change plus. "
    "Ce que vous venez d’écrire est ci-dessous\u00a0: relisez-le, puis envoyez-le comme message."
)
SENT_ALREADY = "Cette réclamation est déjà envoyée\u00a0: elle n’a été reçue qu’une fois."


@page("/adherent/reclamations/nouvelle", name="member.complaint.new", guards=SENDS)
def new_page(request: PortalRequest) -> Response[bytes]:
    line = request.query_params.get("ligne", "")[:40]
    subject = "remboursement" if line else ""
    return _form(request, request.db, Typed({"sujet": subject, "contrat": "", "ligne": line, "texte": ""}, None))


@async_action("/adherent/reclamations/nouvelle", name="member.complaint.start", guards=SENDS)
async def start(request: PortalRequest) -> Response[bytes] | Redirect:
    sent = await request.form()
    return await request.database.run_writing(_start, request, sent)


def _start(request: PortalRequest, sent: FormMultiDict) -> Response[bytes] | Redirect:
    with request.database.read() as db:
        typed = _read(request, db, sent)
        if typed.said is None:
            return _form(request, db, typed)
    try:
        with request.database.write() as db:
            case, is_new = start_complaint(db, request.viewer, request.services.keyring, typed.said, request.now)
            if is_new:
                request.record(db, Action.CASE_OPENED, case.object)
    except TooManyDrafts:
        with request.database.read() as db:
            return _form(request, db, Typed(typed.raw, None, (FieldError("", TOO_MANY),)))
    return to_complaint(request, case.id or 0)


@page("/adherent/reclamations/{case:str}/modifier", name="member.complaint.edit", guards=SENDS)
def edit_page(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    told = found_complaint(request, request.db, case)
    if not told.case.is_draft:
        return to_complaint(request, told.case.id or 0)
    return _form(request, request.db, _typed_of(request, told), told)


@async_action("/adherent/reclamations/{case:str}/modifier", name="member.complaint.change", guards=SENDS)
async def change(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    sent = await request.form()
    return await request.database.run_writing(_change, request, case, sent)


def _change(request: PortalRequest, opaque: str, sent: FormMultiDict) -> Response[bytes] | Redirect:
    with request.database.read() as db:
        told = found_complaint(request, db, opaque)
        typed = _read(request, db, sent)
        if typed.said is None and told.case.is_draft:
            return _form(request, db, typed, told)
    if typed.said is None:
        return _sent_elsewhere(request, opaque, typed)
    case_id, keyring = told.case.id or 0, request.services.keyring
    try:
        with request.database.write() as db:
            version = version_of(typed.raw["version"])
            case = change_complaint(db, request.viewer, keyring, case_id, version, typed.said, request.now)
            if case is None:
                raise NotFoundException
            request.record(db, Action.CASE_CHANGED, case.object)
    except CaseMoved as moved:
        return (_moved if moved.case.is_draft else _sent_elsewhere)(request, opaque, typed)
    except WrongState:
        return _sent_elsewhere(request, opaque, typed)
    return to_complaint(request, case_id)


@action("/adherent/reclamations/{case:str}/suppression", name="member.complaint.delete", guards=SENDS)
def delete(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    try:
        with request.database.write() as db:
            found = lock_case(db, request.viewer, request.revealed(CASE, case), None, KIND)
            if found is None:
                raise NotFoundException
            gone, name = remove_all_pieces(db, found), found.object
            forget_complaint(db, found)
            request.record(db, Action.CASE_DELETED, name)
    except WrongState:
        return shown_again(request, case, SENT_ALREADY)
    discard(request.services, gone)
    return Redirect(request.services.urls("member.complaints"), status_code=303)


def _form(request: PortalRequest, db: Session, typed: Typed, told: Told | None = None) -> Response[bytes]:
    line_id = request.services.keyring.reveal("line", typed.raw["ligne"]) if typed.raw["ligne"] else None
    name = request.services.keyring.conceal(CASE, [told.case.id or 0])[0] if told else ""
    return render_page(
        request,
        "member/complaints/form.html",
        "Modifier votre réclamation" if told else "Faire une réclamation",
        crumbs=complaint_crumbs(request),
        errors=typed.errors,
        raw=typed.raw,
        categories=category_choices(),
        contracts=[(opaque, label) for opaque, (_, label) in _contracts(request, db).items()],
        line=disputed_line(db, request.viewer, line_id, today()),
        version=told.case.version if told else 0,
        delay=usual_delay(db, KIND, request.viewer.space, request.now),
        name=name,
    )


def _contracts(request: PortalRequest, db: Session) -> dict[str, tuple[int, str]]:
    found = covering_contracts(db, request.viewer, today())
    names = request.services.keyring.conceal("contract", (contract.id for contract in found))
    return {
        name: (contract.id, f"{contract.number} ({contract.product})")
        for name, contract in zip(names, found, strict=True)
    }


def _read(request: PortalRequest, db: Session, sent: FormMultiDict) -> Typed:
    ids = {name: contract_id for name, (contract_id, _) in _contracts(request, db).items()}
    named = single_values(sent, ("ligne",))["ligne"]
    line_id = request.services.keyring.reveal("line", named) if named else None
    is_readable = disputed_line(db, request.viewer, line_id, today()) is not None
    return read_complaint(sent, ids, line_id if is_readable else None)


def _typed_of(request: PortalRequest, told: Told) -> Typed:
    """What a draft says, as its form shows it."""
    said, conceal = told.said, request.services.keyring.conceal
    contract = conceal("contract", [said.contract_id])[0] if said.contract_id else ""
    line = conceal("line", [said.line_id])[0] if said.line_id else ""
    return Typed({"sujet": said.category, "contrat": contract, "ligne": line, "texte": said.text}, None)


def _sent_elsewhere(request: PortalRequest, opaque: str, typed: Typed) -> Response[bytes]:
    """What was typed, where it may still be sent: as a message, while the complaint is open."""
    return shown_again(request, opaque, SENT_ELSEWHERE, FIELD, typed.raw["texte"])


def _moved(request: PortalRequest, opaque: str, typed: Typed) -> Response[bytes]:
    """What was typed, over what the case is now: sending it again keeps it."""
    with request.database.read() as db:
        told = found_complaint(request, db, opaque)
        return _form(request, db, Typed(typed.raw, None, (FieldError("", MOVED),)), told)


HANDLERS = [new_page, start, edit_page, change, delete]
