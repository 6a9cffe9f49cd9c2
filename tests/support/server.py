"""`portal serve` as an operator runs it, in a process group that a test may kill."""

import os
import signal
import subprocess
import sys
import time

import httpx

from portal.settings import Settings

READY_SECONDS = 60
PROGRAM = [sys.executable, "-c", "from portal.cli import main; main()"]


class Server:
    """`portal serve` in a process group of its own."""

    def __init__(self, settings: Settings, url: str, workers: int) -> None:
        self.origin = settings.origin
        port = settings.origin.rpartition(":")[2]
        self._command = [*PROGRAM, "serve", "--port", port, "--workers", str(workers)]
        self._log = settings.data_folder / "server.log"
        self.environment = environment(settings, url)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Returns once it is ready; the seconds that took."""
        begun = time.monotonic()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, env=self.environment, start_new_session=True
            )
        while time.monotonic() < begun + READY_SECONDS:
            if self._process.poll() is None and is_ready(self.origin):
                return time.monotonic() - begun
            time.sleep(0.05)
        raise AssertionError(self._log.read_text(errors="replace")[-3000:])

    def end(self, how: signal.Signals) -> None:
        """Signals the whole group, and waits until the last of it has gone."""
        process, self._process = self._process, None
        if process is not None:
            os.killpg(process.pid, how)
            process.wait(READY_SECONDS)


def is_ready(origin: str) -> bool:
    try:
        return httpx.get(f"{origin}/readyz", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def environment(settings: Settings, url: str) -> dict[str, str]:
    ours = {
        "PORTAL_DATA_FOLDER": str(settings.data_folder),
        "PORTAL_DATABASE_URL": url,
        "PORTAL_ORIGIN": settings.origin,
        "PORTAL_SECRET_KEYS": settings.secret_keys[0].get_secret_value(),
        "PORTAL_DATA_KEYS": settings.data_keys[0].get_secret_value(),
    }
    return os.environ | ours
