"""A host that the portal asks: map tiles and addresses, on this machine; slow, hostile or gone when a test says so."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HOST = "127.0.0.1"
PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff\xe0"
WEBP = b"RIFF\x24\x00\x00\x00WEBP"
CHUNK = 64 * 1024


@dataclass(frozen=True)
class Reply:
    """What the host answers; `seconds` before it begins, `pause` seconds between its chunks."""

    content: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0
    pause: float = 0


@dataclass(frozen=True)
class Asked:
    """A question as it came."""

    path: str
    headers: Message


def tile(path: str) -> Reply:
    """A tile of its own for each path."""
    return Reply(PNG + path.encode(), headers={"Content-Type": "image/png"})


def always(content: bytes = b"", status: int = 200, **more: Any) -> Callable[[str], Reply]:
    return lambda _: Reply(content, status, **more)


def found(*features: dict[str, Any]) -> bytes:
    """What an address service answers, in the form of addok."""
    return json.dumps({"type": "FeatureCollection", "version": "draft", "features": features}).encode()


def feature(label: str, longitude: float, latitude: float, score: float = 0.9) -> dict[str, Any]:
    names = {"label": label, "score": score, "type": "street", "postcode": "69001", "city": "Lyon", "citycode": "69381"}
    place = {"type": "Point", "coordinates": [longitude, latitude]}
    return {"type": "Feature", "geometry": place, "properties": names}


class Host(ThreadingHTTPServer):
    """Answers each question by `answer`, and remembers all of them in `asked`."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int = 0) -> None:
        super().__init__((HOST, port), _Handler)
        self.answer: Callable[[str], Reply] = tile
        self.asked: list[Asked] = []
        self.is_gone = False

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is what many tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: Host
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.server.is_gone:
            self.close_connection = True
            return
        self.server.asked.append(Asked(self.path, self.headers))
        reply = self.server.answer(self.path)
        time.sleep(reply.seconds)
        self.send_response(reply.status)
        for name, value in {"Content-Length": str(len(reply.content)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        for start in range(0, len(reply.content), CHUNK):
            self.wfile.write(reply.content[start : start + CHUNK])
            time.sleep(reply.pause)

    def log_message(self, *_: object) -> None:
        """Nothing on the tests' output."""


@contextmanager
def running_host() -> Iterator[Host]:
    """A host that answers until the end of the block; `stop` it before to have it gone."""
    host = Host()
    thread = threading.Thread(target=host.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield host
    finally:
        stop(host)
        thread.join()


def stop(host: Host) -> None:
    """From now on connections are refused, and those that are open break."""
    host.is_gone = True
    host.shutdown()
    host.server_close()
