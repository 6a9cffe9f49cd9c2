"""A payroll's file in a real browser: its progress alive with scripts, by « Actualiser » without (R-30)."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.support.employee_files import TITLES, arrival

CLERK = "2000000022"
ROWS = 400
LONG_ENOUGH_TO_WATCH = 4_000  # several seconds of work; the page asks each second
PATIENCE_MS = 60_000


def payroll(first: int, rows: int = ROWS) -> dict[str, object]:
    lines = (arrival(0, matricule=f"J{number}", nir="", nom="Journée") for number in range(first, first + rows))
    return {"name": "paie.csv", "mimeType": "text/csv", "buffer": "\n".join([TITLES, *lines]).encode()}


def refresh_until(page: Page, text: str, *, alive: bool) -> None:
    """Waits for a text; without scripts, by the page's own link."""
    if alive:
        expect(page.locator("#etat")).to_contain_text(text, timeout=PATIENCE_MS)
        return
    for _ in range(PATIENCE_MS // 500):
        if text in (page.locator("#etat").text_content() or ""):
            return
        page.get_by_role("link", name="Actualiser").click()
        page.wait_for_timeout(500)
    raise AssertionError(page.locator("main").text_content())


@pytest.mark.parametrize("javascript", [True, False], ids=["alive", "without JavaScript"])
def test_clerk_sends_applies_and_takes_back_a_file_r_30(open_tab, site, javascript) -> None:
    tab = open_tab("desktop", javascript=javascript)
    site.enter(tab, site.account_of(CLERK))
    page = tab.go("/employeur/salaries/fichiers")
    page.get_by_label("Fichier CSV ou XLSX").set_input_files(payroll(1_000 if javascript else 5_000))
    page.get_by_role("button", name="Envoyer le fichier").click()
    page.get_by_role("button", name="Contrôler le fichier").click()
    refresh_until(page, f"Prêt\u00a0: {ROWS} additions", alive=javascript)
    page.get_by_role("button", name=re.compile("Appliquer")).click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    refresh_until(page, f"Fichier appliqué\u00a0: {ROWS} additions", alive=javascript)
    page.get_by_role("button", name="Annuler ce fichier").click()
    refresh_until(page, "Tout ce que ce fichier avait fait est défait", alive=javascript)
    assert not tab.problems


def test_progress_moves_by_itself_and_leaves_the_page_where_it_is_r_30(open_tab, site) -> None:
    """The bar grows without a load of the page, and the work's end replaces it."""
    tab = open_tab("desktop")
    site.enter(tab, site.account_of(CLERK))
    page = tab.go("/employeur/salaries/fichiers")
    page.get_by_label("Fichier CSV ou XLSX").set_input_files(payroll(9_000, LONG_ENOUGH_TO_WATCH))
    page.get_by_role("button", name="Envoyer le fichier").click()
    page.get_by_role("button", name="Contrôler le fichier").click()
    refresh_until(page, "Prêt", alive=True)
    page.get_by_role("button", name=re.compile("Appliquer")).click()
    page.evaluate("window.stayed = true")
    seen = set(values_of_the_bar(page))
    assert page.evaluate("window.stayed")
    assert len(seen) > 1, seen
    refresh_until(page, "Fichier appliqué", alive=True)


def values_of_the_bar(page: Page) -> Iterator[str]:
    """How far the bar is, as long as there is one.

    One reading of the document tells both: the bar may leave between two.
    """
    bar = "document.querySelector('progress')"
    while (value := page.evaluate(f"{bar} && {bar}.getAttribute('value')")) is not None:
        yield value
        page.wait_for_timeout(50)
