"""What a member meets besides the straight way: refusals, other spaces, expiry, failures (R-01 to R-05, R-64, A6)."""

import re
from functools import partial

import pytest
from playwright.sync_api import Page, Route, expect

from tests.support.visits import DEPENDANT, DESK, EMPLOYER, LEAVER, MEMBER, PROVIDER, arrive, sign_in

HEALTH_WORDS = re.compile(r"Consultation|remboursé|Dépense|pharmacie|optique", re.IGNORECASE)
PAGE_OF_LINES = 20


@pytest.mark.parametrize("javascript", [True, False])
def test_member_with_a_wrong_password_lands_on_the_explanation(open_tab, javascript) -> None:
    tab = open_tab("phone", javascript=javascript)
    page = tab.go("/connexion")
    page.get_by_label("Identifiant").fill(MEMBER)
    page.get_by_label("Mot de passe", exact=True).fill("pas le bon")
    page.get_by_role("button", name="Se connecter").tap()
    summary = page.get_by_role("group", name="La connexion n’a pas abouti")
    expect(summary).to_be_focused()
    expect(page).to_have_title(re.compile(r"^Erreur\s: "))
    expect(page.get_by_label("Identifiant")).to_have_value(MEMBER)
    expect(page.get_by_label("Mot de passe", exact=True)).to_have_value("")
    summary.get_by_role("link").tap()
    expect(page.get_by_label("Identifiant")).to_be_focused()


@pytest.mark.parametrize(
    ("identifier", "home", "words"),
    [
        (EMPLOYER, "/employeur", "ce qui vous attend"),
        (PROVIDER, "/professionnel", "ce qui vous attend"),
        (DESK, "/gestion", "ce qui presse"),
    ],
)
def test_people_with_a_code_reach_their_own_start_page(open_tab, identifier, home, words) -> None:
    tab = open_tab()
    sign_in(tab.page, tab.origin, identifier)
    expect(tab.page).to_have_url(tab.origin + home)
    expect(tab.page.locator(".lead")).to_contain_text(words)
    tab.go("/adherent")
    expect(tab.page.get_by_role("heading", level=1)).to_have_text("Accès non permis")


def test_member_whose_contract_ended_is_told_until_when_everything_can_be_read(open_tab) -> None:
    tab = open_tab("phone")
    sign_in(tab.page, tab.origin, LEAVER)
    notice = tab.page.locator(".notice", has_text="Votre couverture a pris fin le")
    expect(notice).to_contain_text("reste consultable jusqu’au")
    tab.go("/adherent/prestations")
    expect(tab.page.locator(".line").first).to_be_visible()


def test_adult_dependant_and_member_each_see_their_own_lines(open_tab) -> None:
    dependant, member = open_tab("phone"), open_tab("phone")
    sign_in(dependant.page, dependant.origin, DEPENDANT)
    sign_in(member.page, member.origin, MEMBER)
    for tab in (dependant, member):
        tab.go("/adherent/prestations")
    whose = [set(people_shown(tab.page)) for tab in (dependant, member)]
    assert whose[0] == {"Noé"}
    assert whose[1]
    assert "Noé" not in whose[1]
    expect(member.page.locator(".notice", has_text="Noé, personne majeure")).to_be_visible()


def people_shown(page: Page) -> list[str]:
    return [words.partition(" ·")[0] for words in page.locator(".line .sub:not(.needed)").all_inner_texts()]


def test_session_that_ended_elsewhere_leads_the_next_swap_to_sign_in(open_tab) -> None:
    tab = open_tab("phone")
    page = arrive(tab)
    tab.go("/adherent/prestations")
    other = tab.context.new_page()
    other.goto(f"{tab.origin}/adherent")
    other.get_by_role("button", name="Se déconnecter").tap()
    expect(other).to_have_url(f"{tab.origin}/connexion")
    page.locator(".line a").first.tap()
    expect(page).to_have_url(re.compile(r"/connexion"))
    assert not HEALTH_WORDS.search(page.content())


def test_page_kept_in_memory_shows_nothing_once_signed_out(open_tab) -> None:
    tab = open_tab()
    page = arrive(tab)
    tab.context.clear_cookies()
    page.evaluate("() => dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    expect(page).to_have_url(re.compile(r"/connexion\?suite="))


def test_member_without_network_is_told_what_to_do_and_keeps_the_page(open_tab) -> None:
    tab = open_tab("phone")
    page = arrive(tab)
    tab.go("/adherent/prestations")
    tab.context.set_offline(True)
    page.locator(".line a").first.tap()
    expect(page.get_by_role("alert")).to_have_text("La connexion semble coupée. Vérifiez votre réseau, puis réessayez.")
    expect(page.locator(".line")).to_have_count(PAGE_OF_LINES)
    tab.context.set_offline(False)
    page.locator(".line a").first.tap()
    expect(page.locator(".explanation")).to_be_visible()
    expect(page.locator("#portal-alert")).to_be_empty()
    assert all("ERR_INTERNET_DISCONNECTED" in problem or "htmx:sendError" in problem for problem in tab.problems)
    tab.problems.clear()


def test_member_meets_a_server_failure_and_is_told_what_to_do(open_tab) -> None:
    tab = open_tab()
    page = arrive(tab)
    tab.go("/adherent/prestations")
    page.route("**/fragments/**", lambda route: route.fulfill(status=503, body=""))
    page.locator(".line a").first.click()
    expect(page.get_by_role("alert")).to_contain_text("Réessayez dans quelques minutes.")
    assert all("503" in problem for problem in tab.problems)
    tab.problems.clear()


def test_wrong_filter_puts_the_focus_on_its_summary_and_keeps_what_was_typed(open_tab) -> None:
    """Design rule 4, by htmx as without it; then the correction takes the summary away."""
    for javascript in (True, False):
        tab = open_tab("phone", javascript=javascript)
        page = arrive(tab)
        tab.go("/adherent/prestations?du=31/02/2026")
        expect(page.locator("#erreurs")).to_be_focused()
        expect(page.get_by_label("Du", exact=True)).to_have_value("31/02/2026")
        page.get_by_label("Du", exact=True).fill("2026-02-31")
        page.get_by_role("button", name="Appliquer").tap()
        expect(page).to_have_url(re.compile("du=2026-02-31"))
        expect(page.locator("#erreurs")).to_be_focused()
        expect(page.get_by_label("Du", exact=True)).to_have_value("2026-02-31")
        page.locator("#erreurs a").tap()
        expect(page.get_by_label("Du", exact=True)).to_be_focused()
        page.get_by_label("Du", exact=True).fill("1/1/2025")
        page.get_by_role("button", name="Appliquer").tap()
        expect(page.locator("#erreurs")).to_have_count(0)
        expect(page).to_have_title(re.compile("^Vos prestations"))
        expect(page.get_by_label("Du", exact=True)).to_have_value("2025-01-01")


def test_whoever_reads_the_directory_too_fast_keeps_the_page_and_is_told_when_to_come_back(open_tab) -> None:
    """R-62: the refusal of a fragment leaves the results and what is chosen; a long one says when it ends."""
    tab = open_tab()
    page = tab.go("/professionnels-agrees?lieu=Lyon")
    for seconds, words in ((60, "Patientez une minute"), (86_400, "Vous pourrez reprendre le ")):
        refuse = partial(Route.fulfill, status=429, headers={"Retry-After": str(seconds)}, body="")
        page.route("**/fragments/**", lambda route, _, refuse=refuse: refuse(route))
        page.get_by_label("Qui ?").select_option("dentiste")
        page.get_by_role("button", name="Chercher").click()
        expect(page.get_by_role("alert")).to_contain_text(words)
        expect(page.get_by_label("Qui ?")).to_have_value("dentiste")
        expect(page.locator(".nearest a").first).to_be_visible()
    assert all("429" in problem for problem in tab.problems)
    tab.problems.clear()
