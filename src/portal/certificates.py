"""The client's TLS certificate, of which a trusted proxy hands on the SHA-256 (RFC 8705)."""

import re
from base64 import urlsafe_b64decode
from ipaddress import ip_network

from portal.sessions import plain_address
from portal.web import PortalRequest

_HEX = re.compile(r"[0-9a-f]{64}")


def certificate_of(request: PortalRequest) -> str:
    """What a trusted proxy says of the certificate, once; empty from anybody else, and where nothing is configured."""
    settings = request.services.settings
    told = request.headers.getall(settings.certificate_header, []) if settings.certificate_header else []
    peer = plain_address((request.scope["client"] or ("",))[0])
    is_trusted = peer is not None and any(peer in ip_network(each) for each in settings.trusted_proxies)
    return thumbprint(told[0]) if is_trusted and len(told) == 1 else ""


def thumbprint(text: str) -> str:
    """A certificate's SHA-256, written in hexadecimal digits (with colons or without) or in base64url: always as plain
    digits; empty when it is neither."""
    plain = text.strip().replace(":", "").lower()
    if _HEX.fullmatch(plain):
        return plain
    try:
        raw = urlsafe_b64decode(text.strip().encode("ascii") + b"==")
    except (ValueError, UnicodeError):
        return ""
    return raw.hex() if len(raw) == 32 else ""
