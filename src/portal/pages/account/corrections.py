"""« Signaler une erreur »: what is wrong in what the portal shows, from every space (R-61). /signaler-une-erreur."""

import re

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.case_areas import STATE_LABELS
from portal.case_steps import told_steps
from portal.data.accounts import Space
from portal.data.answer_delays import usual_delay
from portal.data.case_messages import SentAlready
from portal.data.cases import Case, CaseState, address_of
from portal.data.corrections import KIND, LONGEST_TEXT, Subject, report_error, report_of, reports_of
from portal.data.directory import find_practice
from portal.data.evidence import Action
from portal.data.throttling import MESSAGES, allow
from portal.formatting import plural
from portal.forms import FieldError, single_values, written_text
from portal.pages.account.pieces import CASE, slot_views
from portal.pages.public.directory_query import PRACTICE
from portal.permissions import Permission, requires
from portal.rendering import Crumb, render_page
from portal.routing import async_action, page
from portal.web import PortalRequest

TITLE = "Signaler une erreur"
GUARDS = [requires(Permission.CORRECTIONS)]
SHORTEST, LONGEST_PATH = 10, 200
_PATH = re.compile(r"(/[A-Za-z0-9_.~-]+)+")
_SUBJECTS = frozenset(Subject)
LABELS: dict[Subject, str] = {
    Subject.IDENTITY: "Mon identité ou mes coordonnées",
    Subject.BENEFITS: "Une prestation ou son calcul",
    Subject.STATEMENTS: "Un relevé",
    Subject.GUARANTEES: "Mes garanties",
    Subject.PORTABILITY: "Ma portabilité",
    Subject.CARD: "Ma carte de tiers payant",
    Subject.BENEFICIARIES: "Un bénéficiaire",
    Subject.CLAIMS: "Une demande ou un devis",
    Subject.BANK: "Mes coordonnées bancaires",
    Subject.REMOTE_LINK: "La télétransmission",
    Subject.INFORMATION: "Un article d’information",
    Subject.PROFESSIONAL: "Un professionnel agréé",
    Subject.TEAM: "Les utilisateurs de l’espace",
    Subject.OTHER: "Autre chose",
}
_EVERYWHERE = (Subject.IDENTITY, Subject.TEAM, Subject.OTHER)
SUBJECTS: dict[Space, tuple[Subject, ...]] = {
    Space.MEMBER: tuple(subject for subject in Subject if subject is not Subject.TEAM),
    Space.EMPLOYER: _EVERYWHERE,
    Space.PROVIDER: _EVERYWHERE,
}
NO_SUBJECT = "Choisissez ce qui est faux."
NO_TEXT = f"Dites ce qui est affiché et ce qui devrait l’être, en {plural(LONGEST_TEXT, 'caractère')} au plus."
TOO_OFTEN = "Vous avez beaucoup écrit aujourd’hui. Réessayez demain, ou appelez-nous."


@page("/signaler-une-erreur", name="correction.new", guards=GUARDS)
def new_page(request: PortalRequest) -> Response[bytes]:
    seen_on = page_named(request.query_params.get("page", ""))
    return _page(request, request.db, {"sujet": subject_of(seen_on), "texte": "", "page": seen_on}, [])


@async_action("/signaler-une-erreur", name="correction.send", guards=GUARDS)
async def send(request: PortalRequest) -> Response[bytes] | Redirect:
    sent = await request.form()
    return await request.database.run_writing(_send, request, sent)


@page("/signaler-une-erreur/{case:str}", name="correction", guards=GUARDS)
def report_page(request: PortalRequest, case: FromPath[str]) -> Response[bytes]:
    keyring = request.services.keyring
    case_id = keyring.reveal(CASE, case)
    found = report_of(request.db, request.viewer, keyring, case_id) if case_id is not None else None
    if found is None:
        raise NotFoundException
    request.note_read(Action.CASE_READ, found.case.object)
    return render_page(
        request,
        "account/corrections/report.html",
        f"Signalement {found.case.reference}",
        crumbs=[Crumb(TITLE, request.services.urls("correction.new"))],
        report=found,
        about=_about(request, request.db, found.page),
        label=LABELS[found.subject],
        state=STATE_LABELS[CaseState(found.case.state)],
        slots=slot_views(request, request.db, found.case),
        steps=told_steps(request, request.db, found.case),
        delay=usual_delay(request.db, KIND, request.viewer.space, request.now),
    )


def _send(request: PortalRequest, sent: FormMultiDict) -> Response[bytes] | Redirect:
    raw = single_values(sent, ("sujet",), 40) | {"texte": written_text(sent, "texte")}
    raw["page"] = page_named(single_values(sent, ("page",), LONGEST_PATH + 1)["page"])
    errors = _errors(request, raw)
    case_id = None if errors else _kept(request, raw)
    if case_id is None:
        with request.database.read() as db:
            return _page(request, db, raw, errors or [FieldError("", TOO_OFTEN)])
    return Redirect(_report_url(request, case_id), status_code=303)


def _kept(request: PortalRequest, raw: dict[str, str]) -> int | None:
    """The report's case, also when the form was sent twice; None when the day's messages are used up."""
    keyring, subject = request.services.keyring, Subject(raw["sujet"])
    try:
        with request.database.write() as db:
            if not allow(db, [(MESSAGES, str(request.viewer.account_id))], request.now):
                return None
            case = report_error(db, request.viewer, keyring, subject, raw["texte"], request.now, page=raw["page"])
            _post_receipt(request, db, case)
            request.record(db, Action.CASE_SENT, case.object)
    except SentAlready as sent:
        return sent.case_id
    return case.id


def _post_receipt(request: PortalRequest, db: Session, case: Case) -> None:
    email = address_of(db, case)
    if email:
        href = request.services.settings.origin + _report_url(request, case.id or 0)
        said = {"reference": case.reference, "href": href}
        request.services.mail.post(db, "correction-received", email, account_id=request.viewer.account_id, **said)


def _report_url(request: PortalRequest, case_id: int) -> str:
    return request.services.urls("correction", case=request.services.keyring.conceal(CASE, [case_id])[0])


def page_named(path: str) -> str:
    """The path of a page of ours, as a link may name it; empty when it cannot be one."""
    is_one = len(path) <= LONGEST_PATH and _PATH.fullmatch(path) and not path.startswith("/signaler-une-erreur")
    return path if is_one else ""


def subject_of(path: str) -> str:
    """What a page is about, as its address says; empty when it does not."""
    return next((part for part in path.split("/") if part in _SUBJECTS), "")


def _about(request: PortalRequest, db: Session, path: str) -> str:
    """The professional whose sheet a path is, by name and address: an opaque name alone would tell nobody."""
    front, _, opaque = path.rpartition("/")
    if front != request.services.urls("member.directory"):
        return ""
    practice_id = request.services.keyring.reveal(PRACTICE, opaque)
    practice = find_practice(db, practice_id) if practice_id is not None else None
    return f"{practice.name}, {practice.address}, {practice.postcode} {practice.city}" if practice else ""


def _errors(request: PortalRequest, raw: dict[str, str]) -> list[FieldError]:
    checks = (
        ("sujet", raw["sujet"] not in SUBJECTS[Space(request.viewer.space)], NO_SUBJECT),
        ("texte", not SHORTEST <= len(raw["texte"]) <= LONGEST_TEXT, NO_TEXT),
    )
    return [FieldError(field, message) for field, is_wrong, message in checks if is_wrong]


def _page(request: PortalRequest, db: Session, raw: dict[str, str], errors: list[FieldError]) -> Response[bytes]:
    keyring = request.services.keyring
    found = reports_of(db, request.viewer, keyring)
    names = keyring.conceal(CASE, (report.case.id or 0 for report in found))
    return render_page(
        request,
        "account/corrections/new.html",
        TITLE,
        crumbs=[Crumb("Accueil", request.services.urls("start"))],
        errors=errors,
        raw=raw,
        about=_about(request, db, raw["page"]),
        subjects=[(subject.value, LABELS[subject]) for subject in SUBJECTS[Space(request.viewer.space)]],
        reports=[
            (report, name, LABELS[report.subject], STATE_LABELS[CaseState(report.case.state)])
            for report, name in zip(found, names, strict=True)
        ],
    )


HANDLERS = [new_page, send, report_page]
