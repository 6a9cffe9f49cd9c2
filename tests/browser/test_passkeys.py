"""Passkeys in a real browser with Chromium's own authenticator (security B13), on http://localhost."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from portal.data.accounts import Account
from tests.support import browser as harness
from tests.support import factories
from tests.support.authenticators import Authenticator, plug_in
from tests.support.browser import DemoServer, Tab
from tests.support.terms import accept_version
from tests.support.visits import Site

KEYS = "/compte/securite/cles"
CODES = "/compte/securite/codes-de-secours"
ASK = """options => navigator.credentials.get({publicKey: {...options,
    challenge: Uint8Array.from(atob(options.challenge.replace(/-/g, "+").replace(/_/g, "/")), c => c.charCodeAt(0))}})
    .then(made => {
        const text = buffer => btoa(String.fromCharCode(...new Uint8Array(buffer)))
            .replace(/\\+/g, "-").replace(/\\//g, "_").replace(/=+$/, "");
        const {clientDataJSON, authenticatorData, signature, userHandle} = made.response;
        return JSON.stringify({id: made.id, rawId: text(made.rawId), type: made.type, response: {
            clientDataJSON: text(clientDataJSON), authenticatorData: text(authenticatorData),
            signature: text(signature), userHandle: text(userHandle)}});
    })"""
OPTIONS = """() => fetch(document.querySelector("[data-portal-passkey]").dataset.portalPasskey, {method: "POST",
    body: new URLSearchParams({jeton: document.querySelector("[data-portal-passkey] [name=jeton]").value})})
    .then(answer => answer.json())"""


@pytest.fixture
def local_tab(chromium: Browser, demo: DemoServer) -> Iterator[Callable[..., Tab]]:
    """Opens tabs on http://localhost: browsers make no passkey for an address of numbers."""
    tabs: list[Tab] = []

    def open_one(profile: str = "desktop", **options: object) -> Tab:
        origin = demo.origin.replace("127.0.0.1", "localhost")
        tabs.append(harness.open_tab(chromium, origin, profile, **options))  # type: ignore[arg-type]
        return tabs[-1]

    yield open_one
    for tab in tabs:
        tab.context.close()
    assert [problem for tab in tabs for problem in tab.problems] == []


@pytest.fixture
def holder(site: Site) -> Account:
    """A member of our own, with terms accepted."""
    with site.database.write() as db:
        account = factories.member_account(db, site.keyring, factories.household(db).member)
        accept_version(db, account)
        return account


def add_key(page: Page, name: str) -> None:
    page.get_by_label("Nom de la clé").fill(name)
    page.get_by_role("button", name="Ajouter cette clé").click()


def owning(tab: Tab, site: Site, holder: Account) -> Authenticator:
    """The tab's device holds a key of the account; nobody is signed in."""
    device = plug_in(tab)
    site.enter(tab, holder.id or 0)
    add_key(tab.go(KEYS), "Téléphone")
    expect(tab.page).to_have_url(tab.origin + CODES)
    tab.context.clear_cookies()
    return device


def use_key(tab: Tab) -> None:
    tab.go("/connexion").get_by_role("button", name="Utiliser une clé d’accès").click()


def test_member_adds_a_key_notes_the_codes_and_enters_with_it(local_tab, site, holder) -> None:
    tab = local_tab("phone")
    owning(tab, site, holder)
    use_key(tab)
    expect(tab.page).to_have_url(f"{tab.origin}/adherent")
    assert set(tab.stored()) <= {"htmx-current-path-for-history"}  # A7


def test_member_adds_a_second_key_of_another_device(local_tab, site, holder) -> None:
    first, second = local_tab(), local_tab()
    owning(first, site, holder)
    plug_in(second)
    site.enter(second, holder.id or 0)
    page = second.go(KEYS)
    add_key(page, "Clé du bureau")
    expect(page).to_have_url(second.origin + KEYS)
    expect(page.get_by_role("heading", name="2 clés")).to_be_visible()
    second.context.clear_cookies()
    for tab in (first, second):
        use_key(tab)
        expect(tab.page).to_have_url(f"{tab.origin}/adherent")


def test_device_that_has_a_key_already_says_so(local_tab, site, holder) -> None:
    tab = local_tab()
    owning(tab, site, holder)
    site.enter(tab, holder.id or 0)
    add_key(tab.go(KEYS), "Encore")
    expect(tab.page.get_by_role("alert")).to_contain_text("Cet appareil a déjà une clé")


def test_key_is_the_second_step_after_the_password(local_tab, site, holder) -> None:
    tab = local_tab()
    owning(tab, site, holder)
    page = tab.go("/connexion")
    page.get_by_label("Identifiant").fill(holder.identifier)
    page.get_by_label("Mot de passe", exact=True).fill(factories.PASSWORD)
    page.get_by_role("button", name="Se connecter").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Votre clé d’accès")
    page.get_by_role("button", name="Utiliser ma clé d’accès").click()
    expect(page).to_have_url(f"{tab.origin}/adherent")


def test_key_confirms_identity_and_the_way_goes_on(local_tab, site, holder) -> None:
    tab = local_tab()
    owning(tab, site, holder)
    site.enter(tab, holder.id or 0)
    page = tab.go(f"/compte/confirmation?suite={KEYS}")
    page.get_by_role("button", name="Confirmer avec ma clé d’accès").click()
    expect(page).to_have_url(tab.origin + KEYS)


def test_copied_key_is_refused_and_the_true_one_still_enters(local_tab, site, holder) -> None:
    tab = local_tab()
    device = owning(tab, site, holder)
    copy = device.keys[0]
    use_key(tab)
    expect(tab.page).to_have_url(f"{tab.origin}/adherent")
    true_one = device.keys[0]
    assert true_one["signCount"] > copy["signCount"]
    device.take(copy)
    tab.context.clear_cookies()
    use_key(tab)
    summary = tab.page.get_by_role("group", name="La connexion n’a pas abouti")
    expect(summary).to_be_focused()
    device.take(true_one)
    use_key(tab)
    expect(tab.page).to_have_url(f"{tab.origin}/adherent")


def test_signature_made_on_another_site_is_refused(local_tab, site, holder) -> None:
    """A phishing page that passes our question on: the browser signs its own origin, and we read it."""
    tab = local_tab()
    owning(tab, site, holder)
    tab.page.route(
        "http://localhost:1/", lambda route: route.fulfill(body="<title>x</title>", content_type="text/html")
    )
    question = tab.go("/connexion").evaluate(OPTIONS)
    tab.page.goto("http://localhost:1/")
    stolen = tab.page.evaluate(ASK, question)
    tab.problems.clear()  # the other site is the test's own
    page = tab.go("/connexion")
    page.evaluate(
        """answer => {
            const form = document.querySelector("[data-portal-passkey]");
            form.elements.reponse.value = answer;
            HTMLFormElement.prototype.submit.call(form);
        }""",
        stolen,
    )
    expect(page.get_by_role("group", name="La connexion n’a pas abouti")).to_be_focused()
    expect(page).to_have_url(f"{tab.origin}/connexion/cle")


def test_removed_key_enters_no_more(local_tab, site, holder) -> None:
    tab = local_tab()
    owning(tab, site, holder)
    site.enter(tab, holder.id or 0)
    page = tab.go(KEYS)
    page.get_by_role("link", name="Retirer la clé Téléphone").click()
    page.get_by_role("button", name="Retirer cette clé").click()
    expect(page).to_have_url(tab.origin + KEYS)
    tab.context.clear_cookies()
    use_key(tab)
    expect(page.get_by_role("group", name="La connexion n’a pas abouti")).to_be_focused()


def test_address_of_numbers_says_where_passkeys_work(open_tab) -> None:
    tab = open_tab()
    page = tab.go("/connexion")
    expect(page.get_by_role("button", name="Utiliser une clé d’accès")).to_have_count(0)
    expect(page.get_by_role("link", name="http://localhost")).to_be_visible()


def test_page_without_scripts_hides_the_button_and_offers_the_other_ways(local_tab, site, holder) -> None:
    tab = local_tab(javascript=False)
    expect(tab.go("/connexion").get_by_role("button", name="Utiliser une clé d’accès")).to_be_hidden()
    expect(tab.page.get_by_role("button", name="Se connecter")).to_be_visible()
    site.enter(tab, holder.id or 0)
    page = tab.go(KEYS)
    expect(page.get_by_label("Nom de la clé")).to_be_hidden()
    page.get_by_role("link", name="application de codes").click()
    expect(page.get_by_role("button", name="Commencer")).to_be_visible()
