"""A health professional at the counter, in a real browser: the card before the camera, and the keyboard alone (R-42).

The camera is Chromium's own fake device, which plays a film of a card. Chromium has no `BarcodeDetector` on Linux: one
stands in for it, which reads the very picture that the page shows. Permission, camera and page are the real ones.
"""

import io
from base64 import b64decode
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from portal.card_matrix import matrix_text
from portal.data.card_codes import code_of
from portal.data.cards import wallet_on
from portal.data.rights import Cover
from portal.demo.viewers import viewer_of
from portal.formatting import today
from tests.support import browser as harness
from tests.support.browser import Tab
from tests.support.card_photos import card_picture, film_of, photo_of
from tests.support.visits import Site

RIGHTS = "/professionnel/droits"
PHARMACIST, ALONE, FAMILY = "3000000020", "1000000024", "1000000016"
MOST_KEYS = 9
SCAN = "Scanner la carte"
DETECTOR = """() => {
    window.BarcodeDetector = class {
        static async getSupportedFormats() { return ["aztec", "data_matrix", "qr_code"]; }
        async detect(video) {
            const canvas = document.createElement("canvas");
            canvas.width = video.videoWidth; canvas.height = video.videoHeight;
            canvas.getContext("2d").drawImage(video, 0, 0);
            return (await readFrame(canvas.toDataURL())).map(rawValue => ({rawValue}));
        }
    };
}"""
BROKEN = """() => {
    navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("", "NotReadableError"); };
}"""
CAMERAS = "() => document.querySelector('#lecteur video').srcObject?.getTracks().length ?? 0"

OpenTab = Callable[..., Tab]


def printed(site: Site, identifier: str) -> tuple[str, Cover]:
    """What the DataMatrix of an account's card says, and its holder."""
    with site.database.read() as db:
        (card, *_) = wallet_on(db, viewer_of(db, identifier), today(), today()).cards
        return matrix_text(card, code_of(site.keyring, card)), card.cover


def read_frame(_: object, picture: str) -> list[str]:
    """The texts of the codes in a picture of the page."""
    image = Image.open(io.BytesIO(b64decode(picture.partition(",")[2]))).convert("L")
    return [found.text for found in zxingcpp.read_barcodes(image, zxingcpp.BarcodeFormat.DataMatrix)]


@pytest.fixture
def enter(site: Site, open_tab: OpenTab) -> Callable[..., Tab]:
    """Opens a tab in which the demonstration's pharmacist is signed in, on the form."""

    def arrive(**options: object) -> Tab:
        tab = open_tab(**options)
        site.enter(tab, site.account_of(PHARMACIST))
        tab.go(RIGHTS)
        return tab

    return arrive


@pytest.fixture
def film(chromium: Browser, demo: harness.DemoServer, site: Site, tmp_path: Path) -> Iterator[Callable[..., Tab]]:
    """Opens the form in a browser whose camera sees a picture; with `allowed`, the camera may be used."""
    browsers, tabs = [], []

    def start(picture: Image.Image, profile: str = "phone", *, allowed: bool = True) -> Tab:
        seen = film_of(picture, tmp_path / "camera.y4m")
        flags = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={seen}"]
        browser = chromium.browser_type.launch(
            executable_path=harness.find_chromium(whole=True), args=[*harness.flags(), *flags], headless=True
        )
        browsers.append(browser)
        tab = harness.open_tab(browser, demo.origin, profile, permissions=["camera"] if allowed else [])
        tabs.append(tab)
        tab.context.expose_binding("readFrame", read_frame)
        tab.context.add_init_script(f"({DETECTOR})()")
        site.enter(tab, site.account_of(PHARMACIST))
        tab.go(RIGHTS)
        return tab

    yield start
    problems = [problem for tab in tabs for problem in tab.problems]
    for browser in browsers:
        browser.close()
    assert problems == []


def open_camera(page: Page) -> None:
    page.get_by_role("button", name=SCAN).press("Enter")
    expect(page.get_by_role("dialog", name=SCAN)).to_be_visible()


class TestCamera:
    def test_pharmacist_scans_a_card_and_the_form_is_filled_but_not_sent(self, film, site) -> None:
        text, _ = printed(site, FAMILY)
        tab = film(card_picture(text))
        page, sent = tab.page, []
        tab.context.on("request", lambda request: sent.append(request.method))
        page.get_by_role("button", name=SCAN).press("Enter")
        expect(page.locator("#numero")).to_have_value(text)
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.locator("#naissance")).to_be_focused()
        expect(page.locator("#carte-lue")).to_contain_text(f"n°\u00a0d’adhérent {text.split('|')[4]}")
        assert page.evaluate(CAMERAS) == 0
        assert "POST" not in sent
        expect(page.locator("#motif")).not_to_be_checked()

    def test_code_of_something_else_is_said_and_leaving_turns_the_camera_off(self, film) -> None:
        page = film(card_picture("3400930000001")).page
        open_camera(page)
        expect(page.get_by_role("dialog").get_by_role("status")).to_contain_text("pas celui d’une de nos cartes")
        assert page.evaluate(CAMERAS) == 1
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.get_by_role("button", name=SCAN)).to_be_focused()
        assert page.evaluate(CAMERAS) == 0
        expect(page.locator("#numero")).to_have_value("")

    @pytest.mark.parametrize("profile", ["narrow", "phone", "desktop"])
    def test_card_that_stays_unreadable_is_helped_and_the_window_is_accessible(self, film, profile) -> None:
        tab = film(Image.new("L", (640, 480), 120), profile)
        tab.page.clock.install()
        open_camera(tab.page)
        told = tab.page.get_by_role("dialog").get_by_role("status")
        expect(told).to_have_text("Cadrez le code carré imprimé sur la carte.")
        tab.page.wait_for_function("() => document.querySelector('#lecteur video').currentTime > 0")
        tab.page.clock.fast_forward(11_000)
        expect(told).to_contain_text("Rapprochez la carte")
        assert tab.axe() == []
        assert tab.overflow() == []
        assert tab.small_targets() == []
        tab.page.get_by_role("button", name="Fermer").press("Enter")
        expect(tab.page.get_by_role("button", name=SCAN)).to_be_focused()
        assert tab.page.evaluate(CAMERAS) == 0

    def test_camera_that_is_refused_leaves_the_form_and_says_what_to_do(self, film) -> None:
        page = film(Image.new("L", (640, 480)), allowed=False).page
        page.get_by_role("button", name=SCAN).click()
        expect(page.locator("#carte-lue")).to_contain_text("n’est pas autorisé")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.get_by_role("button", name=SCAN)).to_be_focused()

    def test_camera_that_does_not_answer_is_said(self, film) -> None:
        page = film(Image.new("L", (640, 480))).page
        page.evaluate(BROKEN)
        page.get_by_role("button", name=SCAN).click()
        expect(page.locator("#carte-lue")).to_contain_text("ne répond pas")

    def test_camera_is_closed_to_every_other_page(self, film) -> None:
        tab = film(Image.new("L", (640, 480)))
        tab.go(f"{RIGHTS}/historique")
        asked = "() => navigator.mediaDevices.getUserMedia({video: true}).then(() => 'seen', error => error.name)"
        assert tab.page.evaluate(asked) == "NotAllowedError"
        tab.problems.clear()

    @pytest.mark.parametrize("javascript", [True, False], ids=["without a detector", "without JavaScript"])
    def test_button_is_not_shown_where_it_cannot_work(self, enter, javascript) -> None:
        page = enter(javascript=javascript).page
        page.wait_for_load_state()
        expect(page.get_by_role("button", name=SCAN)).to_have_count(0)
        expect(page.get_by_role("button", name="Lire la photo")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False], ids=["phone", "without JavaScript"])
def test_photo_fills_the_form_and_keeps_what_was_typed(enter, site, javascript, tmp_path) -> None:
    text, holder = printed(site, FAMILY)
    (tmp_path / "carte.jpg").write_bytes(photo_of(text))
    page = enter(profile="phone", javascript=javascript).page
    page.get_by_label("Date de naissance").fill(holder.birth_date.isoformat())
    page.get_by_label("Photo de la carte").set_input_files(tmp_path / "carte.jpg")
    page.get_by_role("button", name="Lire la photo").tap()
    expect(page.locator("#numero")).to_have_value(text)
    expect(page.get_by_label("Date de naissance")).to_have_value(holder.birth_date.isoformat())
    page.get_by_label("Je prends en charge").check(force=True)
    page.get_by_role("button", name="Vérifier les droits").tap()
    expect(page.get_by_role("heading", name="Droits ouverts")).to_be_visible()


class Keys:
    """Counts the keys that are pressed after the last one typed."""

    def __init__(self, page: Page) -> None:
        self.page, self.pressed = page, 0

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)
        self.pressed = 0

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.pressed += 1

    def tab_to(self, field: str) -> None:
        while self.page.evaluate("() => document.activeElement.id") != field:
            self.press("Tab")
            assert self.pressed < 30, f"the keyboard does not get to {field}"


def type_day(keys: Keys, day: date) -> None:
    """Into a date control, in the order of the browser's own language."""
    for order in ("%d%m%Y", "%m%d%Y"):
        keys.type(f"{day:{order}}")
        if keys.page.locator("#naissance").input_value() == day.isoformat():
            return
        keys.page.locator("#naissance").fill("")
        keys.page.locator("#rang").focus()
        keys.press("Shift+Tab")
        keys.page.locator("#naissance").focus()
    raise AssertionError("the date control takes neither order")


def expect_answer(keys: Keys) -> None:
    """The answer is shown, within the keys allowed; another check is one key away."""
    expect(keys.page.get_by_role("heading", name="Droits ouverts")).to_be_visible()
    assert keys.pressed <= MOST_KEYS
    again = keys.page.get_by_role("link", name="Nouvelle vérification")
    expect(again).to_be_focused()
    expect(again).to_have_accessible_description(keys.page.locator("#reponse").inner_text().replace("\n", " "))
    keys.press("Enter")
    expect(keys.page.locator("#numero")).to_be_focused()
    expect(keys.page.locator("#numero")).to_have_value("")


@pytest.mark.parametrize("javascript", [True, False], ids=["usual", "without JavaScript"])
class TestKeyboard:
    """issue: an answer in under ten keys after the last one typed."""

    def test_typed_number_birth_date_and_rank_are_answered_in_seven_keys(self, enter, site, javascript) -> None:
        _, holder = printed(site, FAMILY)
        keys = Keys(enter(javascript=javascript).page)
        expect(keys.page.locator("#numero")).to_be_focused()
        keys.type(holder.member_number)
        keys.press("Tab")
        type_day(keys, holder.birth_date)
        keys.tab_to("rang")
        keys.type(str(holder.birth_rank))
        keys.tab_to("motif")
        keys.press("Space")
        keys.press("Enter")
        expect_answer(keys)

    def test_reader_of_datamatrix_is_answered_after_the_purpose_is_ticked(self, enter, site, javascript) -> None:
        """The reader types the code and presses Enter: what is still asked for is one link away."""
        text, holder = printed(site, ALONE)
        keys = Keys(enter(javascript=javascript).page)
        keys.type(text)
        keys.press("Enter")
        expect(keys.page.locator("#erreurs")).to_be_focused()
        keys.press("Tab")
        keys.press("Enter")
        expect(keys.page.locator("#motif")).to_be_focused()
        keys.press("Space")
        keys.press("Enter")
        expect_answer(keys)
        assert holder.member_number in text
