"""The questions that an invited employee answers, one a page: /affiliation/etapes/… (R-30).

Each answer is kept at once, encrypted: a reload, a lost connection or another device loses nothing that was sent.
"""

from typing import Any

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.beneficiary_words import RELATIONSHIP_LABELS, masked_nir
from portal.data.bank_changes import mask
from portal.data.employee_acts import Refused
from portal.data.evidence import Action
from portal.data.invitation_drafts import Draft, Step, may_show, next_step, remove_relative, steps_of
from portal.data.invited import Asked, Gone, first_day_of, keep_draft, proven_invitation
from portal.data.invited_completion import complete
from portal.data.invited_costs import MonthCost, cost_for, costs
from portal.data.invited_exemption import grounds_for
from portal.formatting import day_in_france, long_date
from portal.forms import FieldError
from portal.invitation_notices import tell_affiliated
from portal.invitation_words import NOT_COMPLETED, RELATIVE_LABELS, STEP_LABELS
from portal.pages.employer.employee_forms import Reader
from portal.pages.public.invited_access import held
from portal.pages.public.invited_forms import ALONE, FAMILY, FIELDS, place_of, read_step, typed_of
from portal.permissions import public
from portal.rendering import render_page
from portal.routing import async_action, page
from portal.visits import visit_cookies
from portal.web import PortalRequest


@page("/affiliation/etapes/{etape:str}", name="invited.step", guards=[public])
def step_page(request: PortalRequest, etape: FromPath[str]) -> Response[bytes] | Redirect:
    return _page(request, request.db, _step(etape))


@async_action("/affiliation/etapes/{etape:str}", name="invited.answer", guards=[public])
async def answer(request: PortalRequest, etape: FromPath[str]) -> Response[bytes] | Redirect:
    step, sent = _step(etape), await request.form()
    return await request.database.run_writing(_answer, request, step, sent)


@async_action("/affiliation/famille/retrait", name="invited.remove", guards=[public])
async def remove(request: PortalRequest) -> Redirect:
    return await request.database.run_writing(_remove, request, await request.form())


def _answer(request: PortalRequest, step: Step, sent: FormMultiDict) -> Response[bytes] | Redirect:
    reader = Reader.of(sent, FIELDS[step], day_in_france(request.now))
    try:
        following = _kept(request, step, reader)
    except Gone:
        return _to(request, None)
    except Refused as refused:
        reader.wrong("exact", NOT_COMPLETED[refused.code])
    if not reader.errors:
        return _to(request, following)
    with request.database.read() as db:
        return _page(request, db, step, reader.raw, reader.errors)


def _kept(request: PortalRequest, step: Step, reader: Reader) -> Step | None:
    """Keeps an answer, or sends all of them, in one transaction; the next question. Raises `Gone`, `Refused`."""
    keyring = request.services.keyring
    with request.database.write() as db:
        asked = proven_invitation(db, keyring, *request.invitation_keys, request.now)
        if not may_show(asked.draft, step):
            return next_step(asked.draft)
        draft = read_step(asked, step, reader)
        if draft is None:
            return None
        if step is Step.REVIEW:
            _send(request, db, asked)
            return None
        keep_draft(db, keyring, asked, draft, request.now)
        request.record_of(None, db, Action.INVITATION_CHANGED, _object(asked), step=step.value)
        return _following(draft, step)


def _send(request: PortalRequest, db: Session, asked: Asked) -> None:
    event = complete(db, request.services.keyring, asked, request.now)
    own = asked.draft.identity.email if asked.draft.identity else ""
    tell_affiliated(request.services, db, asked.employee, own, event.effective_on)
    request.record_of(None, db, Action.INVITATION_COMPLETED, _object(asked), employee=event.employee_id)


def _remove(request: PortalRequest, sent: FormMultiDict) -> Redirect:
    keyring = request.services.keyring
    try:
        with request.database.write() as db:
            asked = proven_invitation(db, keyring, *request.invitation_keys, request.now)
            keep_draft(db, keyring, asked, remove_relative(asked.draft, place_of(sent)), request.now)
            request.record_of(None, db, Action.INVITATION_CHANGED, _object(asked), step=Step.FAMILY.value)
    except Gone:
        return _to(request, None)
    return _to(request, Step.FAMILY)


def _following(draft: Draft, step: Step) -> Step:
    """After a relative was added, another one may be; else the first question left, which may be the review."""
    if step is Step.FAMILY:
        return step
    asked = steps_of(draft)
    after = asked[asked.index(step) + 1]
    return after if may_show(draft, after) else next_step(draft)


def _page(
    request: PortalRequest,
    db: Session,
    step: Step,
    raw: dict[str, str] | None = None,
    errors: list[FieldError] | None = None,
) -> Response[bytes] | Redirect:
    asked, may_read = held(request, db)
    if asked is None or not (asked.is_live and may_read):
        return _to(request, None)
    if not may_show(asked.draft, step):
        return _to(request, next_step(asked.draft))
    request.note_read_by_link(Action.INVITATION_READ, _object(asked))
    context = _context(request, db, asked, step) | {"raw": raw if raw is not None else typed_of(asked, step)}
    template, cookies = f"public/invited/{step.value}.html", visit_cookies(request)
    return render_page(request, template, STEP_LABELS[step], errors=errors or [], cookies=cookies, **context)


def _context(request: PortalRequest, db: Session, asked: Asked, step: Step) -> dict[str, Any]:
    urls, steps, draft = request.services.urls, steps_of(asked.draft), asked.draft
    before = steps[steps.index(step) - 1] if step is not steps[0] else None
    starts_on = first_day_of(asked)
    lines = costs(db, asked.category, starts_on) if asked.category else []
    return {
        "company": asked.company,
        "category": asked.category.label if asked.category else "",
        "starts_on": starts_on,
        "number": steps.index(step) + 1,
        "count": len(steps),
        "action": urls("invited.answer", etape=step.value),
        "back": urls("invited.step", etape=before.value) if before else "",
        "go_on": urls("invited.step", etape=Step.BANK.value),
        "is_fixed": asked.employee.nir_lookup is not None,
        "nir": masked_nir(draft.nir),
        "family": [(RELATIONSHIP_LABELS[each.relationship], each) for each in draft.family],
        "relationships": [(each.value, label) for each, label in RELATIVE_LABELS.items()],
        "choices": [(ALONE, "Moi seulement"), (FAMILY, "Moi et ma famille")],
        "costs": lines,
        "may_be_exempt": step is Step.COVER and bool(grounds_for(db, asked)),
        "summary": _summary(request, asked, cost_for(lines, draft.covered)) if step is Step.REVIEW else [],
        "bank": draft.bank.iban and mask(draft.bank.iban) if draft.bank else "",
    }


def _summary(request: PortalRequest, asked: Asked, cost: MonthCost | None) -> list[tuple[Any, ...]]:
    """What is about to be sent, each line with the way to change it."""
    who, draft = asked.draft.identity, asked.draft
    if who is None:
        return []
    usage = f", nom d’usage {who.usage_name}" if who.usage_name else ""
    covered = [f"{each.first_name} {each.last_name}" for each in draft.family if draft.with_family]
    rows = [
        (Step.IDENTITY, "Votre identité", f"{who.first_name} {who.last_name}{usage}"),
        (Step.IDENTITY, "Numéro de Sécurité sociale", masked_nir(who.nir) or "Pas encore"),
        (Step.IDENTITY, "E-mail personnel", who.email or "Aucun\u00a0: nous écrirons à l’adresse de l’invitation"),
        (Step.COVER, "Personnes couvertes", "\u00a0; ".join(["Vous", *covered])),
        (Step.BANK, "Remboursements", mask(draft.bank.iban) if draft.bank and draft.bank.iban else "Plus tard"),
    ]
    urls = request.services.urls
    shown: list[tuple[Any, ...]] = [
        (label, value, (urls("invited.step", etape=step.value), f"Modifier\u00a0: {label[:1].lower()}{label[1:]}"))
        for step, label, value in rows
    ]
    asked_from = long_date(asked.period.starts_on) if asked.period else ""
    return [*shown, ("Début de la couverture", asked_from), *([("Votre part par mois", cost.employee)] if cost else [])]


def _to(request: PortalRequest, step: Step | None) -> Redirect:
    urls = request.services.urls
    target = urls("invited.step", etape=step.value) if step else urls("invited")
    return Redirect(target, status_code=303)


def _step(etape: str) -> Step:
    try:
        return Step(etape)
    except ValueError as unknown:
        raise NotFoundException from unknown


def _object(asked: Asked) -> str:
    return f"invitation:{asked.row.id}"


HANDLERS = [step_page, answer, remove]
