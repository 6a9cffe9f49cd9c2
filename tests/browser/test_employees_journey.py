"""Work on the table of employees in a real browser: with the keyboard alone, and without JavaScript (R-30, A6, A7)."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session

from portal.data.accounts import Account
from portal.data.columns import utc_now
from portal.formatting import today
from tests.support import staff
from tests.support.keyboard import focused_on, press_link, tab_to, tab_to_field
from tests.support.terms import accept_version
from tests.support.visits import Site

LIST = "/employeur/salaries"
NAMES = ("Durand", "Dupont", "Martin", "Moreau", "Petit")


@pytest.fixture
def clerk(site: Site) -> int:
    """The account of a payroll clerk whose company has five employees in the first of two categories."""
    with site.database.write() as db:
        return _company(db, site).id or 0


def _company(db: Session, site: Site) -> Account:
    company = staff.company(db, "Ateliers du clavier")
    contract = staff.group_contract(db, company)
    category = staff.category(db, contract)
    staff.category(db, contract, "CADRES")
    clerk = staff.user(db, site.keyring, company, display_name="Claude Paie")
    accept_version(db, clerk)
    who = staff.acting(site.keyring, clerk, utc_now())
    for number, name in enumerate(NAMES):
        hired = {"hired_on": today() - timedelta(days=number), "starts_on": today()}
        staff.employee(db, who, contract, category, last_name=name, matricule=f"C{number}", **hired)
    return clerk


def shows(page: Page, *expected: str) -> None:
    expect(page.locator("tbody th")).to_have_text([f"{name} Paule" for name in expected])


def keep_focus(page: Page, field: str) -> None:
    """What was swapped took the focus from nobody."""
    assert focused_on(page)["id"] == field


def test_clerk_works_on_the_table_with_the_keyboard_alone_r30(open_tab, site, clerk) -> None:
    """Search, filter, sort, choose, change together, edit in place: the focus is always somewhere, and seen."""
    tab = open_tab("desktop")
    site.enter(tab, clerk)
    page = tab.go(LIST)
    tab_to_field(page, "q", "du")
    page.keyboard.press("Enter")
    shows(page, "Dupont", "Durand")
    keep_focus(page, "q")
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    tab_to(page, lambda on: on["id"] == "etat")
    page.keyboard.type("Sor")
    expect(page.get_by_role("heading", name="Aucun salarié ne correspond")).to_be_visible()
    keep_focus(page, "etat")
    page.keyboard.press("Home")
    shows(page, *sorted(NAMES))
    keep_focus(page, "etat")
    tab_to(page, lambda on: (on["tag"], on["words"]) == ("A", "Embauche"))
    page.keyboard.press("Enter")
    shows(page, *NAMES)
    expect(page.locator("th[aria-sort]")).to_have_text("Embauche")
    change_two(page)
    edit_number(page)
    assert not tab.problems


def change_two(page: Page) -> None:
    """Chooses the first two rows, and changes their category from today on."""
    for _ in range(2):
        tab_to(page, lambda on: on["tag"] == "INPUT" and page.evaluate("document.activeElement.type") == "checkbox")
        page.keyboard.press("Space")
    expect(page.locator("tbody input:checked")).to_have_count(2)
    tab_to(page, lambda on: "Changer la catégorie" in str(on["words"]), "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("plusieurs salariés")
    tab_to(page, lambda on: on["id"] == "categorie")
    page.keyboard.type("Cad")
    press_link(page, "Vérifier")
    expect(page.get_by_role("heading", name="Possible pour tous")).to_be_visible()
    press_link(page, "Confirmer pour 2")
    expect(page.get_by_text("2 salariés ont changé de catégorie.")).to_be_visible()
    expect(page.locator("td[data-label=Catégorie]", has_text=re.compile("^Cadres$"))).to_have_count(2)


def open_sheet(page: Page, name: str) -> None:
    press_link(page, f"{name} Paule")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Paule {name}")


def edit_in_place(page: Page) -> None:
    tab_to(page, lambda on: on["id"] == "modifier-matricule")
    page.keyboard.press("Enter")
    expect(page.locator("#matricule")).to_be_focused()


def edit_number(page: Page) -> None:
    """Opens an employee and changes the company's number in place: the field takes the focus, then gives it back."""
    open_sheet(page, "Petit")
    edit_in_place(page)
    page.keyboard.press("Control+A")
    page.keyboard.type("K-77")
    page.keyboard.press("Enter")
    expect(page.locator("#fiche dd", has_text="K-77")).to_be_visible()
    expect(page.locator("#matricule")).to_have_count(0)
    expect(page.locator("#modifier-matricule")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#matricule")).to_be_focused()
    press_link(page, "Annuler")
    expect(page.locator("#modifier-matricule")).to_be_focused()


def test_clerk_works_on_the_table_without_javascript_r30(open_tab, site, clerk) -> None:
    """The same work by whole pages: each answer shows what was asked, and keeps the filters."""
    tab = open_tab("desktop", javascript=False)
    site.enter(tab, clerk)
    page = tab.go(LIST)
    page.locator("#q").fill("du")
    page.get_by_role("button", name="Chercher").click()
    shows(page, "Dupont", "Durand")
    expect(page.locator("#q")).to_have_value("du")
    assert "du" not in page.url.partition("?")[2].split("=")  # a name stands in no address
    page.locator("#q").fill("")
    page.locator("#etat").select_option(label="Affilié")
    page.get_by_role("button", name="Chercher").click()
    page.get_by_role("link", name="Embauche").click()
    shows(page, *NAMES)
    expect(page.locator("#etat")).to_have_value("affilie")
    for name in NAMES[:2]:
        page.get_by_role("checkbox", name=f"Choisir {name}").check()
    page.get_by_role("button", name="Changer la catégorie des salariés cochés").click()
    page.locator("#categorie").select_option(label="Cadres")
    page.get_by_role("button", name="Vérifier").click()
    page.get_by_role("button", name="Confirmer pour 2").click()
    expect(page.get_by_text("2 salariés ont changé de catégorie.")).to_be_visible()
    page.get_by_role("link", name="Petit Paule").click()
    page.get_by_role("link", name="Modifier matricule").click()
    page.locator("#matricule").fill("K-77")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator("#fiche dd", has_text="K-77")).to_be_visible()
    assert not tab.problems


def test_number_taken_is_told_beside_its_field_and_keeps_the_focus_r30(open_tab, site, clerk) -> None:
    """Edited in place with another's number: the summary takes the focus, what was typed stays."""
    tab = open_tab("desktop")
    site.enter(tab, clerk)
    page = tab.go(LIST)
    open_sheet(page, "Martin")
    edit_in_place(page)
    page.keyboard.press("Control+A")
    page.keyboard.type("C0")
    page.keyboard.press("Enter")
    expect(page.locator("#matricule[aria-invalid=true]")).to_have_value("C0")
    assert focused_on(page)["tag"] != "BODY"
    assert not tab.problems
