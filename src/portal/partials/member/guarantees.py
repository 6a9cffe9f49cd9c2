"""Fragments of the guarantees: the table searched or on another day, and an estimate."""

from litestar import Response

from portal.guarantee_views import read_asked
from portal.pages.member.guarantees import READS, table_context
from portal.pages.member.simulator import TITLE, simulator_context
from portal.rendering import render_fragment
from portal.routing import fragment
from portal.web import PortalRequest


@fragment("/fragments/adherent/garanties", name="member.guarantees.table", guards=READS)
def table(request: PortalRequest) -> Response[bytes]:
    asked = read_asked(request)
    query = {name: value for name, value in (("le", asked.asked_day), ("q", asked.text)) if value}
    page_url = request.services.urls("member.guarantees", query)
    status = 422 if asked.errors else 200
    context = table_context(request, asked)
    return render_fragment(request, "member/guarantees/table.html", page_url=page_url, status=status, **context)


@fragment("/fragments/adherent/garanties/simulateur", name="member.simulator.result", guards=READS)
def simulator(request: PortalRequest) -> Response[bytes]:
    context = simulator_context(request)
    query = {name: value for name, value in context["raw"].items() if value}
    page_url = request.services.urls("member.simulator", query)
    status = 422 if context["problems"] else 200
    return render_fragment(
        request, "member/guarantees/simulator.html", page_url=page_url, status=status, title=TITLE, **context
    )
