"""The states of the desk's case pages: a case, its pieces, its decisions, those that wait, and reply templates."""

from playwright.sync_api import Page, expect
from sqlmodel import Session, col, select

from portal.data.cases import Case, CaseKind
from portal.data.columns import utc_now
from portal.data.data_request_rows import DataRequest
from portal.data.data_right_rules import DataRight
from portal.data.proposals import DecisionProposal, ProposalState
from portal.data.replies import all_replies
from portal.data.work_items import Turn, WorkItem, item_of_case
from tests.support.data_requests import numbered, proven
from tests.support.states import State, fail, press
from tests.support.visits import DESK, Site

PREVIEW = "Voir ce que la personne lira"
WORDS = "Bonjour,\n\nNous avons étudié votre demande. Voici notre réponse, et ce que vous pouvez faire maintenant."
# Milliseconds: a page is drawn by a process of its own, on machines that are busy testing.
DRAWN_WITHIN = 60_000
SUPERVISOR = "9000000027"


def desk_case_places(db: Session, site: Site) -> dict[str, str]:
    """The pages of cases that wait for the desk, by kind; of the decision that waits; of a template."""
    keyring, now = site.keyring, utc_now()
    waiting = select(WorkItem).where(WorkItem.turn == Turn.DESK, col(WorkItem.case_id).is_not(None))
    kinds = {item.kind: item.id or 0 for item in db.exec(waiting.order_by(col(WorkItem.id).desc()))}
    named = {"quote_case": kinds["devis"], "removal_case": kinds["retrait-beneficiaire"]}
    named["looked_case"] = _proposed(db, CaseKind.COMPLAINT)
    named["valued_case"] = _proposed(db, CaseKind.CLAIM)
    named |= {"question_case": kinds["message"], "report_case": kinds["signalement-erreur"]}
    named |= {
        "proven_case": _row_of(db, proven(db, keyring, now)),
        "number_case": _row_of(db, numbered(db, keyring, now)),
    }
    named |= {"access_case": _asked(db, DataRight.ACCESS), "correction_case": _asked(db, DataRight.RECTIFICATION)}
    places = {name: f"/gestion/dossiers/{keyring.conceal('work', [row])[0]}" for name, row in named.items()}
    return places | {"reply": f"/gestion/modeles/{keyring.conceal('reply', [all_replies(db)[0].id])[0]}"}


def _row_of(db: Session, case: Case) -> int:
    return item_of_case(db, case.id or 0)


def _asked(db: Session, right: DataRight) -> int:
    """The row in the queue of the first request about a right that waits for the desk."""
    query = select(WorkItem.id).join(DataRequest, col(DataRequest.case_id) == WorkItem.case_id)
    waiting = query.where(DataRequest.right == right, WorkItem.turn == Turn.DESK)
    return db.exec(waiting.order_by(col(WorkItem.id))).first() or 0


def _proposed(db: Session, kind: CaseKind) -> int:
    """The row in the queue of the case of a kind whose decision waits for a second agent."""
    query = select(WorkItem.id).join(DecisionProposal, col(DecisionProposal.case_id) == WorkItem.case_id)
    waiting = query.where(DecisionProposal.state == ProposalState.WAITING, DecisionProposal.kind == kind)
    return db.exec(waiting.order_by(col(WorkItem.id)).limit(1)).one() or 0


def preview_the_quote(page: Page) -> None:
    page.locator("#texte").fill(WORDS)
    page.locator("#securite_sociale").fill("12,00")
    page.locator("#mutuelle").fill("20,50")
    press(PREVIEW)(page)
    expect(page.get_by_role("heading", name="Sa page")).to_be_visible()


def fill_from_a_template(page: Page) -> None:
    page.get_by_label("Modèle de réponse").select_option(index=1)
    press("Insérer ce modèle")(page)
    expect(page.locator("#texte")).not_to_be_empty()


def open_a_piece(page: Page) -> None:
    page.locator(".files a").first.click()
    page.locator(".sheet img").wait_for(timeout=DRAWN_WITHIN)


def refuse_without_a_reason(page: Page) -> None:
    open_a_piece(page)
    fail("Refuser cette pièce")(page)


def refuse_without_words(page: Page) -> None:
    open_a_piece(page)
    page.get_by_label("Pourquoi", exact=True).select_option("autre")
    fail("Refuser cette pièce")(page)


def enlarge_a_piece(page: Page) -> None:
    open_a_piece(page)
    page.get_by_role("link", name="Agrandir").click()
    page.locator(".sheet.large img").wait_for(timeout=DRAWN_WITHIN)


def try_a_template(page: Page) -> None:
    press("Essayer sur un exemple")(page)
    expect(page.get_by_role("heading", name="Sur un exemple")).to_be_visible()


def preview_what_waits(page: Page) -> None:
    press(PREVIEW)(page)
    expect(page.get_by_role("heading", name="Sa page")).to_be_visible()


DESK_CASE_STATES = [
    State("case, quote", DESK, "{quote_case}"),
    State("case, removal", DESK, "{removal_case}"),
    State("case, message", DESK, "{question_case}"),
    State("case, report", DESK, "{report_case}"),
    State("case, access that takes longer", DESK, "{access_case}"),
    State("case, correction of data", DESK, "{correction_case}"),
    State("decision, identity doubted", DESK, "{correction_case}/decision?acte=demander"),
    State("decision, extension, error", DESK, "{correction_case}/decision?acte=prolonger", fail(PREVIEW)),
    State("decision, correction, preview", DESK, "{correction_case}/decision?acte=accepter", preview_what_waits),
    State("case, identity to check", DESK, "{proven_case}"),
    State("decision, identity checked", DESK, "{proven_case}/decision?acte=identite-verifiee", preview_what_waits),
    State("case, number that waits for a second look", DESK, "{number_case}"),
    State("proposal, number", DESK, "{number_case}/validation"),
    State("restriction, error", DESK, "{limited_sheet}/limitation", fail("Lever la limitation")),
    State("case, waiting for a second look", DESK, "{looked_case}"),
    State("piece", DESK, "{quote_case}", open_a_piece),
    State("piece, large", DESK, "{quote_case}", enlarge_a_piece),
    State("piece, refusal, error", DESK, "{quote_case}", refuse_without_a_reason),
    State("piece, refused for another reason, error", DESK, "{quote_case}", refuse_without_words),
    State("decision", DESK, "{quote_case}/decision?acte=accepter"),
    State("decision, error", DESK, "{quote_case}/decision?acte=accepter", fail(PREVIEW)),
    State("decision, template", DESK, "{quote_case}/decision?acte=accepter", fill_from_a_template),
    State("decision, day", DESK, "{removal_case}/decision?acte=accepter"),
    State("decision, preview", DESK, "{quote_case}/decision?acte=accepter", preview_the_quote),
    State("proposals", DESK, "/gestion/validations"),
    State("proposal", DESK, "{looked_case}/validation"),
    State("proposal, preview", DESK, "{looked_case}/validation", preview_what_waits),
    State("proposal, error", DESK, "{looked_case}/validation", fail("Renvoyer")),
    State("proposal, own", SUPERVISOR, "{looked_case}/validation"),
    State("replies", SUPERVISOR, "/gestion/modeles"),
    State("reply", SUPERVISOR, "{reply}"),
    State("reply, tried", SUPERVISOR, "{reply}", try_a_template),
    State("reply, new", SUPERVISOR, "/gestion/modeles/nouveau"),
    State("reply, error", SUPERVISOR, "/gestion/modeles/nouveau", fail("Enregistrer")),
]
