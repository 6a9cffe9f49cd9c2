"""What comes of a claim's lines while an agent types them: kept, settled, shown in place."""

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath

from portal.pages.desk.case_access import WORKS, note
from portal.pages.desk.valuation import save_lines
from portal.pages.desk.valuation_context import opened_claim, valuation_context
from portal.pages.desk.valuation_forms import read_lines
from portal.rendering import render_fragment
from portal.routing import async_action
from portal.web import PortalRequest


@async_action("/fragments/gestion/dossiers/{dossier:str}/liquidation", name="desk.case.valuation.results", guards=WORKS)
async def results(request: PortalRequest, dossier: FromPath[str]) -> Response[bytes]:
    sent = await request.form()
    return await request.database.run_writing(_results, request, dossier, sent)


def _results(request: PortalRequest, dossier: str, sent: FormMultiDict) -> Response[bytes]:
    save_lines(request, dossier, read_lines(sent))
    with request.database.read() as db:
        at_desk = opened_claim(request, db, dossier)
        note(request, at_desk)
        context = valuation_context(request, db, dossier, at_desk.case)
        return render_fragment(request, "desk/valuation/results.html", **context)


HANDLERS = [results]
