"""What is forgotten when (R-71), for supervisors: /gestion/conservation, the schedule, what is due, its runs."""

from anyio import to_thread
from litestar import Response

from portal.data.evidence import Action
from portal.data.retention_runs import last_runs
from portal.formatting import day_in_france
from portal.permissions import Permission, requires
from portal.rendering import render_page
from portal.retention_jobs import due_now
from portal.retention_words import bands_on, line_of, lines_on
from portal.routing import async_page
from portal.web import PortalRequest

RUNS_SHOWN = 8


@async_page("/gestion/conservation", name="desk.retention", guards=[requires(Permission.DESK_RETENTION)])
async def retention(request: PortalRequest) -> Response[bytes]:
    """The counts are the tables' own at this instant, in a thread: over years of evidence they take seconds."""
    request.note_read(Action.RETENTION_READ)
    found = await to_thread.run_sync(due_now, request.services, request.now)
    day = day_in_france(request.now)
    return render_page(
        request,
        "desk/retention/index.html",
        "Durées de conservation",
        bands=bands_on(day),
        due=[(line_of(each.rule), each) for each in found if each.rows],
        runs=last_runs(request.db, RUNS_SHOWN),
        titles={line.code: line.title for line in lines_on(day)},
    )
