"""What follows when an employee leaves, told before anything is written: portability, the offer of the loi Évin."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session

from portal.data.employee_acts import Acting, check_effect, open_period
from portal.data.employees import Employee, PeriodKind
from portal.data.leaving_rules import CONSEQUENCES, Evin, LeavingReason, portability_of
from portal.employee_words import REASON_LABELS, portability_words
from portal.formatting import long_date

EVIN_WORDS = {
    Evin.NEVER: "Pas d’offre de contrat individuel de la loi Évin pour ce motif.",
    Evin.AT_END: "Nous proposons un contrat individuel au salarié dès sa sortie (loi Évin, article 4).",
    Evin.AFTER: "À la fin de la portabilité, nous proposons un contrat individuel (loi Évin, article 4).",
    Evin.HEIRS: "Nous proposons aux ayants droit couverts de le rester pendant douze mois (loi Évin, article 4).",
}
NOT_COVERED = "Ce salarié n’est pas affilié ce jour-là\u00a0: sa sortie n’ouvre ni portabilité ni offre."


@dataclass(frozen=True, slots=True)
class Leaving:
    """The last day of an employment, and why it ends."""

    day: date
    reason: LeavingReason


def consequences(db: Session, doing: Acting, employee: Employee, leaving: Leaving) -> dict[str, Any]:
    """What the departure would lead to, in words. Raises `Refused` when it could not be recorded."""
    check_effect(doing, leaving.day, "jour")
    period = open_period(db, employee, leaving.day)
    lines = [("Dernier jour du contrat de travail", long_date(leaving.day)), ("Motif", REASON_LABELS[leaving.reason])]
    if period.kind != PeriodKind.AFFILIATED:
        return {"lines": [*lines, ("Couverture", NOT_COVERED)], "months": 0}
    right = portability_of(leaving.reason, employee.hired_on, leaving.day, doing.figures)
    until = right.ends_on or leaving.day
    return {
        "lines": [
            *lines,
            ("Portabilité", portability_words(right, doing.figures.portability_months)),
            ("Fin de la couverture", long_date(until)),
            ("Ensuite", EVIN_WORDS[CONSEQUENCES[leaving.reason].evin]),
        ],
        "months": right.months,
    }
