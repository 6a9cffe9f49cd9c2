"""A complaint without an account, by anybody: /reclamation (R-26; ACPR 2022-R-01: any person may complain).

The copy, with the days of the legal clock, goes to the address typed; its link leads back to the complaint. The answer
is the same whoever the person is: nothing tells whether the insurer knows them.
"""

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.response import Redirect
from sqlmodel import Session

from portal.complaint_words import CATEGORY_LABELS, marks_of, state_of
from portal.data import throttling
from portal.data.accounts import Space
from portal.data.case_messages import messages_of
from portal.data.cases import DECISIONS, steps_of
from portal.data.complaints import Contact, Said, Told, complain_without_account, complaint_by_link
from portal.data.evidence import Action
from portal.entry.authentication import network_of
from portal.formatting import today
from portal.forms import FieldError, email_of, single_values, written_text
from portal.pages.account.pieces import CASE
from portal.pages.member.complaint_forms import category_choices, read_complaint
from portal.permissions import public
from portal.rendering import render_page
from portal.routing import async_action, page
from portal.visits import visit_cookies
from portal.web import PortalRequest

TITLE = "Faire une réclamation"
PURPOSE = "complaint"
FIELDS = ("nom", "adresse", "sujet")
NO_NAME = "Donnez votre nom et votre prénom."
NO_EMAIL = "Donnez une adresse e-mail, comme nom@exemple.fr\u00a0: la réponse y sera annoncée."
TOO_OFTEN = "Trop de réclamations envoyées depuis ce réseau. Réessayez dans une heure, ou écrivez-nous par la poste."


@page("/reclamation", name="complaint", guards=[public])
def form_page(request: PortalRequest) -> Response[bytes]:
    return _form(request, dict.fromkeys((*FIELDS, "texte"), ""))


@async_action("/reclamation", name="complaint.submit", guards=[public])
async def submit(request: PortalRequest) -> Response[bytes] | Redirect:
    sent = await request.form()
    return await request.database.run_writing(_submit, request, sent)


@page("/reclamation/envoyee", name="complaint.sent", guards=[public])
def sent_page(request: PortalRequest) -> Response[bytes]:
    return render_page(request, "public/complaint/sent.html", "Votre réclamation est envoyée")


@page("/reclamation/suivi", name="complaint.follow", guards=[public])
def follow_page(request: PortalRequest) -> Response[bytes]:
    told = _by_link(request, request.db)
    reasons = [step.reason_encrypted for step in steps_of(request.db, told.case) if step.state in DECISIONS]
    return render_page(
        request,
        "public/complaint/follow.html",
        f"Réclamation {told.case.reference}",
        told=told,
        state=state_of(told),
        marks=marks_of(told, today()),
        is_mediator_open=told.clock is not None and told.clock.is_mediator_open(today()),
        reason=request.services.keyring.decrypt(reasons[-1]) if reasons and reasons[-1] else "",
        messages=messages_of(request.db, request.services.keyring, told.case),
        labels=CATEGORY_LABELS,
        mediator=request.services.settings.mediator,
    )


def _by_link(request: PortalRequest, db: Session) -> Told:
    opaque = request.services.keyring.unsign(PURPOSE, request.query_params.get("jeton", "")[:200])
    case_id = request.services.keyring.reveal(CASE, opaque) if opaque else None
    told = complaint_by_link(db, request.services.keyring, case_id) if case_id is not None else None
    if told is None:
        raise NotFoundException
    return told


def _submit(request: PortalRequest, sent: FormMultiDict) -> Response[bytes] | Redirect:
    raw = single_values(sent, FIELDS) | {"texte": written_text(sent, "texte")}
    email = email_of(raw["adresse"])
    typed = read_complaint(sent, {}, None)
    checks = (("nom", len(raw["nom"].strip()) < 3, NO_NAME), ("adresse", email is None, NO_EMAIL))
    errors = [FieldError(name, message) for name, is_wrong, message in checks if is_wrong]
    errors += [error for error in typed.errors if error.field != "contrat"]
    if errors or typed.said is None or email is None:
        return _form(request, raw, errors)
    if not _keep(request, typed.said, Contact(raw["nom"].strip(), email)):
        return _form(request, raw, [FieldError("", TOO_OFTEN)])
    return Redirect(request.services.urls("complaint.sent"), status_code=303)


def _keep(request: PortalRequest, said: Said, contact: Contact) -> bool:
    keyring = request.services.keyring
    network = keyring.lookup(network_of(request.client_address))
    with request.database.write() as db:
        if not throttling.allow(db, [(throttling.COMPLAINTS_NETWORK, network)], request.now):
            return False
        case = complain_without_account(db, keyring, said, contact, Space.MEMBER, request.now)
        _post_copy(request, db, case.id or 0, contact)
        request.record_of(None, db, Action.CASE_SENT, case.object)
    return True


def _post_copy(request: PortalRequest, db: Session, case_id: int, contact: Contact) -> None:
    services = request.services
    told = complaint_by_link(db, services.keyring, case_id)
    if told is None or told.clock is None:
        return
    token = services.keyring.signer(PURPOSE).sign(services.keyring.conceal(CASE, [case_id])[0]).decode()
    services.mail.post(
        db,
        "complaint-received",
        contact.email,
        reference=told.case.reference,
        sent_on=told.clock.sent_on,
        acknowledge_by=told.clock.acknowledge_by,
        answer_by=told.clock.answer_by,
        href=services.settings.origin + services.urls("complaint.follow", {"jeton": token}),
    )


def _form(request: PortalRequest, raw: dict[str, str], errors: list[FieldError] | None = None) -> Response[bytes]:
    cookies = visit_cookies(request)
    return render_page(
        request,
        "public/complaint/index.html",
        TITLE,
        cookies=cookies,
        errors=errors or [],
        raw=raw,
        categories=category_choices(),
    )
