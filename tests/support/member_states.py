"""The states of the pages of statements and benefits, and of the spaces' own start pages."""

from datetime import timedelta

from playwright.sync_api import Page, expect

from portal.data.sessions import Stage
from portal.formatting import today
from tests.support.cast import LONG, NEWCOMER, PORTABLE
from tests.support.states import NOBODY, State, fail
from tests.support.visits import DEPENDANT, DESK, EMPLOYER, LEAVER, MEMBER, PROVIDER, SINGLE

LIST, STATEMENTS = "/adherent/prestations", "/adherent/releves"
LATER = today() + timedelta(days=30)


def open_explanation(page: Page) -> None:
    page.locator(".line a").first.click()
    page.locator(".explanation .words summary").click()


def load_more_and_explain(page: Page) -> None:
    page.get_by_role("link", name="Afficher la suite").click()
    expect(page.get_by_role("heading", name="Suite des prestations")).to_be_focused()
    open_explanation(page)


def open_last_page(page: Page) -> None:
    while page.get_by_role("link", name="Afficher la suite").count():
        page.goto(page.url.partition("/adherent")[0] + str(page.locator("#suite a").get_attribute("href")))


def open_line(page: Page) -> None:
    page.goto(page.url.partition("/adherent")[0] + str(page.locator(".line a").first.get_attribute("href")))


def ask_for_the_future(page: Page) -> None:
    page.get_by_label("Du", exact=True).fill(LATER.isoformat())
    fail("Éditer ce relevé")(page)


def ask_for_a_statement(page: Page) -> None:
    page.get_by_label("Du", exact=True).fill((today() - timedelta(days=90)).isoformat())
    page.get_by_label("Au", exact=True).fill(today().isoformat())
    page.get_by_role("button", name="Éditer ce relevé").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Relevé n°")


def open_menu(page: Page) -> None:
    button = page.get_by_role("button", name="Menu", exact=True)
    if button.is_visible():
        button.click()


MEMBER_STATES = [
    State("public start", NOBODY, "/"),
    State("portability, past", LEAVER, "/adherent/portabilite"),
    State("portability, under way", PORTABLE, "/adherent/portabilite"),
    State("portability, none", SINGLE, "/adherent/portabilite"),
    State("demonstration", NOBODY, "/demonstration"),
    State("sign-in, error", NOBODY, "/connexion", fail("Se connecter")),
    State("code", EMPLOYER, "/connexion/code", stage=Stage.CODE),
    State("code, error", DESK, "/connexion/code", fail("Valider"), stage=Stage.CODE),
    State("home", MEMBER, "/adherent"),
    State("home, empty", NEWCOMER, "/adherent"),
    State("home, long names", LONG, "/adherent"),
    State("home, ended contract", LEAVER, "/adherent"),
    State("home, adult dependant", DEPENDANT, "/adherent"),
    State("home, menu open", SINGLE, "/adherent", open_menu),
    State("list, first page", MEMBER, LIST),
    State("list, last page", MEMBER, LIST, open_last_page),
    State("list, following lines and explanation", MEMBER, LIST, load_more_and_explain),
    State("list, filtered to nothing", MEMBER, f"{LIST}?q=introuvable&soin=cure"),
    State("list, error", MEMBER, f"{LIST}?du=2026-02-01&au=2026-01-01&etat=inconnu"),
    State("list, empty", NEWCOMER, LIST),
    State("list, long names", LONG, LIST, open_explanation),
    State("line", MEMBER, LIST, open_line),
    State("line, long names", LONG, LIST, open_line),
    State("statements", MEMBER, STATEMENTS),
    State("statements, empty", NEWCOMER, STATEMENTS),
    State("statements, error", MEMBER, STATEMENTS, ask_for_the_future),
    State("statement", MEMBER, STATEMENTS, ask_for_a_statement),
    State("statement, long names", LONG, STATEMENTS, ask_for_a_statement),
    State("employer", EMPLOYER, "/employeur"),
    State("provider", PROVIDER, "/professionnel"),
    State("desk", DESK, "/gestion"),
    State("not allowed", MEMBER, "/employeur"),
    State("not found", MEMBER, f"{LIST}/inconnue"),
    State("guarantees", MEMBER, "/adherent/garanties"),
    State("guarantees, searched", SINGLE, "/adherent/garanties?q=couronne"),
    State("guarantees, nothing found", MEMBER, "/adherent/garanties?q=zzz"),
    State("guarantees, wrong day", DEPENDANT, "/adherent/garanties?le=hier"),
    State("guarantees, refunds", MEMBER, "/adherent/garanties/remboursements"),
    State("simulator", MEMBER, "/adherent/garanties/simulateur"),
    State("simulator, estimate", MEMBER, "/adherent/garanties/simulateur?soin=CS&secteur=hors_optam&prix=80"),
    State("simulator, error", MEMBER, "/adherent/garanties/simulateur?soin=CS&prix=rien"),
]
