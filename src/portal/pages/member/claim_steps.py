"""The questions of a claim's draft, one page each: documents, day, person, care, amount. …/etapes/<etape>."""

from datetime import date
from typing import Any

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.claim_words import CARE_LABELS, KIND_TITLES, QUESTIONS
from portal.data.benefits import Family
from portal.data.cases import CaseMoved, WrongState
from portal.data.claim_drafts import Amount, set_amount, set_care, set_day, set_person
from portal.data.claim_rules import families_for, first_day
from portal.data.claims import Asked, Step, covered_on, lock_claim
from portal.data.estimates import estimable_acts
from portal.data.evidence import Action
from portal.data.visibility import Relative, visible_scope
from portal.formatting import number, today
from portal.forms import FieldError, version_of
from portal.guarantee_words import SECTOR_LABELS
from portal.pages.account.pieces import CASE, slot_views
from portal.pages.member.claim_forms import Answer, Choices, Read, fields_in, read_step
from portal.pages.member.claims import claim_crumbs, claim_name, claim_url, found_claim, shown_again
from portal.permissions import Permission, requires
from portal.rendering import render_page
from portal.routing import async_action, page
from portal.web import PortalRequest

SENDS = [requires(Permission.CLAIMS_SEND)]
STEPS = list(Step)
MOVED = "Cette demande a changé dans un autre onglet. Vérifiez votre réponse, puis continuez\u00a0: rien n’est perdu."
SENT_ALREADY = "Cette demande est déjà envoyée\u00a0: elle n’a été reçue qu’une fois."
DAY_FIRST = "Dites d’abord quel jour a lieu le soin."


@page("/adherent/demandes/{case:str}/etapes/{step:str}", name="member.claim.step", guards=SENDS)
def step_page(request: PortalRequest, case: FromPath[str], step: FromPath[str]) -> Response[bytes] | Redirect:
    asked = found_claim(request, request.db, case)
    if not asked.case.is_draft:
        return Redirect(claim_url(request, asked), status_code=303)
    request.note_read(Action.CASE_READ, asked.case.object, persons=persons_of(asked))
    return render_step(request, request.db, asked, step_of(step))


@async_action("/adherent/demandes/{case:str}/etapes/{step:str}", name="member.claim.answer", guards=SENDS)
async def answer_step(request: PortalRequest, case: FromPath[str], step: FromPath[str]) -> Response[bytes] | Redirect:
    sent = await request.form()
    return await request.database.run_writing(_answered, request, case, step_of(step), sent)


def _answered(request: PortalRequest, case: str, step: Step, sent: FormMultiDict) -> Response[bytes] | Redirect:
    try:
        read = keep_answer(request, case, step, sent)
    except WrongState:
        return shown_again(request, case, SENT_ALREADY)
    with request.database.read() as db:
        asked = found_claim(request, db, case)
        if read.errors:
            return render_step(request, db, asked, step, read)
        return Redirect(after(request, asked), status_code=303)


def keep_answer(request: PortalRequest, case: str, step: Step, sent: FormMultiDict) -> Read:
    """Reads the answer to a step, and keeps it when it is right; what was typed, and what is wrong.

    Raises `NotFoundException`; `WrongState` once the claim is sent.
    """
    with request.database.read() as db:
        read = _read(request, db, found_claim(request, db, case), step, fields_in(sent))
    if read.answer is None:
        return read
    try:
        with request.database.write() as db:
            asked = lock_claim(db, request.viewer, request.revealed(CASE, case), version_of(read.raw["version"]))
            if asked is None:
                raise NotFoundException
            _set(request, db, asked, read.answer)
            request.record(db, Action.CASE_CHANGED, asked.case.object)
    except CaseMoved as moved:
        if not moved.case.is_draft:
            raise WrongState from moved
        return Read(read.raw, None, (FieldError("", MOVED),))
    return read


def after(request: PortalRequest, asked: Asked) -> str:
    """Where a draft goes on: the first question without an answer, or the page where it is read again and sent."""
    step = asked.next_step
    return step_url(request, asked, step) if step else claim_url(request, asked)


def step_url(request: PortalRequest, asked: Asked, step: Step) -> str:
    """The address of a question."""
    return request.services.urls("member.claim.step", case=claim_name(request, asked), step=step.value)


def step_of(text: str) -> Step:
    """The step that an address names. Raises `NotFoundException`."""
    if text not in set(Step):
        raise NotFoundException
    return Step(text)


def persons_of(asked: Asked) -> list[int]:
    """Whom the claim tells of."""
    return [asked.case.person_id] if asked.case.person_id else []


def render_step(
    request: PortalRequest, db: Session, asked: Asked, step: Step, read: Read | None = None
) -> Response[bytes]:
    """The page of a question."""
    context = step_context(request, db, asked, step, read)
    return render_page(
        request,
        "member/claims/step.html",
        f"{KIND_TITLES[asked.kind]} {asked.case.reference}",
        crumbs=claim_crumbs(request),
        errors=read.errors if read else (),
        **context,
    )


def step_context(
    request: PortalRequest, db: Session, asked: Asked, step: Step, read: Read | None = None
) -> dict[str, Any]:
    """What the page of a question and its fragment show. `read`: the answer that was refused."""
    choices = _choices(request, db, asked)
    position = STEPS.index(step)
    return {
        "asked": asked,
        "name": claim_name(request, asked),
        "step": step.value,
        "question": QUESTIONS[asked.kind][step],
        "number": position + 1,
        "count": len(STEPS),
        "back": step_url(request, asked, STEPS[position - 1]) if position else request.services.urls("member.claims"),
        "go_on": after(request, asked),
        "raw": read.raw if read else _raw(asked, choices),
        "problems": {error.field: error.message for error in read.errors} if read else {},
        "slots": slot_views(request, db, asked.case)[:1] if step is Step.DOCUMENTS else [],
        "people": [(opaque, f"{one.first_name} {one.last_name}") for opaque, one in choices.people.items()],
        "families": [(family.value, *CARE_LABELS[family]) for family in families_for(asked.kind)],
        "acts": [(act.code, act.label) for act in choices.acts.values()],
        "sectors": [(sector.value, SECTOR_LABELS[sector]) for sector in choices.sectors],
        "first_day": first_day(today()),
    }


def _read(request: PortalRequest, db: Session, asked: Asked, step: Step, raw: dict[str, str]) -> Read:
    if step is Step.DOCUMENTS:
        raise NotFoundException
    if step is Step.PERSON and asked.row.care_date is None:
        return Read(raw, None, (FieldError("", DAY_FIRST),))
    return read_step(step, asked.kind, raw, _choices(request, db, asked), today())


def _set(request: PortalRequest, db: Session, asked: Asked, answer: Answer) -> None:
    if isinstance(answer, date):
        set_day(db, request.viewer, asked, answer, request.now)
    elif isinstance(answer, Relative):
        set_person(db, asked, answer, request.now)
    elif isinstance(answer, Family):
        set_care(db, asked, answer, request.now)
    elif isinstance(answer, Amount):
        set_amount(db, asked, answer, request.now)


def _choices(request: PortalRequest, db: Session, asked: Asked) -> Choices:
    return Choices(_people(request, db, asked), _acts(db, asked))


def _people(request: PortalRequest, db: Session, asked: Asked) -> dict[str, Relative]:
    """Those covered on the day of care, by opaque name; nobody while the day is not known."""
    if asked.row.care_date is None:
        return {}
    covered = covered_on(db, request.viewer, visible_scope(db, request.viewer, today()), asked.row.care_date)
    names = request.services.keyring.conceal("person", (one.person_id for one in covered))
    return dict(zip(names, covered, strict=True))


def _acts(db: Session, asked: Asked) -> dict[str, Any]:
    """The acts that the rules can estimate for a quote of this kind of care."""
    if not asked.is_quote or not asked.row.family:
        return {}
    return {act.code: act for act in estimable_acts(db, today()) if act.family == asked.row.family}


def _raw(asked: Asked, choices: Choices) -> dict[str, str]:
    """The answers that the draft holds, as its forms show them."""
    row = asked.row
    person = next((name for name, one in choices.people.items() if one.person_id == asked.case.person_id), "")
    return {
        "jour": row.care_date.isoformat() if row.care_date else "",
        "personne": person or (next(iter(choices.people)) if len(choices.people) == 1 else ""),
        "soin": row.family,
        "acte": row.act_code,
        "secteur": row.sector,
        "quantite": str(row.quantity),
        "prix": number(row.spent_cents).replace("\u00a0", " ") if row.spent_cents else "",
    }
