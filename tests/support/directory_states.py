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


def suggested(page: Page) -> None:
    """Types the beginning of a name without its accents: communes are proposed under the field."""
    page.get_by_label("Où").press_sequentially("st eti")
    expect(page.get_by_role("option", name="Saint-Étienne (42)")).to_be_visible()
    page.get_by_label("Où").press("ArrowDown")


def map_drawn(page: Page) -> None:
    """Waits for the map beside the list."""
    frame = page.frame_locator("#carte")
    page.locator("#carte").scroll_into_view_if_needed()
    expect(frame.locator(".pin, .pins").first).to_be_visible()


def popup_open(page: Page) -> None:
    """Shows the nearest professional on the map, from the list."""
    map_drawn(page)
    page.locator("[data-portal-show]").first.click()
    expect(page.frame_locator("#carte").locator(".leaflet-popup .practice")).to_be_visible()


DIRECTORY_STATES = [
    State("directory", NOBODY, OPEN),
    State("directory, suggestions", NOBODY, OPEN, suggested),
    State("directory, results", NOBODY, f"{OPEN}?lieu=Lyon"),
    State("directory, in place", NOBODY, f"{OPEN}?lieu=Lyon", more_criteria),
    State("directory, several communes", NOBODY, f"{OPEN}?lieu=saint+denis"),
    State("directory, unknown place", NOBODY, f"{OPEN}?lieu=nulle+part"),
    State("directory, nobody", NOBODY, f"{OPEN}?lieu=Lyon&langue=it"),
    State("directory, map", NOBODY, f"{OPEN}?lieu=Lyon&carte=1", map_drawn),
    State("directory, map alone", NOBODY, f"{OPEN}/carte?lieu=Lyon"),
    State("directory, around a position", NOBODY, f"{OPEN}?position=45.764,4.836"),
    State("directory, member, map", MEMBER, f"{OWN}?lieu=Lyon&carte=1", popup_open),
    State("directory, member, map alone", MEMBER, f"{OWN}/carte?lieu=Lyon"),
    State("directory, sheet", NOBODY, f"{OPEN}?lieu=Lyon", first_sheet),
    State("directory, member", MEMBER, OWN),
    State("directory, member, results", MEMBER, f"{OWN}?lieu=75015&profession=dentiste"),
    State("directory, member, sheet", MEMBER, f"{OWN}?lieu=Lyon", first_sheet),
]
