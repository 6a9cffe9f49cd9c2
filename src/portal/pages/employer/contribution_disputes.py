"""Contesting a line of a call for contributions, and following it. /employeur/cotisations/…/contester."""

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.case_areas import STATE_LABELS
from portal.case_steps import told_steps
from portal.contribution_words import MOTIVE_LABELS, period_label
from portal.data.answer_delays import usual_delay
from portal.data.case_messages import LONGEST_TEXT
from portal.data.cases import CaseKind, CaseState
from portal.data.contribution_calls import ContributionCall, ContributionLine
from portal.data.contribution_disputes import AlreadyContested, Motive, contest_line, contestable_line, dispute_of
from portal.data.evidence import Action
from portal.data.throttling import MESSAGES, allow
from portal.forms import FieldError, single_values, written_text
from portal.pages.account.pieces import CASE, slot_views
from portal.pages.employer.contributions import CALL, LINE, READS, crumbs, line_views
from portal.permissions import Permission, requires
from portal.rendering import render_page
from portal.routing import async_action, page
from portal.web import PortalRequest

CONTESTS = [requires(Permission.CONTRIBUTIONS_CONTEST)]
NO_MOTIVE = "Choisissez ce qui vous semble inexact."
NO_TEXT = "Dites ce qui est inexact et ce que vous attendiez, en 10 à 5\u00a0000 caractères."
ALREADY = "Cette ligne est déjà contestée\u00a0: nous l’étudions. Attendez notre réponse, ou écrivez-nous."
TOO_OFTEN = "Vous avez beaucoup écrit aujourd’hui. Réessayez demain, ou appelez-nous."
SHORTEST = 10


@page("/employeur/cotisations/contester/{line:str}", name="employer.contribution.contest", guards=CONTESTS)
def form_page(request: PortalRequest, line: FromPath[str]) -> Response[bytes]:
    return _form(request, request.db, line, {"motif": "", "texte": ""}, [])


@async_action("/employeur/cotisations/contester/{line:str}", name="employer.contribution.contest.send", guards=CONTESTS)
async def send(request: PortalRequest, line: FromPath[str]) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_send, request, line, await request.form())


@page("/employeur/cotisations/contestations/{case:str}", name="employer.contribution.dispute", guards=READS)
def dispute_page(request: PortalRequest, case: FromPath[str]) -> Response[bytes]:
    found = dispute_of(request.db, request.viewer, request.services.keyring, request.revealed(CASE, case))
    if found is None:
        raise NotFoundException
    request.note_read(Action.CASE_READ, found.case.object)
    return render_page(
        request,
        "employer/contributions/dispute.html",
        f"Contestation {found.case.reference}",
        crumbs=crumbs(request),
        contested=found,
        motive=MOTIVE_LABELS[found.motive],
        state=STATE_LABELS[CaseState(found.case.state)],
        view=line_views(request, request.db, found.call, [found.line])[0],
        period=period_label(found.call),
        call_name=_call_name(request, found.call),
        slots=slot_views(request, request.db, found.case),
        steps=told_steps(request, request.db, found.case),
        delay=usual_delay(request.db, found.case.kind, request.viewer.space, request.now),
    )


def _send(request: PortalRequest, opaque: str, sent: FormMultiDict) -> Response[bytes] | Redirect:
    raw = single_values(sent, ("motif",), 40) | {"texte": written_text(sent, "texte")}
    errors = _errors(raw)
    case_id = None
    if not errors:
        try:
            case_id = _kept(request, opaque, raw)
            errors = [] if case_id else [FieldError("texte", TOO_OFTEN)]
        except AlreadyContested:
            errors = [FieldError("motif", ALREADY)]
    if case_id is None:
        with request.database.read() as db:
            return _form(request, db, opaque, raw, errors)
    name = request.services.keyring.conceal(CASE, [case_id])[0]
    return Redirect(request.services.urls("employer.contribution.dispute", case=name), status_code=303)


def _kept(request: PortalRequest, opaque: str, raw: dict[str, str]) -> int | None:
    """The dispute's case; None when the day's messages are used up. Raises `AlreadyContested`."""
    line_id, keyring = request.revealed(LINE, opaque), request.services.keyring
    with request.database.write() as db:
        if not allow(db, [(MESSAGES, str(request.viewer.account_id))], request.now):
            return None
        case = contest_line(db, request.viewer, keyring, line_id, Motive(raw["motif"]), raw["texte"], request.now)
        if case is None:
            raise NotFoundException
        request.record(db, Action.CASE_SENT, case.object)
    return case.id


def _errors(raw: dict[str, str]) -> list[FieldError]:
    checks = (
        ("motif", raw["motif"] not in set(Motive), NO_MOTIVE),
        ("texte", not SHORTEST <= len(raw["texte"]) <= LONGEST_TEXT, NO_TEXT),
    )
    return [FieldError(field, message) for field, is_wrong, message in checks if is_wrong]


def _form(
    request: PortalRequest, db: Session, opaque: str, raw: dict[str, str], errors: list[FieldError]
) -> Response[bytes]:
    call, line = _found(request, db, opaque)
    return render_page(
        request,
        "employer/contributions/contest.html",
        "Contester une ligne",
        crumbs=crumbs(request),
        errors=errors,
        raw=raw,
        name=opaque,
        call_name=_call_name(request, call),
        period=period_label(call),
        view=line_views(request, db, call, [line])[0],
        delay=usual_delay(db, CaseKind.CONTRIBUTION_DISPUTE, request.viewer.space, request.now),
        motives=[(motive.value, label) for motive, label in MOTIVE_LABELS.items()],
    )


def _found(request: PortalRequest, db: Session, opaque: str) -> tuple[ContributionCall, ContributionLine]:
    found = contestable_line(db, request.viewer, request.revealed(LINE, opaque))
    if found is None:
        raise NotFoundException
    return found


def _call_name(request: PortalRequest, call: ContributionCall) -> str:
    return request.services.keyring.conceal(CALL, [call.id or 0])[0]
