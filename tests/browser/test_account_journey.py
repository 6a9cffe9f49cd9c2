"""An account's whole life in a real browser: by touch, by keyboard, without JavaScript (R-10 to R-16, R-63, R-66)."""

import re
from datetime import date, datetime

from playwright.sync_api import Page, expect

from portal.security import OneTimeCode
from tests.support import factories
from tests.support.browser import Tab
from tests.support.first_steps import (
    NEW_PASSWORD,
    Candidate,
    accept_terms,
    ask_for_an_account,
    candidate,
    first_sign_in,
    give_credentials,
    set_application_up,
)
from tests.support.keyboard import press_link, tab_to_field
from tests.support.mailbox import follow_link, open_letter, read_credentials
from tests.support.terms import accept_version
from tests.support.visits import DESK

LISTED = re.compile(r"(?:née le|naissance\s:) (\S+), n° d’adhérent\s: (\S+), n° de contrat\s: (\S+)\.")
SECURITY = "/compte/securite"
FIELDS = ("nom", "prenom", "naissance", "numero-adherent", "numero-contrat", "email")
SAME_EITHER_WAY = date(1980, 5, 5)  # day before month, or after it: browsers ask in the order of their own language
DIRECTION, COLLEAGUE = "direction@fabrique.example", "paule.paie@fabrique.example"
WHY = "Des connexions depuis trois pays en une heure."
ANOTHER_BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def listed_candidate(page: Page, origin: str) -> Candidate:
    """Somebody to sign up, as the demonstration's page describes her."""
    page.goto(f"{origin}/demonstration")
    words = page.get_by_role("listitem").filter(has_text="Aurore Nouvelle").inner_text()
    found = LISTED.search(words)
    address = re.search(r"\S+@\S+\w", words)
    assert found, words
    assert address, words
    born = datetime.strptime(found.group(1), "%d/%m/%Y").date()  # noqa: DTZ007  (a day, no instant)
    return Candidate("Aurore", "Nouvelle", born, found.group(2), found.group(3), address.group())


def sign_out(page: Page, origin: str) -> None:
    page.get_by_role("button", name="Se déconnecter").first.click()
    expect(page).to_have_url(f"{origin}/connexion")


def confirm_identity(page: Page, recovery_code: str) -> None:
    """Proves again who one is, where that is asked for."""
    page.get_by_label("Mot de passe", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("Code de votre application").fill(recovery_code)
    page.get_by_role("button", name="Confirmer", exact=True).click()


def change_email(page: Page, origin: str, old: str, new: str) -> None:
    """Asks for the change, then confirms from the current mailbox and from the new one."""
    page.goto(f"{origin}/compte/adresse-email")
    page.get_by_label("Nouvelle adresse e-mail").fill(new)
    page.get_by_role("button", name="Envoyer les liens de confirmation").click()
    expect(page.get_by_role("heading", name="Un changement est en cours")).to_be_visible()
    subjects = "Confirmez le changement de votre adresse e-mail", "Confirmez votre nouvelle adresse e-mail"
    for subject, to in zip(subjects, (old, new), strict=True):
        open_letter(page, origin, subject, to)
        follow_link(page)
        page.get_by_role("button", name="Confirmer le changement").click()
    expect(page).to_have_url(re.compile(r"etat=changee"))
    page.goto(f"{origin}/compte")
    expect(page.locator("main")).to_contain_text(new)


def report_fraud(page: Page, origin: str) -> None:
    """Freezes the account in use: the next request is refused, and so is the right password."""
    page.goto(f"{origin}/signaler-une-fraude")
    page.get_by_label("Ce que vous avez constaté").fill("Une connexion que je ne reconnais pas.")
    page.get_by_role("button", name="Geler mon compte maintenant").click()
    expect(page).to_have_url(f"{origin}/signaler-une-fraude/fait")
    page.goto(f"{origin}/adherent")
    expect(page).to_have_url(re.compile(r"/connexion"))


def delete_and_regret(page: Page, origin: str, email: str) -> None:
    """Deletion is asked for, confirmed by the letter's link, and taken back within its seven days."""
    page.goto(f"{origin}/compte/suppression")
    page.get_by_role("button", name="Demander la suppression").click()
    open_letter(page, origin, "Confirmez la suppression de votre compte", email)
    follow_link(page)
    page.get_by_role("button", name="Confirmer la suppression").click()
    expect(page).to_have_url(f"{origin}/compte/suppression/suite")
    page.goto(f"{origin}/adherent")
    notice = page.locator(".page-notice", has_text="Votre compte sera supprimé le")
    page.goto(f"{origin}/compte/coordonnees")
    expect(page.get_by_role("heading", level=1)).to_have_text("Consultation seulement")
    page.goto(f"{origin}/adherent")
    notice.get_by_role("button", name="Annuler la suppression").click()
    open_letter(page, origin, "Votre compte est conservé", email)
    page.goto(f"{origin}/compte/coordonnees")
    expect(page.get_by_label("Numéro de téléphone")).to_be_visible()


def test_member_lives_an_accounts_whole_life_by_touch(open_tab) -> None:
    tab = open_tab("phone")
    page, origin = tab.page, tab.origin
    who = listed_candidate(page, origin)
    ask_for_an_account(page, origin, who)
    identifier = first_sign_in(page, origin, who.email)
    expect(page).to_have_url(f"{origin}/adherent")
    page.get_by_role("link", name="Votre compte : Aurore Nouvelle").tap()
    page.get_by_role("link", name="Sécurité et sessions").tap()
    page.get_by_role("link", name="Gérer l’application").tap()
    secret, codes = set_application_up(page)
    sign_out(page, origin)
    come_back_with_a_code(page, origin, identifier, secret, codes[0])
    close_another_session(tab, open_tab("desktop"), identifier, codes)
    page.goto(f"{origin}/compte/adresse-email")
    change_email(page, origin, who.email, "aurore.ailleurs@exemple.example")
    report_fraud(page, origin)
    give_credentials(page, origin, identifier, NEW_PASSWORD)
    expect(page.locator("main")).to_contain_text("signal")


def come_back_with_a_code(page: Page, origin: str, identifier: str, secret: str, recovery_code: str) -> None:
    """The code that set the application up has been used: it does not sign in. A recovery code does, once."""
    give_credentials(page, origin, identifier, NEW_PASSWORD)
    expect(page).to_have_url(f"{origin}/connexion/code")
    page.get_by_label("Code à six chiffres").fill("000000" if OneTimeCode(secret).now() != "000000" else "111111")
    page.get_by_role("button", name="Valider").tap()
    expect(page.get_by_role("group", name="La connexion n’a pas abouti")).to_be_focused()
    page.get_by_role("link", name="Je n’ai plus mon téléphone").tap()
    page.get_by_label("Code de secours").fill(recovery_code.lower())
    page.get_by_role("button", name="Valider").tap()
    expect(page).to_have_url(f"{origin}/adherent")


def close_another_session(tab: Tab, other: Tab, identifier: str, codes: list[str]) -> None:
    """Two browsers are signed in; one closes the other's session, which its next click finds out."""
    give_credentials(other.page, other.origin, identifier, NEW_PASSWORD)
    other.page.get_by_role("link", name="Je n’ai plus mon téléphone").click()
    other.page.get_by_label("Code de secours").fill(codes[1])
    other.page.get_by_role("button", name="Valider").click()
    expect(other.page).to_have_url(f"{tab.origin}/adherent")
    page = tab.go(f"{SECURITY}/sessions")
    page.get_by_role("button", name=re.compile("^Fermer")).tap()
    expect(page).to_have_url(tab.origin + SECURITY)
    expect(page.locator("main .rows li")).to_have_count(1)
    other.page.get_by_role("link", name="Prestations").first.click()
    expect(other.page).to_have_url(re.compile(r"/connexion"))


def test_member_lives_an_accounts_whole_life_without_javascript(open_tab, site) -> None:
    tab = open_tab("phone", javascript=False)
    page, origin = tab.page, tab.origin
    who = candidate(site, "Justine")
    ask_for_an_account(page, origin, who)
    identifier = first_sign_in(page, origin, who.email)
    expect(page).to_have_url(f"{origin}/adherent")
    delete_and_regret(page, origin, who.email)
    tab.go(f"{SECURITY}/application")
    _, codes = set_application_up(page)
    change_email(page, origin, who.email, "justine.ailleurs@postulante.example")
    sign_out(page, origin)
    give_credentials(page, origin, identifier, NEW_PASSWORD)
    page.get_by_role("link", name="Je n’ai plus mon téléphone").tap()
    page.get_by_label("Code de secours").fill(codes[0])
    page.get_by_role("button", name="Valider").tap()
    expect(page).to_have_url(f"{origin}/adherent")
    report_fraud(page, origin)


def test_member_signs_up_and_enters_by_keyboard_alone(open_tab, site) -> None:
    """On a phone's window, where the bar at the bottom could hide what has the focus."""
    tab = open_tab("phone")
    page, origin = tab.page, tab.origin
    who = candidate(site, "Clavie", born=SAME_EITHER_WAY)
    tab.go("/connexion")
    go_by_keyboard(page, "Ouvrir votre espace", "Ouvrir votre espace")
    go_by_keyboard(page, "Espace adhérent", "Ouvrir un espace adhérent")
    tab_to_field(page, "pour", " ")
    for field, text in zip(FIELDS, who.fields.values(), strict=True):
        tab_to_field(page, field, text if field != "naissance" else f"{who.born:%d%m%Y}")
    tab_to_field(page, "accepte", " ")
    go_by_keyboard(page, "Envoyer ma demande", "Vérifiez vos e-mails")
    identifier, password = read_credentials(tab.context.new_page(), origin, who.email)
    go_by_keyboard(page, "Se connecter", "Connexion à votre espace")
    tab_to_field(page, "identifiant", identifier)
    tab_to_field(page, "mot-de-passe", password)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{origin}/mot-de-passe/premier")
    tab_to_field(page, "nouveau-mot-de-passe", NEW_PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{origin}/adherent")
    go_by_keyboard(page, "Votre compte", "Votre compte")
    go_by_keyboard(page, "Sécurité et sessions", "Sécurité")
    go_by_keyboard(page, "Fermer des sessions", "Fermer des sessions")
    go_by_keyboard(page, "Me déconnecter d’ici", "Connexion à votre espace")


def go_by_keyboard(page: Page, words: str, heading: str) -> None:
    press_link(page, words)
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)


def test_browser_not_seen_before_asks_for_the_emailed_code(open_tab, site) -> None:
    """R-10: an alert for members without a second factor; the browser is known from then on."""
    usual, new = open_tab("phone"), open_tab(user_agent=ANOTHER_BROWSER)
    who = candidate(site, "Norah")
    ask_for_an_account(usual.page, usual.origin, who)
    identifier = first_sign_in(usual.page, usual.origin, who.email)
    page, origin = new.page, new.origin
    give_credentials(page, origin, identifier, NEW_PASSWORD)
    expect(page).to_have_url(f"{origin}/connexion/code-email")
    reader = new.context.new_page()
    code = re.search(r"\b\d{3}\s?\d{3}\b", open_letter(reader, origin, "Votre code de connexion", who.email))
    assert code
    page.get_by_label("Code à six chiffres").fill(code.group())
    page.get_by_role("button", name="Valider").click()
    expect(page).to_have_url(f"{origin}/adherent")
    sign_out(page, origin)
    give_credentials(page, origin, identifier, NEW_PASSWORD)
    expect(page).to_have_url(f"{origin}/adherent")


def test_employer_signs_up_and_invites_a_colleague_who_must_protect_the_account(open_tab) -> None:
    """R-10: the signatory the contract names; then a payroll clerk, with terms and a factor before anything else."""
    tab, colleague = open_tab(), open_tab("phone")
    page, origin = tab.page, tab.origin
    ask_for_an_employers_space(page, origin)
    first_sign_in(page, origin, DIRECTION)
    expect(page).to_have_url(re.compile(f"^{origin}/second-facteur"))
    set_application_up(page, "Configurer une application")
    page.goto(f"{origin}/employeur/utilisateurs")
    page.get_by_role("link", name="Inviter un utilisateur").click()
    for label, words in {"Prénom": "Paule", "Nom": "Paie", "Adresse e-mail": COLLEAGUE}.items():
        page.get_by_label(label, exact=True).fill(words)
    page.get_by_text("Gestionnaire de paie").click()
    page.get_by_role("button", name="Envoyer l’invitation").click()
    row = page.get_by_role("listitem").filter(has_text="Paule Paie")
    expect(row).to_contain_text("Attend la première connexion")
    first_sign_in(colleague.page, origin, COLLEAGUE)
    colleague.go("/employeur")
    expect(colleague.page).to_have_url(re.compile(f"^{origin}/second-facteur"))
    set_application_up(colleague.page, "Configurer une application")
    accept_terms(colleague.page)
    expect(colleague.page).to_have_url(f"{origin}/employeur")
    page.reload()
    expect(row).to_contain_text("Accès ouvert")


def ask_for_an_employers_space(page: Page, origin: str) -> None:
    """Signs up with what the demonstration's page lists for a signatory."""
    page.goto(f"{origin}/demonstration")
    words = page.get_by_role("listitem").filter(has_text="Éloi Patron").inner_text()
    siret, contract = re.search(r"SIRET\s: (\d{14}), n° de contrat\s: ([\w-]+)", words).groups()  # type: ignore[union-attr]
    page.goto(f"{origin}/inscription/employeur")
    typed = {
        "SIRET de l’entreprise": siret,
        "Numéro du contrat collectif": contract,
        "Nom du signataire": "Patron",
        "Prénom du signataire": "Éloi",
        "Votre adresse e-mail": DIRECTION,
    }
    for label, text in typed.items():
        page.get_by_label(label, exact=True).fill(text)
    page.get_by_role("checkbox").check(force=True)
    page.get_by_role("button", name="Envoyer ma demande").click()


def test_desk_suspends_an_account_and_its_holders_next_click_is_refused(open_tab, site) -> None:
    """R-63: at once, in the browser that is open; signing in again says why."""
    desk, holder = open_tab(), open_tab("phone")
    with site.database.write() as db:
        account = factories.member_account(db, site.keyring, factories.household(db).member)
        accept_version(db, account)
    site.enter(holder, account.id or 0)
    holder.go("/adherent")
    site.enter(desk, site.account_of(DESK))
    suspend_as_desk(desk.go("/gestion/comptes"), account.identifier)
    page = holder.page
    page.get_by_role("navigation", name="Accès rapides").get_by_role("link", name="Prestations").tap()
    expect(page).to_have_url(re.compile(r"/connexion\?suite="))
    give_credentials(page, holder.origin, account.identifier, factories.PASSWORD)
    expect(page.get_by_role("heading", level=1)).to_have_text("Votre espace n’est pas accessible")
    expect(page.locator("main")).to_contain_text(WHY)


def suspend_as_desk(page: Page, identifier: str) -> None:
    page.get_by_label("Pourquoi cherchez-vous ce compte").select_option(index=1)
    page.get_by_label("Identifiant").fill(identifier)
    page.get_by_role("button", name="Chercher").click()
    page.get_by_role("link", name=f"Ouvrir le compte {identifier}").click()
    page.get_by_role("link", name="Suspendre ce compte").click()
    page.get_by_label("Raison").select_option(index=1)
    page.get_by_label("Explication").fill(WHY)
    page.get_by_role("button", name="Suspendre ce compte").click()
    expect(page.locator(".badge.bad").first).to_have_text("Suspendu")
