"""An account between its holder and the desk, in real browsers: frozen and given back, erased, taken away (R-05).

Accounts that are frozen or erased are of members made for it: the demonstration's are others' too.
"""

import csv
import io
import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from zipfile import ZipFile

import pytest
from fhir.resources.R4B.bundle import Bundle
from playwright.sync_api import Locator, Page, expect

from portal.account_jobs import erase_due
from portal.app import create_services
from portal.data.accounts import Account
from tests.support import factories
from tests.support.browser import Tab
from tests.support.desk_journeys import is_told_that_an_agent_read, preview, reference_below, send, take
from tests.support.first_steps import NEW_PASSWORD, give_credentials
from tests.support.html import Html
from tests.support.mailbox import follow_link
from tests.support.terms import accept_version
from tests.support.visits import DESK, MEMBER, Site


@pytest.fixture
def somebody(site: Site) -> Account:
    """A member with an account of her own, whom nothing else uses."""
    number = factories.next_number()
    with site.database.write() as db:
        member = factories.household(db, name=f"Passagère{number}").member
        account = factories.member_account(
            db,
            site.keyring,
            member,
            email=f"anne{number}@passagere.example",
            display_name=f"Anne Passagère{number}",
        )
        accept_version(db, account)
    return account


class TestFraud:
    """R-13: report → freeze → reopen."""

    SEEN, CALLED = "Une connexion que je ne reconnais pas, cette nuit.", "Appelée à 14 h, identité vérifiée."

    def test_account_is_frozen_at_once_then_given_back_with_a_new_password(self, enter, letter, somebody) -> None:
        member, elsewhere, desk = enter(somebody.id, "phone"), enter(somebody.id), enter(DESK)
        page, origin = member.page, member.origin
        elsewhere.go("/adherent")
        self.report(member)
        elsewhere.go("/adherent")
        expect(elsewhere.page).to_have_url(re.compile(r"/connexion"))
        give_credentials(page, origin, somebody.identifier, factories.PASSWORD)
        expect(page).not_to_have_url(f"{origin}/adherent")
        self.open_case(desk, somebody)
        for step in ("J’ai appelé le titulaire", "Rendre le compte à son titulaire"):
            self.step(desk.page, step)
        give_credentials(page, origin, somebody.identifier, factories.PASSWORD)
        expect(page.locator("#erreurs")).to_be_visible()
        self.choose_password(letter("Votre compte vous est rendu", somebody.email))
        give_credentials(page, origin, somebody.identifier, NEW_PASSWORD)
        expect(page).to_have_url(f"{origin}/adherent")
        self.step(desk.page, "Clore le dossier")
        expect(desk.page.locator("main")).to_contain_text("Réglé")

    def report(self, tab: Tab) -> None:
        page = tab.go("/signaler-une-fraude")
        page.get_by_label("Ce que vous avez constaté").fill(self.SEEN)
        page.get_by_role("button", name="Geler mon compte maintenant").tap()
        expect(page).to_have_url(f"{tab.origin}/signaler-une-fraude/fait")

    def open_case(self, tab: Tab, who: Account) -> None:
        """From the queue: the account that was frozen last."""
        page = tab.go("/gestion/file?nature=fraude")
        page.get_by_role("link", name="Compte gelé").last.click()
        expect(page.locator("main")).to_contain_text(who.identifier)
        expect(page.locator("main")).to_contain_text(self.SEEN)
        page.get_by_role("button", name="Je m’en charge").click()
        expect(page.locator("#suivi")).to_contain_text("Vous, depuis le")

    def step(self, page: Page, label: str) -> None:
        page.get_by_role("link", name="Ajouter une étape").click()
        page.get_by_text(label, exact=True).click()
        page.get_by_label("Note").fill(self.CALLED)
        page.get_by_role("button", name="Enregistrer cette étape").click()
        expect(page.locator("main")).to_contain_text(f"{label}. {self.CALLED}")

    def choose_password(self, page: Page) -> None:
        """By the letter's link."""
        follow_link(page)
        page.get_by_label("Nouveau mot de passe", exact=True).fill(NEW_PASSWORD)
        page.locator("main form button[type=submit]").click()
        page.wait_for_load_state()


class TestDeletion:
    """R-66: asked, confirmed by the letter's link, erased after its seven days; the desk finds nobody any more."""

    TITLE, TEXT = "Mon fils part à Rennes", "Bonjour, mon fils Gabin part étudier à Rennes. Que dois-je faire\u00a0?"
    ANSWER = "Bonjour, rien à faire\u00a0: il reste couvert, partout en France."

    def test_account_is_erased_after_its_days_and_the_desk_finds_nothing_personal(
        self, enter, letter, somebody, site
    ) -> None:
        member, desk = enter(somebody.id, "phone"), enter(DESK)
        page, origin = member.page, member.origin
        reference = self.write(member)
        take(desk.page, origin, reference)
        expect(desk.page.locator("main")).to_contain_text(self.TEXT)
        expect(desk.page.locator("main")).to_contain_text(somebody.display_name)
        preview(desk.page, "Répondre", self.ANSWER)
        send(desk.page)
        page.reload()
        expect(page.locator("main")).to_contain_text(self.ANSWER)
        is_told_that_an_agent_read(page, origin, reference)
        self.ask(member)
        self.confirm(letter("Confirmez la suppression de votre compte", somebody.email))
        expect(member.go("/adherent").locator(".page-notice").first).to_contain_text("Votre compte sera supprimé le")
        self.erase(site, timedelta(days=6))
        expect(self.search(desk, "Identifiant", somebody.identifier)).to_contain_text("1 compte trouvé")
        self.erase(site, timedelta(days=8))
        letter("Votre compte en ligne est effacé", somebody.email)
        member.go("/adherent")
        expect(page).to_have_url(re.compile(r"/connexion"))
        give_credentials(page, origin, somebody.identifier, factories.PASSWORD)
        expect(page.locator("#erreurs")).to_be_visible()
        self.is_forgotten(desk, somebody, reference)

    def erase(self, site: Site, later: timedelta) -> None:
        """What the worker will do then."""
        erase_due(create_services(site.settings, site.database), datetime.now(UTC) + later)

    def write(self, tab: Tab) -> str:
        """A message; its reference."""
        page = tab.go("/messagerie/nouveau")
        page.get_by_text("Mon contrat ou mes garanties", exact=True).tap()
        page.get_by_label("Titre").fill(self.TITLE)
        page.get_by_label("Votre message").fill(self.TEXT)
        page.get_by_role("button", name="Envoyer", exact=True).tap()
        expect(page.locator("main")).to_contain_text(self.TEXT)
        return reference_below(page)

    def ask(self, tab: Tab) -> None:
        page = tab.go("/compte/suppression")
        page.get_by_role("button", name="Demander la suppression").tap()
        expect(page.locator("main")).to_contain_text("Confirmez depuis votre messagerie")

    def confirm(self, page: Page) -> None:
        follow_link(page)
        page.get_by_role("button", name="Confirmer la suppression").click()
        expect(page).to_have_url(re.compile("/compte/suppression/suite$"))

    def search(self, tab: Tab, label: str, words: str) -> Locator:
        """What the desk finds of an account."""
        page = tab.go("/gestion/comptes")
        page.get_by_label("Pourquoi cherchez-vous ce compte").select_option(index=1)
        page.get_by_label(label, exact=True).fill(words)
        page.get_by_role("button", name="Chercher").click()
        expect(page.locator("#resultats")).to_be_visible()
        return page.locator("main")

    def is_forgotten(self, tab: Tab, who: Account, reference: str) -> None:
        """Neither the search nor the case, where one is left, says who it was or what was written."""
        for label, words in {"Identifiant": who.identifier, "Adresse e-mail": who.email}.items():
            expect(self.search(tab, label, words)).to_contain_text("Aucun compte ne répond exactement")
        page = tab.go(f"/gestion/file?reference={reference}")
        page.get_by_role("link", name=reference, exact=True).click()
        expect(page.locator("#suivi")).to_be_visible()
        for words in (who.display_name, who.email, who.identifier, self.TITLE, "Gabin"):
            expect(page.locator("main")).not_to_contain_text(words)


class TestExport:
    """R-70: all that is held, by one click, to read, to count and to hand on."""

    def test_member_opens_the_folder_with_its_page_its_tables_and_a_valid_bundle(self, enter) -> None:
        tab = enter(MEMBER)
        page = tab.go("/compte/donnees")
        with page.expect_download(timeout=60_000) as download:
            page.get_by_role("link", name="Télécharger mes données").click()
        assert download.value.suggested_filename.endswith(".zip")
        with ZipFile(download.value.path()) as archive:
            assert archive.testzip() is None
            readme = Html(archive.read("lisez-moi.html").decode())
            lines = self.lines(archive)
            bundle = Bundle.model_validate_json(archive.read("fhir/bundle.json"))
            kept = json.loads(archive.read("mes-donnees.json"))
        assert "Camille Exemple" in readme.text
        assert readme.css("script, link, img, iframe, form") == []
        assert lines
        kinds = Counter(entry.resource.get_resource_type() for entry in bundle.entry)
        assert kinds["Patient"] == kinds["Coverage"] > 1
        assert kinds["ExplanationOfBenefit"] >= len(lines)
        assert kept["account"] == MEMBER

    def lines(self, archive: ZipFile) -> list[dict[str, str]]:
        content = archive.read("csv/benefit_line.csv").decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(content), delimiter=";"))
