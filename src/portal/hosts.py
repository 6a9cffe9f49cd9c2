"""Only requests for our own host are served: no link, cache or redirection can be built on another's name (A14)."""

from litestar.exceptions import ClientException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from portal.settings import Settings


class HostMiddleware(ASGIMiddleware):
    """Refuses a Host header that is not the origin's with the 400 page. No forwarded header is ever believed."""

    def __init__(self, settings: Settings) -> None:
        self._ours = {host.encode("latin-1") for host in settings.hosts}

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        named = [value.lower() for name, value in scope["headers"] if name == b"host"]
        if len(named) != 1 or named[0] not in self._ours:
            raise ClientException
        await next_app(scope, receive, send)
