"""The conversation of a dispute about an invoice, added to in place (R-40)."""

from portal.data.invoice_dispute_desk import refuse_dispute
from tests.support.disputes import REFUSED, at_desk, sent
from tests.support.swap import outline, swap_into

FORM = "#conversation form"


def test_message_swapped_in_equals_the_page_reloaded(client, practice) -> None:
    """What the swap says aloud is all that it has more."""
    path = sent(client, practice, practice.invoice("F1", **REFUSED))
    swapped = swap_into(client, FORM, message="Voici le numéro d’accord.")
    said = '<p class="vh" data-portal-said>Message envoyé.</p>'
    client.get(path)
    assert "Voici le numéro d’accord." in client.answer.text
    assert said in swapped.replace('data-portal-said=""', "data-portal-said")
    spoken = {"Message envoyé.", "<p [('class', 'vh'), ('data-portal-said', '')]>"}
    more = [line for line in outline(swapped) if line not in spoken]
    assert sorted(more) == sorted([*outline(client.page.text), "</p>"])


def test_message_that_comes_too_late_is_shown_and_not_lost(client, practice) -> None:
    """R-10"""
    path = sent(client, practice, practice.invoice("F1", **REFUSED))
    client.get(path)
    at_desk(client, lambda db, who, keys, case, now: refuse_dispute(db, who, keys, case, "Non.", now))
    swapped = swap_into(client, FORM, message="Encore un mot.")
    assert client.status == 422
    assert "Encore un mot." in swapped
    assert "est terminée" in swapped
