"""The states of the messages' pages, in the spaces that have them."""

from collections.abc import Callable

from playwright.sync_api import Page

from tests.support.states import State, fail, fail_in_place
from tests.support.visits import DEPENDANT, EMPLOYER, MEMBER

LIST, NEW = "/messagerie", "/messagerie/nouveau"


def open_thread(subject: str, then: Callable[[Page], object] | None = None) -> Callable[[Page], None]:
    """Opens the thread of this subject."""

    def go(page: Page) -> None:
        page.get_by_role("link", name=subject).click()
        page.wait_for_load_state("networkidle")
        if then:
            then(page)

    return go


def reply(page: Page) -> None:
    """Sends an answer, which comes back in the conversation."""
    page.get_by_label("Votre message").fill("Merci, c’est clair.")
    with page.expect_response("**/fragments/messagerie/**"):
        page.get_by_role("button", name="Envoyer le message").click()
    page.locator("[data-portal-said]").wait_for(state="attached")


MESSAGE_STATES = [
    State("messages", MEMBER, LIST),
    State("messages, none", DEPENDANT, LIST),
    State("messages, employer", EMPLOYER, LIST, open_thread("Bordereau de septembre")),
    State("message, answered", MEMBER, LIST, open_thread("Conditions d’utilisation")),
    State(
        "message, reply in error",
        MEMBER,
        LIST,
        open_thread("Cure thermale en mai", fail_in_place("Envoyer le message", "message")),
    ),
    State("message, answered in place", EMPLOYER, LIST, open_thread("Bordereau de septembre", reply)),
    State("message, new", MEMBER, NEW),
    State("message, new, error", EMPLOYER, NEW, fail("Envoyer")),
]
