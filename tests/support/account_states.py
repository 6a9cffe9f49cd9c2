"""The states of the pages of an account's life, in every space and without one (issue: sign-up to erasure)."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from portal.data.sessions import Stage
from tests.support.cast import (
    ASKED,
    EXPOSED,
    GUARDED,
    KEYHOLDER,
    LEAVING,
    TEMPORARY,
    UNDECIDED,
)
from tests.support.factories import PASSWORD
from tests.support.states import NOBODY, State, fail, press
from tests.support.visits import DESK, EMPLOYER, LEAVER, MEMBER, PROVIDER

SUPERVISOR = "9000000027"
ACCOUNT, SECURITY, DESK_ACCOUNTS = "/compte", "/compte/securite", "/gestion/comptes"
APP, CODES, KEYS = f"{SECURITY}/application", f"{SECURITY}/codes-de-secours", f"{SECURITY}/cles"
SIGN_UP, FRAUD = "/inscription", "/signaler-une-fraude"


def sign_up_for_a_child(page: Page) -> None:
    page.get_by_text("Pour une personne que je représente").click()
    expect(page.get_by_label("Prénom et nom")).to_be_visible()
    fail("Envoyer ma demande")(page)


def sign_in_as(who: str) -> Callable[[Page], None]:
    """Gives the identifier that the page's address ends in, and the right password."""

    def enter(page: Page) -> None:
        page.get_by_label("Identifiant").fill(page.url.rpartition("=")[2])
        page.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
        press("Se connecter")(page)
        expect(page.get_by_role("heading", level=1)).to_contain_text(who)

    return enter


def search_as_desk(identifier: str, answer: str) -> Callable[[Page], None]:
    def search(page: Page) -> None:
        page.get_by_label("Pourquoi cherchez-vous ce compte").select_option(index=1)
        page.get_by_label("Identifiant").fill(identifier)
        press("Chercher")(page)
        expect(page.get_by_role("heading", name=answer)).to_be_visible()

    return search


def open_first(name: str) -> Callable[[Page], None]:
    return lambda page: page.get_by_role("link", name=name).first.click()


def bad_phone(page: Page) -> None:
    page.get_by_label("Numéro de téléphone").fill("quatre")
    fail("Enregistrer")(page)


def wrong_app_code(page: Page) -> None:
    press("Commencer")(page)
    fail("Activer l’application")(page)


too_short = fail("Enregistrer ce mot de passe")

STRANGERS = [
    State("sign-up, spaces", NOBODY, SIGN_UP),
    State("sign-up, member", NOBODY, f"{SIGN_UP}/adherent"),
    State("sign-up, member, errors", NOBODY, f"{SIGN_UP}/adherent", fail("Envoyer ma demande")),
    State("sign-up, represented, errors", NOBODY, f"{SIGN_UP}/adherent", sign_up_for_a_child),
    State("sign-up, employer", NOBODY, f"{SIGN_UP}/employeur"),
    State("sign-up, employer, errors", NOBODY, f"{SIGN_UP}/employeur", fail("Envoyer ma demande")),
    State("sign-up, provider", NOBODY, f"{SIGN_UP}/professionnel"),
    State("sign-up, provider, errors", NOBODY, f"{SIGN_UP}/professionnel", fail("Envoyer ma demande")),
    State("sign-up, letters sent", NOBODY, f"{SIGN_UP}/e-mails"),
    State("sign-up, letters again, error", NOBODY, f"{SIGN_UP}/renvoi", fail("Recevoir mes e-mails")),
    State("password forgotten", NOBODY, "/mot-de-passe-oublie"),
    State("password forgotten, sent", NOBODY, "/mot-de-passe-oublie/envoye"),
    State("password, by the link", NOBODY, "{reset}", lands="/mot-de-passe/nouveau"),
    State("password, by the link, error", NOBODY, "{reset}", too_short, lands="/mot-de-passe/nouveau"),
    State("password, by the link, done", NOBODY, "/mot-de-passe/nouveau/fait"),
    State("identifier forgotten", NOBODY, "/identifiant-oublie"),
    State("identifier forgotten, sent", NOBODY, "/identifiant-oublie/envoye"),
    State("sign-in, suspended", NOBODY, "/connexion?qui={blocked}", sign_in_as("pas accessible")),
    State("sign-in, password expired", NOBODY, "/connexion?qui={expired}", sign_in_as("mot de passe")),
    State("factor lost", NOBODY, "/connexion/acces-perdu"),
    State("link that is dead", NOBODY, "/lien/ancien"),
    State("fraud", NOBODY, FRAUD),
    State("fraud, error", NOBODY, FRAUD, fail("Geler le compte")),
    State("fraud, received", NOBODY, f"{FRAUD}/recu"),
    State("fraud, done", NOBODY, f"{FRAUD}/fait"),
    State("fraud, by the link", NOBODY, "{fraud_link}", lands=f"{FRAUD}/confirmation"),
    State("e-mail, by the current box", NOBODY, "{email_current}", lands=f"{ACCOUNT}/adresse-email/confirmation"),
    State("e-mail, by the new box", NOBODY, "{email_new}", lands=f"{ACCOUNT}/adresse-email/confirmation"),
    State("e-mail, half confirmed", NOBODY, f"{ACCOUNT}/adresse-email/suite?etat=attente"),
    State("e-mail, changed", NOBODY, f"{ACCOUNT}/adresse-email/suite?etat=changee"),
    State("e-mail, refused", NOBODY, f"{ACCOUNT}/adresse-email/suite?etat=annulee"),
    State("deletion, by the link", NOBODY, "{deletion}", lands=f"{ACCOUNT}/suppression/confirmation"),
    State("deletion, confirmed", NOBODY, f"{ACCOUNT}/suppression/suite"),
    State("terms", NOBODY, "/conditions"),
    State("terms, versions", NOBODY, "/conditions/versions"),
    State("terms, version to come", NOBODY, "/conditions/versions/2"),
    State("terms, changes", NOBODY, "/conditions/versions/2/changements"),
    State("demonstration's mailbox", NOBODY, "/demonstration/courrier"),
    State("help", NOBODY, "/aide"),
    State("accessibility", NOBODY, "/accessibilite"),
    State("privacy", NOBODY, "/confidentialite"),
    State("nowhere", NOBODY, "/nulle-part"),
]
FIRST_STEPS = [
    State("second step", GUARDED, "/connexion/code", stage=Stage.CODE),
    State("second step, key alone", KEYHOLDER, "/connexion/code", stage=Stage.CODE),
    State("second step, recovery, error", GUARDED, "/connexion/code/secours", fail("Valider"), stage=Stage.CODE),
    State("code by e-mail", ASKED, "/connexion/code-email", stage=Stage.EMAIL_CODE),
    State("code by e-mail, error", ASKED, "/connexion/code-email", fail("Valider"), stage=Stage.EMAIL_CODE),
    State("first password", TEMPORARY, ACCOUNT, lands="/mot-de-passe/premier"),
    State("first password, error", TEMPORARY, ACCOUNT, too_short, lands="/mot-de-passe/premier"),
    State("first factor", EXPOSED, "/employeur", lands="/second-facteur"),
    State("first factor, keys", EXPOSED, KEYS),
    State("first factor, application", EXPOSED, "/second-facteur", press("Configurer une application")),
    State("terms due", UNDECIDED, "/adherent", lands="/conditions/acceptation"),
    State("terms due, error", UNDECIDED, "/conditions/acceptation", fail("Valider mon accord")),
    State("terms refused", UNDECIDED, "/conditions/refus"),
    State("deletion, terms refused", UNDECIDED, f"{ACCOUNT}/suppression"),
]
OWN_ACCOUNT = [
    State("account", MEMBER, ACCOUNT),
    State("account, changes under way", ASKED, ACCOUNT),
    State("account, leaving", LEAVING, ACCOUNT),
    State("account, employer", EMPLOYER, ACCOUNT),
    State("account, desk", DESK, ACCOUNT),
    State("home, leaving", LEAVING, "/adherent"),
    State("reading only, leaving", LEAVING, f"{ACCOUNT}/coordonnees"),
    State("reading only, ended", LEAVER, f"{ACCOUNT}/coordonnees"),
    State("contact, error", MEMBER, f"{ACCOUNT}/coordonnees", bad_phone),
    State("e-mail change", MEMBER, f"{ACCOUNT}/adresse-email"),
    State("e-mail change, error", MEMBER, f"{ACCOUNT}/adresse-email", fail("Envoyer les liens de confirmation")),
    State("e-mail change, under way", ASKED, f"{ACCOUNT}/adresse-email"),
    State("notifications", MEMBER, f"{ACCOUNT}/notifications"),
    State("security, no factor", MEMBER, SECURITY),
    State("security, factors", GUARDED, SECURITY),
    State("sessions", MEMBER, f"{SECURITY}/sessions"),
    State("password change", MEMBER, f"{SECURITY}/mot-de-passe"),
    State("password change, error", MEMBER, f"{SECURITY}/mot-de-passe", fail("Changer de mot de passe")),
    State("password changed", MEMBER, f"{SECURITY}/mot-de-passe/change"),
    State("application, none", MEMBER, APP),
    State("application, started, error", MEMBER, APP, wrong_app_code),
    State("application, active", GUARDED, APP),
    State("keys, none", MEMBER, KEYS),
    State("keys", GUARDED, KEYS),
    State("key", GUARDED, f"{KEYS}/{{key}}"),
    State("recovery codes, no factor", MEMBER, f"{CODES}/nouveaux"),
    State("recovery codes, left", GUARDED, CODES, lands=f"{CODES}/nouveaux"),
    State("recovery codes, new", KEYHOLDER, f"{CODES}/nouveaux", press("Faire dix nouveaux codes")),
    State("identity", MEMBER, f"{ACCOUNT}/confirmation"),
    State("identity, factors, error", GUARDED, f"{ACCOUNT}/confirmation?suite=/compte", fail("Confirmer")),
    State("activity", MEMBER, f"{ACCOUNT}/journal"),
    State("activity, none", MEMBER, f"{ACCOUNT}/journal?nature=documents"),
    State("data", MEMBER, f"{ACCOUNT}/donnees"),
    State("terms accepted", MEMBER, f"{ACCOUNT}/conditions"),
    State("deletion", MEMBER, f"{ACCOUNT}/suppression"),
    State("deletion, asked", ASKED, f"{ACCOUNT}/suppression"),
    State("fraud, signed in", MEMBER, FRAUD),
]
ORGANISATIONS = [
    State("team", EMPLOYER, "/employeur/utilisateurs"),
    State("team, invitation, errors", EMPLOYER, "/employeur/utilisateurs/invitation", fail("Envoyer l’invitation")),
    State("team, user", EMPLOYER, "/employeur/utilisateurs", open_first("Modifier")),
    State("service withdrawn", PROVIDER, "/professionnel/utilisateurs"),
]
DESK_STATES = [
    State("accounts", DESK, DESK_ACCOUNTS),
    State("accounts, error", DESK, DESK_ACCOUNTS, fail("Chercher")),
    State("accounts, found", DESK, DESK_ACCOUNTS, search_as_desk(EMPLOYER, "1 compte trouvé")),
    State("accounts, none found", DESK, DESK_ACCOUNTS, search_as_desk("9999999999", "0 compte trouvé")),
    State("sheet", SUPERVISOR, "{sheet}"),
    State("sheet, suspended", DESK, "{blocked_sheet}"),
    State("sheet, leaving", DESK, "{leaving_sheet}"),
    State("suspension, error", DESK, "{sheet}/suspension", fail("Suspendre ce compte")),
    State("closing, error", SUPERVISOR, "{sheet}/fermeture", fail("Fermer pour toujours")),
    State("act on factors", DESK, "{sheet}/actes/facteurs"),
    State("frauds", DESK, "/gestion/fraudes"),
    State("fraud case", DESK, "{case}"),
    State("fraud case, step, error", DESK, "{case}/etape", fail("Enregistrer cette étape")),
    State("services", SUPERVISOR, "/gestion/services"),
    State("service", SUPERVISOR, "/gestion/services/adherent/prestations", fail("Retirer le service")),
    State("maintenance", SUPERVISOR, "/gestion/maintenance"),
    State("maintenance, plan, errors", SUPERVISOR, "/gestion/maintenance/nouvelle", fail("Prévoir cette maintenance")),
]
ACCOUNT_STATES = STRANGERS + FIRST_STEPS + OWN_ACCOUNT + ORGANISATIONS + DESK_STATES
