"""The list of transfers, narrowed in place to those to look at."""

from litestar import Response

from portal.pages.provider.transfers import READS, list_context
from portal.rendering import render_fragment
from portal.routing import fragment
from portal.web import PortalRequest


@fragment("/fragments/professionnel/versements", name="provider.transfers.results", guards=READS)
def results(request: PortalRequest) -> Response[bytes]:
    context = list_context(request)
    page_url = request.services.urls("provider.transfers", context["unexplained"] if context["is_narrowed"] else None)
    return render_fragment(request, "provider/transfers/results.html", page_url=page_url, **context)


HANDLERS = [results]
