"""What the browser downloads: bytes of a first visit, of later pages, of the « suite » fragment, as compressed."""

import re

import brotli
import httpx

from benchmarks.sites import build, served, sign_in_members

PORT = 8771
BUDGETS = {"first visit": 60_000, "later page": 8_000, "fragment": 3_000}


def main() -> None:
    """Prints each size beside its budget."""
    folder = build(10_000)
    with served("benchmarks.sites:load_portal", folder, PORT):
        for cookie in sign_in_members(folder)[:1]:
            headers = {"Host": "127.0.0.1:8000", "Cookie": cookie, "Accept-Encoding": "br"}
            with httpx.Client(base_url=f"http://127.0.0.1:{PORT}", headers=headers) as client:
                _pages(client)


def _pages(client: httpx.Client) -> None:
    page, size = _fetch(client, "/adherent/prestations")
    assets = sorted(set(re.findall(r"/static/[^\"#]+", page)))
    whole = size + sum(_fetch(client, asset)[1] for asset in assets)
    _tell("first visit", f"list page and {len(assets)} files", whole)
    for path in ("/adherent", "/adherent/prestations", "/adherent/releves", _link(page, "/adherent/prestations/")):
        _tell("later page", re.sub(r"/[\w-]{22}", "/…", path), _fetch(client, path)[1])
    _tell("fragment", "« suite »", _fetch(client, _link(page, "/fragments/adherent/prestations/suite"))[1])


def _link(page: str, start: str) -> str:
    """The first address in the page that starts so; a line's, when a line is meant."""
    pattern = rf'"({re.escape(start)}[\w-]{{22}})"' if start.endswith("/") else rf'"({re.escape(start)}[^"]*)"'
    found = re.search(pattern, page)
    if found is None:
        raise LookupError(start)
    return found[1].replace("&amp;", "&")


def _fetch(client: httpx.Client, path: str) -> tuple[str, int]:
    with client.stream("GET", path) as answer:
        raw = b"".join(answer.iter_raw())
        answer.raise_for_status()
        encoded = answer.headers.get("content-encoding")
    body = brotli.decompress(raw) if encoded == "br" else raw
    return body.decode(errors="replace"), len(raw)


def _tell(budget: str, what: str, size: int) -> None:
    print(f"  {budget}: {what}: {size:,} bytes compressed (wanted: {BUDGETS[budget]:,} or less)")


if __name__ == "__main__":
    main()
