"""Keeps tests on this machine: any Python socket that leaves it fails, loudly."""

import ipaddress
import sys
from typing import Any


class OutsideWorld(AssertionError):
    """A test tried to reach another machine."""


def is_local(host: object) -> bool:
    """Whether a host name or address is this machine."""
    if host in {None, "", "localhost", b"localhost", b""}:
        return True
    try:
        return ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host)).is_loopback
    except ValueError:
        return False


def forbid_other_machines() -> None:
    """For the rest of this process. An audit hook sees every library's sockets and cannot be taken away."""
    sys.addaudithook(_watch)


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        _check(arguments[1][0])
    elif event == "socket.getaddrinfo":
        _check(arguments[0])


def _check(host: object) -> None:
    if not is_local(host):
        raise OutsideWorld(f"tests stay on this machine, {host!r} is elsewhere")
