"""The states of what surrounds the contract: bank details, télétransmission, who reads whose benefits."""

from playwright.sync_api import Page

from tests.support.cast import ADOLESCENT
from tests.support.states import NOBODY, State, fail
from tests.support.visits import DEPENDANT, LEAVER, MEMBER, PROVIDER, SINGLE

BANK, CHANGE = "/adherent/coordonnees-bancaires", "/adherent/coordonnees-bancaires/modifier"
OTHER_IBAN = "DE89 3704 0044 0532 0130 00"


def change_account(page: Page) -> None:
    page.get_by_label("IBAN").fill(OTHER_IBAN)
    page.get_by_role("button", name="Enregistrer ce compte").click()
    page.get_by_text("Un nouveau compte attend son tour").wait_for()


def report(page: Page) -> None:
    page.get_by_label("Qu’est-ce qui est faux").select_option("garanties")
    page.get_by_label("Ce qui est affiché").fill("Le forfait affiché est celui de l’an dernier.")
    page.get_by_role("button", name="Envoyer le signalement").click()
    page.get_by_role("heading", name="Signalement D-").wait_for()


def ask_for_autonomy(page: Page) -> None:
    if page.get_by_role("button", name="Commencer la demande").count():
        page.get_by_role("button", name="Commencer la demande").click()
    else:
        page.locator(".rows a").first.click()
    page.get_by_role("heading", name="Votre pièce").first.wait_for()


def send_without_piece(page: Page) -> None:
    ask_for_autonomy(page)
    fail("Envoyer la demande")(page)


CONTRACT_STATES = [
    State("correction, form", PROVIDER, "/signaler-une-erreur"),
    State("correction, error", MEMBER, "/signaler-une-erreur?sujet=carte", fail("Envoyer le signalement")),
    State("correction, sent", MEMBER, "/signaler-une-erreur", report),
    State("bank details", MEMBER, BANK),
    State("bank details, none", LEAVER, BANK),
    State("bank details, form", MEMBER, CHANGE),
    State("bank details, form in error", MEMBER, CHANGE, fail("Enregistrer ce compte")),
    State("bank details, pending", SINGLE, CHANGE, change_account),
    State("bank details, stopped", NOBODY, "/coordonnees-bancaires/annule"),
    State("bank details, to be stopped", NOBODY, "{bank}", lands="/coordonnees-bancaires/annulation"),
    State("information", MEMBER, "/adherent/informations"),
    State("information, nothing found", MEMBER, "/adherent/informations?q=zzz"),
    State("information, article", MEMBER, "/adherent/informations/participation-forfaitaire-et-franchises"),
    State("information, glossary", SINGLE, "/adherent/informations/glossaire"),
    State("remote links", MEMBER, "/adherent/teletransmission"),
    State("remote links, never opened", LEAVER, "/adherent/teletransmission"),
    State("autonomy, adult", DEPENDANT, "/adherent/autonomie"),
    State("autonomy", ADOLESCENT, "/adherent/autonomie"),
    State("autonomy, request", ADOLESCENT, "/adherent/autonomie", ask_for_autonomy),
    State("autonomy, request in error", ADOLESCENT, "/adherent/autonomie", send_without_piece),
    State("sharing, of a dependant", DEPENDANT, "/adherent/partage"),
    State("sharing, seen by the member", MEMBER, "/adherent/partage"),
    State("sharing, nobody", SINGLE, "/adherent/partage"),
]
