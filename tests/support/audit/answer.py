"""Headers, cookies and URLs of every answer, HTML or not. The values are written out, not taken from the source."""

import re
from collections.abc import Iterator
from http.cookies import Morsel, SimpleCookie
from urllib.parse import unquote, urlsplit

import httpx

from tests.support.html import Html

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "worker-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "object-src 'none'"
)
# The map, which the list of professionals frames, and that list, which may ask the device where it is.
FRAMED, FRAMING = (
    ("/professionnels-agrees/carte", "/adherent/professionnels/carte"),
    (
        "/professionnels-agrees",
        "/adherent/professionnels",
    ),
)
SCANNING = ("/professionnel/droits", "/professionnel/droits/photo")
FRAMED_POLICY = re.compile(
    "default-src 'none'; script-src 'self' 'nonce-([A-Za-z0-9_-]{22})'; style-src 'self'; img-src 'self'; "
    "font-src 'self'; connect-src 'self'; form-action 'none'; frame-ancestors 'self'; base-uri 'none'; "
    "object-src 'none'"
)
DOCUMENT_POLICY = "sandbox; default-src 'none'"
GOLDEN_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "x-robots-tag": "noindex, nofollow",
    "strict-transport-security": "max-age=63072000; includeSubDomains",
}
BANNERS = ("server", "x-powered-by", "access-control-allow-origin", "x-aspnet-version")
STATIC_CACHE = "public, max-age=31536000, immutable"
TILE_CACHE = "private, max-age=86400"
MAX_COOKIE_BYTES = 4096

# Article R161-1 of the social security code: sex, year, month, department, town, order, and the key or not.
NIR = re.compile(r"(?<!\d)[1-478]\d{2}(?:0[1-9]|1[0-2]|[2-4]\d|[5-9]\d)(?:\d{2}|2[AB])\d{6}(?:\d{2})?(?!\d)")
REFERENCE = re.compile(r"[0-9a-f]{12}")
EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.\w+")
IBAN = re.compile(r"\bFR\d{2}[\dA-Z]{10,}")


def audit_answer(answer: httpx.Response) -> list[str]:
    """What is wrong with an answer's headers."""
    return [
        problem for rule in (_golden, _policy, _caching, _media_type, _cookies, _targets) for problem in rule(answer)
    ]


def _golden(answer: httpx.Response) -> Iterator[str]:
    for name, wanted in (GOLDEN_HEADERS | _own_headers(answer)).items():
        got = answer.headers.get_list(name)
        if got != [wanted]:
            yield f"{name} is {got}, {wanted!r} is wanted"
    if not REFERENCE.fullmatch(answer.headers.get("x-request-id", "")):
        yield "x-request-id is no reference"
    for name in BANNERS:
        if answer.headers.get(name):
            yield f"{name} has no place here"


def _own_headers(answer: httpx.Response) -> dict[str, str]:
    """What the two pages of the map, and the one that scans cards, say otherwise."""
    if _is_in_frame(answer):
        return {"x-frame-options": "SAMEORIGIN"}
    for feature, paths in (("geolocation", FRAMING), ("camera", SCANNING)):
        if _is_shown(answer, paths):
            asking = GOLDEN_HEADERS["permissions-policy"].replace(f"{feature}=()", f"{feature}=(self)")
            return {"permissions-policy": asking}
    return {}


def _is_in_frame(answer: httpx.Response) -> bool:
    """The map, or the error in its place, as its frame shows them."""
    return answer.url.path.rstrip("/") in FRAMED and "location" not in answer.headers


def _is_shown(answer: httpx.Response, paths: tuple[str, ...]) -> bool:
    return answer.url.path.rstrip("/") in paths and answer.status_code in {200, 422}


def _policy(answer: httpx.Response) -> Iterator[str]:
    wanted = DOCUMENT_POLICY if is_download(answer) else PAGE_POLICY
    wanted += "; frame-src 'self'" if _is_shown(answer, FRAMING) else ""
    wanted = wanted.replace("frame-ancestors 'none'", "frame-ancestors 'self'") if _is_in_frame(answer) else wanted
    got = answer.headers.get_list("content-security-policy")
    if _is_shown(answer, FRAMED):
        yield from _framed_policy(answer, got)
    elif got != [wanted]:
        yield f"content-security-policy is {got}, {wanted!r} is wanted"


def _framed_policy(answer: httpx.Response, got: list[str]) -> Iterator[str]:
    """The nonce is that of the document's one script, and of no other answer."""
    found = FRAMED_POLICY.fullmatch(got[0]) if len(got) == 1 else None
    if found is None or re.findall(r'nonce="([^"]*)"', answer.text) != [found[1]]:
        yield f"content-security-policy is {got}, with the script's nonce it should be {FRAMED_POLICY.pattern!r}"


def is_download(answer: httpx.Response) -> bool:
    """Whether the browser is told to save the answer."""
    return answer.headers.get("content-disposition", "").startswith("attachment")


def _caching(answer: httpx.Response) -> Iterator[str]:
    cached = {"/static/": STATIC_CACHE, "/carte/tuiles/": TILE_CACHE} if answer.status_code == 200 else {}
    wanted = next((kept for start, kept in cached.items() if answer.url.path.startswith(start)), "no-store")
    got = answer.headers.get_list("cache-control")
    if got != [wanted]:
        yield f"cache-control is {got}, {wanted!r} is wanted"


def _media_type(answer: httpx.Response) -> Iterator[str]:
    media_type = answer.headers.get("content-type", "")
    if answer.content and not media_type:
        yield "no content-type"
    if media_type.startswith("text/") and "charset=utf-8" not in media_type.lower():
        yield f"{media_type!r} says no charset"


def _cookies(answer: httpx.Response) -> Iterator[str]:
    for line in answer.headers.get_list("set-cookie"):
        if len(line) > MAX_COOKIE_BYTES:
            yield f"a cookie of {len(line)} bytes"
        for morsel in SimpleCookie(line).values():
            yield from _cookie(morsel)


def _cookie(morsel: "Morsel[str]") -> Iterator[str]:
    is_safe = morsel["secure"] and morsel["httponly"] and morsel["samesite"].lower() == "lax"
    if not (morsel.key.startswith("__Host-") and is_safe and morsel["path"] == "/" and not morsel["domain"]):
        yield f"not a safe cookie: {morsel.OutputString()}"
    if (morsel["max-age"] or morsel["expires"]) and morsel["max-age"] != "0":
        yield f"a cookie that outlives the connection (R-73): {morsel.OutputString()}"


def _targets(answer: httpx.Response) -> Iterator[str]:
    yield from personal_data_in(str(answer.request.url))
    for name in ("location", "hx-redirect", "hx-location", "hx-push-url", "hx-replace-url"):
        target = answer.headers.get(name)
        if target is None:
            continue
        if not target.startswith("/") or target.startswith(("//", "/\\")) or not target.isprintable():
            yield f"{name} leaves the portal: {target!r}"
        yield from personal_data_in(target)


def audit_urls(page: Html) -> list[str]:
    """Personal data in the URLs of a page (`mailto:` and `tel:` are not requests)."""
    names = ("href", "action", "formaction", "src", "hx-get", "hx-post")
    values = [node.attributes[name] or "" for name in names for node in page.css(f"[{name}]")]
    ours = [value for value in values if urlsplit(value).scheme not in {"mailto", "tel"}]
    return [problem for value in ours for problem in personal_data_in(value)]


def personal_data_in(url: str) -> Iterator[str]:
    """NIR, e-mail addresses and bank accounts in a URL (R-62)."""
    plain = unquote(unquote(url))
    for name, pattern in (("a NIR", NIR), ("an e-mail address", EMAIL), ("an IBAN", IBAN)):
        if pattern.search(plain):
            yield f"{name} in the URL {url!r}"
