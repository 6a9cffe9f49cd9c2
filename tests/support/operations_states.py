"""The states of the supervisor's pages of operations."""

from playwright.sync_api import Page

from tests.support.account_states import SUPERVISOR
from tests.support.states import State

OPERATIONS = "/gestion/exploitation"


def verify(page: Page) -> None:
    """Asks for a verification of the evidence."""
    page.get_by_role("button", name="Vérifier maintenant").click()
    page.get_by_text("Une vérification est demandée ou en cours").wait_for()


OPERATIONS_STATES = [
    State("operations", SUPERVISOR, OPERATIONS),
    State("operations, verification asked", SUPERVISOR, OPERATIONS, verify),
    State("operations, imports", SUPERVISOR, f"{OPERATIONS}/imports"),
    State("operations, jobs", SUPERVISOR, f"{OPERATIONS}/taches"),
    State("operations, mail", SUPERVISOR, f"{OPERATIONS}/courrier"),
    State("operations, mail refused", SUPERVISOR, f"{OPERATIONS}/courrier?etat=refuses"),
]
