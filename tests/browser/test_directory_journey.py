"""An approved professional found in a real browser: by touch, by keyboard on the map, where the device is, and without
JavaScript; no request leaves the portal (R-24; open_tab fails on one)."""

import re

import pytest
from playwright.sync_api import Page, expect

OPEN = "/professionnels-agrees"
LYON = {"latitude": 45.76404321, "longitude": 4.83571234}


def map_of(page: Page):
    """The map's document, once its markers are there."""
    page.locator("#carte").scroll_into_view_if_needed()
    frame = page.frame_locator("#carte")
    expect(frame.locator(".pin, .pins").first).to_be_visible()
    return frame


@pytest.mark.parametrize("javascript", [True, False], ids=["by touch", "without JavaScript"])
def test_anybody_finds_a_dentist_by_a_name_that_several_communes_have(open_tab, javascript) -> None:
    page = open_tab("phone", javascript=javascript).go(OPEN)
    page.get_by_label("Où").fill("st denis")
    page.get_by_role("button", name="Chercher").tap()
    page.get_by_role("link", name="Saint-Denis (93)").tap()
    page.get_by_label("Qui").select_option("dentiste")
    page.get_by_role("button", name="Chercher").tap()
    expect(page.locator(".nearest small").first).to_contain_text("Chirurgien-dentiste")
    expect(page).to_have_url(re.compile("profession=dentiste"))
    page.locator(".nearest a").first.tap()
    expect(page.get_by_role("heading", name="Horaires")).to_be_visible()


def test_commune_is_chosen_by_keyboard_from_what_is_proposed(open_tab) -> None:
    """Abbreviated and unaccented, as people type; WAI-ARIA's combobox: the focus never leaves the field."""
    page = open_tab().go(OPEN)
    field = page.get_by_role("combobox", name=re.compile("Où"))
    field.press_sequentially("st etienne")
    first = page.locator("#lieux [role=option]").first
    expect(first).to_have_text("Saint-Étienne (42)")
    expect(field).to_have_attribute("aria-expanded", "true")
    expect(page.locator("#communes-dites")).to_have_text(re.compile(r"^\d communes? proposée"))
    field.press("ArrowDown")
    expect(field).to_have_attribute("aria-activedescendant", first.get_attribute("id"))
    field.press("Escape")
    expect(first).to_be_hidden()
    expect(field).to_have_attribute("aria-expanded", "false")
    expect(field).to_be_focused()
    field.press_sequentially(" ")
    field.press("Backspace")
    expect(first).to_be_visible()
    field.press("ArrowUp")
    field.press("ArrowDown")
    field.press("Enter")
    expect(page.get_by_role("heading", name="Autour de Saint-Étienne (42)")).to_be_visible()
    expect(page.locator("#lieux [role=option]:visible")).to_have_count(0)


def test_commune_is_chosen_by_touch_from_what_is_proposed(open_tab) -> None:
    page = open_tab("phone").go(OPEN)
    page.get_by_label("Où").tap()
    page.get_by_label("Où").press_sequentially("lyo")
    page.get_by_role("option", name="Lyon (69)", exact=True).tap()
    expect(page.get_by_role("heading", name="Autour de Lyon (69)")).to_be_visible()


def test_list_and_map_follow_each_other(open_tab) -> None:
    """Choose on the list, the map opens it; choose on the map by keyboard, the list marks it."""
    page = open_tab().go(f"{OPEN}?lieu=Lyon&carte=1")
    frame = map_of(page)
    first = page.locator(".nearest > li").first
    first.get_by_role("link", name="Sur la carte").click()
    popup = frame.locator(".leaflet-popup .practice")
    expect(popup.get_by_role("link").first).to_have_text(first.get_by_role("link").first.inner_text())
    expect(first).to_have_attribute("aria-current", "true")
    frame.get_by_role("button", name="Fermer").press("Enter")
    expect(popup).to_have_count(0)
    marker = frame.locator(".pin:focus")
    expect(marker).to_have_attribute("aria-label", re.compile(", à "))
    first.evaluate("row => row.removeAttribute('aria-current')")
    marker.press("Enter")
    expect(popup).to_be_visible()
    expect(first).to_have_attribute("aria-current", "true")


FOCUSED = "() => document.activeElement.getAttribute('aria-label') || document.activeElement.className"
# How many stops of the Tab key the markers make, and how many of them there are.
STOPS = """() => {
    const markers = [...document.querySelectorAll(".pin, .pins")];
    return [markers.filter(each => each.tabIndex === 0).length, markers.length];
}"""
METRES = re.compile(r"à ([\d,]+)\s(k?m)$")


def metres(words: str) -> float:
    number, unit = METRES.search(words).groups()
    return float(number.replace(",", ".")) * (1000 if unit == "km" else 1)


def drawn_in(page: Page):
    """The map's frame, whose own script answers."""
    map_of(page)
    return next(frame for frame in page.frames if "/carte?" in frame.url)


def test_markers_are_one_stop_of_the_keyboard_and_arrows_go_from_the_nearest(open_tab) -> None:
    page = open_tab().go(f"{OPEN}?lieu=Paris&carte=1")
    frame = drawn_in(page)
    stops, markers = frame.evaluate(STOPS)
    assert stops == 1
    assert markers > 3
    frame.locator(".leaflet-container").focus()
    expect(frame.locator("#touches")).to_have_css("clip-path", "none")
    expect(frame.locator(".leaflet-container")).to_have_accessible_description(re.compile("du plus proche"))
    page.keyboard.press("Tab")
    met = [frame.evaluate(FOCUSED)]
    for _ in range(markers):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(30)
        met.append(frame.evaluate(FOCUSED))
    assert len(set(met)) > 3
    assert met[-1] == met[-2]
    alone = [metres(words) for words in met if METRES.search(words)]
    assert alone == sorted(alone)
    assert frame.evaluate(STOPS)[0] == 1
    page.keyboard.press("Home")
    assert frame.evaluate(FOCUSED) == met[0]
    page.keyboard.press("ArrowLeft")
    assert frame.evaluate(FOCUSED) == met[0]
    page.keyboard.press("End")
    assert frame.evaluate(FOCUSED) == met[-1]
    page.keyboard.press("Tab")
    expect(frame.get_by_role("button", name="Agrandir", exact=True)).to_be_focused()
    page.keyboard.press("Shift+Tab")
    assert frame.evaluate(FOCUSED) == met[-1]


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_group_that_is_opened_by_keyboard_hands_the_focus_to_what_it_held(open_tab, key) -> None:
    page = open_tab().go(f"{OPEN}?lieu=Paris&carte=1")
    frame = drawn_in(page)
    group = frame.locator(".pins").first
    group.focus()
    for _ in range(12):
        if not frame.locator(".pins:focus").count():
            break
        page.keyboard.press(key)
        page.wait_for_timeout(600)
    expect(frame.locator(".pin:focus")).to_have_count(1)
    page.keyboard.press(key)
    expect(frame.locator(".leaflet-popup .practice")).to_be_visible()


def test_place_that_the_map_does_not_hold_is_shown_by_a_map_that_does(open_tab) -> None:
    """Who is open changes between the list and the map; and one may press before the map is there."""
    page = open_tab().go(f"{OPEN}?lieu=Lyon&carte=1")
    drawn_in(page)
    page.evaluate(
        "address => { document.getElementById('carte').src = address; }", f"{OPEN}/carte?lieu=Saint-Denis+(974)"
    )
    expect(page.frame_locator("#carte").get_by_role("heading", name="Saint-Denis (974)")).to_be_attached()
    row = page.locator(".nearest > li").nth(2)
    row.get_by_role("link", name="Sur la carte").click()
    popup = page.frame_locator("#carte").locator(".leaflet-popup .practice")
    expect(popup.get_by_role("link").first).to_have_text(row.get_by_role("link").first.inner_text())
    expect(row).to_have_attribute("aria-current", "true")


def test_map_that_was_moved_offers_to_search_there(open_tab) -> None:
    page = open_tab().go(f"{OPEN}?lieu=Lyon&profession=dentiste&carte=1")
    frame = map_of(page)
    here = frame.get_by_role("link", name="Chercher ici")
    expect(here).to_be_hidden()
    for _ in range(8):
        frame.locator(".leaflet-container").press("ArrowLeft")
        page.wait_for_timeout(300)
    here.click()
    expect(page.get_by_role("heading", level=2).first).to_contain_text("près de")
    expect(page).to_have_url(re.compile(r"profession=dentiste.*position=45\.\d{3}"))


def test_device_gives_a_rounded_position_when_it_is_asked(open_tab) -> None:
    tab = open_tab("phone", geolocation=LYON, permissions=["geolocation"])
    sent = []
    tab.context.on("request", lambda request: sent.append(request.url))
    page = tab.go(OPEN)
    page.get_by_role("button", name="Autour de moi").tap()
    expect(page.get_by_role("heading", level=2).first).to_contain_text("près de Lyon")
    assert any("position=45.764%2C4.836" in url or "position=45.764,4.836" in url for url in sent)
    assert not any("45.76404" in url for url in sent)


def test_device_that_keeps_its_position_leaves_the_typed_search(open_tab) -> None:
    page = open_tab("phone").go(OPEN)
    page.get_by_role("button", name="Autour de moi").tap()
    expect(page.get_by_text("Tapez votre commune")).to_be_visible()
    expect(page.get_by_label("Où")).to_be_focused()


def test_map_without_scripts_says_that_the_list_is_enough(open_tab) -> None:
    page = open_tab(javascript=False).go(f"{OPEN}?lieu=Lyon&carte=1")
    expect(page.frame_locator("#carte").get_by_text("La liste, elle, s’en passe")).to_be_visible()
    expect(page.locator(".nearest > li").first).to_be_visible()
    expect(page.get_by_role("link", name="Sur la carte")).to_have_count(0)
