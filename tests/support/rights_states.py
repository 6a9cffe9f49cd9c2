"""The states of the professional's pages of rights."""

from collections.abc import Callable
from datetime import timedelta

from PIL import Image
from playwright.sync_api import Page, expect
from sqlmodel import Session

from portal.data.accounts import Account
from portal.data.columns import utc_now
from portal.data.rights_freezes import freeze_checks
from portal.data.rights_patterns import Pattern
from portal.formatting import today
from portal.rights_words import told_to_desk
from portal.typed_forms import seal_typed
from tests.support import factories
from tests.support.card_photos import encoded, photo_of
from tests.support.rights import practice
from tests.support.states import State, fail
from tests.support.terms import accept_version
from tests.support.visits import DESK, PROVIDER, Site

RIGHTS = "/professionnel/droits"
HISTORY = f"{RIGHTS}/historique"
CHECKS_FROZEN, PRACTICE_FROZEN = "checks frozen", "practice frozen"
SEEN = {Pattern.NEIGHBOURS: 15, Pattern.MISSES: 16, Pattern.NIGHT: 31}
TYPED = {
    "numero": "X00421977", "naissance": "1980-05-17", "rang": "1", "soins": today().isoformat(), "motif": "1",
    "formulaire": "un",
}  # fmt: skip


def frozen_checks(db: Session, site: Site) -> tuple[dict[str, Account], dict[str, str]]:
    """Somebody whose checks are frozen, a colleague elsewhere whose whole practice is; their cases, and forms that wait
    for them filled."""
    alone, first, second = (_user(db, site) for _ in range(3))
    second.provider_id = first.provider_id
    db.flush()
    cases = [_case(db, site, who) for who in (alone, first, second)]
    places = {"checks_case": cases[0], "practice_case": cases[2]}
    typed = {"frozen_form": alone.id or 0, "filled_form": site.account_of(PROVIDER)}
    for name, account_id in typed.items():
        sealed = seal_typed(site.keyring, account_id, "provider.rights", TYPED, utc_now())
        places[name] = f"{RIGHTS}?saisie={sealed}"
    return {CHECKS_FROZEN: alone, PRACTICE_FROZEN: first}, places


def _user(db: Session, site: Site) -> Account:
    account = practice(db, site.keyring)
    accept_version(db, account)
    return account


def _case(db: Session, site: Site, who: Account) -> str:
    viewer = factories.viewer_of(db, who)
    made = freeze_checks(db, viewer, site.keyring, SEEN, told_to_desk(SEEN), utc_now())
    return f"/gestion/fraudes/{site.keyring.conceal('fraud', [made.report_id])[0]}"


CODE = "CTP1|0099999901|IS|02|A90001|20260101|20261231|R|" + "A" * 40
BLANK = encoded(Image.new("RGB", (800, 600), "grey"))


def open_last(page: Page) -> None:
    """Opens the newest answer of the list."""
    page.locator("ul.rows a").first.click()
    expect(page.get_by_role("heading", name="Votre preuve")).to_be_visible()


def check_nobody(page: Page) -> None:
    """Asks about nobody: the answer says so."""
    page.get_by_label("N° d’adhérent").fill("INCONNU9")
    page.get_by_label("Date de naissance").fill("1980-05-17")
    page.get_by_label("Je prends en charge").check(force=True)
    page.get_by_role("button", name="Vérifier les droits").click()
    expect(page.get_by_role("heading", name="Bénéficiaire inconnu", level=2)).to_be_visible()


def photograph(content: bytes, then: str) -> Callable[[Page], None]:
    """Sends a photo; the page then says this."""

    def send(page: Page) -> None:
        file = {"name": "carte.jpg", "mimeType": "image/jpeg", "buffer": content}
        page.get_by_label("Photo de la carte").set_input_files(file)  # type: ignore[arg-type]
        page.get_by_role("button", name="Lire la photo").click()
        expect(page.get_by_text(then).first).to_be_visible()

    return send


RIGHTS_STATES = [
    State("provider, what waits", CHECKS_FROZEN, "/professionnel"),
    State("rights check", PROVIDER, RIGHTS),
    State("rights check, error", PROVIDER, RIGHTS, fail("Vérifier les droits")),
    State("rights check, unknown", PROVIDER, RIGHTS, check_nobody),
    State("rights check, filled again", PROVIDER, "{filled_form}"),
    State("rights check, frozen", CHECKS_FROZEN, RIGHTS),
    State("rights check, frozen while typing", CHECKS_FROZEN, "{frozen_form}"),
    State("rights check, practice frozen", PRACTICE_FROZEN, RIGHTS),
    State("frozen checks, case", DESK, "{checks_case}"),
    State("frozen practice, case", DESK, "{practice_case}"),
    State("frozen checks, step, error", DESK, "{checks_case}/etape", fail("Enregistrer cette étape")),
    State("rights check, photo read", PROVIDER, RIGHTS, photograph(photo_of(CODE), "Carte lue")),
    State("rights check, photo unreadable", PROVIDER, RIGHTS, photograph(BLANK, "Aucun code carré")),
    State("rights checks", PROVIDER, HISTORY),
    State("rights checks, an answer", PROVIDER, HISTORY, open_last),
    State("rights checks, none that day", PROVIDER, f"{HISTORY}?le={today() - timedelta(days=900)}"),
    State("rights checks, error", PROVIDER, f"{HISTORY}?le=2026-02-31"),
    State("rights checks, unknown number", PROVIDER, HISTORY, fail("Retrouver cette vérification")),
]
