"""Two people at once, in real browsers: what one asks, an agent decides, and what the first then sees (R-05).

Agents come from their queue. Accounts that are frozen or erased are of members made for it, not of the demonstration.
"""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zipfile import ZipFile

import pytest
from fhir.resources.R4B.bundle import Bundle
from playwright.sync_api import Locator, Page, expect
from sqlmodel import col, select, update

from portal.account_jobs import erase_due
from portal.app import create_services
from portal.data.accounts import Account
from portal.data.payments import PaymentDue, PaymentRun
from portal.formatting import long_date, today
from portal.payment_jobs import pay_due
from tests.support import factories
from tests.support.browser import Tab
from tests.support.desk_journeys import (
    answer,
    join,
    preview,
    reference_below,
    send,
    take,
)
from tests.support.first_steps import NEW_PASSWORD, give_credentials
from tests.support.html import Html
from tests.support.mailbox import MAILBOX, PAUSE_MS, TRIES, follow_link
from tests.support.terms import accept_version
from tests.support.visits import DESK, MEMBER, Site, sign_in
from tests.test_documents import flat, text_in

PHARMACIST, SUPERVISOR = "3000000020", "9000000027"
ADDRESS = "camille.exemple@exemple.example"
READ = "Votre dossier {} a été consulté par un gestionnaire de l’assureur"
JOURNAL = 20_000
OpenTab = Callable[..., Tab]
Enter = Callable[..., Tab]


@pytest.fixture
def enter(open_tab: OpenTab, site: Site) -> Enter:
    """Opens a browser of its own in which somebody is signed in."""

    def arrive(who: str | int, profile: str = "desktop", **options: object) -> Tab:
        tab = open_tab(profile, **options)
        site.enter(tab, site.account_of(who) if isinstance(who, str) else who)
        return tab

    return arrive


@pytest.fixture
def letter(open_tab: OpenTab) -> Callable[[str, str], Page]:
    """Opens the newest letter of a subject to an address, once `count` have arrived, in a browser of its own."""
    tab = open_tab()

    def read(subject: str, to: str = ADDRESS, count: int = 1) -> Page:
        for _ in range(TRIES):
            rows = tab.go(MAILBOX).locator("tbody tr", has_text=to).filter(has_text=subject)
            if rows.count() == count:
                rows.first.get_by_role("link").click()
                return tab.page
            tab.page.wait_for_timeout(PAUSE_MS)
        raise AssertionError(f"no letter « {subject} » to {to}")

    return read


def is_told_that_an_agent_read(page: Page, origin: str, reference: str) -> None:
    """R-51: the member's journal of activity says that an agent read the case."""
    words = READ.format(reference)
    for _ in range(JOURNAL // 500):
        page.goto(f"{origin}/compte/journal?nature=autres")
        if words in page.locator("main").inner_text():
            return
        page.wait_for_timeout(500)
    raise AssertionError(f"no activity says « {words} »")


class TestNewborn:
    """R-23, R-25, R-42: added → the card changes → the rights answer changes."""

    def test_child_is_on_the_card_and_open_at_the_pharmacy_once_the_desk_accepts(
        self, enter, open_tab, letter, tmp_path
    ) -> None:
        member, pharmacist, desk = enter(MEMBER, "phone"), enter(PHARMACIST), open_tab()
        origin, name = member.origin, "Maël"
        reference = self.ask(member, name)
        number = self.number_on_the_card(member.go("/adherent/carte"))
        expect(member.page.locator("main")).not_to_contain_text(name)
        expect(self.check(pharmacist, number)).not_to_contain_text("Droits ouverts")
        sign_in(desk.page, origin, DESK)
        take(desk.page, origin, reference)
        expect(desk.page.locator("main")).to_contain_text(name)
        preview(desk.page, "Accepter")
        expect(desk.page.locator(".seen")).to_contain_text("Acceptée")
        send(desk.page)
        letter(f"Du nouveau dans votre dossier {reference}").get_by_role("link", name="Ouvrir le dossier")
        page = member.go("/adherent/beneficiaires")
        page.locator("section:has(#demandes) a", has_text=name).tap()
        expect(page.locator("main .badge").first).to_have_text("Acceptée")
        expect(member.go("/adherent/carte").locator("ul.people")).to_contain_text(f"Exemple {name}")
        with page.expect_download() as download:
            page.get_by_role("link", name="Télécharger la carte (PDF)").first.click()
        assert name in flat(text_in(Path(download.value.path()).read_bytes(), tmp_path))
        answer = self.check(pharmacist, number)
        expect(answer).to_contain_text("Droits ouverts")
        expect(answer).to_contain_text(f"Exemple {name}")
        is_told_that_an_agent_read(page, origin, reference)

    def ask(self, tab: Tab, name: str) -> str:
        """A child born today, with every piece; the case's reference."""
        page = tab.go("/adherent/beneficiaires/ajout")
        page.get_by_text("Un enfant", exact=True).tap()
        page.get_by_text("Naissance", exact=True).tap()
        page.get_by_role("button", name="Commencer la demande").tap()
        page.get_by_label("Prénom", exact=True).fill(name)
        page.get_by_label("Nom", exact=True).fill("Exemple")
        page.get_by_label("Date de naissance").fill(today().isoformat())
        page.get_by_label("Rang de naissance").fill("1")
        page.get_by_role("button", name="Enregistrer et continuer").tap()
        expect(page.get_by_role("heading", name="Vos pièces")).to_be_visible()
        while page.locator("section.slot .badge", has_text="À joindre").count():
            join(page)
        page.get_by_role("link", name="Relire et envoyer").tap()
        page.get_by_label("J’atteste que ces informations sont exactes").check(force=True)
        page.get_by_role("button", name="Envoyer ma demande").tap()
        expect(page.locator("main .badge").first).to_have_text("Envoyée")
        return page.locator(".lead .whole").first.inner_text()

    def number_on_the_card(self, page: Page) -> str:
        return page.locator(".pass-block dl div", has_text="adhérent").first.locator("dd").inner_text()

    def check(self, tab: Tab, number: str) -> Locator:
        """What a pharmacist is told of a child born today."""
        page = tab.go("/professionnel/droits")
        page.locator("#numero").fill(number)
        page.locator("#naissance").fill(today().isoformat())
        page.locator("#motif").check(force=True)
        page.get_by_role("button", name="Vérifier les droits").click()
        expect(page.locator("#reponse")).to_be_visible()
        return page.locator("main")


class TestClaim:
    """R-21, R-22: claim → payment line → statement; nobody has scripts."""

    PRICE, CARE = "46,00\u00a0€", today() - timedelta(days=58)
    WORDS = "Bonjour, nous vous remboursons le forfait journalier de votre séjour."

    def test_bill_becomes_a_line_a_transfer_and_a_statement_without_javascript(
        self, enter, site, letter, tmp_path
    ) -> None:
        member, desk = enter(MEMBER, "phone", javascript=False), enter(DESK, javascript=False)
        page, origin = member.page, member.origin
        reference = self.claim(member)
        letter(f"Votre demande {reference} est bien arrivée")
        take(desk.page, origin, reference)
        self.value(desk.page)
        letter(f"Du nouveau dans votre dossier {reference}")
        page.reload()
        expect(page.locator("main")).to_contain_text(self.WORDS)
        expect(page.locator("main")).to_contain_text("Validée, paiement prévu le")
        self.pay(site)
        page.reload()
        expect(page.locator("main")).to_contain_text("Payée le")
        page.locator("section:has(#soins) a").first.tap()
        expect(page.get_by_role("heading", level=1)).to_have_text("Pourquoi ce montant\u00a0?")
        expect(page.locator(".explanation")).to_contain_text(self.PRICE)
        self.issue(member, tmp_path)
        is_told_that_an_agent_read(page, origin, reference)

    def claim(self, tab: Tab) -> str:
        """From the photo to the receipt; the case's reference."""
        page = tab.go("/adherent/demandes")
        page.get_by_role("link", name="Envoyer une facture").tap()
        page.get_by_role("button", name="Commencer").tap()
        join(page, "facture.jpg")
        page.get_by_role("link", name="Continuer").tap()
        answer(page, "Quel jour le soin", lambda: page.locator("#jour").fill(self.CARE.isoformat()))
        answer(page, "Qui a été soigné", lambda: page.get_by_text("Zoé Exemple").tap())
        answer(page, "De quel soin", lambda: page.get_by_text("Hospitalisation", exact=True).tap())
        answer(page, "Combien", lambda: page.locator("#prix").fill("46"))
        while page.locator("section.slot .badge", has_text="À joindre").count():
            join(page, "bordereau.jpg")
        page.get_by_role("button", name="Envoyer", exact=True).tap()
        expect(page.get_by_role("heading", name="Nous avons votre demande")).to_be_visible()
        return reference_below(page)

    def value(self, page: Page) -> None:
        """The agent types what the bill says, reads what the rules give, and decides."""
        page.get_by_role("link", name="Valoriser la demande").click()
        page.locator("#acte-0").select_option("FJ")
        page.locator("#quantite-0").fill("2")
        page.locator("#professionnel-0").fill("Clinique des Tilleuls")
        page.get_by_role("button", name="Enregistrer et recalculer").last.click()
        expect(page.locator("#calcul")).to_contain_text(f"Total à verser\u00a0: {self.PRICE}")
        page.get_by_role("button", name="Relire et décider").click()
        page.locator("#reponse").fill(self.WORDS)
        page.get_by_role("button", name="Décider et prévenir l’adhérent").click()
        expect(page.locator("main")).to_contain_text("Validée, paiement prévu le")

    def pay(self, site: Site) -> None:
        """What waits for the next transfers is due on the last day that had none, and that day's leave."""
        with site.database.write() as db:
            taken = set(db.exec(select(PaymentRun.day)))
            day = next(each for each in (today() - timedelta(days=ago) for ago in range(30)) if each not in taken)
            member_id = db.get_one(Account, site.account_of(MEMBER)).person_id
            db.exec(update(PaymentDue).where(col(PaymentDue.member_id) == member_id).values(due_on=day))
        pay_due(create_services(site.settings, site.database), day, datetime.now(UTC))

    def issue(self, tab: Tab, tmp_path: Path) -> None:
        """The statement of these days names the care and its clinic, on the page and on paper."""
        page = tab.go("/adherent/releves")
        page.locator("#du").fill((today() - timedelta(days=30)).isoformat())
        page.locator("#au").fill(today().isoformat())
        page.get_by_role("button", name="Éditer ce relevé").tap()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Relevé n°")
        expect(page.locator("main")).to_contain_text("Clinique des Tilleuls")
        with page.expect_download() as download:
            page.get_by_role("link", name="Télécharger en PDF").click()
        said = flat(text_in(Path(download.value.path()).read_bytes(), tmp_path))
        assert "Clinique des Tilleuls" in said
        assert "46,00" in said


class TestComplaint:
    """R-26, R-61: complaint → acknowledgment → answer, by four eyes → mediator."""

    TEXT = "Bonjour, ma consultation du 3 mars est moins remboursée que celle de janvier. Pourquoi\u00a0?"
    HEARD = "Bonjour, nous avons bien reçu votre réclamation et reprenons le calcul."
    GENEROUS = "Bonjour, vous avez raison, nous complétons ce remboursement."
    REASONS = "Bonjour, le médecin n’a pas signé l’Optam\u00a0: la base est plus basse, le calcul est exact."
    SENT_BACK = "Le calcul est exact\u00a0: relisez la garantie, puis répondez que la réclamation n’est pas justifiée."

    def test_complaint_is_acknowledged_answered_after_a_second_look_and_goes_to_the_mediator(
        self, enter, letter, tmp_path
    ) -> None:
        member, desk, supervisor = enter(MEMBER), enter(DESK), enter(SUPERVISOR)
        page, origin = member.page, member.origin
        reference = self.complain(member)
        letter(f"Votre réclamation {reference} est bien arrivée")
        take(desk.page, origin, reference)
        preview(desk.page, "Accuser réception", self.HEARD)
        send(desk.page)
        letter(f"Du nouveau dans votre dossier {reference}")
        page.reload()
        expect(page.locator("main")).to_contain_text(self.HEARD)
        self.propose(desk.page)
        page.reload()
        expect(page.locator("main")).not_to_contain_text(self.GENEROUS)
        self.send_back(supervisor, reference)
        desk.page.reload()
        expect(desk.page.locator("main")).to_contain_text("Votre décision vous a été renvoyée")
        expect(desk.page.locator("main")).to_contain_text(self.SENT_BACK)
        preview(desk.page, "Répondre\u00a0: non justifiée", self.REASONS)
        expect(desk.page.locator(".seen")).to_contain_text("Vous pouvez saisir le médiateur")
        desk.page.get_by_label("Je réponds quand même").check(force=True)  # the supervisor still has it open
        send(desk.page)
        letter(f"Du nouveau dans votre dossier {reference}", count=2)
        page.reload()
        expect(page.get_by_role("heading", name="Notre réponse")).to_be_visible()
        expect(page.locator("main")).to_contain_text(self.REASONS)
        expect(page.locator("main")).to_contain_text("Vous pouvez saisir le médiateur")
        expect(page.locator("main")).not_to_contain_text(self.GENEROUS)
        self.keep_for_the_mediator(page, tmp_path)
        self.note_the_mediator(desk.page)
        is_told_that_an_agent_read(page, origin, reference)

    def complain(self, tab: Tab) -> str:
        page = tab.go("/adherent/reclamations/nouvelle")
        page.get_by_text("Un remboursement", exact=True).click()
        page.locator("#texte").fill(f"{self.TEXT} Décompte n°\u00a0{factories.next_number()}.")
        page.get_by_role("button", name="Continuer").click()
        page.get_by_role("button", name="Envoyer la réclamation").click()
        expect(page.locator(".lead")).to_contain_text("Envoyée le")
        return reference_below(page)

    def propose(self, page: Page) -> None:
        preview(page, "Répondre\u00a0: justifiée", self.GENEROUS)
        expect(page.locator("main")).to_contain_text("Un second regard est nécessaire")
        send(page, "Proposer cette décision")
        expect(page.locator("main")).to_contain_text("Un autre gestionnaire doit la valider")

    def send_back(self, tab: Tab, reference: str) -> None:
        page = tab.go("/gestion/validations")
        page.get_by_role("link", name=reference).click()
        expect(page.locator("main")).to_contain_text(self.GENEROUS)
        page.get_by_label("Pourquoi").fill(self.SENT_BACK)
        page.get_by_role("button", name="Renvoyer", exact=True).click()

    def keep_for_the_mediator(self, page: Page, tmp_path: Path) -> None:
        with page.expect_download() as download:
            page.get_by_role("link", name="Tout le dossier en PDF").click()
        said = flat(text_in(Path(download.value.path()).read_bytes(), tmp_path))
        assert "le médecin n’a pas signé l’Optam" in said

    def note_the_mediator(self, page: Page) -> None:
        page.goto(f"{page.url.partition('?')[0]}/reclamation")
        page.get_by_label("Jour où le médiateur a été saisi").fill(today().isoformat())
        page.get_by_role("button", name="Noter la saisine").click()
        expect(page.locator("main")).to_contain_text(long_date(today()))
        expect(page.get_by_role("button", name="Corriger ce jour")).to_be_visible()


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
        page = tab.go(f"/gestion/file?tour=fini&reference={reference}")
        for case in page.get_by_role("link", name=reference, exact=True).all()[:1]:
            case.click()
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
