"""`/metrics` of several workers (R-60): whichever is asked adds up what all of them counted."""

from urllib.parse import urlsplit

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.support.browser import free_port
from tests.support.server import Server

TOKEN = "un-jeton-de-trente-deux-caracteres"
ASKED = 40

pytestmark = [pytest.mark.slow, pytest.mark.engines("postgresql")]


@pytest.fixture
def server(settings, database, tmp_path):
    path = tmp_path / "token"
    path.write_text(TOKEN, encoding="utf8")
    settings.data_folder.mkdir(parents=True, exist_ok=True)
    local = settings.model_copy(update={"origin": f"http://127.0.0.1:{free_port()}"})
    started = Server(local, database.url, workers=2)
    started.environment |= {"PORTAL_METRICS_TOKEN_FILE": str(path), "PORTAL_WORKER": "separate"}
    started.start()
    yield started
    started.end(15)


def counted(origin: str) -> float:
    with httpx.Client() as http:  # a connection of its own: any worker may take it
        text = http.get(f"{origin}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return sum(s.value for s in samples if s.name == "portal_requests_total" and s.labels["template"] == "/aide")


def test_every_worker_tells_what_all_of_them_counted(server) -> None:
    assert urlsplit(server.origin).port
    for _ in range(ASKED):
        httpx.get(f"{server.origin}/aide")
    assert [counted(server.origin) for _ in range(8)] == [ASKED] * 8
