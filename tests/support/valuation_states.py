"""The states of the desk's pages about money: claims valued, lines taken back, changes of bank details."""

import re

from playwright.sync_api import Page
from sqlmodel import Session, col, select

from portal.data.benefits import BenefitLine, Status
from portal.data.cases import Case, CaseKind, CaseState
from portal.data.line_corrections import LineCorrection
from portal.data.overpayments import Overpayment
from portal.data.valued_lines import ValuedLine
from portal.data.work_items import WorkItem
from tests.support.states import State
from tests.support.visits import DESK, MEMBER, Site

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
        "line_righting": f"{done}/{conceal('line', [line_id])[0]}/rectification",
    } | _owed_places(db, site)


def _owed_places(db: Session, site: Site) -> dict[str, str]:
    """The pages of a line that was put right since it was paid, and of the sum that is owed for it."""
    conceal = site.keyring.conceal
    owed = db.exec(select(Overpayment).order_by(col(Overpayment.id))).first()
    step = db.get_one(LineCorrection, owed.correction_id)
    case = conceal("work", [_item(db, Case.id == owed.case_id)])[0]
    return {
        "righted": f"/gestion/dossiers/{case}/liquidation",
        "owed": f"/gestion/dossiers/{case}/liquidation/{conceal('overpayment', [owed.id])[0]}/a-rendre",
        "righted_line": f"/adherent/prestations/{conceal('line', [step.line_id])[0]}",
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
    page.locator("#raison").fill("")
    page.get_by_role("button", name=re.compile("Rectifier et prévenir|Proposer cette rectification")).click()
    page.locator("#erreurs").wait_for()


def right_nothing(page: Page) -> None:
    """What is typed changes nothing."""
    page.locator("#prix-0").fill("beaucoup")
    page.get_by_role("button", name="Relire et décider").click()
    page.locator("#erreurs").wait_for()


def right_a_price(page: Page) -> None:
    page.locator("#prix-0").fill("23,00")
    page.locator("#quantite-0").fill("1")
    page.get_by_role("button", name="Relire et décider").click()
    page.locator("#raison").wait_for()


def right_without_a_reason(page: Page) -> None:
    right_a_price(page)
    correct_without_a_reason(page)


def note_too_much(page: Page) -> None:
    page.locator("#montant").fill("9999")
    page.get_by_role("button", name="Noter ce remboursement").click()
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
    State("rectification", DESK, "{line_righting}"),
    State("rectification, in error", DESK, "{line_righting}", right_nothing),
    State("rectification, decision", DESK, "{line_righting}", right_a_price),
    State("rectification, decision in error", DESK, "{line_righting}", right_without_a_reason),
    State("rectification, done", DESK, "{righted}"),
    State("sum owed, desk", DESK, "{owed}"),
    State("sum owed, desk in error", DESK, "{owed}", note_too_much),
    State("queue, to approve", DESK, "/gestion/file?suivi=a-valider"),
    State("sums owed, member", MEMBER, "/adherent/sommes-a-rendre"),
    State("line put right, member", MEMBER, "{righted_line}"),
    State("bank changes, desk", DESK, BANK),
    State("bank changes, stop", DESK, BANK, lambda page: page.locator("a", has_text="Arrêter").first.click()),
    State("bank changes, stop in error", DESK, BANK, stop_without_a_reason),
]
