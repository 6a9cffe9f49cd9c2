"""Two agents at the desk at once, in real browsers: who reads what, by hand and by keys (R-05)."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from portal.data.accounts import Account
from portal.data.columns import utc_now
from portal.data.messages import Topic, begin_thread
from portal.data.work_items import Urgency
from tests.support import factories, work
from tests.support.account_states import SUPERVISOR
from tests.support.visits import DESK, MEMBER

LIST = "/gestion/file"


@pytest.fixture
def urgent(site) -> str:
    """A message that is due before everything else, its reference."""
    with site.database.write() as db:
        author = factories.viewer_of(db, db.get_one(Account, site.account_of(MEMBER)))
        long_due = utc_now() - timedelta(days=900 + factories.next_number())
        title = f"Une question {factories.next_number()}"
        case = begin_thread(db, author, site.keyring, Topic.CONTRACT, title, "Bonjour.", utc_now())
        item = work.item_of(db, case)
        item.urgency, item.order_at = Urgency.URGENT, long_due
        return case.reference


def open_request(page: Page, reference: str) -> None:
    """Opens it, and waits until the desk knows."""
    with page.expect_response(lambda answer: answer.url.endswith("/presence")):
        page.get_by_role("link", name=reference, exact=True).click()
    expect(page.locator("#presence")).to_be_visible()


def test_agent_is_told_live_that_a_colleague_opens_the_same_request(open_tab, site, urgent) -> None:
    """Nothing is reloaded: what the page asks by itself tells, on the request and in the list."""
    agent, colleague = open_tab("desktop"), open_tab("desktop")
    site.enter(agent, site.account_of(DESK))
    site.enter(colleague, site.account_of(SUPERVISOR))
    first = agent.go(f"{LIST}?reference={urgent}")
    open_request(first, urgent)
    expect(first.locator("#presence")).to_contain_text("Aucun collègue")
    second = colleague.go(f"{LIST}?reference={urgent}")
    expect(second.locator("tbody")).to_contain_text("Ouvert par Inès Témoin")
    open_request(second, urgent)
    expect(second.locator("#presence")).to_contain_text("Ouvert en ce moment par Inès Témoin")
    expect(first.locator("#presence")).to_contain_text("Ouvert en ce moment par Marc Prototype", timeout=40_000)
    assert not agent.problems + colleague.problems


def test_second_of_two_who_take_it_learns_who_has_it(open_tab, site, urgent) -> None:
    agent, colleague = open_tab("desktop"), open_tab("desktop")
    site.enter(agent, site.account_of(DESK))
    site.enter(colleague, site.account_of(SUPERVISOR))
    pages = [tab.go(f"{LIST}?reference={urgent}") for tab in (agent, colleague)]
    for page in pages:
        page.get_by_role("button", name="Je m’en charge").click()
    expect(pages[0].locator("#suivi")).to_contain_text("Vous, depuis le")
    expect(pages[1].locator("#erreurs")).to_contain_text("Inès Témoin s’occupe déjà de ce dossier")


def test_agent_works_by_keys_alone_until_they_are_switched_off(open_tab, site, urgent) -> None:
    """WCAG 2.1.4: single keys can be switched off; typing is never taken for them."""
    tab = open_tab("desktop")
    site.enter(tab, site.account_of(DESK))
    page = tab.go(LIST)
    page.keyboard.press("j")
    expect(page.locator("tbody th a").first).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("link", name=urgent)).to_be_focused()
    page.keyboard.press("x")
    expect(page.locator("tbody tr").first.locator("input")).to_be_checked()
    page.keyboard.press("m")
    expect(page.locator("#suivi")).to_contain_text("Vous, depuis le")
    page = tab.go(LIST)
    page.keyboard.press("?")
    page.get_by_role("button", name="Raccourcis activés").click()
    page.reload()
    page.keyboard.press("j")
    expect(page.locator("tbody th a").first).not_to_be_focused()
    page.keyboard.press("n")
    assert page.url.endswith(LIST)
    assert not tab.problems


def test_agent_without_scripts_takes_and_hands_over(open_tab, site, urgent) -> None:
    tab = open_tab("phone", javascript=False)
    site.enter(tab, site.account_of(DESK))
    page = tab.go(f"{LIST}?reference={urgent}")
    page.get_by_role("button", name="Je m’en charge").tap()
    page.get_by_role("link", name="Confier à un collègue").tap()
    page.get_by_label("À qui").select_option("Marc Prototype")
    page.get_by_label("Un mot pour vos collègues").fill("Vous connaissez cette personne.")
    page.get_by_role("button", name="Confier ce dossier").tap()
    expect(page.locator("#suivi")).to_contain_text("Inès Témoin a confié ce dossier à Marc Prototype")
    expect(page.locator("#suivi")).to_contain_text("Vous connaissez cette personne.")
