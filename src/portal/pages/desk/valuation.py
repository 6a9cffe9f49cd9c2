"""An agent values a claim: lines typed, settled by the contract's rules. /gestion/dossiers/…/liquidation.

What is typed is kept at each step, so that the page is the same for whoever opens it, with scripts or without;
`valuation_decision.py` decides.
"""

from typing import Any

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.claim_words import CARE_LABELS, state_of
from portal.data.cases import Case
from portal.data.claims import asked_of
from portal.data.desk_cases import AtDesk
from portal.data.estimates import estimable_acts
from portal.data.line_corrections import correctable_lines, corrected_in, lines_of_claim
from portal.data.overpayments import Owed, owed_in
from portal.data.payments import due_of
from portal.data.proposals import waiting_on
from portal.data.valuation import MOST_LINES
from portal.data.valuation_drafts import Typed, keep_typed, lock_claim_at_desk
from portal.formatting import today
from portal.forms import FieldError, single_values
from portal.guarantee_words import SECTOR_LABELS
from portal.labels import FAMILY_LABELS, STATUS_LABELS
from portal.pages.account.pieces import slot_views
from portal.pages.desk.case_access import CASE, WORKS, case_crumbs, note
from portal.pages.desk.valuation_context import opened_claim, valuation_context
from portal.pages.desk.valuation_forms import changed, read_lines
from portal.pages.desk.work import work_context
from portal.rectification_words import standing_badge
from portal.rendering import render_page
from portal.routing import async_action, page
from portal.valuation_words import REASONS, VERDICTS, due_words
from portal.web import PortalRequest

TITLE = "Liquider la demande"
VALUATION = f"{CASE}/liquidation"


@page(VALUATION, name="desk.case.valuation", guards=WORKS)
def valuation_page(request: PortalRequest, dossier: FromPath[str]) -> Response[bytes]:
    at_desk = opened_claim(request, request.db, dossier)
    return _render(request, request.db, dossier, at_desk)


@async_action(VALUATION, name="desk.case.valuation.keep", guards=WORKS)
async def keep(request: PortalRequest, dossier: FromPath[str]) -> Response[bytes] | Redirect:
    sent = await request.form()
    return await request.database.run_writing(_keep, request, dossier, sent)


def save_lines(request: PortalRequest, dossier: str, typed: Typed) -> None:
    """Keeps what was typed. Raises `NotFoundException`, also for a claim that is decided."""
    item_id = request.revealed("work", dossier)
    with request.database.write() as db:
        case = lock_claim_at_desk(db, request.viewer, request.services.keyring, item_id)
        if case is None or case.is_over:
            raise NotFoundException
        keep_typed(db, request.viewer, request.services.keyring, case, typed, request.now)


def _keep(request: PortalRequest, dossier: str, sent: FormMultiDict) -> Response[bytes] | Redirect:
    act = single_values(sent, ("faire",))["faire"]
    save_lines(request, dossier, changed(read_lines(sent), act))
    if act != "decider":
        return to_valuation(request, dossier)
    with request.database.read() as db:
        at_desk = opened_claim(request, db, dossier)
        problems = valuation_context(request, db, dossier, at_desk.case)["problems"]
        if problems:
            return _render(request, db, dossier, at_desk, problems)
    return Redirect(request.services.urls("desk.valuation.decision", dossier=dossier), status_code=303)


def _render(
    request: PortalRequest, db: Session, dossier: str, at_desk: AtDesk, errors: list[FieldError] | None = None
) -> Response[bytes]:
    case = at_desk.case
    note(request, at_desk)
    if case.is_over:
        return _render_done(request, db, dossier, at_desk)
    asked = asked_of(db, case)
    return render_page(
        request,
        "desk/valuation/index.html",
        TITLE,
        crumbs=case_crumbs(request, at_desk, dossier),
        errors=errors or [],
        asked=asked,
        state=state_of(asked),
        care=CARE_LABELS,
        acts=acts_by_family(db),
        sectors=options_of(SECTOR_LABELS),
        verdicts=options_of(VERDICTS),
        reasons=options_of(REASONS),
        most=MOST_LINES,
        slots=slot_views(request, db, case),
        **valuation_context(request, db, dossier, case),
        **work_context(request, db, at_desk.item),
    )


def _render_done(request: PortalRequest, db: Session, dossier: str, at_desk: AtDesk) -> Response[bytes]:
    case = at_desk.case
    lines = lines_of_claim(db, request.viewer, case)
    dues = due_of(db, [line.id or 0 for line in lines])
    names = request.services.keyring.conceal("line", (line.id or 0 for line in lines))
    told = [due_words(dues[line.id or 0], line.supplementary_cents) if line.id in dues else "" for line in lines]
    asked = asked_of(db, case)
    return render_page(
        request,
        "desk/valuation/done.html",
        "Demande liquidée",
        crumbs=case_crumbs(request, at_desk, dossier),
        asked=asked,
        state=state_of(asked),
        dossier=dossier,
        lines=list(zip(names, lines, told, strict=True)),
        labels=STATUS_LABELS,
        correctable={line.id for line in correctable_lines(db, request.viewer, case)},
        replaced={each.line_id: each for each in corrected_in(db, case)},
        owed=_owed(request, db, case),
        waiting=waiting_on(db, case),
    )


def _owed(request: PortalRequest, db: Session, case: Case) -> list[tuple[str, Owed, tuple[str, str]]]:
    """The sums owed for lines of the claim: opaque name, how it stands, its badge."""
    found = owed_in(db, case)
    names = request.services.keyring.conceal("overpayment", (each.row.id or 0 for each in found))
    return [(name, each, standing_badge(each)) for name, each in zip(names, found, strict=True)]


def acts_by_family(db: Session) -> list[tuple[str, list[Any]]]:
    """What a line's care is chosen among."""
    groups: dict[str, list[Any]] = {}
    for act in estimable_acts(db, today()):
        groups.setdefault(act.family, []).append(act)
    return [(FAMILY_LABELS[family], group) for family, group in groups.items()]  # type: ignore[index]


def options_of(words: dict[Any, str]) -> list[tuple[str, str]]:
    """A list of choices, by what they are called."""
    return [(value.value, label) for value, label in words.items()]


def to_valuation(request: PortalRequest, dossier: str) -> Redirect:
    """To the page of the lines, or of what came of them."""
    return Redirect(request.services.urls("desk.case.valuation", dossier=dossier), status_code=303)


HANDLERS = [valuation_page, keep]
