"""Claims and quotes of members: the list, and one of them, from its draft to what was paid. /adherent/demandes."""

from typing import Any

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.case_steps import told_steps
from portal.claim_words import CARE_LABELS, KIND_TITLES, PROBLEM_WORDS, QUESTIONS, reasons_of, rows_of, state_of
from portal.data.answer_delays import usual_delay
from portal.data.case_messages import messages_of
from portal.data.cases import CaseKind, CaseState
from portal.data.claim_estimates import ClaimEstimate, PaidLine, compare, estimate_of, last_estimate, paid_lines
from portal.data.claims import CANCELLABLE, Asked, claim_of, claims_of, problems_of
from portal.data.evidence import Action
from portal.data.overpayments import owed_in
from portal.data.payments import days_of, due_of
from portal.data.visibility import visible_scope
from portal.formatting import today
from portal.forms import FieldError
from portal.pages.account.pieces import CASE, slot_views
from portal.permissions import Permission, requires
from portal.rendering import Crumb, render_page
from portal.routing import page
from portal.valuation_words import line_words
from portal.web import PortalRequest

TITLE = "Vos demandes"
READS = [requires(Permission.CLAIMS_READ)]
Share = tuple[str, str, int]  # how it is drawn, whose it is, cents
FOLLOWED = frozenset({CaseState.ACCEPTED, CaseState.PARTLY})


@page("/adherent/demandes", name="member.claims", guards=READS)
def list_page(request: PortalRequest) -> Response[bytes]:
    found = claims_of(request.db, request.viewer)
    names = request.services.keyring.conceal(CASE, (asked.case.id or 0 for asked in found))
    people = visible_scope(request.db, request.viewer, today()).names
    request.note_read(Action.CASE_READ, CaseKind.CLAIM, persons=_persons(found))
    return render_page(
        request,
        "member/claims/index.html",
        TITLE,
        crumbs=[_home(request)],
        claims=[(asked, name, state_of(asked)) for asked, name in zip(found, names, strict=True)],
        people=people,
        titles=KIND_TITLES,
        care=CARE_LABELS,
        delays={kind: usual_delay(request.db, kind, request.viewer.space, request.now) for kind in KIND_TITLES},
    )


@page("/adherent/demandes/{case:str}", name="member.claim", guards=READS)
def claim_page(request: PortalRequest, case: FromPath[str]) -> Response[bytes]:
    asked = found_claim(request, request.db, case)
    request.note_read(Action.CASE_READ, asked.case.object, persons=_persons([asked]))
    return render_claim(request, request.db, asked)


def render_claim(
    request: PortalRequest, db: Session, asked: Asked, problem: FieldError | None = None, typed: str = ""
) -> Response[bytes]:
    """The page of a claim. `problem`: what went wrong with a form of the page, whose text was `typed`."""
    case = asked.case
    return render_page(
        request,
        "member/claims/claim.html",
        f"{KIND_TITLES[asked.kind]} {case.reference}",
        crumbs=claim_crumbs(request),
        errors=[problem] if problem else [],
        asked=asked,
        name=claim_name(request, asked),
        state=state_of(asked),
        questions=QUESTIONS[asked.kind],
        person=visible_scope(db, request.viewer, today()).names.get(case.person_id or 0, ""),
        care=CARE_LABELS,
        slots=slot_views(request, db, case),
        hindrances=_hindrances(request, db, asked),
        delay=usual_delay(db, asked.kind, request.viewer.space, request.now),
        steps=told_steps(request, db, asked.case),
        messages=messages_of(db, request.services.keyring, case),
        may_cancel=case.state in CANCELLABLE,
        may_follow=asked.is_quote and case.state in FOLLOWED,
        typed=typed,
        **_outcome(request, db, asked),
    )


def found_claim(request: PortalRequest, db: Session, opaque: str) -> Asked:
    """The viewer's claim or quote behind an opaque name. Raises `NotFoundException`."""
    asked = claim_of(db, request.viewer, request.revealed(CASE, opaque))
    if asked is None:
        raise NotFoundException
    return asked


def claim_name(request: PortalRequest, asked: Asked) -> str:
    """The opaque name of a claim's case."""
    return request.services.keyring.conceal(CASE, [asked.case.id or 0])[0]


def claim_url(request: PortalRequest, asked: Asked) -> str:
    """The address of a claim's page."""
    return request.services.urls("member.claim", case=claim_name(request, asked))


def to_claim(request: PortalRequest, asked: Asked) -> Redirect:
    """Leads to a claim's page."""
    return Redirect(claim_url(request, asked), status_code=303)


def shown_again(request: PortalRequest, opaque: str, problem: str) -> Response[bytes]:
    """The claim as it is now, with what went wrong."""
    with request.database.read() as db:
        return render_claim(request, db, found_claim(request, db, opaque), FieldError("", problem))


def claim_crumbs(request: PortalRequest) -> list[Crumb]:
    """The way to a page under the claims."""
    return [_home(request), Crumb(TITLE, request.services.urls("member.claims"))]


def _home(request: PortalRequest) -> Crumb:
    return Crumb("Accueil", request.services.urls("member.home"))


def _persons(found: list[Asked]) -> list[int]:
    return sorted({asked.case.person_id for asked in found if asked.case.person_id})


def _hindrances(request: PortalRequest, db: Session, asked: Asked) -> list[str]:
    """What keeps the claim from being sent now, in words."""
    if not asked.case.gives_pieces_back:
        return []
    return [PROBLEM_WORDS[problem] for problem in problems_of(db, request.viewer, asked, request.now)]


def _outcome(request: PortalRequest, db: Session, asked: Asked) -> dict[str, Any]:
    """What is estimated, what was paid, and the two beside each other for a quote."""
    lines = paid_lines(db, request.viewer, asked.case, today())
    names = request.services.keyring.conceal("line", (each.line.id or 0 for each in lines))
    kept = last_estimate(db, asked.case)
    return {
        "estimate": _estimate(request, db, asked, kept),
        "is_answered": kept is not None and kept.made_by is not None,
        "lines": list(zip(names, (each.line for each in lines), _told(db, lines), strict=True)),
        "has_owed": bool(owed_in(db, asked.case)) and asked.case.member_id == request.viewer.person_id,
    } | _comparison(kept, lines)


def _told(db: Session, lines: list[PaidLine]) -> list[str]:
    """What is told of each line: when it was paid, when it will be, or why it is not."""
    found = [each.line for each in lines]
    dues, days = due_of(db, [line.id or 0 for line in found]), days_of(db, found)
    return [line_words(line, dues.get(line.id or 0), days.get(line.payment_id or 0)) for line in found]


def _estimate(request: PortalRequest, db: Session, asked: Asked, kept: ClaimEstimate | None) -> list[Share]:
    """The shares of the estimate: the one that was kept, or what the rules give while the quote is a draft."""
    if kept is not None:
        return _shares(kept.base_net_cents, kept.supplementary_cents, kept.remaining_cents)
    found = estimate_of(db, request.viewer, asked, today()) if asked.case.is_draft else None
    return _shares(found.base_net, found.supplementary, found.remaining) if found else []


def _shares(base_net: int, supplementary: int, remaining: int) -> list[Share]:
    return [
        ("base", "Sécurité sociale", base_net),
        ("supp", "Mutuelle", supplementary),
        ("left", "À votre charge", remaining),
    ]


def _comparison(kept: ClaimEstimate | None, lines: list[Any]) -> dict[str, Any]:
    if kept is None or not lines:
        return {"rows": [], "reasons": []}
    compared = compare(kept, lines)
    return {"rows": rows_of(compared), "reasons": reasons_of(compared, kept, lines)}
