"""The list of transfers narrowed in place to those to look at (R-40, R-72)."""

from portal.pages.provider.invoices import TRANSFER
from tests.support.entry import ask
from tests.support.evidence_rows import Evidence
from tests.support.html import Html
from tests.support.swap import assert_swap_equals_reload

LIST = "/professionnel/versements"
NARROW = "#versements a[hx-get]"


def shown(page: Html) -> list[str]:
    return [node.text() for node in page.css("#versements tbody th a")]


def several(practice) -> None:
    """Transfers that reconcile, and one of each kind that does not."""
    known = practice.invoice("F1")
    for at in range(30):
        practice.pay(("F1", known, 100 + at), reference=f"JUSTE{at:02}")
    practice.pay(("F1", known, 100), reference="ECART", amount=101)
    practice.pay(("F404", None, 100), reference="INCONNUE")
    practice.pay(reference="SANS-LIGNE", amount=100)
    practice.pay(("F1", known, 500), ("F1", known, -100), reference="REPRIS")
    practice.pay(("F404", None, 100), reference="AUTRE", of=practice.theirs)


def test_transfers_to_look_at_swapped_equal_the_page_reloaded(client, practice) -> None:
    """R-40: a gap, an unknown invoice, no line yet; the months beside them stay whole."""
    several(practice)
    client.get(LIST)
    page = assert_swap_equals_reload(client, NARROW)
    assert client.path_of_page == f"{LIST}?etat=a-regarder"
    assert shown(page) == ["SANS-LIGNE", "INCONNUE", "ECART"]
    client.click("Tout effacer")
    assert len(shown(client.page)) == 25


def test_practice_with_nothing_to_look_at_is_told_so(client, practice) -> None:
    """R-40: an unknown word narrows nothing."""
    practice.pay(("F1", practice.invoice("F1"), 100), reference="JUSTE")
    client.get(f"{LIST}?etat=a-regarder")
    assert "Rien à regarder" in client.answer.text
    client.get(f"{LIST}?etat=%27+OR+1%3D1")
    assert shown(client.page) == ["JUSTE"]


def test_narrowed_list_goes_on_by_key_and_refuses_a_foreign_place(client, practice) -> None:
    """R-62, D3"""
    for at in range(27):
        practice.pay(("F404", None, 100), reference=f"V{at:02}")
        practice.pay(("F1", practice.invoice(f"F{at}"), 100), reference=f"JUSTE{at:02}")
    theirs = practice.pay(("F404", None, 100), reference="AUTRE", of=practice.theirs)
    client.get(f"{LIST}?etat=a-regarder")
    first = shown(client.page)
    client.get(client.page.one("#suite a").attributes["href"])
    assert first + shown(client.page) == [f"V{at:02}" for at in reversed(range(27))]
    foreign = practice.name(TRANSFER, theirs)
    assert ask(client, f"/fragments{LIST}?apres={foreign}").status_code == 404


def test_narrowed_read_is_noted_with_its_filter(client, practice) -> None:
    """R-51"""
    several(practice)
    evidence = Evidence(client)
    client.get(f"{LIST}?etat=a-regarder")
    (read,) = [row for row in evidence.fresh() if row.action == "transfers.read"]
    assert read.details["filters"] == {"etat": "a-regarder"}
