"""The states of the pages about beneficiaries: the demonstration's requests, their forms, and people without any."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.support.cast import LONG
from tests.support.states import State, fail
from tests.support.visits import DEPENDANT, LEAVER, MEMBER

LIST = "/adherent/beneficiaires"
GUIDE = f"{LIST}/ajout"
INCOMPLETE, DRAFT, SENT, ACCEPTED = "Alix Modèle", "Jade Exemple", "Noé Exemple", "Malik Exemple"


def open_request(name: str, end: str = "", then: Callable[[Page], object] | None = None) -> Callable[[Page], None]:
    """Opens the request about somebody; `end` of its address: the page that sends it, its form."""

    def go(page: Page) -> None:
        path = page.locator("section:has(#demandes) a", has_text=name).get_attribute("href")
        page.goto(page.url.partition("/adherent")[0] + f"{path}{end}")
        if then:
            then(page)

    return go


def open_slot(page: Page) -> None:
    """The page of one piece, which the form leads to without scripts."""
    action = page.locator("form.upload").first.get_attribute("action")
    page.goto(page.url.partition("/adherent")[0] + str(action))


def press(name: str) -> Callable[[Page], None]:
    """Follows the link of this name."""
    return lambda page: page.get_by_role("link", name=name, exact=True).click()


def correct_in_place(page: Page) -> None:
    press("Corriger : Zoé Exemple")(page)
    expect(page.get_by_role("heading", name="Ce que nous savons de Zoé Exemple")).to_be_focused()


def correct_nothing(page: Page) -> None:
    page.goto(page.url.partition("/adherent")[0] + _address(page, "Corriger : Zoé Exemple"))
    fail("Continuer")(page)


def remove_without_reason(page: Page) -> None:
    page.goto(page.url.partition("/adherent")[0] + _address(page, "Retirer Zoé Exemple"))
    fail("Voir la date de fin")(page)


def empty_the_name(page: Page) -> None:
    page.get_by_label("Prénom", exact=True).fill("")
    fail("Enregistrer et continuer")(page)


def choose_in_place(page: Page) -> None:
    page.get_by_text("Un enfant", exact=True).click()
    page.get_by_text("Naissance", exact=True).click()
    expect(page.get_by_role("heading", name="Les pièces à préparer")).to_be_visible()


def _address(page: Page, link: str) -> str:
    return str(page.get_by_role("link", name=link, exact=True).get_attribute("href"))


BENEFICIARY_STATES = [
    State("beneficiaries", MEMBER, LIST),
    State("beneficiaries, long names", LONG, LIST),
    State("beneficiaries, dependant", DEPENDANT, LIST),
    State("beneficiaries, ended contract", LEAVER, LIST),
    State("beneficiaries, correcting in place", MEMBER, LIST, correct_in_place),
    State("correction, error", MEMBER, LIST, correct_nothing),
    State("removal, error", MEMBER, LIST, remove_without_reason),
    State("addition, start", MEMBER, GUIDE),
    State("addition, chosen in place", MEMBER, GUIDE, choose_in_place),
    State("addition, ascendant", MEMBER, f"{GUIDE}?lien=ascendant&motif=fin_couverture"),
    State("request, draft", MEMBER, LIST, open_request(DRAFT)),
    State("request, form", MEMBER, LIST, open_request(INCOMPLETE, "?modifier=oui")),
    State("request, form with error", MEMBER, LIST, open_request(DRAFT, "?modifier=oui", empty_the_name)),
    State("request, to complete", MEMBER, LIST, open_request(INCOMPLETE)),
    State("request, sent", MEMBER, LIST, open_request(SENT)),
    State("request, accepted", MEMBER, LIST, open_request(ACCEPTED)),
    State("request, review", MEMBER, LIST, open_request(DRAFT, "/envoi")),
    State("request, review with error", MEMBER, LIST, open_request(DRAFT, "/envoi", fail("Envoyer ma demande"))),
    State("piece of a request", MEMBER, LIST, open_request(DRAFT, "", open_slot)),
]
