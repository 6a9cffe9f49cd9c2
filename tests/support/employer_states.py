"""The states of the employer's other pages: calls for contributions, the contract, mandates, files of employees."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Page, expect

from tests.support.states import State, fail
from tests.support.visits import EMPLOYER

CALLS, MANDATES, FILES = "/employeur/cotisations", "/employeur/utilisateurs/mandats", "/employeur/salaries/fichiers"
PAYROLL = "/employeur/contrat/parametrage"
TITLES = "action;matricule;nir;nom;prenom;date_naissance;categorie;date_effet"


def call(rest: str = "", then: Callable[[Page], object] | None = None) -> Callable[[Page], None]:
    """Opens the newest call for contributions."""

    def go(page: Page) -> None:
        page.locator("tbody th a").first.click()
        expect(page.get_by_role("heading", name="Le compte")).to_be_visible()
        if then:
            then(page)

    return go


def contest(page: Page) -> None:
    page.get_by_role("link", name="Contester").first.click()
    fail("Envoyer la contestation")(page)


def contested(page: Page) -> None:
    page.get_by_role("link", name="Contester").first.click()
    page.get_by_label("Expliquez").fill("Le prix affiché n’est pas celui du contrat.")
    page.locator("input[type=radio]").first.check(force=True)
    page.get_by_role("button", name="Envoyer la contestation").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Contestation")


def compared(page: Page) -> None:
    page.get_by_role("button", name="Comparer").click()
    expect(page.get_by_role("table").first).to_be_visible()


def mandated(page: Page) -> None:
    until = (datetime.now(UTC) + timedelta(days=200)).date().isoformat()
    texts = {"Cabinet ou courtier": "Cabinet Chiffre", "Prénom": "Odile", "Nom": "Compte"}
    for label, text in texts.items():
        page.get_by_label(label, exact=True).fill(text)
    page.get_by_label("Adresse e-mail professionnelle").fill("odile.compte@cabinet.example")
    page.locator("input[type=radio][value=lire]").first.check(force=True)
    page.get_by_label("Dernier jour du mandat").fill(until)
    page.get_by_role("button", name="Donner le mandat").click()
    expect(page.get_by_role("heading", name="Mandats en cours")).to_be_visible()


def one_mandate(page: Page) -> None:
    mandated(page)
    page.get_by_role("link", name="Modifier").first.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def sent(page: Page) -> None:
    """Sends a file with one row, of a day that does not exist."""
    content = f"{TITLES}\r\nA;77001;;Essai;Paule;12/04/1990;NONCADRES;31/02/2026\r\n".encode()
    file = {"name": "paie.csv", "mimeType": "text/csv", "buffer": content}
    page.get_by_label("Fichier CSV ou XLSX").set_input_files(file)
    page.get_by_role("button", name="Envoyer le fichier").click()
    expect(page.get_by_role("button", name="Contrôler le fichier")).to_be_visible()


def checked(page: Page) -> None:
    sent(page)
    page.get_by_role("button", name="Contrôler le fichier").click()
    expect(page.get_by_role("heading", name="Lignes à relire")).to_be_visible(timeout=20_000)


def category(then: Callable[[Page], object] | None = None) -> Callable[[Page], None]:
    """Opens the first category of the contract."""

    def go(page: Page) -> None:
        page.get_by_role("link", name="Garanties, notice et documents").first.click()
        expect(page.get_by_role("heading", name="Documents, version par version")).to_be_visible()
        if then:
            then(page)

    return go


def look_for_nothing(page: Page) -> None:
    page.get_by_label("Chercher un soin").fill("zzz")
    page.get_by_role("button", name="Afficher").click()
    expect(page.get_by_role("heading", name="Aucune garantie ne contient")).to_be_visible()


def no_day(page: Page) -> None:
    page.goto(f"{page.url.partition('?')[0]}?le=demain")
    expect(page.locator("#erreurs")).to_be_visible()


def deliveries(page: Page) -> None:
    page.get_by_role("link", name="Remise aux salariés").first.click()
    expect(page.get_by_role("heading", name="Enregistrer une remise")).to_be_visible()


def badly_delivered(page: Page) -> None:
    deliveries(page)
    fail("Enregistrer la remise")(page)


def delivered(page: Page) -> None:
    """As after a press; the walk comes back, and nobody is left to give the notice to in the end."""
    deliveries(page)
    page.goto(f"{page.url}?faits=2")
    expect(page.get_by_role("heading", name="C’est enregistré")).to_be_visible()


def next_month(page: Page) -> None:
    page.get_by_role("link", name="Mois suivant").click()
    expect(page.get_by_role("heading", name="Mois à venir")).to_be_visible()


def figures(page: Page) -> None:
    page.get_by_text("Les chiffres, mois par mois").click()
    expect(page.get_by_role("table")).to_be_visible()


EMPLOYER_STATES = [
    State("employer home, figures", EMPLOYER, "/employeur", figures),
    State("calls", EMPLOYER, CALLS),
    State("calls, one", EMPLOYER, CALLS, call()),
    State("calls, compared", EMPLOYER, CALLS, compared),
    State("calls, contested, error", EMPLOYER, CALLS, call(then=contest)),
    State("calls, contested", EMPLOYER, CALLS, call(then=contested)),
    State("group contract", EMPLOYER, "/employeur/contrat"),
    State("group contract, a category", EMPLOYER, "/employeur/contrat", category()),
    State("group contract, a category, nothing found", EMPLOYER, "/employeur/contrat", category(look_for_nothing)),
    State("group contract, a category, error", EMPLOYER, "/employeur/contrat", category(no_day)),
    State("notices given", EMPLOYER, "/employeur/contrat", category(deliveries)),
    State("notices given, error", EMPLOYER, "/employeur/contrat", category(badly_delivered)),
    State("notices given, done", EMPLOYER, "/employeur/contrat", category(delivered)),
    State("payroll sheet", EMPLOYER, PAYROLL),
    State("payroll sheet, next month", EMPLOYER, PAYROLL, next_month),
    State("payroll sheet, before the contract", EMPLOYER, f"{PAYROLL}?mois=2010-01"),
    State("payroll sheet, error", EMPLOYER, f"{PAYROLL}?mois=2010-99"),
    State("mandates", EMPLOYER, MANDATES),
    State("mandates, new, error", EMPLOYER, f"{MANDATES}/nouveau", fail("Donner le mandat")),
    State("mandates, one", EMPLOYER, f"{MANDATES}/nouveau", one_mandate),
    State("files of employees", EMPLOYER, FILES),
    State("files of employees, error", EMPLOYER, FILES, fail("Envoyer le fichier")),
    State("files of employees, columns", EMPLOYER, FILES, sent),
    State("files of employees, checked", EMPLOYER, FILES, checked),
]
