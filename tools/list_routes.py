"""Prints every route of the portal, as tests/routes.txt keeps it: `METHOD path name policy`."""

import secrets
from pathlib import Path
from tempfile import TemporaryDirectory

from litestar.handlers import HTTPRouteHandler

from portal.app import Portal, create_app
from portal.permissions import policy_of
from portal.settings import Settings


def routes_of(app: Portal) -> list[str]:
    """One line per method and path, sorted by path."""
    lines: list[tuple[str, str]] = []
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler) and not is_automatic(handler):
                policy = policy_of(handler)
                methods = sorted(handler.http_methods)
                lines += [(route.path, f"{m} {route.path} {handler.name} {policy and policy.name}") for m in methods]
    return [line for _, line in sorted(lines)]


def is_automatic(handler: HTTPRouteHandler) -> bool:
    """Whether Litestar added the handler by itself (OPTIONS beside our methods); the application's guard refuses it."""
    return handler.http_methods == {"OPTIONS"} and handler.name is None


def main() -> None:
    with TemporaryDirectory() as folder:
        keys = [secrets.token_hex(32)]
        app = create_app(Settings(data_folder=Path(folder), secret_keys=keys, data_keys=keys))
        print("\n".join(routes_of(app)))
        app.state.services.database.dispose()


if __name__ == "__main__":
    main()
