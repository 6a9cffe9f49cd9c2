"""The end of an explanation: what remains, piece by piece, the sentence that sums it up, and the words to define."""

from portal.data.benefits import Family, LineKind, Source, Status
from portal.data.coverage import Formula
from portal.data.explanation_steps import Case, Section, Sign, Step, deferred_charge, step, typeset
from portal.data.glossary import Term
from portal.data.recomputation import UNPAID, is_unbound
from portal.formatting import money

FEE_FAMILIES = frozenset({Family.EVERYDAY, Family.IMAGING, Family.HOSPITAL})
NOT_REFUNDED = "La loi vous laisse cette somme. La mutuelle ne peut pas la rembourser."


def remaining_steps(case: Case) -> list[Step]:
    """What the patient pays, decomposed, and the total."""
    line = case.line
    parts = [
        ("Participation forfaitaire", line.flat_fee_cents, NOT_REFUNDED),
        ("Franchise", line.franchise_cents, NOT_REFUNDED),
        *_other_parts(case),
    ]
    transmitted = not case.share_agrees
    steps = [
        step(Section.REMAINING, Sign.PLUS, title, cents, words, transmitted=transmitted)
        for title, cents, words in parts
        if cents
    ]
    return [
        *steps,
        step(Section.REMAINING, Sign.TOTAL, "Reste à votre charge", line.remaining_cents, _left_words(case)),
    ]


def _left_words(case: Case) -> str:
    line = case.line
    if line.kind == LineKind.CORRECTION:
        return "La somme qui n’est plus à votre charge, puisque le soin est annulé."
    words = "La somme que vous payez vous-même." if line.remaining_cents else "Rien : tout est remboursé."
    due = deferred_charge(case)
    return (
        f"{words} La loi vous laisse aussi {money(due)}, repris plus tard sur un autre remboursement." if due else words
    )


def _other_parts(case: Case) -> list[tuple[str, int, str]]:
    """What remains besides flat fee and franchise; the parts make exactly the line's amount."""
    line, result = case.line, case.result
    rest = line.remaining_cents - line.flat_fee_cents - line.franchise_cents
    if result is None or not result.explains_share:
        return [("Autre montant à votre charge", rest, "Montant transmis par la mutuelle.")]
    if line.kind == LineKind.WITHHOLDING:
        return []
    settled, sign = result.settlement, case.direction
    path_cut = sign * settled.path_cut
    limit = sign * (settled.granted - settled.supplementary)
    blocked = settled.supplementary if line.status in UNPAID else 0
    return [
        (
            "Hors parcours de soins",
            path_cut,
            "Le remboursement baisse, comme le prévoit la loi.",
        ),
        ("Au-delà de la limite", limit, "Votre garantie était déjà utilisée, en tout ou en partie."),
        _blocked_part(case, blocked),
        _overrun(case, rest - path_cut - limit - blocked),
    ]


def _blocked_part(case: Case, cents: int) -> tuple[str, int, str]:
    if case.line.status == Status.REFUSED:
        return "Part refusée", cents, "La mutuelle n’a pas pu la prendre en charge."
    return "En attente d’une pièce", cents, "Cette somme baissera quand nous aurons reçu la pièce qui manque."


def _overrun(case: Case, cents: int) -> tuple[str, int, str]:
    if case.rule is None or case.rule.terms.formula == Formula.NONE:
        return "Non couvert par votre contrat", cents, "Votre contrat ne prévoit pas de remboursement pour cette part."
    fees = " Pour un médecin, on parle de dépassement d’honoraires." if _is_fee_overrun(case) else ""
    words = f"La partie du prix qui dépasse ce que prévoit votre contrat.{fees}"
    return "Au-delà de votre garantie", cents, words


def _is_fee_overrun(case: Case) -> bool:
    line = case.line
    return line.family in FEE_FAMILIES and 0 < line.base_cents < line.spent_cents and line.remaining_cents > 0


def summary_of(case: Case) -> str:
    """One sentence that says where the money went."""
    line = case.line
    if line.kind == LineKind.WITHHOLDING:
        text = (
            f"{money(-line.base_net_cents)} sont repris pour un soin déjà remboursé : la loi vous laisse cette somme, "
            "et la mutuelle ne peut pas la rembourser."
        )
    elif line.kind == LineKind.CORRECTION and line.spent_cents < 0:
        text = f"Cette ligne annule un soin de {money(-line.spent_cents)} : tous ses montants sont repris."
    else:
        text = _care_summary(case)
    return typeset(text)


def _care_summary(case: Case) -> str:
    line = case.line
    parts = [
        f"{money(cents)} {of}"
        for cents, of in (
            (line.base_net_cents, "de la Sécurité sociale"),
            (line.supplementary_cents, "de la mutuelle"),
            (line.other_cover_cents, "d’un autre organisme"),
        )
        if cents
    ]
    paid = " et ".join(filter(None, [", ".join(parts[:-1]), parts[-1]])) if parts else "aucun remboursement"
    left = f"Il vous reste {money(line.remaining_cents)}" if line.remaining_cents else "Il ne vous reste rien"
    return f"Sur {money(line.spent_cents)} dépensés : {paid}. {left} à payer.{_state(case)}"


def _state(case: Case) -> str:
    if case.line.status == Status.PENDING:
        return " Ce soin est en cours de traitement."
    if case.line.status == Status.AWAITING_PIECE:
        return " Il nous manque une pièce pour verser la part de la mutuelle."
    if case.line.status == Status.REFUSED:
        return " La part de la mutuelle a été refusée."
    if case.line.status == Status.CANCELLED:
        return " Cette ligne a été annulée ensuite."
    return ""


def terms_of(case: Case) -> set[Term]:
    """The words an explanation uses and that need a definition."""
    line, settled = case.line, case.result.settlement if case.result else None
    uses = {
        Term.SPENT: True,
        Term.BASE: bool(line.base_cents),
        Term.RATE: bool(line.base_gross_cents),
        Term.BASE_SCHEME: True,
        Term.SUPPLEMENTARY: True,
        Term.REMAINING: True,
        Term.FLAT_FEE: bool(line.flat_fee_cents or (settled and settled.flat_fee_due)),
        Term.FRANCHISE: bool(line.franchise_cents or (settled and settled.franchise_due)),
        Term.HEAVY_LUMP: bool(case.base_agrees and settled and settled.lump),
        Term.OPTAM: is_unbound(line, case.grounds.tariff, case.grounds.figures),
        Term.OVERRUN: _is_fee_overrun(case),
        Term.CARE_PATH: not line.in_care_path,
        Term.THIRD_PARTY: line.source == Source.THIRD_PARTY,
        Term.OTHER_COVER: bool(line.other_cover_cents),
        Term.WITHHOLDING: line.kind == LineKind.WITHHOLDING,
        Term.CORRECTION: line.kind == LineKind.CORRECTION,
    }
    return {term for term, used in uses.items() if used} | _rule_terms(case)


def _rule_terms(case: Case) -> set[Term]:
    if case.rule is None:
        return set()
    terms = case.rule.terms
    flat = {Term.FLAT_AMOUNT} if terms.formula in {Formula.FLAT, Formula.FLAT_WITH_BASE} else set()
    capped = {Term.CAP} if terms.max_acts is not None or terms.max_cents is not None else set()
    return flat | capped
