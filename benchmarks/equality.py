"""The floor is worth its name only while it sends the same bytes as the portal, save the form tokens."""

import os
import re
from pathlib import Path

from litestar.testing import TestClient

from benchmarks.floor import load_floor
from benchmarks.sites import load_portal

COMPARED = 40
TOKEN = re.compile(r'name="jeton" value="[^"]+"')


def compare(folder: Path, cookies: list[str]) -> None:
    """Raises AssertionError when a member's page differs between the two."""
    os.environ["BENCH_FOLDER"] = str(folder.resolve())
    floor = load_floor()
    with TestClient(load_portal(), base_url="http://127.0.0.1:8000") as client:
        for cookie in cookies[:COMPARED]:
            ours = client.get("/adherent/prestations", headers={"cookie": cookie}).text
            theirs = floor.page(cookie.partition("=")[2].rpartition(".")[0])
            if TOKEN.sub("", ours) != TOKEN.sub("", theirs):
                raise AssertionError("the floor and the portal send different pages")
