"""Two servers on one PostgreSQL database (R-60, R-65): what one switches, the other obeys within a second."""

import time

import pytest
from litestar.testing import TestClient

from portal.app import create_app
from portal.data.accounts import Space
from portal.data.site_state import Service
from portal.site import SECONDS
from tests.support.client import AuditingClient
from tests.support.entry import ask, enter

pytestmark = pytest.mark.engines("postgresql")


@pytest.fixture
def other(settings, database):
    """A second application on the same database."""
    changes = {"database_url": database.url, "data_folder": settings.data_folder / "second"}
    with TestClient(create_app(settings.model_copy(update=changes)), base_url="https://portal.test") as http:
        yield AuditingClient(http)


def seconds_until(client: AuditingClient, path: str, status: int) -> float:
    """How long the server takes to answer so."""
    begun = time.monotonic()
    while ask(client, path).status_code != status:
        assert time.monotonic() - begun < 3 * SECONDS
        time.sleep(0.02)
    return time.monotonic() - begun


def test_maintenance_closes_and_opens_both_servers_within_a_second(client, other, plan) -> None:
    assert [ask(server, "/").status_code for server in (client, other)] == [200, 200]
    plan(-1)
    assert ask(client, "/").status_code == 503
    assert seconds_until(other, "/", 503) < 1.5 * SECONDS


def test_withdrawn_service_is_refused_by_both_servers_within_a_second(client, other, accounts, withdraw) -> None:
    for server in (client, other):
        enter(server, accounts["member"])
        assert ask(server, "/adherent/releves").status_code == 200
    withdraw(Space.MEMBER, Service.STATEMENTS)
    assert ask(client, "/adherent/releves").status_code == 403
    assert seconds_until(other, "/adherent/releves", 403) < 1.5 * SECONDS
