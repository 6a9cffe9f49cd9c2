"""The first steps of an account in a browser: what sign-up asks, the letters, the password, the terms, a factor."""

from dataclasses import dataclass, field
from datetime import date

from playwright.sync_api import Page, expect

from portal.security import OneTimeCode
from tests.support import factories
from tests.support.mailbox import read_credentials
from tests.support.visits import Site

NEW_PASSWORD = "tracteur lavande horloge 9"


@dataclass(frozen=True)
class Candidate:
    """A covered person without an account, and the address that the insurer holds."""

    first_name: str
    last_name: str
    born: date
    member_number: str
    contract_number: str
    email: str
    fields: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        words = {
            "Nom de famille": self.last_name,
            "Prénom": self.first_name,
            "Date de naissance": self.born.isoformat(),
            "Numéro d’adhérent": self.member_number,
            "Numéro de contrat": self.contract_number,
            "Votre adresse e-mail": self.email,
        }
        object.__setattr__(self, "fields", words)


def candidate(site: Site, first_name: str, born: date = factories.ADULT_BIRTH) -> Candidate:
    """Adds somebody whom the insurer covers and may write to."""
    with site.database.write() as db:
        who = factories.person(db, first_name, born=born, last_name="Postulante")
        contract = factories.contract(db, who)
        who.email = f"{first_name.lower()}@postulante.example"
        return Candidate(
            who.first_name, who.last_name, who.birth_date, contract.member_number, contract.number, who.email
        )


def ask_for_an_account(page: Page, origin: str, who: Candidate) -> None:
    """The member's form of sign-up, from the page of sign-in."""
    page.goto(f"{origin}/connexion")
    page.get_by_role("link", name="Ouvrir votre espace").click()
    page.get_by_role("link", name="Espace adhérent").click()
    page.get_by_label("Pour moi-même", exact=True).check(force=True)
    for label, words in who.fields.items():
        page.get_by_label(label, exact=True).fill(words)
    page.get_by_role("checkbox").check(force=True)
    page.get_by_role("button", name="Envoyer ma demande").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Vérifiez vos e-mails")


def give_credentials(page: Page, origin: str, identifier: str, password: str) -> None:
    page.goto(f"{origin}/connexion")
    page.get_by_label("Identifiant").fill(identifier)
    page.get_by_label("Mot de passe", exact=True).fill(password)
    page.get_by_role("button", name="Se connecter", exact=True).click()


def choose_password(page: Page) -> None:
    page.get_by_label("Nouveau mot de passe", exact=True).fill(NEW_PASSWORD)
    page.get_by_role("button", name="Enregistrer ce mot de passe").click()


def accept_terms(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Acceptez les conditions d’utilisation")
    page.get_by_role("checkbox").check(force=True)
    page.get_by_role("button", name="Valider mon accord").click()


def first_sign_in(page: Page, origin: str, email: str) -> str:
    """From the two letters to the start page, step by step; the identifier."""
    identifier, password = read_credentials(page, origin, email)
    give_credentials(page, origin, identifier, password)
    expect(page).to_have_url(f"{origin}/mot-de-passe/premier")
    choose_password(page)
    return identifier


def set_application_up(page: Page, start: str = "Commencer") -> tuple[str, list[str]]:
    """Sets an application of codes up, from the page whose button is named; its secret, and the recovery codes."""
    page.get_by_role("button", name=start).click()
    secret = page.locator(".secret").inner_text().replace(" ", "").replace("\n", "")
    page.get_by_label("Code à six chiffres").fill(OneTimeCode(secret).now())
    page.get_by_role("button", name="Activer l’application").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Vos codes de secours")
    codes = page.locator(".recovery li").all_inner_texts()
    page.get_by_role("button", name="J’ai noté mes codes").click()
    return secret, codes
