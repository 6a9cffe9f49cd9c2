"""Claims and quotes in words: kinds of care, questions, what keeps one back, why an estimate was not met."""

from collections.abc import Callable
from dataclasses import dataclass

from portal.case_areas import STATE_LABELS
from portal.data.benefits import Family
from portal.data.cases import CaseKind, CaseState
from portal.data.claim_estimates import ClaimEstimate, Comparison, PaidLine, Shares, Why
from portal.data.claim_rules import BARRED_AFTER_MONTHS, QUOTED_AHEAD_MONTHS, DayProblem
from portal.data.claims import Asked, Problem, Step
from portal.formatting import long_date, money

KIND_TITLES = {CaseKind.CLAIM: "Demande de remboursement", CaseKind.QUOTE: "Devis"}
TYPES = {"facture": CaseKind.CLAIM, "devis": CaseKind.QUOTE}
CARE_LABELS = {
    Family.EVERYDAY: ("Consultations et soins courants", "Médecin, infirmier, kinésithérapeute, orthophoniste…"),
    Family.PHARMACY: ("Pharmacie", "Médicaments, préparations."),
    Family.LABORATORY: ("Analyses", "Prise de sang et autres examens de laboratoire."),
    Family.IMAGING: ("Imagerie", "Radiographie, échographie, scanner, IRM."),
    Family.HOSPITAL: ("Hospitalisation", "Séjour, chambre particulière, chirurgien, urgences."),
    Family.DENTAL: ("Dentaire", "Soins, couronne, implant, orthodontie."),
    Family.OPTICAL: ("Optique", "Lunettes, lentilles."),
    Family.HEARING: ("Aides auditives", "Appareils, piles, entretien."),
    Family.TRANSPORT: ("Transport", "Ambulance, taxi conventionné, véhicule sanitaire."),
    Family.CURE: ("Cure thermale", "Soins de la cure, hébergement."),
    Family.PREVENTION: ("Prévention", "Vaccins, sevrage tabagique."),
    Family.ALTERNATIVE: ("Médecines douces", "Ostéopathe, diététicien, psychologue…"),
    Family.MATERNITY: ("Maternité", "Suivi de grossesse, accouchement."),
}
QUESTIONS: dict[CaseKind, dict[Step, str]] = {
    CaseKind.CLAIM: {
        Step.DOCUMENTS: "Votre facture",
        Step.DAY: "Quel jour le soin a-t-il eu lieu\u00a0?",
        Step.PERSON: "Qui a été soigné\u00a0?",
        Step.CARE: "De quel soin s’agit-il\u00a0?",
        Step.AMOUNT: "Combien avez-vous payé\u00a0?",
    },
    CaseKind.QUOTE: {
        Step.DOCUMENTS: "Votre devis",
        Step.DAY: "Quand le soin est-il prévu\u00a0?",
        Step.PERSON: "Pour qui est ce devis\u00a0?",
        Step.CARE: "De quel soin s’agit-il\u00a0?",
        Step.AMOUNT: "Quel est le prix du devis\u00a0?",
    },
}
DAY_WORDS = {
    DayProblem.TO_COME: "Ce jour n’est pas encore venu. Pour un soin à venir, envoyez plutôt un devis.",
    DayProblem.BARRED: (
        f"Ce soin a plus de {BARRED_AFTER_MONTHS // 12} ans\u00a0: il ne peut plus être remboursé (code de la "
        "mutualité, article L221-11). Si vous l’aviez déjà demandé, écrivez-nous par la messagerie."
    ),
    DayProblem.PAST: "Ce jour est passé. Si le soin a eu lieu, envoyez plutôt la facture.",
    DayProblem.FAR: f"Choisissez un jour d’ici {QUOTED_AHEAD_MONTHS} mois\u00a0: au-delà, les prix changent.",
}
PROBLEM_WORDS = {
    Problem.UNFILLED: "Répondez à chaque question avant d’envoyer.",
    Problem.PIECES: "Il manque un document\u00a0: joignez-le avant d’envoyer.",
    Problem.DAY: "Le jour du soin ne convient plus. Modifiez-le pour savoir pourquoi.",
    Problem.ASKED: "Une autre demande est en cours pour ce soin\u00a0: supprimez celle-ci, et suivez l’autre.",
    Problem.UNCOVERED: "Cette personne n’est plus couverte ce jour-là. Choisissez un autre jour, ou écrivez-nous.",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the comparison; amounts in cents, `gap` is paid less estimated."""

    label: str
    estimated: int
    paid: int

    @property
    def gap(self) -> int:
        return self.paid - self.estimated


def state_of(asked: Asked) -> tuple[str, str]:
    """The state of a claim or a quote, and its tone."""
    return STATE_LABELS[CaseState(asked.case.state)]


def rows_of(compared: Comparison) -> list[Row]:
    """Who was to pay what, and who paid what; another cover only when it paid."""
    rows = [_row("Prix", compared, "spent"), _row("Sécurité sociale", compared, "base_net")]
    rows.append(_row("Mutuelle", compared, "supplementary"))
    if compared.paid.other_cover:
        rows.append(_row("Autre complémentaire", compared, "other_cover"))
    return [*rows, _row("À votre charge", compared, "remaining")]


def reasons_of(compared: Comparison, estimated: ClaimEstimate, paid: list[PaidLine]) -> list[str]:
    """Why what was paid differs, one sentence for each reason."""
    return [_WHY[why](compared.paid, estimated, paid) for why in compared.reasons]


def _row(label: str, compared: Comparison, name: str) -> Row:
    return Row(label, getattr(compared.estimated, name), getattr(compared.paid, name))


def _price(actual: Shares, estimated: ClaimEstimate, _: list[PaidLine]) -> str:
    return f"Le professionnel a facturé {money(actual.spent)}, et non {money(estimated.spent_cents)}."


def _base(actual: Shares, estimated: ClaimEstimate, paid: list[PaidLine]) -> str:
    base = sum(each.line.base_cents for each in paid)
    if estimated.base_cents is None or base == estimated.base_cents:
        now, then = money(actual.base_net), money(estimated.base_net_cents)
        return f"La Sécurité sociale a payé {now}, et non {then}\u00a0: elle seule fixe ce montant."
    return (
        f"La base de remboursement du soin est de {money(base)}, et non de {money(estimated.base_cents)}\u00a0: le "
        "tarif a changé, le nombre de soins aussi, ou le médecin n’a pas signé l’Optam."
    )


def _rate(_: Shares, estimated: ClaimEstimate, paid: list[PaidLine]) -> str:
    rates = " et ".join(f"{rate}\u00a0%" for rate in sorted({each.line.base_rate for each in paid}))
    return f"La Sécurité sociale a remboursé {rates} de la base, et non {estimated.base_rate}\u00a0%."


def _off_path(*_: object) -> str:
    return (
        "Le soin a été fait hors du parcours de soins\u00a0: la Sécurité sociale rembourse moins, et la loi interdit à "
        "la mutuelle de compenser."
    )


def _fees(_: Shares, estimated: ClaimEstimate, paid: list[PaidLine]) -> str:
    fees = sum(each.line.flat_fee_cents + each.line.franchise_cents for each in paid)
    return (
        f"La participation forfaitaire et la franchise retenues sont de {money(fees)}, et non de "
        f"{money(estimated.fees_cents or 0)}\u00a0: leur plafond par jour ou par an n’était pas au même point."
    )


def _version(_: Shares, __: ClaimEstimate, paid: list[PaidLine]) -> str:
    changed_on = max(each.version_from for each in paid if each.version_from)
    return f"Vos garanties ont changé le {long_date(changed_on)}, après le jour prévu par l’estimation."


def _rule(_: Shares, estimated: ClaimEstimate, __: list[PaidLine]) -> str:
    return (
        f"L’estimation suivait la garantie «\u00a0{estimated.rule_label}\u00a0»\u00a0; le soin relève d’une autre, par "
        "exemple parce que le professionnel ou l’équipement n’est pas celui du devis."
    )


def _other(actual: Shares, *_: object) -> str:
    return f"Une autre complémentaire a payé {money(actual.other_cover)}."


def _used(*_: object) -> str:
    return (
        "Entre l’estimation et le soin, d’autres soins ont été remboursés\u00a0: une limite de votre garantie était "
        "déjà atteinte, en tout ou partie. Le détail est à la page du soin."
    )


_WHY: dict[Why, Callable[[Shares, ClaimEstimate, list[PaidLine]], str]] = {
    Why.PRICE: _price,
    Why.BASE: _base,
    Why.RATE: _rate,
    Why.OFF_PATH: _off_path,
    Why.FEES: _fees,
    Why.VERSION: _version,
    Why.RULE: _rule,
    Why.OTHER_COVER: _other,
    Why.USED: _used,
}
