"""A sum that a member was paid too much, at the desk: money that came back, or asked for no more.
/gestion/dossiers/…/liquidation/{somme}/a-rendre (R-05, R-61)."""

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.data.cases import CaseMoved, WrongState
from portal.data.claim_valuing import TooNear
from portal.data.decisions import Act
from portal.data.desk_cases import AtDesk
from portal.data.evidence import Action
from portal.data.overpayments import Owed, owed_in, take_repaid
from portal.data.proposals import AlreadyProposed, NotForYou, ProposalState, settle, write_decision
from portal.data.second_looks import needs_second_look
from portal.data.valuation import LONGEST_WORDS, SHORTEST_WORDS
from portal.data.valuation_drafts import lock_claim_at_desk
from portal.deciding.rectification import WAIVE, waived
from portal.formatting import day_in_france
from portal.forms import FieldError, cents_of, single_values
from portal.pages.desk.case_access import case_url, note, record
from portal.pages.desk.case_sending import ALREADY
from portal.pages.desk.rectification import agent_of, done_crumbs
from portal.pages.desk.valuation import VALUATION, to_valuation
from portal.pages.desk.valuation_context import opened_claim
from portal.pages.desk.valuation_decision import DECIDES
from portal.pages.desk.valuation_forms import NO_AMOUNT, euros
from portal.rectification_words import NO_REASON, standing_badge, told_steps_of
from portal.rendering import render_page
from portal.routing import async_action, page
from portal.valuation_words import LONG_WORDS
from portal.web import PortalRequest

OWED = f"{VALUATION}/{{somme:str}}/a-rendre"
NAME = "overpayment"
TITLE = "Une somme à rendre"
TOO_MUCH = "Ce montant dépasse ce qui reste à rendre."
FIELDS = ("choix", "montant", "raison")


@page(OWED, name="desk.case.overpayment", guards=DECIDES)
def owed_page(request: PortalRequest, dossier: FromPath[str], somme: FromPath[str]) -> Response[bytes]:
    at_desk, standing = _found(request, request.db, dossier, somme)
    sent = {"choix": "", "montant": euros(standing.left), "raison": ""}
    return _render(request, request.db, dossier, somme, at_desk, standing, sent, [])


@async_action(OWED, name="desk.case.overpayment.settle", guards=DECIDES)
async def settle_owed(
    request: PortalRequest, dossier: FromPath[str], somme: FromPath[str]
) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_settle, request, dossier, somme, await request.form())


def _found(request: PortalRequest, db: Session, dossier: str, somme: str) -> tuple[AtDesk, Owed]:
    """A sum owed for a line of the claim. Raises `NotFoundException`."""
    at_desk = opened_claim(request, db, dossier)
    wanted = request.revealed(NAME, somme)
    standing = next((each for each in owed_in(db, at_desk.case) if each.row.id == wanted), None)
    if standing is None:
        raise NotFoundException
    return at_desk, standing


def _settle(request: PortalRequest, dossier: str, somme: str, form: FormMultiDict) -> Response[bytes] | Redirect:
    sent = single_values(form, FIELDS, LONGEST_WORDS + 1)
    with request.database.read() as db:
        at_desk, standing = _found(request, db, dossier, somme)
        errors = _errors(sent, standing)
        if errors and standing.left:
            return _render(request, db, dossier, somme, at_desk, standing, sent, errors)
    try:
        is_waiting = _send(request, dossier, somme, sent)
    except AlreadyProposed:
        return _again(request, dossier, somme, sent)
    except (TooNear, NotForYou, WrongState, CaseMoved):
        return to_valuation(request, dossier)
    return Redirect(case_url(request, dossier), status_code=303) if is_waiting else to_valuation(request, dossier)


def _errors(sent: dict[str, str], standing: Owed) -> list[FieldError]:
    if sent["choix"] == "renoncer":
        words = sent["raison"].strip()
        if len(words) > LONGEST_WORDS:
            return [FieldError("raison", LONG_WORDS)]
        return [FieldError("raison", NO_REASON)] if len(words) < SHORTEST_WORDS else []
    cents = cents_of(sent["montant"].strip())
    if not cents or cents < 0:
        return [FieldError("montant", NO_AMOUNT)]
    return [FieldError("montant", TOO_MUCH)] if cents > standing.left else []


def _send(request: PortalRequest, dossier: str, somme: str, sent: dict[str, str]) -> bool:
    """Notes what came back, or asks for no more; whether that waits for a second agent. Raises `WrongState`, and what
    `settle` raises."""
    with request.database.write() as db:
        at_desk, standing = _found(request, db, dossier, somme)
        case = lock_claim_at_desk(db, request.viewer, request.services.keyring, at_desk.item.id or 0)
        if case is None:
            raise NotFoundException
        agent, keyring, now = agent_of(request), request.services.keyring, request.now
        if sent["choix"] != "renoncer":
            cents = cents_of(sent["montant"].strip()) or 0
            take_repaid(db, agent, case, standing.row, cents, now)
            record(request, db, at_desk, Action.OVERPAYMENT_CHANGED, cents=cents)
            return False
        if not standing.left:
            raise WrongState
        decision = waived(standing.row, standing.left, sent["raison"].strip())
        row = write_decision(db, agent, keyring, case, decision, now, cents=standing.left)
        row = settle(db, agent, keyring, row.id or 0, WAIVE.apply, now).row
        is_waiting = row.state == ProposalState.WAITING
        action = Action.DECISION_PROPOSED if is_waiting else Action.OVERPAYMENT_CHANGED
        record(request, db, at_desk, action, act=row.act, cents=standing.left)
        return is_waiting


def _again(request: PortalRequest, dossier: str, somme: str, sent: dict[str, str]) -> Response[bytes]:
    with request.database.read() as db:
        at_desk, standing = _found(request, db, dossier, somme)
        return _render(request, db, dossier, somme, at_desk, standing, sent, [FieldError("raison", ALREADY)])


def _render(
    request: PortalRequest,
    db: Session,
    dossier: str,
    somme: str,
    at_desk: AtDesk,
    standing: Owed,
    sent: dict[str, str],
    errors: list[FieldError],
) -> Response[bytes]:
    note(request, at_desk)
    case, day = at_desk.case, day_in_france(request.now)
    return render_page(
        request,
        "desk/valuation/overpayment.html",
        TITLE,
        crumbs=done_crumbs(request, at_desk, dossier),
        errors=errors,
        standing=standing,
        badge_of=standing_badge(standing),
        steps=told_steps_of(standing),
        sent=sent,
        needs_another=needs_second_look(db, case.kind, Act.WAIVE, standing.left, day),
        target=request.services.urls("desk.case.overpayment.settle", dossier=dossier, somme=somme),
        back=request.services.urls("desk.case.valuation", dossier=dossier),
        longest=LONGEST_WORDS,
    )


HANDLERS = [owed_page, settle_owed]
