"""A claim or a quote sent, answered by its author, or taken back. /adherent/demandes/<dossier>/envoi."""

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.claim_words import KIND_TITLES, PROBLEM_WORDS
from portal.data.case_messages import LONGEST_TEXT, add_message, mark_read
from portal.data.cases import CaseMoved, CaseState, WrongState, address_of, lock_case, move_case
from portal.data.claim_estimates import keep_estimate
from portal.data.claims import KINDS, Asked, NotReady, cancel_claim, lock_claim, send_claim
from portal.data.evidence import Action
from portal.formatting import plural
from portal.forms import FieldError, single_values, version_of, written_text
from portal.pages.account.conversations import UNSENT
from portal.pages.account.pieces import CASE
from portal.pages.member.claim_steps import SENDS, SENT_ALREADY
from portal.pages.member.claims import claim_url, found_claim, render_claim, shown_again
from portal.routing import async_action
from portal.web import PortalRequest

MOVED = "Cette demande a changé depuis que vous l’avez ouverte, dans un autre onglet ou chez nous. La voici à jour."
NO_TEXT = f"Écrivez votre réponse, en {plural(LONGEST_TEXT, 'caractère')} au plus."
NOT_ASKED = (
    "Cette demande n’attend plus de réponse écrite\u00a0: la vôtre n’est pas envoyée. "
    "Pour nous écrire, passez par la messagerie."
)
TOO_LATE = "Cette demande est terminée\u00a0: elle ne peut plus être annulée."


@async_action("/adherent/demandes/{case:str}/envoi", name="member.claim.send", guards=SENDS)
async def send(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    version = await _version(request)
    return await request.database.run_writing(_send, request, case, version)


def _send(request: PortalRequest, opaque: str, version: int) -> Response[bytes] | Redirect:
    try:
        with request.database.write() as db:
            asked = _locked(request, db, opaque, version)
            is_first = asked.case.is_draft
            send_claim(db, request.viewer, asked, request.now)
            if is_first:
                keep_estimate(db, request.viewer, asked, request.now)
                _post_receipt(request, db, asked)
            request.record(db, Action.CASE_SENT, asked.case.object)
    except CaseMoved as moved:
        return shown_again(request, opaque, MOVED if moved.case.gives_pieces_back else SENT_ALREADY)
    except WrongState:
        return shown_again(request, opaque, SENT_ALREADY)
    except NotReady as kept_back:
        return shown_again(request, opaque, PROBLEM_WORDS[kept_back.problems[0]])
    return _to_page(request, opaque)


def _post_receipt(request: PortalRequest, db: Session, asked: Asked) -> None:
    """A receipt by e-mail: what was received and when, nothing of the care."""
    email = address_of(db, asked.case)
    if email:
        request.services.mail.post(
            db,
            "claim-received",
            email,
            account_id=request.viewer.account_id,
            kind=KIND_TITLES[asked.kind].lower(),
            reference=asked.case.reference,
            sent_at=request.now,
            href=request.services.settings.origin + claim_url(request, asked),
        )


@async_action("/adherent/demandes/{case:str}/reponse", name="member.claim.reply", guards=SENDS)
async def reply(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    text = written_text(await request.form(), "reponse")
    return await request.database.run_writing(_reply, request, case, text)


def _reply(request: PortalRequest, opaque: str, text: str) -> Response[bytes] | Redirect:
    if not 0 < len(text) <= LONGEST_TEXT:
        return _reply_refused(request, opaque, text)
    return _to_page(request, opaque) if _kept_reply(request, opaque, text) else _reply_refused(request, opaque, text)


def _kept_reply(request: PortalRequest, opaque: str, text: str) -> bool:
    """Whether the claim waited for an answer, which it now has. Raises `NotFoundException`."""
    with request.database.write() as db:
        case = lock_case(db, request.viewer, request.revealed(CASE, opaque), None, *KINDS)
        if case is None:
            raise NotFoundException
        is_asked = case.state == CaseState.ANSWERED
        if is_asked:
            add_message(db, request.viewer, request.services.keyring, case, text, request.now)
            mark_read(db, case, request.now, by_insurer=False)
            move_case(db, case, CaseState.SENT, request.now, by=request.viewer.account_id)
            request.record(db, Action.CASE_MESSAGE_SENT, case.object)
    return is_asked


def _reply_refused(request: PortalRequest, opaque: str, text: str) -> Response[bytes]:
    """The claim as it is now, with the text: in its form, or as it was typed once no answer is waited for."""
    with request.database.read() as db:
        asked = found_claim(request, db, opaque)
        is_asked = asked.case.state == CaseState.ANSWERED
        problem = FieldError("reponse", NO_TEXT) if is_asked else FieldError(UNSENT, NOT_ASKED)
        return render_claim(request, db, asked, problem, text)


@async_action("/adherent/demandes/{case:str}/annulation", name="member.claim.cancel", guards=SENDS)
async def cancel(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    version = await _version(request)
    return await request.database.run_writing(_cancel, request, case, version)


def _cancel(request: PortalRequest, opaque: str, version: int) -> Response[bytes] | Redirect:
    try:
        with request.database.write() as db:
            asked = _locked(request, db, opaque, version)
            cancel_claim(db, request.viewer, asked, request.now)
            request.record(db, Action.CASE_CANCELLED, asked.case.object)
    except CaseMoved as moved:
        return shown_again(request, opaque, TOO_LATE if moved.case.is_over else MOVED)
    except WrongState:
        return shown_again(request, opaque, TOO_LATE)
    return _to_page(request, opaque)


def _locked(request: PortalRequest, db: Session, opaque: str, version: int) -> Asked:
    asked = lock_claim(db, request.viewer, request.revealed(CASE, opaque), version)
    if asked is None:
        raise NotFoundException
    return asked


async def _version(request: PortalRequest) -> int:
    return version_of(single_values(await request.form(), ("version",), 12)["version"])


def _to_page(request: PortalRequest, opaque: str) -> Redirect:
    return Redirect(request.services.urls("member.claim", case=opaque), status_code=303)


HANDLERS = [send, reply, cancel]
