"""The fields of a subject, swapped in: nothing that was typed elsewhere in the form is lost (R-41)."""

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery

from portal.pages.provider.contact import SENDS, form_context
from portal.pages.provider.contact_asking import found_question, typed_draft
from portal.pages.provider.contact_forms import Typed, blank
from portal.rendering import render_fragment
from portal.routing import fragment
from portal.web import PortalRequest

PATH = "/fragments/professionnel/contact"


@fragment(f"{PATH}/nouveau", name="provider.contact.question.fragment", guards=SENDS)
def question(request: PortalRequest, sujet: FromQuery[str] = "") -> Response[bytes]:
    context = form_context(request, request.db, Typed(blank(None) | {"sujet": sujet}))
    here = request.services.urls("provider.contact.new", {"sujet": sujet})
    return render_fragment(request, "provider/contact/question.html", page_url=here, errors={}, **context)


@fragment(f"{PATH}/brouillons/{{case:str}}", name="provider.contact.edit.fragment", guards=SENDS)
def edit(request: PortalRequest, case: FromPath[str], sujet: FromQuery[str] = "") -> Response[bytes]:
    draft = found_question(request, request.db, case)
    if not draft.is_draft:
        raise NotFoundException
    context = form_context(request, request.db, typed_draft(request, draft, sujet), draft)
    here = request.services.urls("provider.contact.edit", {"sujet": sujet}, case=case)
    return render_fragment(request, "provider/contact/question.html", page_url=here, errors={}, **context)


HANDLERS = [question, edit]
