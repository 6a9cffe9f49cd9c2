"""The notice that an employer hands to somebody who leaves: cover, portability, the offer of the loi Évin; PDF/UA-1."""

from datetime import date, datetime
from typing import Any

from portal.data.group_figures import GroupFigures
from portal.data.leavers import Leaver
from portal.documents import breakable, typeset
from portal.formatting import long_date
from portal.insurer import Insurer
from portal.leaver_words import LAW, STRUCTURES, pieces, price_words, step_words, why_words

PDF_SOURCE = "portability-notice.typ"


def notice_pdf(leaver: Leaver, figures: GroupFigures, insurer: Insurer, today: date, at: datetime) -> bytes:
    """The notice as it stands on a day, made at an instant (UTC). The same arguments give the same bytes. Slow: off the
    event loop."""
    return typeset(PDF_SOURCE, pdf_data(leaver, figures, insurer, today), at)


def pdf_data(leaver: Leaver, figures: GroupFigures, insurer: Insurer, today: date) -> dict[str, Any]:
    """What the Typst source receives: texts only, ready to print."""
    leaving, employee = leaver.leaving, leaver.left.employee
    covered_until = leaving.covered_until or leaving.left_on
    return {
        "reference": f"Notice du {long_date(today)}",
        "title": "Notice de portabilité" if leaving.months else "Notice de fin de couverture",
        "subtitle": f"À l’attention de {breakable(employee.name, 30)}",
        "insurer": insurer.model_dump(),
        "facts": [
            ("Entreprise", breakable(leaver.company, 30), False),
            ("Fin du contrat de travail", long_date(leaving.left_on), False),
            ("Couverture jusqu’au", long_date(covered_until), False),
        ],
        "why": why_words(leaving, figures),
        "pieces": pieces(leaving),
        "steps": [(step.when, step.title, step.text) for step in step_words(leaving, leaver.steps, today, own=True)],
        "prices": [list(price) for price in price_words(leaver.prices)],
        "price_note": price_note(leaver),
        "request": f"Pour accepter l’offre, écrivez-nous au plus tard le {long_date(leaver.request_until)}."
        if leaver.request_until
        else "",
        "law": LAW,
    }


def price_note(leaver: Leaver) -> str:
    """For whom and as of when the prices are; empty without an offer."""
    if not leaver.prices:
        return ""
    cap = "Ces montants sont des maximums, d’après le tarif des salariés en activité"
    if leaver.structure is None:
        return f"{cap}, que nous vous communiquons avec l’offre."
    return f"{cap} pour {STRUCTURES[leaver.structure]}, tel qu’il est connu aujourd’hui."
