"""Fragments of the desk's queue: filtered in place, gone on with; who has what open, asked by pages left open."""

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from portal.data.work_acts import find_item
from portal.data.work_presence import be_present
from portal.pages.desk.queue import AGENT, asked_query, list_context, open_context, rows_context
from portal.pages.desk.work import WORK, others_words
from portal.rendering import render_fragment
from portal.routing import ASKED_BY_ITSELF, action, fragment
from portal.web import PortalRequest


@fragment("/fragments/gestion/file", name="desk.queue.results", guards=AGENT)
def results(request: PortalRequest) -> Response[bytes]:
    query = asked_query(request)
    context = list_context(request, request.db, query)
    page_url = request.services.urls("desk.queue", query.parameters)
    return render_fragment(request, "desk/queue/results.html", page_url=page_url, **context)


@fragment("/fragments/gestion/file/suite", name="desk.queue.more", guards=AGENT)
def more(request: PortalRequest) -> Response[bytes]:
    context = rows_context(request, request.db, asked_query(request))
    return render_fragment(request, "desk/queue/rows.html", **context)


@fragment("/fragments/gestion/file/ouverts", name="desk.queue.open", guards=AGENT, opt=ASKED_BY_ITSELF)
def open_now(request: PortalRequest) -> Response[bytes]:
    return render_fragment(request, "desk/queue/open.html", **open_context(request, request.db))


@action(
    "/fragments/gestion/dossiers/{dossier:str}/presence",
    name="desk.case.presence",
    guards=AGENT,
    opt=ASKED_BY_ITSELF,
)
def presence(request: PortalRequest, dossier: FromPath[str]) -> Response[bytes]:
    item_id = request.revealed(WORK, dossier)
    with request.database.write() as db:
        item = find_item(db, request.viewer, request.services.keyring, item_id)
        if item is None:
            raise NotFoundException
        be_present(db, request.viewer, item, request.now)
        others = others_words(request, db, item)
    return render_fragment(request, "desk/queue/presence.html", work={"others": others})


HANDLERS = [results, more, open_now, presence]
