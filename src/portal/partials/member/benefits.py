"""Fragments of the benefits list: filtered results, the lines that follow, one explanation."""

from litestar import Response
from litestar.params import FromPath

from portal.pages.member.benefits import READS, explanation_context, lines_context, list_context
from portal.rendering import render_fragment
from portal.routing import fragment
from portal.web import PortalRequest


@fragment("/fragments/adherent/prestations", name="member.benefits.results", guards=READS)
def results(request: PortalRequest) -> Response[bytes]:
    context = list_context(request)
    query = context["query"]
    page_url = request.services.urls("member.benefits", query.parameters)
    status = 422 if query.errors else 200
    return render_fragment(request, "member/benefits/results.html", page_url=page_url, status=status, **context)


@fragment("/fragments/adherent/prestations/suite", name="member.benefits.more", guards=READS)
def more(request: PortalRequest) -> Response[bytes]:
    return render_fragment(request, "member/benefits/more.html", **lines_context(request))


@fragment("/fragments/adherent/prestations/{line:str}", name="member.benefit.explanation", guards=READS)
def explanation(request: PortalRequest, line: FromPath[str]) -> Response[bytes]:
    return render_fragment(request, "member/benefits/explanation.html", **explanation_context(request, line))
