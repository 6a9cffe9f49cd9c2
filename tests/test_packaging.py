"""The wheel stands alone: installed into an empty environment, it serves its pages and styles from any folder."""

import os
import re
import secrets
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.support.browser import DemoServer, free_port, stop, wait_until_ready

ROOT = Path(__file__).parents[1]

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("packaging")]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that this checkout builds."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that holds the wheel; dependencies come from the tests' own, the portal does not."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    site = Path(
        subprocess.check_output(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True
        ).strip()
    )
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(site),
        str(wheel),
    ]
    subprocess.run(install, check=True)
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf8")
    return python


@pytest.fixture(scope="module")
def server(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    """`portal serve` from the wheel, on a new database, in an empty folder."""
    folder = tmp_path_factory.mktemp("empty")
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    keys = {f"PORTAL_{name}_KEYS": secrets.token_hex(32) for name in ("SECRET", "DATA")}
    environment = keys | {"PORTAL_ORIGIN": origin, "PATH": os.defpath}
    portal = [str(python), "-c", "from portal.cli import main; main()"]
    subprocess.run([*portal, "migrate"], cwd=folder, env=environment, check=True, capture_output=True)
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*portal, "serve", "--port", str(port)], cwd=folder, env=environment, stdout=output, stderr=output
        )
    started = DemoServer(origin, folder, process)
    try:
        wait_until_ready(started, log)
        yield started
    finally:
        stop(process)


def test_wheel_holds_code_templates_and_static_files(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("templates", "static"):
        files = [path for path in (ROOT / folder).rglob("*") if path.is_file()]
        assert files
        assert [path for path in files if f"portal/{path.relative_to(ROOT).as_posix()}" not in names] == []
    assert not [name for name in names if name.startswith(("tests/", "tools/"))]


def test_wheel_requires_what_the_lock_lists(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        metadata = next(name for name in opened.namelist() if name.endswith("METADATA"))
        required = re.findall(r"^Requires-Dist: ([\w.-]+)", opened.read(metadata).decode(), re.MULTILINE)
    locked = re.findall(
        r"^([\w.-]+)==", (ROOT / "requirements" / "runtime.txt").read_text(encoding="utf8"), re.MULTILINE
    )
    assert required
    assert {name.lower() for name in required} - set(locked) == set()


def test_installed_wheel_is_the_code_that_runs(python: Path, tmp_path: Path) -> None:
    where = [python, "-c", "import portal, portal.assets; print(portal.__file__, portal.assets.TEMPLATES)"]
    shown = subprocess.check_output(where, cwd=tmp_path, text=True)
    assert str(ROOT) not in shown


def test_installed_wheel_serves_a_page_and_its_styles(server: DemoServer) -> None:
    with urlopen(f"{server.origin}/connexion", timeout=10) as answer:
        page = answer.read().decode()
    assert "<h1>" in page
    (style,) = re.findall(r'<link rel="stylesheet" href="([^"]+)"', page)
    with urlopen(server.origin + style, timeout=10) as answer:
        assert answer.headers["content-type"] == "text/css; charset=utf-8"
        assert len(answer.read()) > 1000
