"""The fragment of the register of exemptions."""

from litestar import Response

from portal.pages.employer.exemptions import READS, list_context
from portal.rendering import render_fragment
from portal.routing import fragment
from portal.web import PortalRequest


@fragment("/fragments/employeur/dispenses", name="employer.exemptions.results", guards=READS)
def results(request: PortalRequest) -> Response[bytes]:
    context = list_context(request, request.db)
    url = request.services.urls("employer.exemptions", context["query"].parameters)
    status = 422 if context["query"].errors else 200
    page_url = url if status == 200 else None
    return render_fragment(request, "employer/exemptions/register.html", page_url=page_url, status=status, **context)


HANDLERS = [results]
