"""The states of the pages of exemptions: the register, one in each situation, the forms."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.support.states import State, fail
from tests.support.visits import EMPLOYER

REGISTER = "/employeur/dispenses"


def open_one(situation: str, then: Callable[[Page], object] | None = None) -> Callable[[Page], None]:
    """Opens the first exemption of the register in a situation."""

    def go(page: Page) -> None:
        page.locator("tbody tr", has_text=situation).first.locator("th a").click()
        expect(page.get_by_role("heading", name="Les preuves")).to_be_visible()
        if then:
            then(page)

    return go


def follow(link: str, then: Callable[[Page], object] | None = None) -> Callable[[Page], None]:
    """Follows a link of the page."""

    def go(page: Page) -> None:
        page.get_by_role("link", name=link).click()
        expect(page.locator("main form").first).to_be_visible()
        if then:
            then(page)

    return go


def filtered(page: Page) -> None:
    page.get_by_label("Afficher", exact=True).select_option("terminees")
    expect(page.locator("tbody tr").first).to_contain_text("Refusée")


def refused(page: Page) -> None:
    page.get_by_text("Refuser la demande").click()
    fail("Refuser")(page)


def without_file(page: Page) -> None:
    fail("Joindre : Demande écrite du salarié")(page)


EXEMPTION_STATES = [
    State("exemptions", EMPLOYER, REGISTER),
    State("exemptions, filtered", EMPLOYER, REGISTER, filtered),
    State("exemptions, error", EMPLOYER, f"{REGISTER}?etat=inconnu"),
    State("exemption, to decide", EMPLOYER, REGISTER, open_one("À décider")),
    State("exemption, refused without a reason", EMPLOYER, REGISTER, open_one("À décider", refused)),
    State("exemption, to complete, error", EMPLOYER, REGISTER, open_one("Pièces à joindre", without_file)),
    State("exemption, by a file", EMPLOYER, REGISTER, open_one("Sans preuve")),
    State("exemption, ended", EMPLOYER, REGISTER, open_one("Terminée")),
    State("exemption, refused", EMPLOYER, REGISTER, open_one("Refusée")),
    State(
        "exemption, renewed, error",
        EMPLOYER,
        REGISTER,
        open_one("En cours", follow("Renouveler, ou changer de cas", fail("Enregistrer la demande"))),
    ),
    State(
        "exemption, end, error",
        EMPLOYER,
        REGISTER,
        open_one("En cours", follow("Affilier ce salarié", fail("Affilier le salarié"))),
    ),
]
