"""The states of the desk's pages about requests on data that came on paper and of holds on
persons."""

from playwright.sync_api import Page, expect
from sqlmodel import Session, col, select

from portal.case_links import CASE
from portal.data.cases import Case, CaseState
from portal.data.received_requests import Asker, ReceivedRequest
from portal.data.work_items import WorkItem
from tests.support.people_states import PEOPLE, SUPERVISOR, open_person
from tests.support.states import State, fail
from tests.support.visits import DESK, MEMBER, Site


def paper_places(db: Session, site: Site) -> dict[str, str]:
    """The pages of the demonstration's requests on paper: one that waits, one granted."""
    query = select(WorkItem.id, ReceivedRequest.asker).join(
        ReceivedRequest, col(ReceivedRequest.case_id) == WorkItem.case_id
    )
    found = {asker: item or 0 for item, asker in db.exec(query.order_by(col(WorkItem.id).desc()))}
    named = {"paper_case": found[Asker.PERSON], "granted_case": found[Asker.GUARDIAN]}
    places = {name: f"/gestion/dossiers/{site.keyring.conceal('work', [item])[0]}" for name, item in named.items()}
    lapsed = db.exec(select(Case.id).where(Case.state == CaseState.LAPSED)).one()
    (name,) = site.keyring.conceal(CASE, [lapsed or 0])
    return places | {"lapsed_case": f"/adherent/demandes/{name}", "reopening": f"/dossiers/{name}/reprise"}


def write_down(page: Page) -> None:
    open_person(page)
    page.get_by_role("link", name="Enregistrer une demande reçue").click()
    expect(page.get_by_label("Reçue le")).to_be_visible()


def write_nothing(page: Page) -> None:
    write_down(page)
    fail("Enregistrer la demande")(page)


def hold(page: Page) -> None:
    open_person(page)
    page.get_by_role("link", name="Mettre en conservation").click()
    fail("Mettre en conservation")(page)


PAPER_STATES = [
    State("request on paper, new", SUPERVISOR, PEOPLE, write_down),
    State("request on paper, errors", SUPERVISOR, PEOPLE, write_nothing),
    State("request on paper", DESK, "{paper_case}"),
    State("request on paper, letters", DESK, "{paper_case}/courriers"),
    State("request on paper, nothing joined", DESK, "{paper_case}/courriers", fail("Joindre")),
    State("request on paper, granted", DESK, "{granted_case}/courriers"),
    State("lapsed quote", MEMBER, "{lapsed_case}"),
    State("lapsed quote, taken up again", MEMBER, "{reopening}"),
    State("person, hold, error", SUPERVISOR, PEOPLE, hold),
]
