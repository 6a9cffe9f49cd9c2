"""The states of « Vos données »: what is held, rights used at once, requests that the desk decides."""

from playwright.sync_api import Page, expect

from tests.support.cast import LIMITED
from tests.support.states import State, fail, press

FAMILY, SPOUSE, SIGNATORY, OPTICIAN, AGENT = "1000000016", "1000000032", "2000000014", "3000000012", "9000000019"
DATA = "/compte/donnees"
CORRECT, ERASE = f"{DATA}/demander/rectification", f"{DATA}/demander/effacement"


def read(right: str):
    """Opens the request about a right."""

    def follow(page: Page) -> None:
        page.get_by_role("link", name=right, exact=True).first.click()
        page.get_by_role("heading", name="Ce que vous demandez").wait_for()

    return follow


def draft(page: Page) -> None:
    page.get_by_label("Qu’est-ce qui est faux ?").select_option("prenom")
    page.get_by_label("Ce qui devrait être écrit").fill("Noémie")
    press("Continuer")(page)
    expect(page.get_by_role("button", name="Envoyer la demande")).to_be_visible()


def draft_without_proof(page: Page) -> None:
    page.get_by_label("Qu’est-ce qui est faux ?").select_option("naissance")
    page.get_by_label("Ce qui devrait être écrit").fill("31/12/1985")
    press("Continuer")(page)
    fail("Envoyer la demande")(page)


def choose_notices(page: Page) -> None:
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Enregistrer").click()
    page.wait_for_url("**/compte*")
    page.goto(page.evaluate("location.origin") + f"{DATA}/consentements")
    expect(page.get_by_role("button", name="Retirer")).to_be_visible()


def name_nobody(page: Page) -> None:
    page.get_by_label("Remettre une copie").check(force=True)
    fail("Enregistrer mes directives")(page)


DATA_RIGHTS_STATES = [
    State("data, a family's", FAMILY, DATA),
    State("data, nothing asked", SPOUSE, DATA),
    State("data, a company's user", SIGNATORY, DATA),
    State("data, a professional's", OPTICIAN, DATA),
    State("data, somebody of the desk", AGENT, DATA),
    State("data, limited", LIMITED, DATA),
    State("data request, refused", FAMILY, DATA, read("Effacement")),
    State("data request, takes longer", FAMILY, DATA, read("Accès")),
    State("data request, identity asked", LIMITED, DATA, read("Effacement")),
    State("data request, form", SPOUSE, ERASE),
    State("data request, form in error", SPOUSE, ERASE, fail("Envoyer la demande")),
    State("data request, another use", SPOUSE, f"{DATA}/demander/opposition"),
    State("correction of data, form", SPOUSE, CORRECT),
    State("correction of data, form in error", SPOUSE, CORRECT, fail("Continuer")),
    State("correction of data, a user's", SIGNATORY, CORRECT),
    State("correction of data, draft", SPOUSE, CORRECT, draft),
    State("correction of data, without its proof", SPOUSE, CORRECT, draft_without_proof),
    State("erasure", FAMILY, f"{DATA}/effacement"),
    State("objection, made", FAMILY, f"{DATA}/opposition"),
    State("objection, none", SIGNATORY, f"{DATA}/opposition"),
    State("restriction, form", SPOUSE, f"{DATA}/limitation"),
    State("restriction, form in error", SPOUSE, f"{DATA}/limitation", fail("Limiter l’usage de mes données")),
    State("restriction, in force", LIMITED, f"{DATA}/limitation"),
    State("restriction, something refused", LIMITED, "/adherent/demandes/nouvelle"),
    State("instructions after death, given", FAMILY, f"{DATA}/directives"),
    State("instructions after death, form", SPOUSE, f"{DATA}/directives"),
    State("instructions after death, form in error", SPOUSE, f"{DATA}/directives", name_nobody),
    State("consents, none", SIGNATORY, f"{DATA}/consentements"),
    State("consents, one", SPOUSE, "/compte/notifications", choose_notices),
]
