"""Refusals and failures: clear French pages, bare statuses for fragments, a reference number in the log, no trace."""

import logging
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from urllib.parse import urlencode

from litestar import Response
from litestar.enums import HttpMethod
from litestar.exceptions import HTTPException, NotAuthorizedException
from litestar.response import Redirect
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from portal.closures import ServiceWithdrawn, UnderMaintenance
from portal.data.group_figures import FiguresUnknown
from portal.data.sessions import Stage
from portal.data.site_state import SERVICE_LABELS
from portal.database import DatabaseBusy
from portal.evidence.journal import JournalUnavailable
from portal.headers import framed_error_headers
from portal.logs import without_values
from portal.permissions import ConfirmationDue, ReadingOnly
from portal.reading_guards import TooManyReads
from portal.reading_limits import EXPORTS
from portal.rendering import HTML, open_navigation
from portal.storage import StorageFailed
from portal.typed_texts import typed_texts
from portal.web import PortalRequest

logger = logging.getLogger("portal.errors")

FRAGMENTS = "/fragments/"
KNOWN = {400, 401, 403, 404, 405, 413, 422, 429, 500, 503}
# Routes of documents that pages of the portal frame.
FRAMED = ("directory.map", "member.directory.map")


def refuse(request: PortalRequest, error: HTTPException) -> Response:
    """Answers an HTTP exception: sign-in for the unknown, else the status's own page."""
    if isinstance(error, NotAuthorizedException):
        typed = typed_texts(request)
        return error_page(request, 401, "session-over", typed=typed) if typed else _to(request, step_url(request))
    if isinstance(error, ConfirmationDue):
        return _to(request, request.services.urls("confirm"), is_page=_has_page(request))
    if isinstance(error, ReadingOnly):
        return error_page(request, 403, "reading-only")
    if error.status_code >= 500:
        return unexpected(request, error)
    answer = error_page(request, error.status_code)
    answer.headers.update(_headers_of(request, error))
    return answer


def _headers_of(request: PortalRequest, error: HTTPException) -> dict[str, str]:
    """405 says which methods the address has; after 413 the connection ends, with the rest of the body unread."""
    if error.status_code == 413 and request.scope["http_version"].startswith("1"):
        return {"Connection": "close"}
    if error.status_code != 405 or not error.headers:
        return {}
    methods = set(error.headers["allow"].split(", ")) - {HttpMethod.OPTIONS}
    return {"Allow": ", ".join(sorted(methods | ({HttpMethod.HEAD} if HttpMethod.GET in methods else set())))}


def unavailable(request: PortalRequest, error: Exception) -> Response:
    """The database or the evidence journal cannot serve now: 503, try again soon."""
    logger.warning("unavailable %s: %s", _reference(request), without_values(error))
    return error_page(request, 503, retry_after=10)


def without_figures(request: PortalRequest, error: FiguresUnknown) -> Response:
    """503 until the insurer has set the legal figures of the day, which the log asks for."""
    logger.error("figures missing %s: the dated figures of group contracts on %s", _reference(request), error)
    return error_page(request, 503, "figures", retry_after=3600)


def unexpected(request: PortalRequest, error: Exception) -> Response:
    """Last resort: the log gets the trace, the person gets the reference number."""
    logger.error("unexpected %s: %s", _reference(request), without_values(error))
    return error_page(request, 500)


def withdrawn(request: PortalRequest, error: ServiceWithdrawn) -> Response:
    """403 (R-65): the service may come back, but nothing says when, and trying again is no use."""
    label = SERVICE_LABELS[error.withdrawal.service]
    nav = open_navigation(request)
    return error_page(request, 403, "withdrawn", withdrawal=error.withdrawal, service=label, nav=nav)


def under_maintenance(request: PortalRequest, error: UnderMaintenance) -> Response:
    """503 until the announced end (R-60)."""
    return error_page(
        request, 503, "maintenance", retry_after=_seconds_to(request, error.window.ends_at), window=error.window
    )


def too_many_reads(request: PortalRequest, error: TooManyReads) -> Response:
    """429 until the reader may come back (R-62). What was asked stays in the address."""
    seconds = _seconds_to(request, error.back_at)
    # To the minute after: « 14 h 05 » must not be a few seconds too soon.
    shown = {"back_at": error.back_at + timedelta(minutes=1), "is_short": seconds <= 60, "here": _here(request)}
    name = "too-many-exports" if error.what == EXPORTS.name else "too-many-reads"
    return error_page(request, 429, name, retry_after=seconds, **shown)


def _seconds_to(request: PortalRequest, instant: datetime) -> int:
    return max(ceil((instant - request.now).total_seconds()), 1)


HANDLERS = {
    ServiceWithdrawn: withdrawn,
    UnderMaintenance: under_maintenance,
    TooManyReads: too_many_reads,
    HTTPException: refuse,
    FiguresUnknown: without_figures,
    DatabaseBusy: unavailable,
    JournalUnavailable: unavailable,
    StorageFailed: unavailable,
    OperationalError: unavailable,
    PoolTimeout: unavailable,
    Exception: unexpected,
}


def error_page(request: PortalRequest, status: int, name: str = "", *, retry_after: int = 0, **more: Any) -> Response:
    """The page of an error, by its status or its own name; a bare status for a fragment. `retry_after`: seconds."""
    headers = {"Retry-After": str(retry_after)} if retry_after else {}
    if request.scope["path"].startswith(FRAGMENTS):
        return Response(b"", media_type=HTML, status_code=status, headers=headers)
    if request.scope["path"] in {request.services.urls(route) for route in FRAMED}:
        headers |= framed_error_headers()
    shown = name or (status if status in KNOWN else 500 if status >= 500 else 400)
    context = {"reference": _reference(request), "viewer": request.signed_in} | more
    html = request.services.templates.get_template(f"errors/{shown}.html").render(context)
    return Response(html.encode(), media_type=HTML, status_code=status, headers=headers)


def _reference(request: PortalRequest) -> str:
    return str(request.scope["state"].get("reference", ""))


STEP_PAGES = {
    Stage.CODE: "second-factor",
    Stage.EMAIL_CODE: "email-code",
    Stage.PASSWORD: "password.first",
    Stage.FACTOR: "factor.first",
    Stage.TERMS: "terms.accept",
}


def step_url(request: PortalRequest) -> str:
    """Where whoever is not (wholly) signed in goes on: the sign-in page, or the step that is due."""
    viewer = request.signed_in
    return request.services.urls(STEP_PAGES.get(Stage(viewer.stage), "start") if viewer else "sign-in")


def _to(request: PortalRequest, target: str, *, is_page: bool = False) -> Response:
    """Sends the browser to a page, with the way back to this one when it can be asked for again (`is_page`: also when
    a form was sent to it)."""
    if request.scope["path"].startswith(FRAGMENTS):
        return Response(b"", media_type=HTML, status_code=401, headers={"HX-Redirect": target})
    back = request.scope["state"].get("way_back")
    if back or is_page or request.scope["method"] == "GET":
        target += "?" + urlencode({"suite": back or _here(request)})
    return Redirect(target, status_code=303)


def _has_page(request: PortalRequest) -> bool:
    """Whether a page stands at the address of this request, whatever its method."""
    here = request.scope.get("path_template")
    return any(route.path == here and "GET" in route.methods for route in request.app.routes)


def _here(request: PortalRequest) -> str:
    query = request.scope["query_string"].decode("latin-1")
    return request.scope["path"] + (f"?{query}" if query else "")
