"""Fragment of a file of employees: how far the work is, then what became of it."""

from litestar import Response
from litestar.params import FromPath

from portal.pages.employer.import_context import file_context
from portal.pages.employer.imports import IMPORTS, found_import
from portal.rendering import render_fragment
from portal.routing import fragment
from portal.web import PortalRequest


@fragment("/fragments/employeur/salaries/fichiers/{file:str}", name="employer.import.progress", guards=IMPORTS)
def progress(request: PortalRequest, file: FromPath[str]) -> Response[bytes]:
    found = found_import(request, request.db, file)
    return render_fragment(request, "employer/imports/state.html", **file_context(request, request.db, found, file))
