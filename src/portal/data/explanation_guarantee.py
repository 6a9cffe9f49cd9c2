"""The section of an explanation about the insurer: the rule in force that day, its formula, its limits, other cover."""

from portal.data.benefits import LineKind, Source, Status
from portal.data.coverage import Formula
from portal.data.explanation_steps import LUMP, Case, RuleInForce, Section, Sign, Step, step
from portal.data.recomputation import UNPAID, Recomputed
from portal.data.rules import Terms, add_months, ceiling
from portal.formatting import long_date, money

TITLE = "Part de la mutuelle"


def guarantee_steps(case: Case) -> list[Step]:
    """What the insurer pays, and what another cover paid."""
    steps = [*_rule_steps(case), _total(case)]
    if case.line.other_cover_cents:
        words = "Une autre assurance a déjà payé cette part."
        steps.append(step(Section.OTHER, Sign.TOTAL, "Autre organisme", case.line.other_cover_cents, words))
    return steps


def _rule_steps(case: Case) -> list[Step]:
    if case.line.kind == LineKind.WITHHOLDING and case.share_agrees:
        return []
    rule = [_in_force(case.rule)] if case.rule is not None else []
    if not case.share_agrees:
        return [*rule, *_transmitted(case)]
    if case.rule is None or case.result is None:
        return []
    counters = [] if case.line.status in UNPAID else _counter_notes(case.rule.terms, case.result)
    return [*rule, *_granted(case, case.rule.terms, case.result), *_lump_notes(case, case.result), *counters]


def _transmitted(case: Case) -> list[Step]:
    cents = case.line.supplementary_cents
    if not cents:
        return []
    words = "Montant transmis par la mutuelle. Nous ne pouvons pas en montrer le calcul ici."
    title = "Part transmise"
    if case.line.source == Source.CLAIM:
        title, words = "Part fixée", f"Un gestionnaire a fixé ce montant. Sa raison : {case.line.note}"
    return [step(Section.GUARANTEE, Sign.PLUS, title, cents, words, transmitted=True)]


def _in_force(rule: RuleInForce) -> Step:
    until = f"au {long_date(rule.valid_to)}" if rule.valid_to else "à aujourd’hui"
    words = (
        f"Votre garantie ce jour-là : « {rule.label} » (article {rule.clause} du tableau de garanties en vigueur "
        f"du {long_date(rule.valid_from)} {until})."
    )
    return step(Section.GUARANTEE, Sign.NOTE, "Votre garantie", None, words)


def _granted(case: Case, terms: Terms, result: Recomputed) -> list[Step]:
    settled, sign = result.settlement, case.direction
    words = _formula_words(terms, result)
    steps = [step(Section.GUARANTEE, Sign.PLUS, "Ce que prévoit la garantie", sign * settled.granted, words)]
    cut = settled.granted - settled.supplementary
    if cut:
        steps.append(
            step(Section.GUARANTEE, Sign.MINUS, "Limite de la garantie", sign * cut, _limit_words(terms, result))
        )
    if case.line.status in UNPAID and settled.supplementary:
        refused = case.line.status == Status.REFUSED
        title = "Part refusée" if refused else "En attente d’une pièce"
        steps.append(step(Section.GUARANTEE, Sign.MINUS, title, settled.supplementary, _blocked_words(case)))
    return steps


def _lump_notes(case: Case, result: Recomputed) -> list[Step]:
    """That the insurer's share holds the lump of a heavy act, when it does: the whole base is then paid."""
    lump, line = result.settlement.lump, case.line
    paid = line.base_gross_cents + line.supplementary_cents + line.other_cover_cents
    if not lump or line.kind != LineKind.CARE or not line.supplementary_cents or paid < line.base_cents:
        return []
    words = f"Cette part comprend les {money(lump)} que la loi laisse sur un acte coûteux : vous ne les payez pas."
    return [step(Section.GUARANTEE, Sign.NOTE, LUMP, None, words)]


def _blocked_words(case: Case) -> str:
    reason = f" {case.line.note}" if case.line.note else ""
    if case.line.status == Status.REFUSED:
        return f"La mutuelle n’a pas pu prendre ce soin en charge.{reason}"
    return f"Cette part sera versée quand nous aurons reçu la pièce qui manque.{reason}"


def _formula_words(terms: Terms, result: Recomputed) -> str:
    care, settled = result.care, result.settlement
    top = ceiling(terms, settled.base, care.quantity)
    if terms.formula == Formula.NONE:
        return "Votre contrat ne prévoit pas de remboursement pour ce soin."
    if top is None:
        words = "Tout ce que la Sécurité sociale ne rembourse pas, sauf les sommes que la loi vous laisse."
    elif terms.formula == Formula.PERCENT:
        words = f"{terms.percent} % de la base, part du régime obligatoire comprise : {money(top)} au plus."
    elif terms.formula == Formula.FLAT:
        each = f" ({care.quantity} × {money(terms.amount_cents or 0)})" if care.quantity > 1 else ""
        words = f"Un forfait, en plus de la part du régime obligatoire : {money(top)} au plus{each}."
    else:
        words = f"Un forfait, part du régime obligatoire comprise : {money(top)} au plus."
    return f"{words} {_arithmetic(terms, result, top)}".strip()


def _arithmetic(terms: Terms, result: Recomputed, top: int | None) -> str:
    """The subtraction that gives the granted share, spelled out when there is one to show."""
    care, settled = result.care, result.settlement
    kept_out = settled.base_gross + settled.path_cut
    start = care.spent_cents if top is None else min(care.spent_cents, top)
    others = [(kept_out, "comptés pour le régime obligatoire"), (care.other_cover_cents, "d’un autre organisme")]
    shown = [f"− {money(cents)} {what}" for cents, what in others if cents]
    if settled.granted == start - kept_out - care.other_cover_cents and shown and terms.formula != Formula.FLAT:
        return f"{money(start)} {' '.join(shown)} = {money(settled.granted)}."
    if terms.formula == Formula.FLAT and settled.granted < (top or 0):
        return f"Il ne restait que {money(settled.granted)} à rembourser."
    if not settled.granted:
        return "La part déjà versée atteint ce montant : il n’y a rien à ajouter."
    if terms.formula != Formula.FLAT and settled.granted < start - kept_out:
        return f"Après la part d’un autre organisme, il restait {money(settled.granted)} à rembourser."
    return ""


def _limit_words(terms: Terms, result: Recomputed) -> str:
    if terms.max_acts is not None and terms.max_acts - result.used.acts < result.care.quantity:
        return f"La limite est atteinte : {_acts_limit(terms, terms.max_acts)}."
    left = max(0, (terms.max_cents or 0) - result.used.cents)
    return f"Le plafond de {money(terms.max_cents or 0)} {_period(terms)} est atteint : il restait {money(left)}."


def _counter_notes(terms: Terms, result: Recomputed) -> list[Step]:
    notes = []
    if terms.max_acts is not None:
        notes.append(_acts_words(terms, terms.max_acts, result))
    if terms.max_cents is not None:
        used = money(result.used.cents)
        notes.append(f"{money(terms.max_cents)} {_period(terms)} au plus : {used} utilisés avant ce soin.")
    if terms.renewal_months and result.settlement.supplementary:
        next_day = add_months(result.subject.care_date, terms.renewal_months)
        notes.append(f"Cette prise en charge compte jusqu’au {long_date(next_day)} : un nouveau droit s’ouvre alors.")
    return [step(Section.GUARANTEE, Sign.NOTE, "Votre compteur", None, " ".join(notes))] if notes else []


def _acts_words(terms: Terms, most: int, result: Recomputed) -> str:
    used, quantity = result.used.acts, result.care.quantity
    limit = _acts_limit(terms, most)
    if used >= most:
        return f"{limit} : {'elles étaient toutes utilisées' if most > 1 else 'elle était déjà utilisée'}."
    if quantity > 1:
        return f"{limit} : {used} utilisées avant ce soin, {quantity} pour ce soin."
    return f"{limit} : c’était la {_ordinal(used + 1)}."


def _acts_limit(terms: Terms, most: int) -> str:
    what = "prise en charge" if most == 1 else "prises en charge" if terms.renewal_months else "séances"
    return f"{most} {what} {_period(terms)} au plus"


def _ordinal(rank: int) -> str:
    return "1ʳᵉ" if rank == 1 else f"{rank}ᵉ"


def _period(terms: Terms) -> str:
    return f"par période de {terms.renewal_months} mois" if terms.renewal_months else "par an"


def _total(case: Case) -> Step:
    return step(Section.GUARANTEE, Sign.TOTAL, TITLE, case.line.supplementary_cents, _total_words(case))


def _total_words(case: Case) -> str:
    line = case.line
    if line.kind == LineKind.WITHHOLDING:
        return "La loi interdit à la mutuelle de rembourser cette somme."
    if line.supplementary_cents < 0:
        return "La mutuelle reprend cette part, comptée à tort."
    if not line.supplementary_cents:
        return _nothing_words(case)
    if line.status == Status.PENDING:
        return "La mutuelle versera cette part dès la fin du traitement."
    if line.source == Source.THIRD_PARTY:
        return "La mutuelle a versé cette part directement au professionnel."
    return "La mutuelle verse cette part sur votre compte."


def _nothing_words(case: Case) -> str:
    if case.line.status == Status.AWAITING_PIECE:
        return "Rien n’est encore versé."
    if case.line.status == Status.REFUSED:
        return "Rien n’est versé pour ce soin."
    if case.rule is None and case.share_agrees:
        return "Votre contrat ne prévoit rien pour ce soin."
    return "La mutuelle ne verse rien pour ce soin."
