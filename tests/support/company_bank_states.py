"""The states of a company's account: seen, changed, approved, signed for by one or two."""

from playwright.sync_api import Page, expect

from tests.support.cast import LONE
from tests.support.states import NOBODY, State, fail
from tests.support.visits import EMPLOYER

PAGE = "/employeur/coordonnees-bancaires"
SECOND_SIGNATORY = "2000000030"


def approve(page: Page) -> None:
    page.get_by_role("link", name="Relire et approuver").click()
    expect(page.get_by_role("button", name="Approuver ce changement")).to_be_visible()


def ask_for_two_alone(page: Page) -> None:
    page.locator("input[type=radio][value='2']").check(force=True)
    fail("Enregistrer")(page)


def sign(page: Page) -> None:
    page.get_by_label("IBAN").fill("FR76 3000 6000 0112 3456 7890 189")
    page.locator("input[type=checkbox]").check(force=True)
    page.get_by_role("button", name="Signer le mandat").click()
    page.get_by_text("Un nouveau compte attend son tour").wait_for()


COMPANY_BANK_STATES = [
    State("company's account, to approve", EMPLOYER, PAGE),
    State("company's account, approval", EMPLOYER, PAGE, approve),
    State("company's account, own change", SECOND_SIGNATORY, PAGE),
    State("company's account, form", EMPLOYER, f"{PAGE}/modifier"),
    State("company's account, form in error", EMPLOYER, f"{PAGE}/modifier", fail("Signer le mandat")),
    State("company's account, signatures", EMPLOYER, f"{PAGE}/signatures"),
    State("company's account, none", LONE, PAGE),
    State("company's account, alone for two", LONE, f"{PAGE}/signatures", ask_for_two_alone),
    State("company's account, pending", LONE, f"{PAGE}/modifier", sign),
    State("company's account, to be stopped", NOBODY, "{company_bank}", lands="/coordonnees-bancaires/annulation"),
]
