"""Fragment of a file that the desk publishes: how far the work is, then what was found."""

from litestar import Response
from litestar.params import FromPath

from portal.pages.desk.publication_contexts import file_context
from portal.pages.desk.publication_views import PREPARES, facts_of, found_publication
from portal.publication_jobs import KIND_OF
from portal.rendering import render_fragment
from portal.routing import fragment
from portal.web import PortalRequest


@fragment("/fragments/gestion/publication/{publication:str}", name="desk.publication.progress", guards=[PREPARES])
def progress(request: PortalRequest, publication: FromPath[str]) -> Response[bytes]:
    found = found_publication(request, request.db, publication, *KIND_OF)
    context = facts_of(request, found) | file_context(request, request.db, found)
    return render_fragment(request, "desk/publication/state.html", **context)


HANDLERS = [progress]
