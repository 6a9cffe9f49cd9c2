"""Two people at once, in real browsers: what one asks, an agent decides, and what the first then sees (R-05).

The agent comes from the queue; newborns, claims and complaints are of the demonstration's family.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Locator, Page, expect
from sqlmodel import col, select, update

from portal.app import create_services
from portal.data.accounts import Account
from portal.data.payments import PaymentDue, PaymentRun
from portal.formatting import long_date, today
from portal.payment_jobs import pay_due
from tests.support import factories
from tests.support.account_states import SUPERVISOR
from tests.support.browser import Tab
from tests.support.desk_journeys import (
    answer,
    is_told_that_an_agent_read,
    join,
    preview,
    reference_below,
    send,
    take,
)
from tests.support.visits import DESK, MEMBER, Site, sign_in
from tests.test_documents import flat, text_in

PHARMACIST = "3000000020"


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
        page.get_by_role("link", name="Liquider la demande").click()
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
        letter(f"Votre réclamation {reference} est à l’étude")
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
        letter(f"Du nouveau dans votre dossier {reference}")
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
        page.get_by_label("Ce qui est à revoir").fill(self.SENT_BACK)
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
