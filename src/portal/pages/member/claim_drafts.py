"""A claim or a quote begun, and a draft deleted. /adherent/demandes/nouvelle."""

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.attachments import discard
from portal.claim_words import CARE_LABELS, TYPES
from portal.data.answer_delays import usual_delay
from portal.data.benefits import BenefitLine, Family
from portal.data.case_pieces import remove_all_pieces
from portal.data.cases import CaseKind, TooManyDrafts, WrongState, lock_case
from portal.data.claim_drafts import Begun, forget_claim, start_after_quote, start_claim, start_for_line
from portal.data.claim_rules import families_for, slots_for
from portal.data.claims import KINDS, Asked, Step, asked_of, claim_of, waiting_line
from portal.data.evidence import Action
from portal.formatting import today
from portal.forms import FieldError, single_values
from portal.pages.account.pieces import CASE
from portal.pages.member.claim_steps import SENDS, SENT_ALREADY, step_url
from portal.pages.member.claims import FOLLOWED, claim_crumbs, claim_name, shown_again, to_claim
from portal.rendering import render_page
from portal.routing import action, async_action, page
from portal.web import PortalRequest

TITLES = {CaseKind.CLAIM: "Envoyer une facture", CaseKind.QUOTE: "Envoyer un devis"}
TOO_MANY = "Vous avez déjà vingt brouillons. Envoyez-en un, ou supprimez-en un, avant d’en commencer un autre."
NO_TYPE = "Choisissez\u00a0: une facture déjà payée, ou un devis."
GONE = "Ce soin n’attend plus de document, ou ce devis ne peut pas être suivi. Commencez une demande ordinaire."


@page("/adherent/demandes/nouvelle", name="member.claim.new", guards=SENDS)
def new_page(request: PortalRequest) -> Response[bytes]:
    asked = {name: request.query_params.get(name, "")[:40] for name in ("type", "soin", "ligne", "devis")}
    return _new_page(request, request.db, asked)


@async_action("/adherent/demandes/nouvelle", name="member.claim.start", guards=SENDS)
async def start(request: PortalRequest) -> Response[bytes] | Redirect:
    sent = await request.form()
    return await request.database.run_writing(_start, request, sent)


@action("/adherent/demandes/{case:str}/suppression", name="member.claim.delete", guards=SENDS)
def delete(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    try:
        with request.database.write() as db:
            found = lock_case(db, request.viewer, request.revealed(CASE, case), None, *KINDS)
            if found is None:
                raise NotFoundException
            gone, name = remove_all_pieces(db, found), found.object
            forget_claim(db, asked_of(db, found))
            request.record(db, Action.CASE_DELETED, name)
    except WrongState:
        return shown_again(request, case, SENT_ALREADY)
    discard(request.services, gone)
    return Redirect(request.services.urls("member.claims"), status_code=303)


def _start(request: PortalRequest, sent: FormMultiDict) -> Response[bytes] | Redirect:
    raw = single_values(sent, ("type", "ligne", "devis"), 40)
    if raw["type"] not in TYPES:
        return _refused(request, raw, NO_TYPE)
    try:
        with request.database.write() as db:
            begun = _begun(request, db, raw)
            if begun and begun[1]:
                request.record(db, Action.CASE_OPENED, begun[0].case.object)
    except TooManyDrafts:
        return _refused(request, raw, TOO_MANY)
    if begun is None:
        return _refused(request, raw, GONE)
    asked = begun[0]
    return (
        Redirect(step_url(request, asked, Step.DOCUMENTS), status_code=303)
        if asked.case.is_draft
        else to_claim(request, asked)
    )


def _begun(request: PortalRequest, db: Session, raw: dict[str, str]) -> Begun | None:
    """The claim begun as the form asks, or the one that runs already; None when the quote, or the line, that it names
    is not to be followed."""
    if raw["devis"]:
        quote = _quote(request, db, raw["devis"])
        return start_after_quote(db, request.viewer, quote, request.now) if quote else None
    if raw["ligne"]:
        line = _line(request, db, raw["ligne"])
        return start_for_line(db, request.viewer, line, request.now) if line else None
    return start_claim(db, request.viewer, TYPES[raw["type"]], request.now)


def _refused(request: PortalRequest, raw: dict[str, str], problem: str) -> Response[bytes]:
    with request.database.read() as db:
        return _new_page(request, db, {"type": raw["type"], "soin": "", "ligne": "", "devis": ""}, problem)


def _new_page(request: PortalRequest, db: Session, raw: dict[str, str], problem: str = "") -> Response[bytes]:
    kind = TYPES.get(raw["type"], CaseKind.CLAIM)
    families = families_for(kind)
    family = Family(raw["soin"]) if raw["soin"] in families else None
    line, quote = _line(request, db, raw["ligne"]), _quote(request, db, raw["devis"])
    if family is None and (line or quote):
        family = Family(line.family) if line else quote.family if quote else None
    return render_page(
        request,
        "member/claims/new.html",
        TITLES[kind],
        crumbs=claim_crumbs(request),
        errors=[FieldError("", problem)] if problem else [],
        is_quote=kind is CaseKind.QUOTE,
        families=[(each.value, CARE_LABELS[each][0]) for each in families],
        family=family,
        slots=slots_for(kind, family, {"decompte"} if line else ()),
        line=line,
        line_name=raw["ligne"] if line else "",
        quote=quote,
        quote_name=claim_name(request, quote) if quote else "",
        delay=usual_delay(db, kind, request.viewer.space, request.now),
    )


def _line(request: PortalRequest, db: Session, opaque: str) -> BenefitLine | None:
    line_id = request.services.keyring.reveal("line", opaque) if opaque else None
    return waiting_line(db, request.viewer, line_id, today()) if line_id is not None else None


def _quote(request: PortalRequest, db: Session, opaque: str) -> Asked | None:
    """The viewer's quote that was accepted, by its opaque name."""
    case_id = request.services.keyring.reveal(CASE, opaque) if opaque else None
    asked = claim_of(db, request.viewer, case_id) if case_id is not None else None
    return asked if asked and asked.is_quote and asked.case.state in FOLLOWED else None


HANDLERS = [new_page, start, delete]
