"""The states of the desk's pages about money: claims valued, lines taken back, changes of bank details."""

from playwright.sync_api import Page
from sqlmodel import Session, col, select

from portal.data.benefits import BenefitLine, Status
from portal.data.cases import Case, CaseKind, CaseState
from portal.data.valued_lines import ValuedLine
from portal.data.work_items import WorkItem
from tests.support.states import State
from tests.support.visits import DESK, Site

BANK = "/gestion/coordonnees-bancaires"


def valuation_places(db: Session, site: Site) -> dict[str, str]:
    """The pages of a claim that waits to be valued, of one that was paid, of its line to take back."""
    waits = _item(db, Case.state == CaseState.SENT)
    paid = select(ValuedLine.case_id, ValuedLine.line_id).join(BenefitLine, BenefitLine.id == ValuedLine.line_id)
    first = paid.where(BenefitLine.status == Status.PAID).order_by(col(BenefitLine.id)).limit(1)
    case_id, line_id = db.exec(first).one()
    conceal = site.keyring.conceal
    done = f"/gestion/dossiers/{conceal('work', [_item(db, Case.id == case_id)])[0]}/liquidation"
    return {
        "valuation": f"/gestion/dossiers/{conceal('work', [waits])[0]}/liquidation",
        "valued": done,
        "line_correction": f"{done}/{conceal('line', [line_id])[0]}/correction",
    }


def _item(db: Session, which: object) -> int:
    query = select(WorkItem.id).join(Case, col(Case.id) == WorkItem.case_id).where(Case.kind == CaseKind.CLAIM, which)
    return db.exec(query.order_by(col(WorkItem.id))).first() or 0


def fill(page: Page) -> None:
    """A line that the contract pays."""
    page.locator("#acte-0").select_option("FJ")
    page.locator("#prix-0").fill("46")
    page.locator("#quantite-0").fill("2")


def add_a_line(page: Page) -> None:
    fill(page)
    page.get_by_role("button", name="Ajouter une ligne").click()
    page.locator("#ligne-1").wait_for()


def take_out_lines(page: Page) -> None:
    """Leaves one line, whatever states came before."""
    while page.locator("#ligne-1").count():
        page.get_by_role("button", name="Retirer la ligne 2").click()
        page.wait_for_load_state()


def fail_to_decide(page: Page) -> None:
    page.locator("#prix-0").fill("beaucoup")
    page.get_by_role("button", name="Relire et décider").click()
    page.locator("#erreurs").wait_for()


def read_again(page: Page) -> None:
    take_out_lines(page)
    fill(page)
    page.get_by_role("button", name="Relire et décider").click()
    page.locator("#reponse").wait_for()


def fail_without_words(page: Page) -> None:
    read_again(page)
    page.locator("#reponse").fill("")
    page.get_by_role("button", name="Décider et prévenir l’adhérent").click()
    page.locator("#erreurs").wait_for()


def stop_without_a_reason(page: Page) -> None:
    page.locator("a", has_text="Arrêter").first.click()
    page.get_by_role("button", name="Arrêter ce changement").click()
    page.locator("#erreurs").wait_for()


def correct_without_a_reason(page: Page) -> None:
    page.get_by_role("button", name="Annuler la ligne").click()
    page.locator("#erreurs").wait_for()


VALUATION_STATES = [
    State("valuation", DESK, "{valuation}"),
    State("valuation, two lines", DESK, "{valuation}", add_a_line),
    State("valuation, in error", DESK, "{valuation}", fail_to_decide),
    State("valuation, decision", DESK, "{valuation}", read_again),
    State("valuation, decision in error", DESK, "{valuation}", fail_without_words),
    State("valuation, done", DESK, "{valued}"),
    State("valuation, waiting for a second look", DESK, "{valued_case}/liquidation"),
    State("valuation, proposal", DESK, "{valued_case}/validation"),
    State("valuation, correction", DESK, "{line_correction}"),
    State("valuation, correction in error", DESK, "{line_correction}", correct_without_a_reason),
    State("bank changes, desk", DESK, BANK),
    State("bank changes, stop", DESK, BANK, lambda page: page.locator("a", has_text="Arrêter").first.click()),
    State("bank changes, stop in error", DESK, BANK, stop_without_a_reason),
]
