"""What an origin, a host name or an address of a service may look like in the settings."""

import re
from ipaddress import ip_network
from urllib.parse import SplitResult, urlsplit

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
LOOPBACK_NETWORKS = ("127.0.0.0/8", "::1/128")
LOOPBACK_HOSTS = {"127.0.0.1", "localhost", "[::1]"}
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,252}[a-z0-9])?(:[0-9]{1,5})?")


def checked_origin(origin: str) -> str:
    """The origin without a slash at its end. Raises ValueError unless it is one, and private."""
    parts = urlsplit(origin.rstrip("/"))
    _ = parts.port  # raises ValueError for one that is no number
    if origin.rstrip("/") != f"{parts.scheme}://{parts.netloc}" or parts.username is not None:
        raise ValueError("an origin looks like https://portail.example")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("an origin looks like https://portail.example")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("plain http is accepted on this machine's loopback addresses only")
    return origin.rstrip("/")


def checked_second_name(host: str, origin: str) -> str:
    """Another host name beside the origin's, in lower case. Raises ValueError for the origin's own: cookies know of no
    port, so that two ports of one name would share them."""
    host, first = host.lower(), urlsplit(origin)
    name = host.partition(":")[0]
    if not _HOST.fullmatch(host):
        raise ValueError("a host name, like gestion.mutuelle.example, with :port where it is unusual")
    if name == first.hostname:
        raise ValueError("another name than the origin's: two ports of one name share their cookies")
    if first.scheme == "http" and name not in LOOPBACK and not name.endswith(".localhost"):
        raise ValueError("plain http is accepted on this machine's loopback addresses only")
    return host


def checked_peers(networks: list[str], proxies: list[str]) -> list[str]:
    """The networks, whose peers are believed without a token. Raises ValueError when a trusted proxy may stand in one:
    the connection is then the proxy's, whoever asks."""
    behind = [ip_network(proxy) for proxy in (*proxies, *LOOPBACK_NETWORKS)] if proxies else []
    if any(ip_network(network).overlaps(proxy) for network in networks for proxy in behind):
        raise ValueError("by a trusted proxy everybody comes from there: set a token file too")
    return networks


def with_port(names: set[str], origin: SplitResult) -> set[str]:
    """The names with the origin's port and without it, as browsers and others write them."""
    port = origin.port or (443 if origin.scheme == "https" else 80)
    bare = {name.removesuffix(f":{port}") for name in names}
    return bare | {f"{name}:{port}" for name in bare}


def to_be_asked(address: str) -> str:
    """An address that the portal itself asks. Raises ValueError unless it is https or this machine's own, and plain."""
    parts = urlsplit(address)
    _ = parts.port  # raises ValueError for one that is no number
    is_private = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    if address and not (is_private and parts.hostname):
        raise ValueError("https://…; plain http is accepted on this machine's loopback addresses only")
    if parts.username is not None or parts.fragment or set("{}\\") & set(parts.netloc) or re.search(r"\s", address):
        raise ValueError("no user, no fragment, no space, and a host that never changes")
    return address
