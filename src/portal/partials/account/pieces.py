"""One slot of a case, filled or emptied in place."""

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from portal.pages.account.pieces import CHANGES, add_files, found_case, slot_views, take_out
from portal.rendering import render_fragment
from portal.routing import action, async_action
from portal.uploads import LARGEST_FORM
from portal.web import PortalRequest


@async_action(
    "/fragments/dossiers/{case:str}/pieces/{slot:str}",
    name="case.slot.add.fragment",
    guards=CHANGES,
    request_max_body_size=LARGEST_FORM,
)
async def add(request: PortalRequest, case: FromPath[str], slot: FromPath[str]) -> Response[bytes]:
    problem = await add_files(request, case, slot)
    return await request.database.run(_slot, request, case, slot, problem)


@action(
    "/fragments/dossiers/{case:str}/fichiers/{piece:str}/retirer", name="case.piece.remove.fragment", guards=CHANGES
)
def remove(request: PortalRequest, case: FromPath[str], piece: FromPath[str]) -> Response[bytes]:
    slot = take_out(request, case, piece)
    if not slot:  # closed, or gone already: the page itself says what the case is now
        answer = Response(b"", media_type="text/html", status_code=200)
        answer.headers["HX-Refresh"] = "true"
        return answer
    return _slot(request, case, slot, "")


def _slot(request: PortalRequest, case: str, slot: str, problem: str) -> Response[bytes]:
    with request.database.read() as db:
        views = slot_views(request, db, found_case(request, db, case), (slot, problem))
    shown = next((view for view in views if view.code == slot), None)
    if shown is None:
        raise NotFoundException
    return render_fragment(
        request, "account/pieces/slot.html", status=422 if problem else 200, view=shown, is_fresh=True
    )
