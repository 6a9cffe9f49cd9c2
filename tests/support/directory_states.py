"""The states of the directory's pages, for everybody and for members."""

from playwright.sync_api import Page, expect

from tests.support.states import NOBODY, State
from tests.support.visits import MEMBER

OPEN, OWN = "/professionnels-agrees", "/adherent/professionnels"


def first_sheet(page: Page) -> None:
    """Opens the nearest professional."""
    page.locator(".nearest a").first.click()
    expect(page.get_by_role("heading", name="Horaires")).to_be_visible()


def more_criteria(page: Page) -> None:
    """Opens the other criteria, and chooses one: the results follow in place."""
    page.get_by_text("Plus de critères").click()
    with page.expect_response("**/fragments/**"):
        page.get_by_label("Ouvert le samedi").check()


DIRECTORY_STATES = [
    State("directory", NOBODY, OPEN),
    State("directory, results", NOBODY, f"{OPEN}?lieu=Lyon"),
    State("directory, in place", NOBODY, f"{OPEN}?lieu=Lyon", more_criteria),
    State("directory, several communes", NOBODY, f"{OPEN}?lieu=saint+denis"),
    State("directory, unknown place", NOBODY, f"{OPEN}?lieu=nulle+part"),
    State("directory, nobody", NOBODY, f"{OPEN}?lieu=Lyon&langue=it"),
    State("directory, sheet", NOBODY, f"{OPEN}?lieu=Lyon", first_sheet),
    State("directory, member", MEMBER, OWN),
    State("directory, member, results", MEMBER, f"{OWN}?lieu=75015&profession=dentiste"),
    State("directory, member, sheet", MEMBER, f"{OWN}?lieu=Lyon", first_sheet),
]
