"""What agents do with one request among themselves: /gestion/file/dossiers/…; and what a case's page tells of it.

A page that shows a request includes `partials/desk/queue/work.html` with `work_context`; a form that answers it asks
`work_errors`, so that nobody answers what a colleague has open without knowing.
"""

from typing import Any

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.data.accounts import Role
from portal.data.evidence import Action
from portal.data.work_acts import (
    Held,
    NotForThem,
    NothingToDo,
    WrongDay,
    find_item,
    holder_name,
    latest_waking,
    lock_item,
)
from portal.data.work_items import Turn, WorkItem
from portal.data.work_presence import be_present, others_at
from portal.data.work_queue import QueueRow
from portal.data.work_steps import object_of, steps_of
from portal.formatting import local_time, long_date
from portal.forms import FieldError, single_values
from portal.pages.desk.work_forms import ACTS, WorkForm, colleagues, read_form
from portal.permissions import Permission, requires
from portal.rendering import Crumb, render_page
from portal.routing import action, async_action, page
from portal.web import PortalRequest
from portal.work_words import KINDS, names_words, step_words

WORK, FRAUD_CASE, DEATH_CASE = "work", "fraud", "death"
AGENT = [requires(Permission.DESK_QUEUE)]
KNOWN = "collegue"
OVER = (
    "Ce dossier a changé entre-temps\u00a0: rien de tel n’est plus à faire. Revenez au dossier pour voir où il en est."
)
NOT_FOR_THEM = "Ce collègue ne peut pas s’en occuper\u00a0: absent, pas chargé de ce sujet, ou concerné par la demande."
NOT_FOR_YOU = "Cette demande est la vôtre, ou celle d’un proche\u00a0: quelqu’un d’autre doit la traiter."


@page("/gestion/file/dossiers/{dossier:str}/{acte:str}", name="desk.work.act", guards=AGENT)
def act_page(request: PortalRequest, dossier: FromPath[str], acte: FromPath[str]) -> Response[bytes]:
    return _form(request, request.db, dossier, acte, {})


@async_action("/gestion/file/dossiers/{dossier:str}/{acte:str}", name="desk.work.do", guards=AGENT)
async def do(request: PortalRequest, dossier: FromPath[str], acte: FromPath[str]) -> Response[bytes] | Redirect:
    sent = single_values(await request.form(), ("a", "jour", "mot", "place"), longest=1200, texts=("mot",))
    return await request.database.run_writing(_do, request, dossier, acte, sent)


@action("/gestion/file/dossiers/{dossier:str}/presence", name="desk.work.here", guards=AGENT)
def here(request: PortalRequest, dossier: FromPath[str]) -> Redirect:
    item_id = request.revealed(WORK, dossier)
    with request.database.write() as db:
        item = find_item(db, request.viewer, request.services.keyring, item_id)
        if item is None:
            raise NotFoundException
        be_present(db, request.viewer, item, request.now)
    return Redirect(case_url(request, item), status_code=303)


def case_url(request: PortalRequest, item: WorkItem | QueueRow) -> str:
    """The page of a request, whatever its kind."""
    return case_urls(request, [item])[0]


def case_urls(request: PortalRequest, items: list[Any]) -> list[str]:
    """The pages of several, in their order."""
    conceal, urls = request.services.keyring.conceal, request.services.urls
    works = conceal(WORK, (item.id or 0 for item in items))
    frauds = conceal(FRAUD_CASE, (item.report_id or 0 for item in items))
    deaths = conceal(DEATH_CASE, (item.death_id or 0 for item in items))
    found = []
    for item, work, fraud, death in zip(items, works, frauds, deaths, strict=True):
        if item.death_id:
            found.append(urls("desk.death", deces=death))
        else:
            found.append(urls("desk.fraud", dossier=fraud) if item.report_id else urls("desk.case", dossier=work))
    return found


def work_context(request: PortalRequest, db: Session, item: WorkItem) -> dict[str, Any]:
    """What `partials/desk/queue/work.html` and `presence.html` need, as `work`."""
    (dossier,) = request.services.keyring.conceal(WORK, [item.id or 0])
    steps = steps_of(db, request.services.keyring, item)
    return {
        "work": {
            "dossier": dossier,
            "holder": holder_name(db, item),
            "is_mine": item.assignee_id == request.viewer.account_id,
            "since": item.assigned_at,
            "is_over": item.turn == Turn.NOBODY,
            "escalated_at": item.escalated_at,
            "snoozed_until": item.snoozed_until if _sleeps(item, request) else None,
            "others": others_words(request, db, item),
            "company": company_at(request, db, item),
            "steps": [(step_words(step), step) for step in steps],
            "acts": _acts(request, item, dossier),
            "take": _take_url(request, item, dossier),
        }
    }


def others_words(request: PortalRequest, db: Session, item: WorkItem) -> str:
    """The colleagues who have it open now; empty for nobody."""
    names = others_at(db, request.viewer, item, request.now)
    return names_words(names) if names else ""


def work_errors(request: PortalRequest, db: Session, item: WorkItem, confirmed: str) -> list[FieldError]:
    """What a form that answers a request must ask before: a colleague has it, or has it open, and the agent has not
    said to know. `confirmed`: what the form's field `collegue` sent."""
    company = company_at(request, db, item)
    return (
        [FieldError(KNOWN, f"{company} Cochez cette case pour répondre quand même.")]
        if company and not confirmed
        else []
    )


def company_at(request: PortalRequest, db: Session, item: WorkItem) -> str:
    """Who else has the request, or has it open now, in words; empty for nobody."""
    holder, others = holder_name(db, item), others_words(request, db, item)
    told = [f"{holder} s’occupe de ce dossier."] if holder and item.assignee_id != request.viewer.account_id else []
    return " ".join([*told, *([f"Ouvert en ce moment par {others}."] if others else [])])


def _sleeps(item: WorkItem, request: PortalRequest) -> bool:
    return item.snoozed_until is not None and item.snoozed_until > request.now


def _take_url(request: PortalRequest, item: WorkItem, dossier: str) -> str:
    is_free = item.assignee_id is None and item.turn != Turn.NOBODY
    return request.services.urls("desk.work.do", dossier=dossier, acte="prise-en-charge") if is_free else ""


def _acts(request: PortalRequest, item: WorkItem, dossier: str) -> list[tuple[str, str]]:
    """What the viewer may do now beside taking it: label and address."""
    is_chief = request.viewer.role == Role.SUPERVISOR
    is_mine, is_over = item.assignee_id == request.viewer.account_id, item.turn == Turn.NOBODY
    may_move = is_mine or item.assignee_id is None or is_chief
    is_asleep = _sleeps(item, request)
    offered = {
        "reprise": item.assignee_id is not None and not is_mine and not is_over,
        "transmission": may_move and not is_over,
        "remise": item.assignee_id is not None and may_move and not is_over,
        "veille": may_move
        and item.turn == Turn.DESK
        and not is_asleep
        and latest_waking(item, request.now) is not None,
        "reveil": may_move and is_asleep,
        "escalade": item.escalated_at is None and not is_over,
        "fin-escalade": item.escalated_at is not None and is_chief,
        "note": True,
    }
    url = request.services.urls
    return [
        (ACTS[name].link, url("desk.work.act", dossier=dossier, acte=name)) for name, is_on in offered.items() if is_on
    ]


def _do(request: PortalRequest, dossier: str, acte: str, sent: dict[str, str]) -> Response[bytes] | Redirect:
    act = _act(request, acte)
    try:
        with request.database.write() as db:
            item = lock_item(db, request.viewer, request.services.keyring, request.revealed(WORK, dossier))
            if item is None:
                raise NotFoundException
            form, errors = read_form(request, act, sent)
            if not errors:
                details = act.run(request, db, item, form)
                request.record(db, Action.WORK_CHANGED, object_of(db, item), act=acte, **details)
    except (Held, NothingToDo, NotForThem, WrongDay) as refused:
        errors = [refusal(refused, acte)]
    with request.database.read() as db:
        if errors:
            return _form(request, db, dossier, acte, sent, errors)
        return Redirect(case_url(request, _found(request, db, dossier)), status_code=303)


def refusal(refused: Exception, acte: str) -> FieldError:
    """Why an act was not done, in words, at the field that it is about."""
    match refused:
        case Held(name=name, since=since):
            told = f", depuis le {local_time(since)}" if since else ""
            return FieldError("", f"{name} s’occupe déjà de ce dossier{told}.")
        case NotForThem():
            return (
                FieldError("", NOT_FOR_YOU) if acte in {"prise-en-charge", "reprise"} else FieldError("a", NOT_FOR_THEM)
            )
        case WrongDay(latest=latest):
            return FieldError("jour", day_words(latest))
    return FieldError("", OVER)


def day_words(latest: Any) -> str:
    """Until when a request may sleep."""
    if latest is None:
        return "La réponse est due\u00a0: ce dossier ne peut plus être mis en veille."
    return f"Choisissez un jour à venir, au plus tard le {long_date(latest)}\u00a0: la réponse est due à cette date."


def _act(request: PortalRequest, acte: str) -> WorkForm:
    act = ACTS.get(acte)
    if act is None or (act.for_supervisors and request.viewer.role != Role.SUPERVISOR):
        raise NotFoundException
    return act


def _found(request: PortalRequest, db: Session, dossier: str) -> WorkItem:
    item = find_item(db, request.viewer, request.services.keyring, request.revealed(WORK, dossier))
    if item is None:
        raise NotFoundException
    return item


def _form(
    request: PortalRequest,
    db: Session,
    dossier: str,
    acte: str,
    sent: dict[str, str],
    errors: list[FieldError] | None = None,
) -> Response[bytes]:
    act, item = _act(request, acte), _found(request, db, dossier)
    back = case_url(request, item)
    (place,) = request.services.keyring.conceal("account", [item.assignee_id or 0])
    return render_page(
        request,
        "desk/queue/act.html",
        act.title,
        crumbs=[Crumb("Dossiers", request.services.urls("desk.queue")), Crumb(KINDS[item.kind], back)],
        errors=errors or [],
        act=act,
        acte=acte,
        dossier=dossier,
        sent=sent,
        back=back,
        holder=holder_name(db, item),
        is_mine=item.assignee_id == request.viewer.account_id,
        place=place if item.assignee_id else "",
        colleagues=colleagues(request, db, [item.kind]) if "a" in act.fields else [],
        latest=latest_waking(item, request.now),
    )


HANDLERS = [here, act_page, do]
