"""Addresses typed in the directory's search: asked when they name no commune, and nobody waits (R-24, R-62)."""

import threading
import time

import pytest
from litestar import Response
from litestar.testing import TestClient

from portal import app as application
from portal.pages.public.directory_addresses import addresses_typed
from portal.permissions import public
from portal.routing import async_page
from portal.web import PortalRequest
from tests.support.client import AuditingClient
from tests.support.entry import ask
from tests.support.sources import always, feature, found, running_host

STREET = feature("12 Rue de la République 69001 Lyon", 4.8357, 45.764)
TYPED = "12 rue de la république lyon"

pytestmark = pytest.mark.engines("sqlite", "postgresql")


@pytest.fixture
def host():
    with running_host() as one:
        one.answer = always(found(STREET))
        yield one


@pytest.fixture
def browser(settings, database, host, monkeypatch):
    """A browser on a page that does what the search does: await the addresses, then its own synchronous function."""

    @async_page("/essai", name="trial", guards=[public])
    async def trial(request: PortalRequest) -> Response[bytes]:
        addresses = await addresses_typed(request)
        return await request.database.run(_shown, request, addresses)

    def _shown(_: PortalRequest, addresses) -> Response[bytes]:
        return Response("|".join(address.label for address in addresses).encode(), media_type="text/plain")

    monkeypatch.setattr(application, "HANDLERS", [*application.HANDLERS, trial])
    settings = settings.model_copy(update={"database_url": database.url, "geocoder_url": host.url})
    app = application.create_app(settings, database=database)
    with TestClient(app, base_url="https://portal.test", raise_server_exceptions=False) as http:
        yield AuditingClient(http)


def test_street_address_is_found_where_a_service_is_set(browser) -> None:
    assert ask(browser, f"/essai?lieu={TYPED}").text == "12 Rue de la République 69001 Lyon"


@pytest.mark.parametrize("place", ["lyon", "69001", "saint denis", "", "Lyon (69)"])
def test_commune_or_nothing_is_sent_to_nobody(browser, host, place) -> None:
    assert ask(browser, f"/essai?lieu={place}").text == ""
    assert ask(browser, "/essai").text == ""
    assert host.asked == []


def test_slow_service_holds_up_no_other_page_and_no_connection(browser, host) -> None:
    host.answer = always(found(STREET), seconds=3)
    people = [threading.Thread(target=ask, args=(browser, f"/essai?lieu={number} {TYPED}")) for number in range(5)]
    begun = time.monotonic()
    for person in people:
        person.start()
    while len(host.asked) < len(people):
        time.sleep(0.01)
    assert browser.services.database.reader.pool.checkedout() == 0
    asked = time.monotonic()
    assert ask(browser, "/healthz").status_code == 200
    assert time.monotonic() - asked < 0.8
    for person in people:
        person.join()
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize("path", ["/professionnels-agrees", "/fragments/professionnels-agrees"])
def test_search_around_an_address_says_and_keeps_its_whole_name(browser, path) -> None:
    page = ask(browser, f"{path}?lieu={TYPED}").text
    assert "Personne ne répond" in page  # nobody is near, but the place is known
    assert "Vérifiez l’orthographe" not in page
    shown = ask(browser, f"/professionnels-agrees/carte?lieu={TYPED}").text
    assert '"centre": [45.764, 4.8357]' in shown
    assert "Carte des professionnels autour de 12 Rue de la République 69001 Lyon" in shown


def test_several_addresses_are_chosen_from_by_their_whole_names(browser, host) -> None:
    other = feature("12 Rue de la République 42000 Saint-Étienne", 4.39, 45.43)
    host.answer = always(found(STREET, other))
    page = ask(browser, f"/professionnels-agrees?lieu={TYPED}").text
    assert page.count("lieu=12+Rue+de+la+R%C3%A9publique+") == 2
    one = ask(browser, "/professionnels-agrees?lieu=12 Rue de la République 42000 Saint-Étienne").text
    assert "Personne ne répond" in one


def test_privacy_page_names_the_service_that_gets_typed_addresses(browser) -> None:
    assert "auprès de 127.0.0.1" in ask(browser, "/confidentialite").text
