"""The conversation of a dispute about an invoice, added to in place (R-40)."""

from portal.data.invoice_dispute_desk import refuse_dispute
from tests.support.disputes import REFUSED, at_desk, sent
from tests.support.swap import assert_swap_equals_reload, swap_into

FORM = "#conversation form"


def test_message_swapped_in_equals_the_page_reloaded(client, practice) -> None:
    sent(client, practice, practice.invoice("F1", **REFUSED))
    swapped = swap_into(client, FORM, message="Voici le numéro d’accord.")
    assert "Message envoyé." in swapped
    assert_swap_equals_reload(client, FORM, message="") if client.status == 422 else client.get(client.path_of_page)
    assert "Voici le numéro d’accord." in client.answer.text


def test_message_that_comes_too_late_is_shown_and_not_lost(client, practice) -> None:
    """R-10"""
    path = sent(client, practice, practice.invoice("F1", **REFUSED))
    client.get(path)
    at_desk(client, lambda db, who, keys, case, now: refuse_dispute(db, who, keys, case, "Non.", now))
    swapped = swap_into(client, FORM, message="Encore un mot.")
    assert client.status == 422
    assert "Encore un mot." in swapped
    assert "est terminée" in swapped
