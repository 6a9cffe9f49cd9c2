"""The application: services, middleware, guards, headers, routes. `create_app(settings)` is the only way in."""

import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from copy import copy
from functools import partial, wraps
from typing import Any

from anyio import to_thread
from litestar import Litestar
from litestar.config.compression import CompressionConfig
from litestar.datastructures import FormMultiDict
from litestar.enums import HttpMethod, ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.types import Empty, HTTPScope, Message, Receive, Scope, Send
from litestar.utils.scope.state import ScopeState

from portal import errors
from portal.access import Watched, leave_trace
from portal.api.document import HANDLERS as API_HANDLERS
from portal.api.problems import told_to_programs
from portal.assets import Assets
from portal.closures import refuse_in_maintenance, refuse_withdrawn
from portal.csrf import csrf_guard
from portal.database import Database
from portal.evidence.journal import Journal
from portal.fronts import refuse_elsewhere
from portal.headers import HeaderWriter
from portal.hosts import HostMiddleware
from portal.mailing.mail import Mail
from portal.meters import Meters
from portal.operation_metrics import FigureCache
from portal.permissions import deny_undeclared
from portal.places.geocoder import Geocoder
from portal.places.tiles import Tiles
from portal.reading_limits import ReadingLimits
from portal.routes import DEMO_HANDLERS, HANDLERS
from portal.routing import Urls
from portal.security import Keyring
from portal.sessions import SessionMiddleware
from portal.settings import Settings
from portal.site import Site
from portal.storage import Storage
from portal.templating import create_environment
from portal.typed_texts import keep_texts
from portal.web import DemoHelp, PortalRequest, Services
from portal.worker import Worker

MAX_BODY_BYTES = 64 * 1024
UNDECLARED = "UNDECLARED"


class Portal(Litestar):
    """Litestar, plus what must hold for every request, also for those that no route answers."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # type: ignore[override]
        if scope["type"] != ScopeType.HTTP:
            await super().__call__(scope, receive, send)
            return
        answer, method = Watched(send), str(scope["method"])
        prepared, send = _prepared(scope, answer)
        try:
            await super().__call__(prepared, receive, send)
        finally:
            leave_trace(prepared, answer, method, self.state.services.meters)
            await _close_files(prepared)


def _prepared(scope: HTTPScope, send: Send) -> tuple[HTTPScope, Send]:
    """The request with its reference and its start. HEAD becomes GET without a body; OPTIONS, which Litestar would
    answer by itself on every route, becomes a method that none has: 405."""
    state = scope.setdefault("state", {})
    state["reference"] = secrets.token_hex(6)
    state["started"] = time.perf_counter()
    if scope["method"] == HttpMethod.OPTIONS:
        scope["method"] = UNDECLARED  # type: ignore[typeddict-item]
    if scope["method"] != HttpMethod.HEAD:
        return scope, send
    scope["method"] = HttpMethod.GET
    return scope, _without_body(send)


async def _close_files(scope: HTTPScope) -> None:
    """Closes the files that a form brought, whatever became of it: the framework leaves that to garbage collection."""
    form = ScopeState.from_scope(scope).form
    if form is not Empty:
        await FormMultiDict.from_form_data(form).close()


def create_app(settings: Settings, *, database: Database | None = None, demo: DemoHelp | None = None) -> Portal:
    """The portal for these settings; `database` when the caller has opened it already."""
    database = database or Database(settings.resolved_database_url)
    return serving(
        build_app(settings, threaded=database.threaded, demo=demo), create_services(settings, database, demo)
    )


def serving(app: Portal, services: Services) -> Portal:
    """The application, working with these services: those of the settings it was built for."""
    app.state.services = services
    return app


def build_app(settings: Settings, *, threaded: bool, demo: DemoHelp | None = None) -> Portal:
    """Routes, middleware, guards and headers, which need no database; see `serving`. `threaded`: as `Database` says."""
    return Portal(
        route_handlers=[_placed(handler, threaded=threaded) for handler in _handlers(settings, demo)],
        request_class=PortalRequest,
        middleware=[HostMiddleware(settings), SessionMiddleware(settings)],
        guards=[refuse_elsewhere, refuse_in_maintenance, keep_texts, deny_undeclared, refuse_withdrawn, csrf_guard],
        exception_handlers=told_to_programs(errors.HANDLERS),  # type: ignore[arg-type]
        before_send=[HeaderWriter(settings)],
        compression_config=CompressionConfig(
            backend="brotli", brotli_quality=4, brotli_gzip_fallback=True, exclude=["^/static/", "^/carte/tuiles/"]
        ),
        request_max_body_size=MAX_BODY_BYTES,
        logging_config=None,
        openapi_config=None,
        lifespan=[_running],
        debug=False,
    )


def _handlers(settings: Settings, demo: DemoHelp | None) -> list[HTTPRouteHandler]:
    return [*HANDLERS, *(API_HANDLERS if settings.rights_api else ()), *(DEMO_HANDLERS if demo else ())]


def create_services(settings: Settings, database: Database, demo: DemoHelp | None = None) -> Services:
    """The services behind the application, also used by commands."""
    urls, assets, keyring, site = Urls(), Assets(), Keyring(settings), Site(database)
    urls.learn(_handlers(settings, demo))
    site.learn(_handlers(settings, demo))
    templates = create_environment(settings, urls, assets, demo=demo is not None)
    return Services(
        settings=settings,
        database=database,
        keyring=keyring,
        journal=Journal(database, settings),
        urls=urls,
        assets=assets,
        templates=templates,
        mail=Mail(settings, keyring, templates),
        site=site,
        storage=Storage(settings, keyring),
        tiles=Tiles(settings),
        geocoder=Geocoder(settings),
        reading=ReadingLimits(),
        meters=Meters(),
        figures=FigureCache(database),
        demo=demo,
    )


def _placed(handler: HTTPRouteHandler, *, threaded: bool) -> HTTPRouteHandler:
    """The handler, to be called on the loop, or in a thread: the one switch for all of them. Writing always threads.

    Not by Litestar's `sync_to_thread`: 2.25 wraps a handler twice when another one shares its path, and the outer
    thread then hands back the inner coroutine.
    """
    writes = HttpMethod.POST in handler.http_methods
    if handler.sync_to_thread is None or not (threaded or writes):
        return handler
    moved = copy(handler)
    moved._fn = _in_thread(handler.fn)  # noqa: SLF001  (a handler offers no other way to change its function)
    moved.sync_to_thread = None
    return moved


def _in_thread(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    async def run(*arguments: Any, **keywords: Any) -> Any:
        return await to_thread.run_sync(partial(function, *arguments, **keywords))

    return run


@asynccontextmanager
async def _running(app: Litestar) -> AsyncIterator[None]:
    services: Services = app.state.services
    worker = Worker(services) if services.settings.worker == "embedded" else None
    services.journal.start()
    if worker:
        worker.start()
    try:
        yield
    finally:
        if worker:
            worker.stop()
        await services.tiles.close()
        await services.geocoder.close()
        services.journal.stop()
        services.database.dispose()


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = message | {"body": b""}
        await send(message)

    return send_head
