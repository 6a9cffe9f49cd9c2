"""The desk's queue (R-05): /gestion/file, what waits, for whom, until when, with whom; the agent's own filters.

No person's name stands in the list: a reference, a kind and a day are enough to choose by (R-72).
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.case_areas import DESK_STATES
from portal.data.accounts import Space
from portal.data.cases import CaseState
from portal.data.desk_team import staff_names
from portal.data.evidence import Action
from portal.data.work_acts import take_next
from portal.data.work_items import duties_of, kinds_of
from portal.data.work_presence import open_now, present_at
from portal.data.work_queue import QueueRow, queue_counts, queue_page
from portal.data.work_steps import WorkAct, object_of
from portal.data.work_views import LONGEST_NAME, TooManyViews, WorkView, drop_view, keep_view, views_of
from portal.forms import FieldError, single_values
from portal.pages.desk.queue_filters import ACCOUNT, MINE, NOBODY, Query, read_query
from portal.pages.desk.work import WORK, case_url, case_urls
from portal.permissions import Permission, requires
from portal.rendering import Crumb, render_page
from portal.routing import action, async_action, page
from portal.web import PortalRequest
from portal.work_words import (
    FROM_SPACE,
    KINDS,
    SPACES,
    age_words,
    count_words,
    due_tone,
    due_words,
    flags_of,
    kinds_in_order,
    names_words,
)

TITLE = "Dossiers à traiter"
AGENT = [requires(Permission.DESK_QUEUE)]
VIEW = "work-view"
# Label, address, count in words, whether it is the one shown.
View = tuple[str, str, str, bool]
STANDARD_VIEWS: list[tuple[str, dict[str, str]]] = [
    ("À traiter", {}),
    ("Les miens", {"qui": MINE}),
    ("En retard", {"delai": "retard"}),
    ("Personne ne s’en occupe", {"qui": NOBODY}),
    ("Arrivés aujourd’hui", {"delai": "aujourdhui"}),
    ("À valider", {"suivi": "a-valider"}),
    ("Transmis aux superviseurs", {"suivi": "escalade"}),
    ("En veille", {"suivi": "veille"}),
]
CHOICES = {
    "tour": [("personne", "Attend la personne"), ("fini", "Terminés")],
    "delai": [("retard", "En retard"), ("bientot", "Dans les deux jours"), ("aujourdhui", "Arrivés aujourd’hui")],
    "suivi": [
        ("a-valider", "À valider par un second gestionnaire"),
        ("escalade", "Transmis aux superviseurs"),
        ("veille", "En veille"),
    ],
    "espace": [(space.value, label) for space, label in SPACES.items()],
}
TOO_MANY = "Vous avez déjà six filtres. Retirez-en un avant d’en enregistrer un autre."


@dataclass(frozen=True, slots=True)
class Shown:
    """A row in words. `take`: where to take it, empty when somebody has it or nobody need act."""

    row: QueueRow
    name: str
    url: str
    kind: str
    space: str
    state: tuple[str, str] | None
    age: str
    due: str
    tone: str
    flags: list[tuple[str, str]]
    is_mine: bool
    readers: str


@page("/gestion/file", name="desk.queue", guards=AGENT)
def list_page(request: PortalRequest) -> Response[bytes]:
    return _page(request, request.db, asked_query(request))


@action("/gestion/file/suivant", name="desk.queue.next", guards=AGENT)
def next_item(request: PortalRequest) -> Redirect:
    with request.database.write() as db:
        item = take_next(db, request.viewer, request.services.keyring, request.now)
        if item is not None:
            request.record(db, Action.WORK_CHANGED, object_of(db, item), act=WorkAct.TAKEN, is_next=True)
    target = case_url(request, item) if item else request.services.urls("desk.queue", {"qui": NOBODY})
    return Redirect(target, status_code=303)


@async_action("/gestion/file/filtres", name="desk.queue.keep", guards=AGENT)
async def keep(request: PortalRequest) -> Response[bytes] | Redirect:
    sent = single_values(await request.form(), ("nom", "filtre"), longest=600)
    return await request.database.run_writing(_keep, request, sent["nom"].strip(), sent["filtre"])


@action("/gestion/file/filtres/{filtre:str}/retrait", name="desk.queue.drop", guards=AGENT)
def drop(request: PortalRequest, filtre: FromPath[str]) -> Redirect:
    view_id = request.revealed(VIEW, filtre)
    with request.database.write() as db:
        if not drop_view(db, request.viewer, view_id):
            raise NotFoundException
        request.record(db, Action.WORK_VIEW_DROPPED)
    return Redirect(request.services.urls("desk.queue"), status_code=303)


def asked_query(request: PortalRequest) -> Query:
    """The filters of the request's query string."""
    return read_query(request.query_params, request.viewer, request.services.keyring)


def list_context(
    request: PortalRequest, db: Session, query: Query, typed: str = "", problem: str = ""
) -> dict[str, Any]:
    """The list and what stands around it: page and fragment share it. `typed`: a name for the filter, and what is wrong
    with it. Raises 404 for a foreign cursor."""
    people = _people(request, db)
    kept = views_of(db, request.viewer)
    asked = [*STANDARD_VIEWS, *((view.name, dict(parse_qsl(view.query))) for view in kept)]
    count, views = _counted(request, db, query, asked)
    return rows_context(request, db, query) | {
        "views": views[: len(STANDARD_VIEWS)],
        "kept": list(zip(views[len(STANDARD_VIEWS) :], _drops(request, kept), strict=True)),
        "count": count_words(count),
        "people": people,
        "chips": _chips(request, query, people),
        "open_now": open_context(request, db)["open_now"],
        "typed": typed,
        "problem": problem,
    }


def rows_context(request: PortalRequest, db: Session, query: Query) -> dict[str, Any]:
    """The rows from the request's cursor on; what is read is evidence. Raises 404 for a foreign cursor."""
    found = queue_page(db, request.viewer, request.services.keyring, query.filters, request.now, _cursor(request))
    if found is None:
        raise NotFoundException
    names = request.services.keyring.conceal(WORK, (row.id for row in found.rows))
    request.note_read(Action.WORK_LISTED, "file", filters=query.parameters, requests=len(found.rows))
    return {
        "query": query,
        "rows": shown_rows(request, db, list(found.rows), names, to_approve=query.filters.is_approving),
        "is_following": "apres" in request.query_params,
        "next": names[-1] if found.more else None,
    }


def shown_rows(
    request: PortalRequest, db: Session, rows: list[QueueRow], names: list[str], *, to_approve: bool = False
) -> list[Shown]:
    """Rows in words, with who looks at them now. `to_approve`: they lead to the decision that waits."""
    present = present_at(db, request.viewer, [row.id for row in rows], request.now)
    url = request.services.urls
    urls = [url("desk.proposal", dossier=name) for name in names] if to_approve else case_urls(request, rows)
    return [
        _shown(request, row, name, url, present.get(row.id, []))
        for row, name, url in zip(rows, names, urls, strict=True)
    ]


def open_context(request: PortalRequest, db: Session) -> dict[str, Any]:
    """What colleagues have open now: where it is, what it is called, and who."""
    found = open_now(db, request.viewer, request.services.keyring, request.now)
    return {"open_now": [(case_url(request, item), KINDS[item.kind], name) for item, name in found]}


def _shown(request: PortalRequest, row: QueueRow, name: str, url: str, readers: list[str]) -> Shown:
    now = request.now
    return Shown(
        row=row,
        name=name,
        url=url,
        kind=KINDS[row.kind],
        space=FROM_SPACE[Space(row.space)],
        state=DESK_STATES[CaseState(row.state)] if row.state else None,
        age=age_words(row.came_at, now),
        due=due_words(row.order_at, now),
        tone=due_tone(row.order_at, now),
        flags=flags_of(row, now),
        is_mine=row.assignee_id == request.viewer.account_id,
        readers=names_words(readers) if readers else "",
    )


def _page(request: PortalRequest, db: Session, query: Query, typed: str = "", problem: str = "") -> Response[bytes]:
    return render_page(
        request,
        "desk/queue/index.html",
        TITLE,
        crumbs=[home_crumb(request)],
        errors=[FieldError("nom", problem)] if problem else [],
        choices=CHOICES | {"nature": _kinds(request, db)},
        longest=LONGEST_NAME,
        **list_context(request, db, query, typed, problem),
    )


def home_crumb(request: PortalRequest) -> Crumb:
    """The first step of every breadcrumb of the queue."""
    return Crumb("Accueil", request.services.urls("desk.home"))


def _kinds(request: PortalRequest, db: Session) -> list[tuple[str, str]]:
    return kinds_in_order(kinds_of(duties_of(db, request.viewer)))


def _people(request: PortalRequest, db: Session) -> list[tuple[str, str]]:
    others = [each for each in staff_names(db) if each[0] != request.viewer.account_id]
    names = request.services.keyring.conceal(ACCOUNT, (account_id for account_id, _ in others))
    people = [(opaque, name) for opaque, (_, name) in zip(names, others, strict=True)]
    return [(MINE, "Moi"), (NOBODY, "Personne"), *people]


def _counted(
    request: PortalRequest, db: Session, query: Query, asked: list[tuple[str, dict[str, str]]]
) -> tuple[int, list[View]]:
    """How many the list holds, and each of the filters: label, address, count, whether it is the one shown."""
    queries = [read_query(parameters, request.viewer, request.services.keyring) for _, parameters in asked]
    wanted = [query.filters, *(each.filters for each in queries)]
    count, *counts = queue_counts(db, request.viewer, request.services.keyring, wanted, request.now)
    url = request.services.urls
    return count, [
        (label, url("desk.queue", each.parameters), count_words(number), each.parameters == query.parameters)
        for (label, _), each, number in zip(asked, queries, counts, strict=True)
    ]


def _drops(request: PortalRequest, kept: list[WorkView]) -> list[str]:
    """Where each of the agent's own filters is dropped."""
    names = request.services.keyring.conceal(VIEW, (view.id or 0 for view in kept))
    return [request.services.urls("desk.queue.drop", filtre=name) for name in names]


def _chips(request: PortalRequest, query: Query, people: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What narrows the list, in words, each with the URL of the list without it."""
    labels = {name: dict(options) for name, options in CHOICES.items()}
    labels |= {"nature": KINDS, "qui": {key: f"chez {name}" for key, name in people}}
    labels["qui"] |= {MINE: "les miens", NOBODY: "personne ne s’en occupe"}
    shown = {name: labels.get(name, {}).get(value, value) for name, value in query.parameters.items()}
    return [(text, request.services.urls("desk.queue", query.without(name))) for name, text in shown.items()]


def _cursor(request: PortalRequest) -> int | None:
    given = request.query_params.get("apres")
    return request.revealed(WORK, given) if given is not None else None


def _keep(request: PortalRequest, name: str, text: str) -> Response[bytes] | Redirect:
    query = read_query(dict(parse_qsl(text)), request.viewer, request.services.keyring)
    problem = (
        "" if 0 < len(name) <= LONGEST_NAME else f"Donnez à ce filtre un nom de {LONGEST_NAME} caractères au plus."
    )
    if not problem:
        try:
            with request.database.write() as db:
                keep_view(db, request.viewer, name, query.text, request.now)
                request.record(db, Action.WORK_VIEW_KEPT, filters=query.parameters)
            return Redirect(request.services.urls("desk.queue", query.parameters), status_code=303)
        except TooManyViews:
            problem = TOO_MANY
    with request.database.read() as db:
        return _page(request, db, query, name, problem)


HANDLERS = [list_page, next_item, keep, drop]
