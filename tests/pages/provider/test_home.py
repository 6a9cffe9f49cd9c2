"""A health professional's start page: what waits for the practice, and for nobody else (R-40, R-42)."""

import pytest

from portal.data.case_desk import answer
from portal.data.columns import utc_now
from portal.data.invoice_dispute_desk import refuse_dispute
from portal.data.rights_freezes import freeze_checks, lift_checks
from portal.data.rights_patterns import Pattern
from tests.support import factories
from tests.support.disputes import REFUSED, at_desk, late, sent
from tests.support.entry import enter

HOME, RIGHTS = "/professionnel", "/professionnel/droits"
pytestmark = pytest.mark.engines("sqlite")


def told(client) -> dict[str, str]:
    """The tasks' titles, each with where it leads."""
    client.get(HOME)
    rows = client.page.css(".tasks > li")
    return {" ".join(row.css_first("strong").text().split()): row.css_first("a").attributes["href"] for row in rows}


def frozen(client, account):
    keyring = client.services.keyring
    with client.services.database.write() as db:
        return freeze_checks(db, factories.viewer_of(db, account), keyring, {Pattern.MISSES: 15}, "Vu.", utc_now())


def test_practice_with_nothing_to_do_sees_no_list_of_tasks(client, practice) -> None:
    assert told(client) == {}
    assert "À faire" not in client.page.text
    assert client.page.first("a.button").attributes["href"] == RIGHTS


def test_user_whose_checks_are_frozen_is_told_until_they_are_given_back(client, practice) -> None:
    """R-62: a colleague, whose own are not, is not told."""
    freeze = frozen(client, practice.user)
    ((title, href),) = told(client).items()
    assert title.startswith("Vérifications de droits gelées depuis le ")
    assert href == RIGHTS
    enter(client, practice.colleague)
    assert told(client) == {}
    enter(client, practice.user)
    with client.services.database.write() as db:
        agent = factories.viewer_of(db, factories.desk_account(db, client.services.keyring))
        lift_checks(db, agent, freeze.report_id, utc_now())
    assert told(client) == {}


def test_practice_is_told_of_its_late_invoices_and_of_no_others(client, practice) -> None:
    late(practice)
    late(practice, of=practice.theirs)
    ((title, href),) = told(client).items()
    assert title == "1 facture en retard : 80,00 € demandés"
    client.get(href)
    assert len(client.page.css("tbody th a")) == 1


def test_author_is_told_of_a_dispute_that_waits_then_that_it_was_decided(client, practice) -> None:
    """R-62: a dispute is its author's to read."""
    path = sent(client, practice, practice.invoice(**REFUSED))
    assert "contestation" not in " ".join(told(client))
    at_desk(client, lambda db, agent, keyring, case, now: answer(db, agent, keyring, case, "Bonjour.", now))
    assert told(client)["Une contestation attend une réponse de votre part"] == path
    for other in (practice.colleague, practice.stranger):
        enter(client, other)
        assert told(client) == {}
    enter(client, practice.user)
    at_desk(client, lambda db, agent, keyring, case, now: refuse_dispute(db, agent, keyring, case, "Motif.", now))
    assert told(client)["Une contestation décidée ces deux dernières semaines"] == path
