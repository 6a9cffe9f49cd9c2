"""Articles found by what is typed, in place."""

from litestar import Response

from portal.pages.member.information import READS, results_context
from portal.rendering import render_fragment
from portal.routing import fragment
from portal.web import PortalRequest


@fragment("/fragments/adherent/informations", name="member.information.results", guards=READS)
def results(request: PortalRequest) -> Response[bytes]:
    context = results_context(request)
    query = {"q": context["asked"]} if context["asked"] else {}
    page_url = request.services.urls("member.information", query)
    return render_fragment(request, "member/information/results.html", page_url=page_url, **context)
