"""Only requests for our own host are served: no link, cache or redirection can be built on another's name (A14)."""

from litestar.exceptions import ClientException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from portal.fronts import Fronts
from portal.settings import Settings


class HostMiddleware(ASGIMiddleware):
    """Refuses a Host header that is none of our names with the 400 page, and tells the others by which name they came.
    No forwarded header is ever believed."""

    def __init__(self, settings: Settings) -> None:
        self._fronts = Fronts(settings)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        named = [value.lower() for name, value in scope["headers"] if name == b"host"]
        peer = (scope.get("client") or ("",))[0]
        front = self._fronts.of(named[0], peer) if len(named) == 1 else None
        if front is None:
            raise ClientException
        scope["state"]["front"] = front
        await next_app(scope, receive, send)
