"""The fields of a subject, swapped in: nothing that was typed elsewhere in the form is lost (R-41)."""

from litestar import Response
from litestar.params import FromQuery

from portal.pages.provider.contact import SENDS, form_context
from portal.pages.provider.contact_forms import Typed, blank
from portal.rendering import render_fragment
from portal.routing import fragment
from portal.web import PortalRequest


@fragment("/fragments/professionnel/contact/nouveau", name="provider.contact.question.fragment", guards=SENDS)
def question(request: PortalRequest, sujet: FromQuery[str] = "") -> Response[bytes]:
    context = form_context(request, request.db, Typed(blank(None) | {"sujet": sujet}))
    here = request.services.urls("provider.contact.new", {"sujet": sujet})
    return render_fragment(request, "provider/contact/question.html", page_url=here, errors={}, **context)


HANDLERS = [question]
