"""The start page of a practice: what waits for it, counted as its lists show it (R-03, R-40, R-41)."""

import re
from datetime import timedelta

import pytest

from portal.data.case_desk import answer
from portal.data.invoices import InvoiceState
from tests.support.disputes import REFUSED, at_desk, late, sent
from tests.support.entry import enter

HOME = "/professionnel"

pytestmark = pytest.mark.engines("sqlite")


def told(client) -> list[str]:
    """What the page says is to be done."""
    client.get(HOME)
    return [re.sub(r"\s+", " ", node.text()) for node in client.page.css(".tasks strong")]


def fill(practice, of=None) -> None:
    recent = practice.today - timedelta(days=20)
    practice.invoice("PIECE", of, state=InvoiceState.PIECE_DUE, accepted_cents=0)
    practice.invoice("REJET", of, received_on=recent, **REFUSED)
    practice.invoice("ANCIEN", of, received_on=recent - timedelta(days=90), **REFUSED)
    practice.pay(("INCONNUE", None, 5_000), of=of, paid_on=recent)
    practice.pay(("INCONNUE", None, 5_000), of=of, paid_on=recent - timedelta(days=400), reference="VIEUX")


@pytest.mark.parametrize("who", ["user", "colleague"])
def test_practice_sees_what_waits_and_where_to_do_it(client, practice, who) -> None:
    """R-40: each link leads to a list that holds what was counted."""
    fill(practice)
    late(practice)
    enter(client, getattr(practice, who))
    assert told(client) == [
        "Une facture attend une pièce de votre part",
        "1 facture en retard de paiement : 80,00 €",
        "1 facture rejetée, reçue ces soixante derniers jours",
        "1 virement à regarder, sur douze mois",
    ]
    links = [link.attributes["href"] for link in client.page.css(".tasks a")]
    for link, number in zip(links, ("PIECE", "TARD", "REJET", "VIR1"), strict=True):
        assert number in client.get(link).css("tbody")[0].text()


def test_practice_with_nothing_to_do_is_told_so(client, practice) -> None:
    """R-03: what waits for another practice is no business of this one's."""
    fill(practice, of=practice.theirs)
    late(practice, of=practice.theirs)
    assert told(client) == []
    assert "Rien ne vous attend" in client.answer.text


def test_author_alone_is_told_of_a_dispute_that_waits_for_an_answer(client, practice) -> None:
    """R-40: the link leads to the dispute itself."""
    path = sent(client, practice, practice.invoice("F1", **REFUSED))
    assert told(client) == []
    at_desk(client, lambda db, who, keys, case, now: answer(db, who, keys, case, "Quel jour", now))
    assert told(client) == ["Une contestation attend une réponse de votre part"]
    assert client.page.one(".tasks a").attributes["href"] == path
    enter(client, practice.colleague)
    assert told(client) == []
