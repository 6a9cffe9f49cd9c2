"""The states of the desk's queue, of the acts on a request, of the team, and of the start page."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.support.account_states import SUPERVISOR
from tests.support.states import State, fail
from tests.support.visits import DESK

LIST, TEAM = "/gestion/file", "/gestion/equipe"


def open_keys(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.locator("#raccourcis")).to_have_attribute("open", "")


def filter_in_place(page: Page) -> None:
    page.get_by_text("Chercher et filtrer").click()
    page.get_by_label("Qui s’en occupe").select_option("moi")
    expect(page.locator(".chips")).to_contain_text("les miens")


def act(name: str, *then: Callable[[Page], object]) -> Callable[[Page], None]:
    """Opens the first request, then one of the acts on it."""

    def go(page: Page) -> None:
        page.locator("tbody th a").first.click()
        expect(page.locator("#presence")).to_contain_text("ouvert")
        page.locator("#suivi").get_by_role("link", name=name, exact=True).click()
        for each in then:
            each(page)

    return go


def open_first(page: Page) -> None:
    page.locator("tbody th a").first.click()
    expect(page.locator("#presence")).to_contain_text("ouvert")


def choose_two(page: Page) -> None:
    for box in page.locator(".pick input").all()[:2]:
        box.check()
    page.get_by_role("button", name="Agir sur les dossiers cochés").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Agir sur plusieurs dossiers")


def several_in_error(page: Page) -> None:
    choose_two(page)
    fail("Faire pour ces dossiers")(page)


def several_done(page: Page) -> None:
    choose_two(page)
    page.get_by_role("radio", name="Je m’en charge").check(force=True)
    page.get_by_role("button", name="Faire pour ces dossiers").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ce qui a été fait")


def agent_of_team(name: str, *then: Callable[[Page], object]) -> Callable[[Page], None]:
    def go(page: Page) -> None:
        page.get_by_role("link", name=name).first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        for each in then:
            each(page)

    return go


QUEUE_STATES = [
    State("desk, start page", DESK, "/gestion"),
    State("desk, start page of a supervisor", SUPERVISOR, "/gestion"),
    State("queue", DESK, LIST),
    State("queue, keys", DESK, LIST, open_keys),
    State("queue, filtered in place", DESK, LIST, filter_in_place),
    State("queue, mine", DESK, f"{LIST}?qui=moi"),
    State("queue, asleep", DESK, f"{LIST}?suivi=veille"),
    State("queue, over", SUPERVISOR, f"{LIST}?tour=fini"),
    State("queue, none found", DESK, f"{LIST}?reference=D-0000-0000"),
    State("queue, filter without a name", DESK, f"{LIST}?qui=moi", fail("Enregistrer ce filtre")),
    State("queue, several, none chosen", DESK, f"{LIST}/lot"),
    State("queue, several in error", DESK, LIST, several_in_error),
    State("queue, several done", DESK, f"{LIST}?qui=personne", several_done),
    State("request, who has it", DESK, f"{LIST}?qui=moi", open_first),
    State(
        "request, handed over in error",
        DESK,
        f"{LIST}?qui=moi",
        act("Confier à un collègue", fail("Confier ce dossier")),
    ),
    State(
        "request, put to sleep in error",
        DESK,
        f"{LIST}?nature=devis",
        act("Mettre en veille", fail("Mettre en veille")),
    ),
    State("request, given back", DESK, f"{LIST}?qui=moi", act("Remettre dans la file")),
    State(
        "request, escalated in error",
        DESK,
        f"{LIST}?nature=devis",
        act("Transmettre aux superviseurs", fail("Transmettre aux superviseurs")),
    ),
    State("request, note in error", DESK, f"{LIST}?qui=moi", act("Ajouter une note", fail("Ajouter cette note"))),
    State("team", SUPERVISOR, TEAM),
    State("team, agent", SUPERVISOR, TEAM, agent_of_team("Inès Témoin")),
    State("team, absence in error", SUPERVISOR, TEAM, agent_of_team("Inès Témoin", fail("Enregistrer cette absence"))),
]
