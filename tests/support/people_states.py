"""The states of the desk's pages about persons, exceptional access and the retention schedule."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.support.states import NOBODY, State, fail
from tests.support.visits import DESK

SUPERVISOR = "9000000027"
PEOPLE, ACCESSES = "/gestion/personnes", "/gestion/acces-exceptionnels"
CONTRACT = "C-000001"


def look_up(contract: str, heading: str) -> Callable[[Page], None]:
    """Looks persons up by a contract's number."""

    def typed(page: Page) -> None:
        page.get_by_label("Pourquoi cherchez-vous cette personne").select_option("demande")
        page.get_by_label("Numéro de contrat ou d’adhérent").fill(contract)
        page.get_by_role("button", name="Chercher").click()
        expect(page.get_by_role("heading", name=heading)).to_be_visible()

    return typed


def open_person(page: Page) -> None:
    """The sheet of the first person found on the contract."""
    look_up(CONTRACT, "personnes trouvées")(page)
    page.get_by_role("link", name="Ouvrir").first.click()
    expect(page.get_by_role("heading", name="Identité")).to_be_visible()


def begin(page: Page) -> None:
    """The form that opens an exceptional access; the access itself, where an earlier walk opened it."""
    open_person(page)
    page.get_by_role("link", name="Accès exceptionnel", exact=True).last.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def refuse(page: Page) -> None:
    begin(page)
    if page.get_by_role("button", name="Ouvrir le dossier").count():
        fail("Ouvrir le dossier")(page)


def open_record(page: Page) -> None:
    """Opens the record, or goes on in it where an earlier walk opened it."""
    begin(page)
    if page.get_by_role("button", name="Ouvrir le dossier").count():
        page.get_by_label("Raison, telle que la personne la lira").select_option("autorite")
        page.get_by_label("Votre motif, pour le contrôle").fill("Une autorité habilitée attend une réponse ce jour.")
        page.get_by_label("Ce dossier n’est ni le mien").check(force=True)
        page.get_by_role("button", name="Ouvrir le dossier").click()
    expect(page.get_by_role("heading", name="Accès exceptionnel", level=1)).to_be_visible()


def part(label: str) -> Callable[[Page], None]:
    def opened(page: Page) -> None:
        open_record(page)
        page.get_by_role("link", name=label, exact=True).last.click()
        expect(page.get_by_role("heading", name=label).last).to_be_visible()

    return opened


def open_access(page: Page) -> None:
    page.get_by_role("link", name="Ouvrir").last.click()
    expect(page.get_by_role("heading", name="Ce qui a été lu")).to_be_visible()


def judge_nothing(page: Page) -> None:
    open_access(page)
    fail("Enregistrer mon contrôle")(page)


def unfold(page: Page) -> None:
    """Every part of the schedule, open."""
    for summary in page.locator("details.fold > summary").all():
        summary.click()


def end_one(page: Page) -> None:
    page.get_by_role("link", name="Fermer la session").first.click()
    expect(page.get_by_role("button", name="Fermer cette session")).to_be_visible()


PEOPLE_STATES = [
    State("people", DESK, PEOPLE),
    State("people, errors", DESK, PEOPLE, fail("Chercher")),
    State("people, none found", DESK, PEOPLE, look_up("000000", "0 personne trouvée")),
    State("people, found", DESK, PEOPLE, look_up(CONTRACT, "personnes trouvées")),
    State("person", SUPERVISOR, PEOPLE, open_person),
    State("exceptional access, errors", SUPERVISOR, PEOPLE, refuse),
    State("exceptional access, care", SUPERVISOR, PEOPLE, open_record),
    State("exceptional access, claims", SUPERVISOR, PEOPLE, part("Demandes")),
    State("exceptional access, documents", SUPERVISOR, PEOPLE, part("Documents")),
    State("exceptional accesses", SUPERVISOR, ACCESSES),
    State("exceptional access, review, errors", SUPERVISOR, ACCESSES, judge_nothing),
    State("retention", SUPERVISOR, "/gestion/conservation", unfold),
    State("hold, error", SUPERVISOR, "{sheet}/conservation", fail("Mettre en conservation")),
    State("reopening, error", SUPERVISOR, "{closed_sheet}/reouverture", fail("Rouvrir ce compte")),
    State("access again", SUPERVISOR, "{sheet}/actes/acces"),
    State("session", SUPERVISOR, "{desk_sheet}", end_one),
    State("privacy, schedule", NOBODY, "/confidentialite", unfold),
]
