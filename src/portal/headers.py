"""Security headers on every answer: 404, 405 and refusals skip middlewares, hence Litestar's `before_send`."""

from litestar.types import Message, Scope

from portal.settings import Settings

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "worker-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "object-src 'none'"
)

# The one document that the portal itself frames: Folium writes its script into the page, hence the nonce.
FRAMED_POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; form-action 'none'; frame-ancestors 'self'; base-uri 'none'; object-src 'none'"
)
# The page around it, which may also ask the device where it is.
FRAMING_POLICY = f"{CONTENT_SECURITY_POLICY}; frame-src 'self'"

SECURITY_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "x-robots-tag": "noindex, nofollow",
}
HSTS = "max-age=63072000; includeSubDomains"
DOCUMENT_POLICY = "sandbox; default-src 'none'"
PRIVATE = "no-store"


def framed_headers(nonce: str) -> dict[str, str]:
    """Of a document that pages of the portal may frame. `nonce`: that of its one script."""
    return {"content-security-policy": FRAMED_POLICY.format(nonce=nonce), "x-frame-options": "SAMEORIGIN"}


def framed_error_headers() -> dict[str, str]:
    """Of an error in that document's place, which the frame shows as well."""
    policy = CONTENT_SECURITY_POLICY.replace("frame-ancestors 'none'", "frame-ancestors 'self'")
    return {"content-security-policy": policy, "x-frame-options": "SAMEORIGIN"}


def framing_headers() -> dict[str, str]:
    """Of a page that frames such a document, and may ask the device for its position (R-24)."""
    asking = SECURITY_HEADERS["permissions-policy"].replace("geolocation=()", "geolocation=(self)")
    return {"content-security-policy": FRAMING_POLICY, "permissions-policy": asking}


def scanning_headers() -> dict[str, str]:
    """Of a page that may read a card by the device's camera; no picture leaves the browser (R-42)."""
    return {"permissions-policy": SECURITY_HEADERS["permissions-policy"].replace("camera=()", "camera=(self)")}


def headers_for(settings: Settings) -> dict[str, str]:
    """The headers of every answer; HSTS only where the origin is https."""
    return SECURITY_HEADERS | ({"strict-transport-security": HSTS} if settings.is_https else {})


class HeaderWriter:
    """`before_send` hook that adds what a handler did not set itself; nothing is cached unless a handler says so.
    `X-Request-Id` is the reference that pages of errors show and log lines carry, never one that a browser sent."""

    def __init__(self, settings: Settings) -> None:
        # granian names itself unless the application gives a name: an empty one.
        wanted = headers_for(settings) | {"cache-control": PRIVATE, "server": ""}
        self._wanted = [(name.encode(), value.encode()) for name, value in wanted.items()]

    async def __call__(self, message: Message, scope: Scope) -> None:
        if message["type"] == "http.response.start":
            given = list(message.get("headers", ()))
            present = {name for name, _ in given}
            reference = (b"x-request-id", str(scope["state"]["reference"]).encode())
            wanted = (*self._wanted, reference)
            message["headers"] = [*given, *(pair for pair in wanted if pair[0] not in present)]
