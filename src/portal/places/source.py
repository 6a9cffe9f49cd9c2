"""One host outside the portal, asked by the server so that no browser ever talks to it (R-24, R-62).

It learns nothing of whoever asks: no cookie, no header of theirs, no Referer. It is not trusted either: no redirection
is followed, an answer ends at a size and at an instant, and after failures in a row the host is left alone for a while.
"""

import logging
import ssl
import time
from collections.abc import Callable
from http.cookiejar import DefaultCookiePolicy
from typing import TypeVar

import httpx
from anyio import Lock, fail_after, to_thread

logger = logging.getLogger("portal.places")
# These two note each address that they ask, and what somebody typed is part of one.
for _library in ("httpx", "httpcore"):
    logging.getLogger(_library).setLevel(logging.WARNING)

HEADERS = {"User-Agent": "portal", "Accept-Encoding": "identity"}
CONNECTIONS = 16
MOST_FAILURES = 3
REST_SECONDS = 60.0
TOO_MANY_REQUESTS = 429

T = TypeVar("T")


class SourceFailed(Exception):
    """The host gave nothing of use."""


class _Declined(SourceFailed):
    """The host is well, and has no answer to this question."""


class Source:
    """The host of `address`, asked over https unless the settings let it be this machine.

    `seconds`: all that an answer may take; `most_bytes`: its size, as it is sent; `clock`: seconds that only rise.
    """

    def __init__(
        self, address: str, *, seconds: float, most_bytes: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._origin = _origin(httpx.URL(address))
        self._seconds = seconds
        self._most_bytes = most_bytes
        self._rest = _Rest(clock)
        self._client: httpx.AsyncClient | None = None
        self._opening = Lock()

    async def ask(self, url: str, read: Callable[[bytes], T]) -> T:
        """What `read` makes of the answer's bytes; it raises ValueError for what it cannot read.

        Raises `SourceFailed`, once it is in the log: without the address, which may hold what somebody typed.
        """
        if self._rest.is_due:
            raise SourceFailed("left alone for a while")
        try:
            answer = read(await self._content(url))
        except (SourceFailed, httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as failure:
            self._note(failure)
            raise SourceFailed from failure
        self._rest.over()
        return answer

    def _note(self, failure: Exception) -> None:
        kind = str(failure) if isinstance(failure, SourceFailed) else type(failure).__name__
        is_its_fault = not isinstance(failure, _Declined | httpx.PoolTimeout)
        logger.log(logging.WARNING if is_its_fault else logging.INFO, "%s gave nothing: %s", self._origin[1], kind)
        if is_its_fault:
            self._rest.failed()

    async def _content(self, url: str) -> bytes:
        if _origin(httpx.URL(url)) != self._origin:
            raise SourceFailed("another host was to be asked")
        with fail_after(self._seconds):
            client = await self._connected()
            async with client.stream("GET", url) as answer:
                _require_content(answer.status_code)
                return await self._limited(answer)

    async def _limited(self, answer: httpx.Response) -> bytes:
        """The bytes as they came: what is compressed although we refused it is not unpacked."""
        content = bytearray()
        async for part in answer.aiter_raw():
            content += part
            if len(content) > self._most_bytes:
                raise SourceFailed(f"more than {self._most_bytes} bytes")
        return bytes(content)

    async def _connected(self) -> httpx.AsyncClient:
        """Reading the system's authorities takes a tenth of a second: once, and in a thread."""
        async with self._opening:
            if self._client is None or self._client.is_closed:
                self._client = await to_thread.run_sync(_client, self._seconds)
            return self._client

    async def close(self) -> None:
        """Closes the connections; the next question opens some again."""
        if self._client is not None:
            await self._client.aclose()


class _Rest:
    """When a host that fails is left alone: from the third failure in a row on, a minute after each."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures = 0
        self._until = float("-inf")

    @property
    def is_due(self) -> bool:
        return self._clock() < self._until

    def failed(self) -> None:
        self._failures += 1
        if self._failures >= MOST_FAILURES:
            self._until = self._clock() + REST_SECONDS

    def over(self) -> None:
        self._failures = 0


def _client(seconds: float) -> httpx.AsyncClient:
    """The environment's proxies and passwords are not for it, and what the host would store in us is dropped."""
    client = httpx.AsyncClient(
        headers=HEADERS,
        timeout=httpx.Timeout(seconds, pool=seconds / 2),
        limits=httpx.Limits(max_connections=CONNECTIONS),
        verify=ssl.create_default_context(),
        trust_env=False,
        follow_redirects=False,
    )
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return client


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _require_content(status: int) -> None:
    """4xx is about the question, save 429; whatever else is not 200 is about the host."""
    is_about_the_question = 400 <= status < 500 and status != TOO_MANY_REQUESTS
    if status != httpx.codes.OK:
        raise (_Declined if is_about_the_question else SourceFailed)(f"status {status}")
