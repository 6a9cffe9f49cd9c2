"""The states of the pages of a company's employees."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.support.states import State, fail
from tests.support.visits import EMPLOYER

LIST, ENTRY = "/employeur/salaries", "/employeur/salaries/affiliation"


def open_first(rest: str = "", then: Callable[[Page], object] | None = None) -> Callable[[Page], None]:
    """Opens the first employee of the list, or the page of an act on that one."""

    def go(page: Page) -> None:
        href = str(page.locator("tbody th a").first.get_attribute("href"))
        page.goto(page.url.partition("/employeur")[0] + href + rest)
        if then:
            then(page)

    return go


def preview_departure(page: Page) -> None:
    page.get_by_text("Licenciement", exact=True).click()
    page.get_by_role("button", name="Voir ce qui suivra").click()
    expect(page.get_by_role("heading", name="Ce qui suivra")).to_be_visible()


def load_more(page: Page) -> None:
    page.get_by_role("link", name="Afficher plus").press("Enter")
    expect(page.locator("tbody").nth(1).locator("a").first).to_be_focused()


def choose_two(page: Page) -> None:
    for box in page.locator("tbody input").all()[:2]:
        box.press("Space")
    page.get_by_role("button", name="Changer la catégorie des salariés cochés").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("plusieurs salariés")


def review(page: Page) -> None:
    fields = {"Prénom": "Paule", "Nom de naissance": "Essai", "Date de naissance": "1990-04-12"}
    for label, value in (fields | {"Date d’embauche": page.evaluate("new Date().toISOString().slice(0, 10)")}).items():
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_label("Catégorie", exact=True).select_option(index=1)
    page.get_by_role("button", name="Vérifier").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Vérifier")


EMPLOYEE_STATES = [
    State("employees", EMPLOYER, LIST),
    State("employees, more", EMPLOYER, LIST, load_more),
    State("employees, error", EMPLOYER, f"{LIST}?etat=inconnu"),
    State("employees, chosen", EMPLOYER, LIST, choose_two),
    State("employees, nobody chosen", EMPLOYER, f"{LIST}/groupe"),
    State("employee", EMPLOYER, f"{LIST}?etat=affilie", open_first()),
    State("employee, edited", EMPLOYER, f"{LIST}?etat=affilie", open_first("?modifier=categorie")),
    State("employee, portability", EMPLOYER, f"{LIST}?etat=portabilite", open_first()),
    State("leaver, portability", EMPLOYER, f"{LIST}?etat=portabilite", open_first("/suites")),
    State("leaver, gone", EMPLOYER, f"{LIST}?etat=sorti&tri=etat", open_first("/suites")),
    State("leaver, none", EMPLOYER, f"{LIST}?etat=affilie", open_first("/suites")),
    State("departure", EMPLOYER, f"{LIST}?etat=affilie", open_first("/sortie", preview_departure)),
    State("unpaid leave, error", EMPLOYER, f"{LIST}?etat=affilie", open_first("/conge", fail("Enregistrer le congé"))),
    State("return", EMPLOYER, f"{LIST}?etat=conge", open_first("/retour")),
    State("employee, correction", EMPLOYER, f"{LIST}?etat=affilie", open_first("/correction")),
    State("affiliation, error", EMPLOYER, ENTRY, fail("Vérifier")),
    State("affiliation, review", EMPLOYER, ENTRY, review),
]
