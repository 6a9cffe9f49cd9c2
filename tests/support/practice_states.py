"""The states of a practice's agreement, of the changes it asks for, and of its account."""

from playwright.sync_api import Page, expect

from tests.support.states import NOBODY, State, fail

OPTICIAN, PHARMACIST, HOSPITAL, SECOND = "3000000012", "3000000020", "3000000038", "3000000046"
AGREEMENT, BANK = "/professionnel/convention", "/professionnel/coordonnees-bancaires"


def draft_number(page: Page) -> None:
    page.get_by_label("Nouveau numéro FINESS").fill("990 000 119")
    page.get_by_role("button", name="Continuer").click()
    expect(page.get_by_role("button", name="Envoyer la demande")).to_be_visible()


def edit_draft(page: Page) -> None:
    draft_number(page)
    page.get_by_role("link", name="Modifier").click()
    expect(page.get_by_label("Nouveau numéro FINESS")).to_be_visible()


def send_without_proof(page: Page) -> None:
    draft_number(page)
    fail("Envoyer la demande")(page)


def read_first(page: Page) -> None:
    page.get_by_role("link", name="Changement d").first.click()
    page.get_by_role("heading", name="Ce que vous demandez").wait_for()


def read_number(page: Page) -> None:
    page.get_by_role("link", name="Changement de numéro FINESS").last.click()
    page.get_by_role("heading", name="Ce que vous demandez").wait_for()


def approve(page: Page) -> None:
    page.get_by_role("link", name="Relire et approuver").click()
    expect(page.get_by_role("button", name="Approuver ce changement")).to_be_visible()


PRACTICE_STATES = [
    State("agreement, a change in force", OPTICIAN, AGREEMENT),
    State("agreement, a change to decide", PHARMACIST, AGREEMENT),
    State("agreement, an account to approve", HOSPITAL, AGREEMENT),
    State("practice's change, in force", OPTICIAN, AGREEMENT, read_first),
    State("practice's change, sent", PHARMACIST, AGREEMENT, read_first),
    State("practice's change, accepted for a day", HOSPITAL, AGREEMENT, read_first),
    State("practice's change, refused", HOSPITAL, AGREEMENT, read_number),
    State("practice's address, form", OPTICIAN, f"{AGREEMENT}/demandes/adresse"),
    State("practice's address, form in error", OPTICIAN, f"{AGREEMENT}/demandes/adresse", fail("Continuer")),
    State("practice's address, asked already", PHARMACIST, f"{AGREEMENT}/demandes/adresse"),
    State("practice's number, form", OPTICIAN, f"{AGREEMENT}/demandes/finess"),
    State("practice's number, form in error", OPTICIAN, f"{AGREEMENT}/demandes/finess", fail("Continuer")),
    State("practice's number, draft", OPTICIAN, f"{AGREEMENT}/demandes/finess", draft_number),
    State("practice's number, draft corrected", OPTICIAN, f"{AGREEMENT}/demandes/finess", edit_draft),
    State("practice's number, without its proof", OPTICIAN, f"{AGREEMENT}/demandes/finess", send_without_proof),
    State("practice's account, pending", OPTICIAN, BANK),
    State("practice's account, in force", PHARMACIST, BANK),
    State("practice's account, to approve", HOSPITAL, BANK),
    State("practice's account, approval", HOSPITAL, BANK, approve),
    State("practice's account, own change", SECOND, BANK),
    State("practice's account, form", PHARMACIST, f"{BANK}/modifier"),
    State("practice's account, form in error", PHARMACIST, f"{BANK}/modifier", fail("Demander ce changement")),
    State("practice's account, signatures", PHARMACIST, f"{BANK}/signatures"),
    State("practice's account, to be stopped", NOBODY, "{practice_bank}", lands="/coordonnees-bancaires/annulation"),
]
