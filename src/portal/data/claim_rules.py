"""What a claim or a quote asks for, by kind of care: pieces, days, and what keeps it from being sent (pure rules).

An invoice proves what was paid, the base scheme's statement (décompte) what was reimbursed already: the insurer
completes the two. Actions that arise from a contract are barred after two years (code de la mutualité, L221-11).
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import date
from enum import StrEnum

from portal.data.benefits import Family
from portal.data.case_slots import Slot
from portal.data.cases import CaseKind
from portal.data.rules import add_months

BARRED_AFTER_MONTHS = 24
QUOTED_AHEAD_MONTHS = 12


class DayProblem(StrEnum):
    """What is wrong with a day of care."""

    TO_COME = "to-come"
    BARRED = "barred"
    PAST = "past"
    FAR = "far"


_STATEMENT = Slot(
    "decompte",
    "Décompte de la Sécurité sociale",
    "Sur ameli.fr, rubrique «\u00a0Mes paiements\u00a0»\u00a0: il montre ce qu’elle a déjà remboursé.",
)
_PRESCRIPTION = Slot("ordonnance", "Ordonnance", "Celle qui a prescrit ce soin, signée et datée.")
_INVOICE = Slot("facture", "Facture acquittée", "Payée, au nom de la personne soignée, avec la date et chaque soin.")
_QUOTE = Slot("devis", "Devis du professionnel", "Toutes les pages, avec le prix de chaque soin.")


def _invoice(label: str, hint: str) -> Slot:
    return replace(_INVOICE, label=label, hint=hint)


_OPTICAL = _invoice("Facture détaillée de l’opticien", "Payée, avec le prix de la monture et de chaque verre.")
_DENTAL = _invoice("Facture détaillée du dentiste", "Payée, avec le code de chaque acte et le numéro de la dent.")
_HEARING = _invoice("Facture de l’audioprothésiste", "Payée, avec le prix et le numéro de chaque appareil.")
_HOSPITAL = _invoice("Facture de l’établissement", "Payée, avec les dates d’entrée et de sortie.")
_THERAPIST = _invoice("Facture du praticien", "Payée, avec son nom, son numéro professionnel, la date et le prix.")
_RIDE = _invoice("Facture du transporteur", "Payée, avec la date et le trajet.")
_RIDE_ORDER = replace(_PRESCRIPTION, label="Prescription médicale de transport")
_CURE_ORDER = Slot("prise-en-charge", "Accord de prise en charge de la cure", "Le formulaire que la caisse a rempli.")

INVOICE_SLOTS: dict[Family, tuple[Slot, ...]] = {
    Family.EVERYDAY: (_INVOICE, _STATEMENT),
    Family.PHARMACY: (_INVOICE, _PRESCRIPTION, _STATEMENT),
    Family.LABORATORY: (_INVOICE, _STATEMENT),
    Family.IMAGING: (_INVOICE, _STATEMENT),
    Family.HOSPITAL: (_HOSPITAL, _STATEMENT),
    Family.DENTAL: (_DENTAL, _STATEMENT),
    Family.OPTICAL: (_OPTICAL, _PRESCRIPTION, _STATEMENT),
    Family.HEARING: (_HEARING, _PRESCRIPTION, _STATEMENT),
    Family.TRANSPORT: (_RIDE, _RIDE_ORDER, _STATEMENT),
    Family.CURE: (_INVOICE, _CURE_ORDER, _STATEMENT),
    Family.PREVENTION: (_INVOICE, _PRESCRIPTION),
    Family.ALTERNATIVE: (_THERAPIST,),
    Family.MATERNITY: (_INVOICE, _STATEMENT),
}

_EQUIPMENT_QUOTE = replace(_QUOTE, label="Devis normalisé", hint="Toutes les pages, avec l’offre 100\u00a0% Santé.")
QUOTE_SLOTS: dict[Family, tuple[Slot, ...]] = {
    Family.DENTAL: (replace(_EQUIPMENT_QUOTE, label="Devis du dentiste"),),
    Family.OPTICAL: (_EQUIPMENT_QUOTE, _PRESCRIPTION),
    Family.HEARING: (_EQUIPMENT_QUOTE, _PRESCRIPTION),
    Family.HOSPITAL: (replace(_QUOTE, label="Devis du chirurgien ou de l’établissement"),),
    Family.EVERYDAY: (_QUOTE,),
    Family.CURE: (_QUOTE,),
    Family.ALTERNATIVE: (_QUOTE,),
}


def slots_for(kind: CaseKind, family: Family | None, held: Collection[str] = ()) -> list[Slot]:
    """The pieces of a claim or a quote, in the order in which they are asked for; the invoice, or the quote, alone as
    long as the kind of care is not known. `held`: codes of what the insurer has already, which is not asked again."""
    table, first = (QUOTE_SLOTS, _QUOTE) if kind is CaseKind.QUOTE else (INVOICE_SLOTS, _INVOICE)
    slots = table.get(family, (first,)) if family else (first,)
    return [replace(slot, is_held=slot.code in held) for slot in slots]


def families_for(kind: CaseKind) -> list[Family]:
    """The kinds of care that may be claimed, or for which a quote is answered, in the order of `Family`."""
    table = QUOTE_SLOTS if kind is CaseKind.QUOTE else INVOICE_SLOTS
    return [family for family in Family if family in table]


def day_problem(kind: CaseKind, day: date, today: date) -> DayProblem | None:
    """What is wrong with a day of care, judged on `today`; None when it may be sent.

    An invoice is of a day gone by, two years ago at most (L221-11); a quote is of a care to come, within a year.
    """
    if kind is CaseKind.QUOTE:
        if day < today:
            return DayProblem.PAST
        return DayProblem.FAR if day > add_months(today, QUOTED_AHEAD_MONTHS) else None
    if day > today:
        return DayProblem.TO_COME
    return DayProblem.BARRED if day < first_day(today) else None


def first_day(today: date) -> date:
    """The oldest day of care that may still be claimed on `today` (L221-11)."""
    return add_months(today, -BARRED_AFTER_MONTHS)
