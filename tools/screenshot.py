"""Makes docs/images/benefits.png, the README's picture, from a running demonstration: two phones side by side.

Usage: make demo, then .venv/bin/python tools/screenshot.py [http://127.0.0.1:8000]
"""

import shutil
import sys
from base64 import b64encode
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

TARGET = Path(__file__).parents[1] / "docs" / "images" / "benefits.png"
LARGEST_BYTES = 200_000
IDENTIFIER, PASSWORD = "1000000016", "Demo-portail-2026!"
PHONE = {"width": 390, "height": 760}
FRAMES = """<!doctype html><title>Portal</title><style>
body {{ margin: 0; display: flex; gap: 32px; padding: 32px; width: max-content; background: #f4edec }}
img {{ width: 390px; border-radius: 28px; border: 8px solid #2b1d2c }}
</style><img src="{0}" alt=""><img src="{1}" alt="">"""


def main() -> None:
    """Takes both pictures, and one picture of the two; fails when it is too heavy for a README."""
    origin = sys.argv[1].rstrip("/") if len(sys.argv) > 1 else "http://127.0.0.1:8000"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = signed_in(browser, origin)
        pictures = [benefits(page), explanation(page)]
        TARGET.parent.mkdir(exist_ok=True)
        TARGET.write_bytes(side_by_side(browser, pictures))
        browser.close()
    size = TARGET.stat().st_size
    print(f"{TARGET}: {size / 1000:.0f} kB")
    sys.exit(size > LARGEST_BYTES)


def signed_in(browser: Browser, origin: str) -> Page:
    """A phone on the benefits of the demonstration's member."""
    page = browser.new_page(viewport=PHONE, locale="fr-FR", base_url=origin, reduced_motion="reduce")  # type: ignore[arg-type]
    page.goto("/connexion")
    page.get_by_label("Identifiant").fill(IDENTIFIER)
    page.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Se connecter").click()
    page.goto("/adherent/prestations")
    return page


def benefits(page: Page) -> bytes:
    """The list, from its totals on."""
    page.evaluate("() => document.querySelector('.totals').scrollIntoView()")
    return page.screenshot()


def explanation(page: Page) -> bytes:
    """Why a paid line was paid so."""
    page.goto("/adherent/prestations?q=ophtalmologue&etat=payee")
    paid = page.locator(".line").first
    page.goto(str(paid.locator("a").first.get_attribute("href")))
    page.evaluate("() => document.querySelector('.title').scrollIntoView()")
    return page.screenshot()


def side_by_side(browser: Browser, pictures: list[bytes]) -> bytes:
    """One picture of both."""
    page = browser.new_page(viewport={"width": 908, "height": 840})
    page.set_content(FRAMES.format(*(f"data:image/png;base64,{b64encode(data).decode()}" for data in pictures)))
    return page.locator("body").screenshot()


if __name__ == "__main__":
    main()
