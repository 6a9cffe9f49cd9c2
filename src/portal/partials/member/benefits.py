"""Fragments of the benefits list: filtered results, the lines that follow, one explanation."""

from litestar import Response
from litestar.params import FromPath

from portal.pages.member.benefits import READS, TITLE, explanation_context, lines_context, list_context
from portal.rendering import render_fragment
from portal.routing import fragment
from portal.web import PortalRequest

# The element around the form too: what a wrong filter changes, and what its correction changes back.
WHOLE = "prestations"


@fragment("/fragments/adherent/prestations", name="member.benefits.results", guards=READS)
def results(request: PortalRequest) -> Response[bytes]:
    context = list_context(request)
    query = context["query"]
    page_url = request.services.urls("member.benefits", query.parameters)
    if not query.errors and request.htmx.target != WHOLE:
        return render_fragment(request, "member/benefits/results.html", page_url=page_url, **context)
    status = 422 if query.errors else 200
    answer = render_fragment(
        request, "member/benefits/corrected.html", page_url=page_url, status=status, title=TITLE, **context
    )
    answer.headers["HX-Retarget"] = f"#{WHOLE}"
    return answer


@fragment("/fragments/adherent/prestations/suite", name="member.benefits.more", guards=READS)
def more(request: PortalRequest) -> Response[bytes]:
    return render_fragment(request, "member/benefits/more.html", **lines_context(request))


@fragment("/fragments/adherent/prestations/{line:str}", name="member.benefit.explanation", guards=READS)
def explanation(request: PortalRequest, line: FromPath[str]) -> Response[bytes]:
    return render_fragment(request, "member/benefits/explanation.html", **explanation_context(request, line))
