"""Nobody copies the directory: reads are counted by network and by account, a search has an end (R-62)."""

from datetime import timedelta

import pytest
import time_machine

from portal.data.columns import utc_now
from portal.reading_guards import counted_map, counted_read, counted_suggestion
from portal.reading_limits import DAY, MINUTE, Allowance, Limit
from tests.pages.public.test_directory import OPEN, OWN, names, practice
from tests.support import factories
from tests.support.client import AuditingClient
from tests.support.entry import address, ask, enter, leave

SEARCH = f"{OPEN}?lieu=lyon&profession=opticien"
LIST_FRAGMENT, PLACES = f"/fragments{SEARCH}", f"/fragments{OPEN}/lieux?lieu=lyo"
HTMX = {"HX-Request": "true"}

pytestmark = pytest.mark.engines("sqlite")


@pytest.fixture
def limited(monkeypatch) -> None:
    """Four reads a minute and six a day for a network, three and five for an account; five suggestions."""
    network, account = (Limit(4, MINUTE), Limit(6, DAY)), (Limit(3, MINUTE), Limit(5, DAY))
    monkeypatch.setattr(counted_read, "allowance", Allowance("directory", network, account))
    monkeypatch.setattr(counted_suggestion, "allowance", Allowance("suggestions", (Limit(5, MINUTE),), account))


def statuses(client: AuditingClient, path: str, times: int) -> list[int]:
    return [ask(client, path).status_code for _ in range(times)]


def test_network_over_its_limit_is_told_when_to_come_back(client, limited) -> None:
    """Lists, fragments, sheets and cards count together, also those that do not exist."""
    sheet = f"{OPEN}/{'A' * 22}"
    read = [ask(client, path).status_code for path in (SEARCH, LIST_FRAGMENT, sheet, f"{sheet}/vcard")]
    assert read == [200, 200, 404, 404]
    page = client.get(SEARCH)
    assert client.status == 429
    assert 0 < int(client.answer.headers["retry-after"]) <= 60
    assert "Patientez une minute" in page.text
    assert page.css(".actions .button")[0].attributes["href"] == SEARCH
    assert statuses(client, sheet, 1) == statuses(client, f"{sheet}/vcard", 1) == [429]


def test_time_that_passes_opens_the_directory_again(client, limited) -> None:
    with time_machine.travel(utc_now(), tick=False) as clock:
        assert statuses(client, SEARCH, 5) == [200] * 4 + [429]
        clock.shift(timedelta(minutes=1))
        assert statuses(client, SEARCH, 3) == [200] * 2 + [429]
        page = client.get(SEARCH)
        assert "Vous pourrez reprendre le" in page.text
        assert int(client.answer.headers["retry-after"]) == DAY.total_seconds() - 60
        clock.shift(DAY)
        assert statuses(client, SEARCH, 1) == [200]


def test_other_networks_are_unaffected_and_one_network_is_a_whole_64(client, limited) -> None:
    with address(client, "2001:db8::1"):
        assert statuses(client, SEARCH, 4) == [200] * 4
    with address(client, "2001:db8::ffff:2"):
        assert statuses(client, SEARCH, 1) == [429]
    for other in ("2001:db8:0:1::1", "192.0.2.1", "192.0.2.2"):
        with address(client, other):
            assert statuses(client, SEARCH, 1) == [200]


@pytest.mark.parametrize("path", [OWN, OPEN])
def test_account_is_counted_across_networks_and_apart_from_its_own(client, make, limited, path) -> None:
    accounts = [make(factories.member_with_account)[1] for _ in range(2)]
    enter(client, accounts[0])
    for number in range(3):
        with address(client, f"192.0.2.{number}"):
            assert statuses(client, f"{path}?lieu=lyon", 1) == [200]
    with address(client, "192.0.2.9"):
        page = client.get(f"{path}?lieu=lyon")
        assert client.status == 429
        assert "Votre compte" in page.text
        enter(client, accounts[1])
        assert statuses(client, f"{path}?lieu=lyon", 1) == [200]
        leave(client)
        assert statuses(client, SEARCH, 4) == [200] * 4


def test_suggestions_have_a_limit_of_their_own(client, limited) -> None:
    assert statuses(client, PLACES, 6) == [200] * 5 + [429]
    assert statuses(client, SEARCH, 5) == [200] * 4 + [429]


def test_fragment_over_the_limit_swaps_nothing(client, limited) -> None:
    """A bare status: what is on the page stays, what was typed too, and portal.js says when to come back."""
    statuses(client, SEARCH, 4)
    answer = ask(client, LIST_FRAGMENT, headers=HTMX)
    assert (answer.status_code, answer.content) == (429, b"")
    assert int(answer.headers["retry-after"]) <= 60
    assert "hx-push-url" not in answer.headers


def test_refusal_leaves_neither_address_nor_search_in_the_log(client, limited, caplog) -> None:
    caplog.set_level("INFO")
    with address(client, "192.0.2.77"):
        statuses(client, SEARCH, 6)
    assert " 429\n" in caplog.text
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("portal")]
    assert not any(word in line for line in ours for word in ("192.0.2.77", "lieu=", "lyon"))


def test_stranger_is_not_counted_where_only_members_may_read(client, limited) -> None:
    leave(client)
    assert statuses(client, OWN, 6) == [303] * 6
    assert len(client.services.reading) == 0


def test_one_search_ends_after_ten_pages_and_says_how_to_go_on(client) -> None:
    with client.services.database.write() as db:
        for number in range(1, 231):
            db.add(practice(number, number / 2000))
    client.get(SEARCH)
    for page in range(1, 10):
        assert names(client)[0] == f"Optique {page * 20 - 19}"
        client.click("Les suivants")
    assert names(client)[-1] == "Optique 200"
    assert "Les suivants" not in client.page.text
    assert "précisez-la" in client.page.text
    assert "pas d’autre" not in client.page.text


def test_depth_of_a_page_cannot_be_forged(client) -> None:
    """A sheet's own name, or another kind's, does not say where a page starts: the first one is shown."""
    with client.services.database.write() as db:
        for number in range(1, 31):
            db.add(practice(number, number / 2000))
    client.get(SEARCH)
    sheet = client.page.css(".nearest strong a")[-1].attributes["href"].rpartition("/")[2]
    for forged in (sheet, client.services.keyring.conceal("person", [205])[0], "A" * 22, "", "2"):
        client.get(f"{SEARCH}&apres={forged}")
        assert names(client)[0] == "Optique 1"


def test_maps_have_a_limit_of_their_own_and_the_list_goes_on(client, monkeypatch) -> None:
    """A map names five hundred places, where a list shows twenty."""
    monkeypatch.setattr(counted_map, "allowance", Allowance("maps", (Limit(2, MINUTE),), (Limit(1, MINUTE),)))
    assert statuses(client, f"{OPEN}/carte?lieu=lyon", 3) == [200, 200, 429]
    assert statuses(client, SEARCH, 1) == [200]


def test_map_that_is_refused_says_so_in_its_frame(client, monkeypatch) -> None:
    """A refusal that no page may frame would be the browser's broken grey square."""
    monkeypatch.setattr(counted_map, "allowance", Allowance("maps", (Limit(0, MINUTE),), (Limit(0, MINUTE),)))
    page = client.get(f"{OPEN}/carte?lieu=lyon")
    assert client.status == 429
    assert "reprendre" in page.text or "Patientez" in page.text
    assert client.answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in client.answer.headers["content-security-policy"]
