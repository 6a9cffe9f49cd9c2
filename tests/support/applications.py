"""The application of a test. Building one takes a quarter of a second, which thousands of tests would each pay: routes
are built once per kind of database, templates compiled once; keys, database and journal are every test's own."""

from functools import lru_cache
from typing import Any

from jinja2 import Environment

from portal import app as application
from portal.app import Portal, build_app, create_services, serving
from portal.assets import Assets
from portal.database import Database
from portal.settings import Settings
from portal.templating import create_environment
from portal.web import DemoHelp

_built: dict[tuple[object, ...], Portal] = {}
_environments: dict[tuple[object, ...], Environment] = {}


def application_on(settings: Settings, database: Database, demo: DemoHelp | None = None) -> Portal:
    """The portal on this database; as a demonstration's when `demo` says what that shows."""
    key = (
        demo is None,
        settings.origin,
        *settings.trusted_proxies,
        settings.desk_enabled,
        settings.desk_host,
        *settings.desk_networks,
        settings.rights_api,
        settings.certificate_header,
        database.threaded,
    )
    if key not in _built:
        _built[key] = build_app(settings, threaded=database.threaded, demo=demo)
    return serving(_built[key], create_services(settings, database, demo))


def _shared_environment(settings: Settings, *services: Any, demo: bool = False) -> Environment:
    key = (settings.insurer.model_dump_json(), settings.rights_api, demo)
    if key not in _environments:
        _environments[key] = create_environment(settings, *services, demo=demo)
    return _environments[key]


application.create_environment = _shared_environment
application.Assets = lru_cache(Assets)  # type: ignore[misc, assignment]
