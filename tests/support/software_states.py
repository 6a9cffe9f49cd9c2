"""The states of the page of a practice's software."""

from playwright.sync_api import Page, expect

from tests.support.rights_states import HISTORY, open_last
from tests.support.states import State, fail

PATH = "/professionnel/logiciel"
PHARMACIST, HOSPITAL = "3000000020", "3000000038"


def make(page: Page) -> None:
    """Makes the access, or renews its secret where an earlier walk made it: the secret is shown."""
    name = page.get_by_label("Nom de votre logiciel")
    if name.count():
        name.fill("Logiciel d’accueil et de facturation du centre hospitalier")
    page.get_by_role("button", name="Créer l’accès").or_(
        page.get_by_role("button", name="Renouveler le secret")
    ).click()
    expect(page.get_by_text("Copiez ce secret maintenant")).to_be_visible()


SOFTWARE_STATES = [
    State("software", PHARMACIST, PATH),
    State("software, an answer", PHARMACIST, HISTORY, open_last),
    State("software, error", "3000000012", PATH, fail("Créer l’accès")),
    State("software, its secret", HOSPITAL, PATH, make),
]
