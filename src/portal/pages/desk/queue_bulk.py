"""Several requests at once (R-05): taken, handed over, put to sleep, each judged on its own. Never decided."""

from typing import Any

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.response import Redirect
from sqlmodel import Session

from portal.data.evidence import Action
from portal.data.work_acts import Held, NotForThem, NothingToDo, WrongDay, lock_item
from portal.data.work_queue import PAGE_SIZE, queue_rows
from portal.data.work_steps import object_of
from portal.formatting import plural
from portal.forms import FieldError, single_values
from portal.pages.desk.queue import AGENT, TITLE, shown_rows
from portal.pages.desk.work import WORK
from portal.pages.desk.work_forms import ACTS, Filled, WorkForm, colleagues, read_form
from portal.rendering import Crumb, render_page
from portal.routing import async_action, page
from portal.web import PortalRequest

SAFE = ("prise-en-charge", "transmission", "veille")
CHOSEN = "dossiers"
LONGEST_COUNT = 3
NOTHING = "Cochez au moins un dossier."
NO_ACT = "Choisissez ce que vous faites de ces dossiers."
GONE = "disparu"
REFUSALS = {
    "pris": "un collègue s’en occupe déjà",
    "rien": "il a changé entre-temps",
    "collegue": "ce collègue ne peut pas s’en occuper",
    "jour": "sa réponse est due avant ce jour",
    GONE: "il n’est plus dans vos missions",
}
CODES: list[tuple[type[Exception], str]] = [
    (Held, "pris"),
    (NothingToDo, "rien"),
    (NotForThem, "collegue"),
    (WrongDay, "jour"),
]
DONE = {
    "prise-en-charge": ("dossier pris en charge", "dossiers pris en charge"),
    "transmission": ("dossier confié", "dossiers confiés"),
    "veille": ("dossier mis en veille", "dossiers mis en veille"),
}


@page("/gestion/file/lot", name="desk.queue.bulk", guards=AGENT)
def bulk_page(request: PortalRequest) -> Response[bytes]:
    return _form(request, request.db, request.query_params.getall(CHOSEN, []), {})


@async_action("/gestion/file/lot", name="desk.queue.bulk.do", guards=AGENT)
async def do(request: PortalRequest) -> Response[bytes] | Redirect:
    return await request.database.run_writing(_do, request, await request.form())


@page("/gestion/file/lot/bilan", name="desk.queue.bulk.report", guards=AGENT)
def report_page(request: PortalRequest) -> Response[bytes]:
    told = (each.partition(".") for each in request.query_params.getall("refus", [])[:PAGE_SIZE])
    reasons = {request.services.keyring.reveal(WORK, name): REFUSALS.get(code, "") for name, _, code in told}
    count = request.query_params.get("faits", "0")
    done = int(count) if count.isdecimal() and len(count) <= LONGEST_COUNT else 0
    words = DONE.get(request.query_params.get("acte", ""))
    return render_page(
        request,
        "desk/queue/report.html",
        "Ce qui a été fait",
        crumbs=[_crumb(request)],
        done=plural(done, *words) if done and words else "",
        refused=[(each, reasons[each.row.id]) for each in _chosen(request, request.db, [*filter(None, reasons)])],
    )


def _do(request: PortalRequest, sent: FormMultiDict) -> Response[bytes] | Redirect:
    names = [str(name) for name in sent.getall(CHOSEN, [])][:PAGE_SIZE]
    values = single_values(sent, ("acte", "a", "jour", "mot"), longest=1200, texts=("mot",))
    form, errors = _read(request, values, names)
    if errors or form is None:
        with request.database.read() as db:
            return _form(request, db, names, values, errors)
    refused = _done(request, values["acte"], form, names)
    told: dict[str, Any] = {"acte": values["acte"], "faits": len(names) - len(refused), "refus": refused}
    query = [(name, value) for name, each in told.items() for value in (each if isinstance(each, list) else [each])]
    return Redirect(request.services.urls("desk.queue.bulk.report", query), status_code=303)


def _read(request: PortalRequest, values: dict[str, str], names: list[str]) -> tuple[Filled | None, list[FieldError]]:
    errors = [] if names else [FieldError("", NOTHING)]
    if values["acte"] not in SAFE:
        return None, [*errors, FieldError("acte", NO_ACT)]
    form, wrong = read_form(request, ACTS[values["acte"]], values | {"place": ""})
    return form, errors + wrong


def _done(request: PortalRequest, acte: str, form: Filled, names: list[str]) -> list[str]:
    """Does it to each in one transaction, in the order of their rows; what could not be, and why."""
    reveal = request.services.keyring.reveal
    found = sorted((reveal(WORK, name) or 0, name) for name in set(names))
    with request.database.write() as db:
        codes = [(name, _one(request, db, acte, ACTS[acte], item_id, form)) for item_id, name in found]
    return [f"{name}.{code}" for name, code in codes if code]


def _one(request: PortalRequest, db: Session, acte: str, act: WorkForm, item_id: int, form: Filled) -> str:
    """Does it to one; why not, or nothing. Acts refuse before they write."""
    item = lock_item(db, request.viewer, request.services.keyring, item_id)
    if item is None:
        return GONE
    try:
        details = act.run(request, db, item, form)
    except (Held, NothingToDo, NotForThem, WrongDay) as refused:
        return next(code for kind, code in CODES if isinstance(refused, kind))
    request.record(db, Action.WORK_CHANGED, object_of(db, item), act=acte, **details)
    return ""


def _chosen(request: PortalRequest, db: Session, ids: list[int]) -> list[Any]:
    keyring = request.services.keyring
    rows = queue_rows(db, request.viewer, keyring, ids)
    return shown_rows(request, db, rows, keyring.conceal(WORK, (row.id for row in rows)))


def _crumb(request: PortalRequest) -> Crumb:
    return Crumb(TITLE, request.services.urls("desk.queue"))


def _form(
    request: PortalRequest,
    db: Session,
    names: list[str],
    sent: dict[str, str],
    errors: list[FieldError] | None = None,
) -> Response[bytes]:
    reveal = request.services.keyring.reveal
    ids = [found for name in names[:PAGE_SIZE] if (found := reveal(WORK, name))]
    chosen = _chosen(request, db, ids)
    return render_page(
        request,
        "desk/queue/bulk.html",
        "Agir sur plusieurs dossiers",
        crumbs=[_crumb(request)],
        errors=errors or [],
        chosen=chosen,
        sent=sent,
        acts=[(name, ACTS[name].button, ACTS[name].lead) for name in SAFE],
        colleagues=colleagues(request, db, {each.row.kind for each in chosen}),
        back=request.services.urls("desk.queue"),
    )


HANDLERS = [bulk_page, do, report_page]
