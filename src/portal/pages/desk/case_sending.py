"""Sending a decision that was read: applied at once, or proposed to a second agent where a rule asks for four eyes."""

from collections.abc import Sequence

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from portal.attachments import discard
from portal.case_notices import CaseLetters
from portal.data.case_desk import agent_at_work
from portal.data.cases import CaseMoved
from portal.data.desk_cases import AtDesk
from portal.data.evidence import Action
from portal.data.proposals import (
    AlreadyProposed,
    DecisionProposal,
    NotForYou,
    ProposalState,
    Settled,
    decision_in,
    draft_of,
    newest_draft,
    settle,
)
from portal.deciding.preview import preview_of
from portal.deciding.problems import REFUSED, words_of
from portal.deciding.registry import applier_of, recorded_as, ruling_of
from portal.forms import FieldError, exact_value
from portal.pages.desk.case_access import WORKS, case_url, opened, record
from portal.pages.desk.case_decision import DECISION, PROPOSAL, WHOLE, form_url, preview_page, shown_again
from portal.pages.desk.decision_forms import Sent, kept_values
from portal.pages.desk.work import KNOWN, work_errors
from portal.permissions import ConfirmationDue, has_just_confirmed
from portal.routing import async_action
from portal.web import PortalRequest

ALREADY = "Une autre décision attend déjà d’être validée sur ce dossier."


@async_action(f"{DECISION}/envoi", name="desk.case.decide", guards=WORKS)
async def decide(request: PortalRequest, dossier: FromPath[str]) -> Response[bytes] | Redirect:
    form = await request.form()
    name, knows = exact_value(form, "decision"), exact_value(form, KNOWN)
    return await request.database.run_writing(_decide, request, dossier, name, knows)


def _decide(request: PortalRequest, dossier: str, name: str, knows: str) -> Response[bytes] | Redirect:
    with request.database.read() as db:
        at_desk = opened(request, db, dossier)
        row = draft_of(db, request.viewer, at_desk.case, request.services.keyring.reveal(PROPOSAL, name) or 0)
    if row is None:
        return _nothing_sent(request, dossier)
    _prove_for_money(request, dossier, name, row)
    asked = _asked_of_colleagues(request, at_desk, knows)
    if asked:
        return _read_again(request, dossier, row, asked)
    try:
        _send(request, at_desk, row)
    except (NotForYou, Settled):
        return _nothing_sent(request, dossier)
    except (CaseMoved, AlreadyProposed, *REFUSED) as problem:
        return _unsent(request, dossier, row, problem)
    return Redirect(case_url(request, dossier), status_code=303)


def _nothing_sent(request: PortalRequest, dossier: str) -> Redirect:
    """To the case, which says what was decided; or to what the agent wrote meanwhile in the place of this, in another
    tab: that was not read before it is sent."""
    with request.database.read() as db:
        row = newest_draft(db, request.viewer, opened(request, db, dossier).case)
    (name,) = request.services.keyring.conceal(PROPOSAL, [row.id or 0]) if row else ("",)
    return Redirect(form_url(request, dossier, name) if row else case_url(request, dossier), status_code=303)


def _prove_for_money(request: PortalRequest, dossier: str, name: str, row: DecisionProposal) -> None:
    """What has the insurer pay asks for a recent proof of identity; the way back leads to the form, as it was kept."""
    if row.cents is not None and not has_just_confirmed(request.viewer, request.now):
        request.come_back_to(form_url(request, dossier, name))
        raise ConfirmationDue


def _send(request: PortalRequest, at_desk: AtDesk, row: DecisionProposal) -> None:
    keyring, act = request.services.keyring, row.act
    with request.database.write() as db:
        agent = agent_at_work(request.viewer, CaseLetters(request.services))
        done = settle(db, agent, keyring, row.id or 0, applier_of(row.kind, act), request.now)
        is_applied = done.row.state == ProposalState.APPLIED
        done_as = recorded_as(row.kind, act) if is_applied else Action.DECISION_PROPOSED
        record(request, db, at_desk, done_as, act=act, **destroyed(done.gone))
    discard(request.services, done.gone)


def destroyed(gone: Sequence[str]) -> dict[str, int]:
    """What the evidence keeps of the files that a decision destroyed: how many; nothing without any."""
    return {"destroyed": len(gone)} if gone else {}


def _asked_of_colleagues(request: PortalRequest, at_desk: AtDesk, knows: str) -> list[FieldError]:
    """What must be said to know before answering what a colleague has, or reads."""
    with request.database.read() as db:
        return work_errors(request, db, at_desk.item, knows)


def _read_again(
    request: PortalRequest, dossier: str, row: DecisionProposal, errors: list[FieldError]
) -> Response[bytes]:
    """The preview once more, with what is asked before the decision leaves."""
    with request.database.read() as db:
        at_desk = opened(request, db, dossier)
        ruling = ruling_of(at_desk.case, row.act)
    if ruling is None:
        raise NotFoundException
    decision = decision_in(request.services.keyring, row)
    try:
        shown = preview_of(request, at_desk, decision, ruling.apply)
    except (CaseMoved, *REFUSED) as problem:
        return _unsent(request, dossier, row, problem)
    return preview_page(request, at_desk, dossier, ruling, decision, row, shown, errors)


def _unsent(request: PortalRequest, dossier: str, row: DecisionProposal, problem: Exception) -> Response[bytes]:
    """The form with what was kept, and why it was not sent."""
    with request.database.read() as db:
        at_desk = opened(request, db, dossier)
        ruling = ruling_of(at_desk.case, row.act)
        if ruling is None:
            raise NotFoundException
        decision = decision_in(request.services.keyring, row)
        values = kept_values(at_desk.case, ruling, decision, row.written_at)
        sent = Sent(values, decision, row.version if isinstance(problem, CaseMoved) else at_desk.case.version, [])
        words = ALREADY if isinstance(problem, AlreadyProposed) else words_of(problem)
        errors = [] if isinstance(problem, CaseMoved) else [FieldError(WHOLE, words)]
        return shown_again(request, db, at_desk, dossier, ruling, sent, errors)


HANDLERS = [decide]
