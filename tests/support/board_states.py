"""The states of the desk's clocks: what is late, the year's report, a message that becomes a complaint, its clock; and
the delays that anybody reads."""

from sqlmodel import Session, col, select

from portal.data.case_states import CaseKind
from portal.data.work_items import Turn, WorkItem
from tests.support.states import NOBODY, State, fail
from tests.support.visits import DESK, Site

SUPERVISOR = "9000000027"
REPORT = "/gestion/rapports/reclamations"

BOARD_STATES = [
    State("board, agent", DESK, "/gestion/echeances"),
    State("board, supervisor", SUPERVISOR, "/gestion/echeances"),
    State("complaints, report", SUPERVISOR, REPORT),
    State("complaints, report to publish", SUPERVISOR, f"{REPORT}?version=publiable"),
    State("complaints, report of no year", SUPERVISOR, f"{REPORT}?annee=1999"),
    State("requalify", DESK, "{waiting_message}/requalification"),
    State("requalify, errors", DESK, "{waiting_message}/requalification", fail("En faire une réclamation")),
    State("complaint at the desk", DESK, "{waiting_complaint}/reclamation"),
    State("complaint at the desk, no reason", DESK, "{waiting_complaint}/reclamation", fail("Prévenir la personne")),
    State("complaint at the desk, no day", DESK, "{waiting_complaint}/reclamation", fail("Noter la saisine")),
    State("delays", NOBODY, "/delais"),
]


def board_places(db: Session, site: Site) -> dict[str, str]:
    """A message and a complaint that wait at the desk, by the addresses below which their pages stand."""
    return {
        "waiting_message": _waiting(db, site, CaseKind.MESSAGE),
        "waiting_complaint": _waiting(db, site, CaseKind.COMPLAINT),
    }


def _waiting(db: Session, site: Site, kind: CaseKind) -> str:
    query = (
        select(WorkItem.id).where(WorkItem.kind == kind.value, WorkItem.turn == Turn.DESK).order_by(col(WorkItem.id))
    )
    item_id = db.exec(query.limit(1)).one()
    return f"/gestion/dossiers/{site.keyring.conceal('work', [item_id])[0]}"
