"""Visits to the demonstration: people of our own beside its accounts, who come in by the form or with a session."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import cast

import httpx
from playwright.sync_api import Page, expect
from sqlmodel import Session, select

from portal.data.accounts import Account
from portal.data.sessions import Stage
from portal.database import Database
from portal.demo.site import PASSWORD, TOTP_SECRET, demo_settings
from portal.formatting import today
from portal.security import Keyring, OneTimeCode
from portal.sessions import SESSION, make_cookie
from portal.settings import Settings
from portal.web import Services
from tests.support import factories
from tests.support.browser import DemoServer, Tab
from tests.support.terms import accept_version

MEMBER, SINGLE, DEPENDANT, LEAVER = "1000000016", "1000000024", "1000000032", "1000000040"
MEMBER_ADDRESS = "camille.exemple@exemple.example"
EMPLOYER, PROVIDER, DESK = "2000000014", "3000000012", "9000000019"

LONG_FIRST_NAME = "Marie-Bénédicte-Alexandrine-Philippine"
LONG_LAST_NAME = "de La Rochefoucauld-Montmorency-Luxembourg d’Arenberg"
LONG_LABEL = "Téléexpertise d’hépatogastroentérologie-pluridisciplinaire-interdépartementale anticonstitutionnelle"
LONG_PROVIDER = "Cabinetdestomatologieetdechirurgiemaxillofacialereconstructricepédiatrique"


def sign_in(page: Page, origin: str, identifier: str) -> None:
    """Signs in by the form, the code included where it is asked for."""
    page.goto(f"{origin}/connexion")
    page.get_by_label("Identifiant").fill(identifier)
    page.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
    earlier = _emailed_codes(page, origin)
    page.get_by_role("button", name="Se connecter", exact=True).click()
    if page.url.endswith("/connexion/code-email"):
        page.get_by_label("Code à six chiffres").fill(_next_emailed_code(page, origin, earlier))
        page.get_by_role("button", name="Valider").click()
    if page.url.endswith("/connexion/code"):
        page.get_by_label("Code à six chiffres").fill(OneTimeCode(TOTP_SECRET).now())
        page.get_by_role("button", name="Valider").click()


def _emailed_codes(page: Page, origin: str) -> list[str]:
    """The codes in the demonstration's mailbox, the newest first."""
    return re.findall(r">(\d{6})<", page.request.get(f"{origin}/demonstration/courrier").text())


def _next_emailed_code(page: Page, origin: str, earlier: list[str]) -> str:
    """The code that arrives now: letters leave within seconds."""
    for _ in range(100):
        codes = _emailed_codes(page, origin)
        if codes[:1] != earlier[:1]:
            return codes[0]
        page.wait_for_timeout(100)
    raise AssertionError("no code was e-mailed")


def arrive(tab: Tab) -> Page:
    """Signs the demonstration's member in, by the form; returns the page, on the member's start page."""
    sign_in(tab.page, tab.origin, MEMBER)
    expect(tab.page).to_have_url(f"{tab.origin}/adherent")
    expect(tab.page.get_by_role("heading", level=1)).to_have_text("Bonjour Camille Exemple")
    return tab.page


@dataclass(frozen=True)
class Site:
    """The demonstration's database and keys, to add people and to open sessions while its server runs."""

    database: Database
    settings: Settings
    keyring: Keyring

    def cookie(self, account_id: int, stage: Stage = Stage.FULL) -> tuple[str, str]:
        """Name and value of the cookie of a new session."""
        with self.database.write() as db:
            token = factories.session_token(db, db.get_one(Account, account_id), stage=stage)
        services = cast("Services", SimpleNamespace(settings=self.settings, keyring=self.keyring))
        cookie = make_cookie(services, SESSION, token)
        return cookie.key, str(cookie.value)

    def enter(self, tab: Tab, account_id: int, stage: Stage = Stage.FULL) -> None:
        """Gives a tab a new session, past the sign-in form."""
        name, value = self.cookie(account_id, stage)
        tab.context.add_cookies([{"name": name, "value": value, "url": tab.origin}])

    def account_of(self, identifier: str) -> int:
        """The account that signs in with these ten digits."""
        with self.database.read() as db:
            return db.exec(select(Account.id).where(Account.identifier == identifier)).one() or 0

    def client(self, account_id: int) -> httpx.Client:
        """A signed-in client without a browser."""
        name, value = self.cookie(account_id)
        return httpx.Client(base_url=self.settings.origin, cookies={name: value}, timeout=30)


@contextmanager
def open_site(demo: DemoServer) -> Iterator[Site]:
    """The site behind a running demonstration."""
    settings = demo_settings(demo.folder, demo.origin)
    database = Database(settings.resolved_database_url)
    try:
        yield Site(database, settings, Keyring(settings))
    finally:
        database.dispose()


def newcomer(site: Site) -> int:
    """The account of a member for whom nothing was paid yet."""
    with site.database.write() as db:
        member = factories.person(db, "Nouvelle", last_name="Venue")
        factories.contract(db, member)
        return _account(db, site, member, "Nouvelle Venue")


def long_named(site: Site) -> int:
    """The account of a member whose names, care and providers are as long as they come: two paid lines, one awaited."""
    day = today() - timedelta(days=40)
    words = {"label": LONG_LABEL, "provider": LONG_PROVIDER, "care_date": day}
    amounts = {"spent_cents": 123456789, "remaining_cents": 123456789 - 2800}
    with site.database.write() as db:
        member = factories.person(db, LONG_FIRST_NAME, last_name=LONG_LAST_NAME)
        contract = factories.contract(db, member)
        child = factories.person(db, LONG_FIRST_NAME[::-1].title(), born=day, last_name=LONG_LAST_NAME)
        factories.cover(db, contract, child)
        factories.paid_line(db, contract, **words)
        factories.paid_line(db, contract, child, **words, **amounts)
        factories.line(db, contract, status="en_attente_piece", note=LONG_LABEL, **words)
        return _account(db, site, member, f"{LONG_FIRST_NAME} {LONG_LAST_NAME}")


def _account(db: Session, site: Site, member: factories.Person, name: str) -> int:
    account = factories.member_account(db, site.keyring, member, display_name=name)
    accept_version(db, account)
    return account.id or 0
