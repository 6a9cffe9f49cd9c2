"""A load generator: keep-alive connections over raw sockets, in a process of its own."""

import multiprocessing
import selectors
import socket
import statistics
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measure:
    """What a run saw. Latencies in milliseconds."""

    requests_per_second: float
    p50: float
    p95: float
    bytes_each: int
    failures: int


def run(port: int, requests: list[bytes], seconds: float, connections: int = 8) -> Measure:
    """Sends the requests in turn, over and over, for a number of seconds; any answer that is not a 200 is a failure."""
    with multiprocessing.Pool(1) as pool:
        return pool.apply(_drive, (port, requests, seconds, connections))


def _drive(port: int, requests: list[bytes], seconds: float, connections: int) -> Measure:
    sockets = [_Connection(port) for _ in range(connections)]
    selector = selectors.DefaultSelector()
    latencies: list[float] = []
    sizes: list[int] = []
    sent = failures = 0
    started = time.perf_counter()
    for connection in sockets:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.send(requests[sent % len(requests)])
        sent += 1
    while time.perf_counter() - started < seconds:
        for key, _ in selector.select(timeout=1):
            answer = key.data.receive()
            if answer is None:
                continue
            elapsed, size, is_ok = answer
            latencies.append(elapsed * 1000)
            sizes.append(size)
            failures += not is_ok
            key.data.send(requests[sent % len(requests)])
            sent += 1
    elapsed = time.perf_counter() - started
    for connection in sockets:
        connection.socket.close()
    if len(latencies) < 2:  # a warm-up so cold that nothing, or one answer, came in its time
        return Measure(len(latencies) / elapsed, 0, 0, 0, failures)
    cuts = statistics.quantiles(latencies, n=100)
    return Measure(len(latencies) / elapsed, cuts[49], cuts[94], round(statistics.mean(sizes)), failures)


class _Connection:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""
        self._sent_at = 0.0

    def send(self, request: bytes) -> None:
        self._buffer = b""
        self._sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> tuple[float, int, bool] | None:
        """Seconds, body bytes and whether it is a 200, once the whole answer is there."""
        chunk = self.socket.recv(262_144)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        self._buffer += chunk
        head, separator, body = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return None
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return None
        return time.perf_counter() - self._sent_at, length, head.startswith(b"HTTP/1.1 200")
