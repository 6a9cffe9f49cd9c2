"""Fragments of the list of invoices: a swapped page equals the reloaded one, and shows nothing more (R-40, R-72)."""

from datetime import date, timedelta
from urllib.parse import urlencode

import pytest
from selectolax.lexbor import LexborHTMLParser

from portal.data.invoices import InvoiceState
from portal.pages.provider.invoices import INVOICE
from tests.support.disputes import INVOICES, REFUSED
from tests.support.entry import ask, enter
from tests.support.evidence_rows import Evidence
from tests.support.html import Html
from tests.support.swap import assert_fragment_is_in_page, assert_swap_equals_reload, outline, swap_into

RESULTS = f"/fragments{INVOICES}"
MORE = f"{RESULTS}/suite"
FORM = "form[hx-post]"
NEWEST = date(2026, 3, 20)


@pytest.fixture
def many(practice):
    """Sixty invoices of three states, with one of another practice's."""
    lots = [practice.lot(f"LOT{at}").id for at in range(2)]
    states = (InvoiceState.PAID, InvoiceState.RECEIVED, InvoiceState.REJECTED)
    for at in range(60):
        values = REFUSED if states[at % 3] is InvoiceState.REJECTED else {"state": states[at % 3]}
        day = NEWEST - timedelta(days=at // 9)
        practice.invoice(f"F{at:02}", lot_id=lots[at % 2], patient=f"Zoé Exemple {at:02}", received_on=day, **values)
    practice.invoice("AUTRE", of=practice.theirs)
    return practice


def without_form(page: str) -> list[str]:
    """The page but its form, whose fields keep in the browser what the person typed."""
    document = LexborHTMLParser(page)
    for node in document.css("details.filters"):
        node.decompose()
    return outline(document.html or "")


@pytest.mark.parametrize(
    "fields",
    [
        {"etat": "rejetee"},
        {"etat": "en-retard"},
        {"etat": "contestee"},
        {"numero": "F07"},
        {"lot": "LOT1", "montant": "80"},
        {"du": "2026-03-18", "au": "2026-03-19"},
        {"numero": "F & + / = #"},
        {},
    ],
)
def test_filtered_list_swapped_equals_the_page_reloaded(client, many, fields) -> None:
    client.get(INVOICES)
    swapped = swap_into(client, FORM, **fields)
    pushed = client.answer.headers["hx-push-url"]
    client.get(pushed)
    assert pushed.partition("?")[0] == INVOICES
    assert without_form(swapped) == without_form(client.page.text)
    kept = client.form(FORM).values
    assert {name: kept[name] for name in fields} == {name: [value] for name, value in fields.items()}


def test_patient_searched_in_place_is_sealed_in_the_address(client, many) -> None:
    """R-40, A8"""
    client.get(INVOICES)
    page = Html(swap_into(client, FORM, patient="exemple 07"))
    assert [node.text() for node in page.css("tbody th a")] == ["F07"]
    assert "exemple" not in client.answer.headers["hx-push-url"].lower()


WRONG = [{"du": "2026-03-02", "au": "2026-03-01"}, {"montant": "rien"}, {"du": "31/02/2026"}]


@pytest.mark.parametrize("fields", WRONG)
def test_wrong_filter_swapped_equals_the_page_reloaded(client, many, fields) -> None:
    """Design rule 4: nothing is pushed, since the form is posted; the same fields in an address say the same."""
    client.get(INVOICES)
    swapped = swap_into(client, FORM, **fields)
    assert client.status == 422
    assert "hx-push-url" not in client.answer.headers
    client.get(f"{INVOICES}?{urlencode(fields)}")
    assert outline(swapped) == outline(client.page.text)


@pytest.mark.parametrize("fields", WRONG)
def test_corrected_filter_swapped_equals_the_page_reloaded(client, many, fields) -> None:
    client.get(f"{INVOICES}?{urlencode(fields)}")
    page = assert_swap_equals_reload(client, FORM, **dict.fromkeys(fields, ""), etat="rejetee")
    assert client.status == 200
    assert page.css("#erreurs, .error") == []


def test_following_invoices_are_those_of_the_next_page(client, many) -> None:
    """R-62: the cursor is the practice's own."""
    client.get(f"{INVOICES}?etat=payee")
    assert not client.page.css(".onward")
    client.get(INVOICES)
    first = {node.text() for node in client.page.css("tbody th a")}
    page = assert_fragment_is_in_page(client, ".onward a", "tbody")
    following = {node.text() for node in page.css("tbody th a")}
    assert first, len(following) == (50, 10)
    assert first | following == {f"F{at:02}" for at in range(60)}


def test_fragments_read_no_other_practice_and_refuse_a_foreign_place(client, many) -> None:
    """R-40, R-72, D3"""
    theirs = many.invoice("AILLEURS", of=many.theirs)
    assert ask(client, f"{MORE}?apres={many.name(INVOICE, theirs)}").status_code == 404
    client.get(INVOICES)
    page = Html(swap_into(client, FORM, numero="AUTRE"))
    assert page.css("tbody th a") == []


def test_reads_in_place_are_noted_as_those_of_the_page(client, many) -> None:
    """R-51"""
    client.get(INVOICES)
    evidence = Evidence(client)
    swap_into(client, FORM, etat="rejetee")
    (read,) = [row for row in evidence.fresh() if row.action == "invoices.read"]
    assert read.details["filters"] == {"etat": "rejetee"}
    assert read.details["invoices"] == 20


def test_colleague_filters_in_place_and_a_stranger_sees_nothing(client, many) -> None:
    """R-72"""
    for who, count in ((many.colleague, 20), (many.stranger, 0)):
        enter(client, who)
        client.get(INVOICES)
        page = Html(swap_into(client, FORM, etat="rejetee"))
        assert len(page.css("tbody th a")) == count
