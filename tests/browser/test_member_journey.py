"""The member's main job in a real browser: by touch, by keyboard, without JavaScript (R-01, R-21, R-22, A6, A7)."""

import re
from datetime import date, timedelta
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from portal.formatting import today
from tests.support.browser import Tab
from tests.support.keyboard import press_link, tab_once, tab_to
from tests.support.visits import MEMBER, arrive

HEALTH_WORDS = re.compile(r"Consultation|remboursé|Dépense|pharmacie|optique", re.IGNORECASE)
PAGE_OF_LINES = 20
CHILD = "Zoé"
LEFT_BEHIND = """async () => ({
    local: {...localStorage}, session: {...sessionStorage}, cookies: document.cookie,
    databases: (await indexedDB.databases()).length, caches: (await caches.keys()).length})"""


# --- steps that the ways share ---


def follow_latest_payment(page: Page) -> Locator:
    """From the start page's amount to the lines that it paid; returns their group."""
    amount = page.locator(".hero .amount").inner_text()
    page.get_by_role("link", name="Comprendre ce montant").tap()
    group = page.locator(".groups > li", has=page.get_by_role("heading", name=amount))
    expect(group).to_have_count(1)
    return group


def assert_adds_up(explanation: Locator) -> None:
    """The shares of the amount, as read on the screen, make what was spent."""
    spent, *parts = [cents(text) for text in explanation.locator(".in-short, .shares li").all_inner_texts()]
    assert sum(parts) == spent


def cents(text: str) -> int:
    """The first amount in a text: « 1 234,56 € » is 123456."""
    euros, hundredths = re.search(r"([\d\s\u00a0\u202f]*\d),(\d\d)\s€", text).groups()  # type: ignore[union-attr]
    return int(re.sub(r"\s", "", euros) + hundredths)


def filter_of(page: Page, start: date) -> None:
    """Chooses a child and a first day; without JavaScript nothing happens before « Appliquer »."""
    page.get_by_label("Bénéficiaire").select_option(label=CHILD)
    page.get_by_label("Du", exact=True).fill(start.isoformat())


def assert_filtered(page: Page, start: date) -> None:
    expect(page).to_have_url(re.compile(rf"/adherent/prestations\?.*du={start.isoformat()}"))
    expect(page.locator(".chip")).to_have_count(2)
    people = page.locator(".line .sub:not(.needed)").all_inner_texts()
    assert people
    assert all(words.startswith(f"{CHILD} ·") for words in people)


def issue_statement(page: Page, origin: str) -> None:
    page.goto(f"{origin}/adherent/releves")
    page.locator("button[name=periode][value*='-']:visible").first.tap()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Relevé n°")


def assert_pdf_arrives(page: Page) -> None:
    with page.expect_download() as download:
        page.get_by_role("link", name="Télécharger en PDF").click()
    assert download.value.suggested_filename.endswith(".pdf")
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF-1.7")


def assert_leaves_nothing(tab: Tab) -> None:
    """Signs out: storages hold a path at most, and « Back » shows nobody's health (A6, A7)."""
    before = tab.page.evaluate(LEFT_BEHIND)
    assert before["local"] == {}
    assert set(before["session"]) <= {"htmx-current-path-for-history"}
    assert all(path.startswith("/adherent") for path in before["session"].values())
    assert (before["cookies"], before["databases"], before["caches"]) == ("", 0, 0)
    assert all(cookie["httpOnly"] and cookie["expires"] == -1 for cookie in tab.context.cookies())
    tab.page.get_by_role("button", name="Se déconnecter").click()
    expect(tab.page).to_have_url(f"{tab.origin}/connexion")
    assert not [cookie for cookie in tab.context.cookies() if "session" in cookie["name"]]
    tab.page.go_back()
    expect(tab.page).to_have_url(re.compile(r"/connexion\?suite="))
    assert not HEALTH_WORDS.search(tab.page.content())


# --- the three ways ---


def test_member_goes_the_whole_way_by_touch_on_a_phone(open_tab) -> None:
    tab = open_tab("phone")
    page = arrive(tab)
    group = follow_latest_payment(page)
    group.locator(".line a").first.tap()
    expect(page.locator(".explanation .in-short")).to_be_focused()
    assert_adds_up(page.locator(".explanation"))
    page.get_by_role("link", name="Afficher la suite").tap()
    expect(page.locator(".line")).to_have_count(2 * PAGE_OF_LINES)
    expect(page.get_by_role("heading", name="Suite des prestations")).to_be_focused()
    page.locator(".filters > summary").tap()
    start = today() - timedelta(days=300)
    filter_of(page, start)
    page.get_by_label("Au", exact=True).tap()
    assert_filtered(page, start)
    expect(page.locator("#portal-status")).to_have_text(re.compile(r"\d+\slignes? trouvées?"))
    issue_statement(page, tab.origin)
    assert_pdf_arrives(page)
    assert_leaves_nothing(tab)


def test_member_goes_the_whole_way_without_javascript(open_tab) -> None:
    tab = open_tab("phone", javascript=False)
    page = arrive(tab)
    group = follow_latest_payment(page)
    group.locator(".line a").first.tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("Pourquoi ce montant\u00a0?")
    assert_adds_up(page.locator(".explanation"))
    page.get_by_role("link", name="Vos prestations").tap()
    first = page.locator(".line a").first.get_attribute("href")
    page.get_by_role("link", name="Afficher la suite").tap()
    expect(page.locator(".line")).to_have_count(PAGE_OF_LINES)
    assert page.locator(".line a").first.get_attribute("href") != first
    page.locator(".filters > summary").tap()
    start = today() - timedelta(days=300)
    filter_of(page, start)
    page.get_by_role("button", name="Appliquer").tap()
    assert_filtered(page, start)
    issue_statement(page, tab.origin)
    assert_pdf_arrives(page)
    assert_leaves_nothing(tab)


def test_member_goes_the_whole_way_by_keyboard_alone(open_tab) -> None:
    arrive(open_tab())  # a browser not seen before would ask for a code
    tab = open_tab()
    page = tab.go("/connexion")
    assert tab_once(page)["words"] == "Aller au contenu"
    page.keyboard.press("Enter")
    tab_to(page, lambda on: on["id"] == "identifiant")
    page.keyboard.type(MEMBER)
    tab_to(page, lambda on: on["id"] == "mot-de-passe")
    page.keyboard.type("Demo-portail-2026!")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{tab.origin}/adherent")
    press_link(page, "Comprendre ce montant")
    expect(page).to_have_url(re.compile(rf"^{tab.origin}/adherent/prestations#l-"))
    expect(page.locator(".line a:target")).to_be_focused()
    load_more_by_keyboard(page)
    page.goto(page.url.partition("#")[0])
    filter_by_keyboard(page)
    explain_by_keyboard(page)
    issue_by_keyboard(page)
    assert_pdf_arrives(page)
    page.keyboard.press("Control+Home")
    assert_leaves_nothing(tab)


def filter_by_keyboard(page: Page) -> None:
    assert tab_once(page)["words"] == "Aller au contenu"
    page.keyboard.press("Enter")
    tab_to(page, lambda on: on["id"] == "beneficiaire")
    page.keyboard.type("Camille")
    expect(page.locator(".chip")).to_have_count(1)
    expect(page.locator("#portal-status")).to_have_text(re.compile(r"lignes trouvées"))
    expect(page.locator("#beneficiaire")).to_be_focused()
    tab_to(page, lambda on: on["id"] == "du")
    page.keyboard.type(f"0101{today().year - 1}")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"du={today().year - 1}-01-01"))
    expect(page.locator("#du")).to_be_focused()


def explain_by_keyboard(page: Page) -> None:
    press_link(page, "Pourquoi ce montant")
    expect(page.locator(".explanation .in-short")).to_be_focused()
    assert tab_once(page)["words"] == "Les mots du calcul"
    page.keyboard.press("Enter")
    expect(page.locator(".words dl")).to_be_visible()


def load_more_by_keyboard(page: Page) -> None:
    press_link(page, "Afficher la suite")
    expect(page.get_by_role("heading", name="Suite des prestations")).to_be_focused()
    assert "Pourquoi ce montant" in str(tab_once(page)["words"])


def issue_by_keyboard(page: Page) -> None:
    page.goto(page.url.partition("/adherent")[0] + "/adherent")
    press_link(page, "Relevés")
    expect(page.get_by_role("heading", level=1)).to_have_text("Vos relevés")
    tab_to(page, lambda on: str(on["words"]).startswith("Éditer"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Relevé n°")


def test_keyboard_opens_and_leaves_the_phones_menu(open_tab) -> None:
    tab = open_tab("phone")
    page = arrive(tab)
    button = page.get_by_role("button", name="Menu", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    menu = page.get_by_role("navigation", name="Navigation principale")
    expect(menu).to_be_visible()
    assert tab_once(page)["words"] == "Fermer le menu"
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(button).to_be_focused()


def test_finger_goes_through_the_phones_menu_without_javascript(open_tab) -> None:
    tab = open_tab("phone", javascript=False)
    page = arrive(tab)
    page.get_by_role("button", name="Menu", exact=True).tap()
    page.get_by_role("navigation", name="Navigation principale").get_by_role("link", name="Relevés").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("Vos relevés")
