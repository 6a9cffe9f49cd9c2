"""Decorators for handlers, and URLs by name."""

import re
from collections.abc import Iterable
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

from litestar import get, post
from litestar.handlers import HTTPRouteHandler

# Handlers are synchronous; `create_app` moves them to threads where the database needs it (Database.threaded).
page = partial(get, sync_to_thread=False)
fragment = partial(get, sync_to_thread=False)
action = partial(post, sync_to_thread=False, status_code=200)
async_page = get
async_action = partial(post, status_code=200)


# Programs ask under this path, and come without cookies; the mark of handlers that are for them alone.
PROGRAMS = "/api/"
FOR_PROGRAMS = "for_programs"


# Asked again and again by a page that is left open, by nobody's hand: it does not keep a session open.
BY_ITSELF = "asked_by_itself"
ASKED_BY_ITSELF = {BY_ITSELF: True}


def is_for_programs(path: str) -> bool:
    """Whether programs, not browsers, ask for this path."""
    return path.startswith(PROGRAMS)


_SAFE = re.compile(r"[\w-]*", re.ASCII).fullmatch


Query = dict[str, Any] | list[tuple[str, Any]]


class Urls:
    """Paths of the application's handlers by their name."""

    def __init__(self) -> None:
        self._formats: dict[str, str] = {}

    def learn(self, handlers: Iterable[HTTPRouteHandler]) -> None:
        """Reads the handlers' names and paths."""
        for handler in handlers:
            for path in handler.paths:
                self._formats[str(handler.name)] = re.sub(r":[a-z]+}", "}", path)

    def __call__(self, name: str, query: Query | None = None, **parameters: str) -> str:
        """The path of the handler called `name`; raises KeyError for an unknown name or a missing parameter."""
        quoted = {key: value if _SAFE(value) else quote(value, safe="") for key, value in parameters.items()}
        path = self._formats[name].format(**quoted)
        return f"{path}?{urlencode(query)}" if query else path


LONGEST_PATH = 1000


def local_path(text: str) -> str | None:
    """`text` when it is a plain path inside the portal (safe to redirect to), else None."""
    plain = text.isascii() and text.isprintable() and not {"\\", "\t", " "} & set(text)
    short = len(text) <= LONGEST_PATH
    return text if plain and short and text.startswith("/") and not text.startswith("//") else None
