"""The member's list under load: the portal against its floor, and against ten times, a hundred times the data."""

import os
from pathlib import Path

from benchmarks.equality import compare
from benchmarks.load import Measure, run
from benchmarks.sites import build, postgresql, served, sign_in_members

PATH = "/adherent/prestations"
PORT = 8770
SECONDS = float(os.environ.get("BENCH_SECONDS", "6"))
ROUNDS = 3


def main() -> None:
    """Prints requests per second, p50, p95, the ratios, and the same on PostgreSQL."""
    sizes = [10_000, 1_000_000, *([10_000_000] if os.environ.get("BENCH_FULL") else [])]
    folders = {size: build(size) for size in sizes}
    floor = _against_floor(folders[1_000_000])
    _by_size(folders)
    with postgresql() as url:
        _on_postgresql(build(1_000_000, url), floor)


def _against_floor(folder: Path) -> Measure:
    cookies = sign_in_members(folder)
    compare(folder, cookies)
    requests = _requests(cookies)
    portal, floor = [], []
    for _ in range(ROUNDS):
        floor.append(_measure("benchmarks.floor:load_floor", folder, requests))
        portal.append(_measure("benchmarks.sites:load_portal", folder, requests))
    best_floor = max(floor, key=lambda measure: measure.requests_per_second)
    best_portal = max(portal, key=lambda measure: measure.requests_per_second)
    _tell("floor, 1 M lines", best_floor)
    _tell("portal, 1 M lines", best_portal)
    ratio = best_portal.requests_per_second / best_floor.requests_per_second
    print(f"  portal / floor = {ratio:.2f} of the requests per second (wanted: 0.50 or more)")
    return best_floor


def _on_postgresql(folder: Path, floor: Measure) -> None:
    requests = _requests(sign_in_members(folder))
    measures = [_measure("benchmarks.sites:load_portal", folder, requests) for _ in range(ROUNDS)]
    best = max(measures, key=lambda measure: measure.requests_per_second)
    _tell("portal, PostgreSQL", best)
    print(f"  portal on PostgreSQL / SQLite floor = {best.requests_per_second / floor.requests_per_second:.2f}")


def _by_size(folders: dict[int, Path]) -> None:
    """Sizes take turns, so that a busy moment of the machine weighs on all of them."""
    p95: dict[int, list[float]] = {size: [] for size in folders}
    for _ in range(ROUNDS):
        for size, folder in folders.items():
            requests = _requests(sign_in_members(folder))
            p95[size].append(_measure("benchmarks.sites:load_portal", folder, requests, connections=1).p95)
    smallest = min(p95[10_000])
    for size, seen in p95.items():
        print(f"  {size:>10,} lines: p95 {min(seen):.2f} ms, {min(seen) / smallest:.2f} × that of 10 k (wanted: 1.20)")


def _measure(target: str, folder: Path, requests: list[bytes], connections: int = 8) -> Measure:
    with served(target, folder, PORT):
        run(PORT, requests, 1, connections)
        measure = run(PORT, requests, SECONDS, connections)
    if measure.failures:
        raise RuntimeError(f"{target}: {measure.failures} answers were not a 200")
    return measure


def _requests(cookies: list[str]) -> list[bytes]:
    return [f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nCookie: {cookie}\r\n\r\n".encode() for cookie in cookies]


def _tell(what: str, measure: Measure) -> None:
    print(
        f"  {what:<20} {measure.requests_per_second:7.0f} requests/s  p50 {measure.p50:.2f} ms  "
        f"p95 {measure.p95:.2f} ms  {measure.bytes_each:,} bytes"
    )


if __name__ == "__main__":
    main()
