"""The start page of a practice: what waits for it, counted as its lists show it (R-03, R-40, R-41)."""

import re
from datetime import timedelta

import pytest

from portal.data.case_desk import answer
from portal.data.columns import utc_now
from portal.data.invoice_dispute_desk import refuse_dispute
from portal.data.invoices import InvoiceState
from portal.data.rights_freezes import freeze_checks, lift_checks
from portal.data.rights_patterns import Pattern
from tests.support import factories
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
    enter(client, practice.user)
    at_desk(client, lambda db, who, keys, case, now: refuse_dispute(db, who, keys, case, "Motif.", now))
    assert told(client) == ["Une contestation décidée ces deux dernières semaines"]
    assert client.page.one(".tasks a").attributes["href"] == path


def test_user_whose_checks_are_frozen_is_told_until_they_are_given_back(client, practice) -> None:
    """R-62: a colleague, whose own are not, is not told."""
    keyring, database = client.services.keyring, client.services.database
    with database.write() as db:
        user = factories.viewer_of(db, practice.user)
        freeze = freeze_checks(db, user, keyring, {Pattern.MISSES: 15}, "Vu.", utc_now())
    (title,) = told(client)
    assert title.startswith("Vérifications de droits gelées depuis le ")
    assert client.page.one(".tasks a").attributes["href"] == "/professionnel/droits"
    enter(client, practice.colleague)
    assert told(client) == []
    enter(client, practice.user)
    with database.write() as db:
        lift_checks(db, factories.viewer_of(db, factories.desk_account(db, keyring)), freeze.report_id, utc_now())
    assert told(client) == []
