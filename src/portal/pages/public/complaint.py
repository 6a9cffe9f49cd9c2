"""A complaint without an account, by anybody: /reclamation (R-26; ACPR 2022-R-01: any person may complain).

The copy, with the days of the legal clock, goes to the address typed; its link leads back to the complaint. The answer
is the same whoever the person is: nothing tells whether the insurer knows them.
"""

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.response import Redirect
from sqlmodel import Session

from portal.case_links import link_path
from portal.data import throttling
from portal.data.accounts import Space
from portal.data.answer_delays import Delay, usual_delay
from portal.data.case_messages import SentAlready
from portal.data.cases import Case
from portal.data.complaint_rules import clock_of
from portal.data.complaints import KIND, Contact, Said
from portal.data.evidence import Action
from portal.data.open_complaints import complain_without_account
from portal.entry.authentication import network_of
from portal.formatting import day_in_france
from portal.forms import FieldError, email_of, single_values, written_text
from portal.pages.member.complaint_forms import category_choices, read_complaint
from portal.permissions import public
from portal.rendering import render_page
from portal.routing import async_action, page
from portal.visits import visit_cookies
from portal.web import PortalRequest

TITLE = "Faire une réclamation"
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
    return render_page(request, "public/complaint/sent.html", "Votre réclamation est envoyée", delay=_delay(request))


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
    """Whether the complaint is with the insurer; not when its network has sent too many."""
    network = request.services.keyring.lookup(network_of(request.client_address))
    try:
        with request.database.write() as db:
            if not throttling.allow(db, [(throttling.COMPLAINTS_NETWORK, network)], request.now):
                return False
            case = complain_without_account(db, request.services.keyring, said, contact, Space.MEMBER, request.now)
            _post_copy(request, db, case, contact)
            request.record_of(None, db, Action.CASE_SENT, case.object)
    except SentAlready:
        return True
    return True


def _post_copy(request: PortalRequest, db: Session, case: Case, contact: Contact) -> None:
    services, clock = request.services, clock_of(day_in_france(request.now))
    services.mail.post(
        db,
        "complaint-received",
        contact.email,
        reference=case.reference,
        sent_on=clock.sent_on,
        acknowledge_by=clock.acknowledge_by,
        answer_by=clock.answer_by,
        href=services.settings.origin + link_path(services, case.id or 0),
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
        delay=_delay(request),
    )


def _delay(request: PortalRequest) -> Delay | None:
    with request.database.read() as db:
        return usual_delay(db, KIND, Space.MEMBER, request.now)


HANDLERS = [form_page, submit, sent_page]
