"""Taking a case up again that lapsed, because what was asked for had not come: /dossiers/{case}/reprise (R-71).

For every kind that lapses; it then waits for its author, on its own page, as before.
"""

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from portal.case_areas import area_of
from portal.case_links import CASE, case_path
from portal.data.case_silence import AskedAnew, reopen
from portal.data.cases import WrongState
from portal.data.evidence import Action
from portal.forms import FieldError
from portal.pages.account.pieces import CHANGES, READS, found_case, refuse_limited
from portal.rendering import Crumb, render_page
from portal.routing import action, page
from portal.web import PortalRequest

PATH = "/dossiers/{case:str}/reprise"
ANEW = "Vous avez fait la même demande depuis, sous la référence {}\u00a0: poursuivez celle-là."
MOVED = "Ce dossier n’est plus classé sans suite. Ouvrez-le pour voir où il en est."


@page(PATH, name="case.reopen", guards=READS)
def reopening_page(request: PortalRequest, case: FromPath[str]) -> Response[bytes]:
    return _page(request, case, "")


@action(PATH, name="case.reopen.confirm", guards=CHANGES)
def confirm(request: PortalRequest, case: FromPath[str]) -> Response[bytes] | Redirect:
    try:
        with request.database.write() as db:
            found = reopen(db, request.viewer, request.revealed(CASE, case), request.now)
            if found is None:
                raise NotFoundException
            refuse_limited(request, found)
            request.record(db, Action.CASE_REOPENED, found.object)
            path = case_path(request.services, found)
    except AskedAnew as anew:
        return _page(request, case, ANEW.format(anew.case.reference))
    except WrongState:
        return _page(request, case, MOVED)
    return Redirect(path, status_code=303)


def _page(request: PortalRequest, case: str, problem: str) -> Response[bytes]:
    with request.database.read() as db:
        found = found_case(request, db, case)
    path = case_path(request.services, found)
    return render_page(
        request,
        "account/cases/reopening.html",
        "Reprendre cette demande",
        crumbs=[Crumb(f"{area_of(found).title} {found.reference}", path)],
        errors=[FieldError("", problem)] if problem else [],
        case=found,
        name=case,
        back=path,
    )


HANDLERS = [reopening_page, confirm]
