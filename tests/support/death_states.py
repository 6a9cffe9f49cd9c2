"""The states of the desk's pages about a death, and of letters on paper."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.support.people_states import PEOPLE, open_person
from tests.support.states import State, fail
from tests.support.visits import DESK

QUEUE, LETTERS = "/gestion/file?nature=deces", "/gestion/courriers"


def begin(page: Page) -> None:
    """The form that records a death."""
    open_person(page)
    page.get_by_role("link", name="Enregistrer un décès").click()
    expect(page.get_by_role("heading", name="Enregistrer un décès", level=1)).to_be_visible()


def record_nothing(page: Page) -> None:
    begin(page)
    fail("Enregistrer ce décès")(page)


def open_death(page: Page) -> None:
    """The death that the demonstration shows."""
    page.locator("[data-portal-row]").first.click()
    expect(page.get_by_role("heading", name="Directives de la personne")).to_be_visible()


def below(link: str, title: str, then: Callable[[Page], object] | None = None) -> Callable[[Page], None]:
    """A page below it, by its link."""

    def opened(page: Page) -> None:
        open_death(page)
        page.get_by_role("link", name=link).first.click()
        expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
        if then:
            then(page)

    return opened


WISH, CONTRACT = ("Lire et exécuter", "Directives de la personne"), ("Suivre", "Suivre le contrat")
HEIRS, UNDOING = ("Noter une réponse", "Répondre aux héritiers"), ("Annuler ce décès", "Annuler ce décès")
DEATH_STATES = [
    State("death, form", DESK, PEOPLE, begin),
    State("death, form in error", DESK, PEOPLE, record_nothing),
    State("death", DESK, QUEUE, open_death),
    State("death, instructions", DESK, QUEUE, below(*WISH)),
    State("death, instructions, error", DESK, QUEUE, below(*WISH, fail("Enregistrer ce résultat"))),
    State("death, contract", DESK, QUEUE, below(*CONTRACT)),
    State("death, contract, error", DESK, QUEUE, below(*CONTRACT, fail("Enregistrer cette suite"))),
    State("death, heirs", DESK, QUEUE, below(*HEIRS)),
    State("death, heirs, error", DESK, QUEUE, below(*HEIRS, fail("Noter cette réponse"))),
    State("death, undoing, error", DESK, QUEUE, below(*UNDOING, fail("Annuler ce décès"))),
    State("letters to post", DESK, LETTERS),
]
