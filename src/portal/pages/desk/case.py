"""STUB of the case page."""

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from portal.data.work_acts import find_item
from portal.pages.desk.work import WORK, work_context
from portal.permissions import Permission, requires
from portal.rendering import render_page
from portal.routing import page
from portal.web import PortalRequest
from portal.work_words import KINDS


@page("/gestion/dossiers/{dossier:str}", name="desk.case", guards=[requires(Permission.DESK_QUEUE)])
def case_page(request: PortalRequest, dossier: FromPath[str]) -> Response[bytes]:
    item = find_item(request.db, request.viewer, request.revealed(WORK, dossier))
    if item is None:
        raise NotFoundException
    return render_page(request, "desk/case.html", KINDS[item.kind], **work_context(request, request.db, item))
