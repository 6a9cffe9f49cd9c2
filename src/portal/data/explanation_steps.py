"""The steps of an explanation, and the first two sections: what was spent, what the base scheme pays."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from portal.data.benefits import Family, LineKind, Source
from portal.data.glossary import Term
from portal.data.recomputation import Grounds, LineFacts, Recomputed, is_unbound
from portal.data.rules import (
    BOXES,
    CONSULTATIONS,
    FLAT_FEE_ACTS,
    FRANCHISE_ACTS,
    TRANSPORTS,
    Figures,
    Terms,
    franchise_terms,
)
from portal.formatting import NBSP, long_date, money

LUMP = Term.HEAVY_LUMP.value


class Section(StrEnum):
    """The parts of an explanation, in reading order."""

    SPENT = "La dépense"
    BASE = "La part de la Sécurité sociale"
    GUARANTEE = "La part de la mutuelle"
    OTHER = "La part d’un autre organisme"
    REMAINING = "Ce qui reste à votre charge"


class Sign(StrEnum):
    """PLUS and MINUS make their section's TOTAL; a NOTE's amount, if any, does not count."""

    PLUS = "plus"
    MINUS = "moins"
    TOTAL = "total"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Step:
    """One step, in cents. `transmitted`: the amount came with the file and does not follow from the dated rules."""

    section: Section
    title: str
    words: str
    amount_cents: int | None
    sign: Sign
    transmitted: bool = False


@dataclass(frozen=True, slots=True)
class RuleInForce:
    """A guarantee rule and the dates of its version of the guarantee table."""

    terms: Terms
    label: str
    clause: str
    valid_from: date
    valid_to: date | None

    def holds_on(self, day: date) -> bool:
        """Whether the version was in force on `day`."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Case:
    """Everything the words of one line are made from; `result` is None when the tables do not say enough."""

    line: LineFacts
    grounds: Grounds
    rule: RuleInForce | None
    result: Recomputed | None
    description: str

    @property
    def base_agrees(self) -> bool:
        """Whether the base share was recomputed."""
        return self.result is not None and self.result.base_agrees

    @property
    def share_agrees(self) -> bool:
        """Whether the supplementary share and what remains were recomputed."""
        return self.result is not None and self.result.explains_share

    @property
    def direction(self) -> int:
        """-1 for a correction, whose amounts take back an earlier line; 1 otherwise."""
        return -1 if self.line.kind == LineKind.CORRECTION else 1


def typeset(text: str) -> str:
    """French typography: no-break spaces before « : ; ? ! % » and inside quotation marks."""
    return re.sub(r"« ", f"«{NBSP}", re.sub(r" (?=[:;?!%»€])", NBSP, text))


def step(
    section: Section,
    sign: Sign,
    title: str,
    amount_cents: int | None,
    words: str,
    *,
    transmitted: bool = False,
) -> Step:
    """A step with French typography."""
    return Step(section, typeset(title), typeset(words), amount_cents, sign, transmitted)


def spent_steps(case: Case) -> list[Step]:
    """What the care cost."""
    return [step(Section.SPENT, Sign.TOTAL, "Dépense", case.line.spent_cents, _spent_words(case))]


def _spent_words(case: Case) -> str:
    line = case.line
    day = long_date(line.care_date)
    if line.kind == LineKind.WITHHOLDING:
        return f"Rien de nouveau à payer : cette ligne reprend une somme due pour votre soin du {day}."
    if line.kind == LineKind.CORRECTION:
        return f"Cette ligne corrige un soin du {day} déjà compté. Les montants repris sont négatifs."
    provider = f" par {line.provider}" if line.provider else ""
    words = f"Le prix facturé{provider} pour le soin du {day}."
    return f"{words} {case.description}".strip()


def base_steps(case: Case) -> list[Step]:
    """What the base scheme pays: base, rate, flat fee, franchise, and the total."""
    steps = [*_rate_steps(case), *_charge_steps(case)]
    return [*steps, _base_total(case)]


def _rate_steps(case: Case) -> list[Step]:
    line = case.line
    if line.kind == LineKind.WITHHOLDING:
        return []
    if not line.base_cents and not line.base_gross_cents:
        words = "La Sécurité sociale ne rembourse pas ce soin. Il n’y a donc pas de base de remboursement."
        return [step(Section.BASE, Sign.NOTE, "Base de remboursement", None, words)]
    base = step(Section.BASE, Sign.NOTE, "Base de remboursement", line.base_cents, _base_words(case))
    if not case.base_agrees:
        words = "Montant transmis par votre caisse d’assurance maladie, avant les retenues prévues par la loi."
        title = "Remboursement transmis"
        gross = step(Section.BASE, Sign.PLUS, title, line.base_gross_cents, words, transmitted=True)
        return [base, gross]
    if case.result is not None and case.result.care.is_heavy:
        return [base, *_heavy_steps(case, case.result)]
    title = f"{line.base_rate} % de la base"
    words = f"{line.base_rate} % × {money(line.base_cents)} = {money(line.base_gross_cents)}.{_path_words(case)}"
    return [base, step(Section.BASE, Sign.PLUS, title, line.base_gross_cents, words)]


def _heavy_steps(case: Case, result: Recomputed) -> list[Step]:
    """The whole base, and what is left of it instead of a percentage (social security code, R160-16)."""
    settled, sign = result.settlement, case.direction
    cut_words = "Ce soin a eu lieu hors du parcours de soins : le remboursement baisse, comme le prévoit la loi."
    taken = (
        (LUMP, settled.lump, _lump_words(settled.lump, case.grounds.figures)),
        ("Hors parcours de soins", settled.path_cut, cut_words),
    )
    return [
        step(Section.BASE, Sign.PLUS, "100 % de la base", sign * settled.base, _heavy_words(case, result)),
        *(step(Section.BASE, Sign.MINUS, title, sign * cents, words) for title, cents, words in taken if cents),
    ]


def _heavy_words(case: Case, result: Recomputed) -> str:
    figures, usual = case.grounds.figures, result.care.usual_rate
    threshold = money(figures.heavy_threshold or 0) if figures else ""
    words = f"Le tarif atteint {threshold} : la loi remplace le taux habituel de {usual} %"
    if result.care.is_exempt:
        return f"{words} par une somme fixe, qui n’est pas demandée ici, car {_exemption(case)}."
    return f"{words} par une somme fixe, retirée ci-dessous."


def _lump_words(lump: int, figures: Figures | None) -> str:
    legal = (figures.heavy_lump or 0) if figures else 0
    words = f"La loi laisse {money(legal)} sur un acte aussi coûteux (code de la sécurité sociale, article R160-16)."
    if lump < legal:
        words += f" Elle n’en laisse jamais plus que la base : {money(lump)} pour ce soin."
    return f"{words} Ce n’est pas la participation forfaitaire d’une consultation : la mutuelle peut payer cette somme."


def _exemption(case: Case) -> str:
    return "ce soin relève de la maternité" if case.line.family == Family.MATERNITY else "le patient était mineur"


def _base_words(case: Case) -> str:
    line, tariff = case.line, case.grounds.tariff
    if not case.base_agrees or tariff is None:
        return "Le prix de référence retenu par votre caisse d’assurance maladie."
    if is_unbound(line, tariff, case.grounds.figures):
        return "Ce médecin n’a pas signé l’Optam, l’accord qui modère les prix. La base est donc plus basse."
    if tariff.base_cents is None:
        return "Pour ce soin, la base est le prix facturé."
    if abs(line.base_cents) < tariff.base_cents * line.quantity:
        return "Le prix facturé est plus bas que le tarif officiel : la base est ce prix."
    if line.quantity > 1:
        return f"Le tarif officiel de la Sécurité sociale ce jour-là : {line.quantity} × {money(tariff.base_cents)}."
    return "Le tarif officiel de la Sécurité sociale ce jour-là."


def _path_words(case: Case) -> str:
    if case.result is None or not case.result.settlement.path_cut:
        return ""
    usual = case.result.care.usual_rate
    return f" Le taux habituel est de {usual} %, mais ce soin a eu lieu hors du parcours de soins."


def _charge_steps(case: Case) -> list[Step]:
    line = case.line
    flat_fee = ("Participation forfaitaire", line.flat_fee_cents, line.act_code in FLAT_FEE_ACTS)
    franchise = ("Franchise", line.franchise_cents, line.act_code in FRANCHISE_ACTS)
    return [
        step(Section.BASE, Sign.MINUS, title, cents, _charge_words(case, title), transmitted=not case.base_agrees)
        for title, cents, concerned in (flat_fee, franchise)
        if cents or (concerned and case.base_agrees and line.kind == LineKind.CARE)
    ]


def _charge_words(case: Case, title: str) -> str:
    result, figures = case.result, case.grounds.figures
    if result is None or not result.base_agrees or figures is None:
        return "Montant transmis par votre caisse d’assurance maladie."
    if result.care.is_exempt:
        return f"Rien n’est retenu : {_exemption(case)}."
    full, words = _full_charge(case, title, figures)
    settled = result.settlement
    due = settled.flat_fee_due + settled.franchise_due
    if due < full:
        words += f" {_cap_words(title, due, result, figures)}"
    if deferred := deferred_charge(case):
        words += (
            f" Le professionnel a été payé directement : {money(deferred)}, à reprendre sur un autre remboursement."
        )
    if case.line.kind == LineKind.WITHHOLDING:
        words += " Le professionnel avait été payé directement : cette somme est donc reprise ici."
    return words


def deferred_charge(case: Case) -> int:
    """Cents that the patient owes but that could not be withheld, the professional being paid directly."""
    if case.result is None or case.line.kind != LineKind.CARE or case.line.source != Source.THIRD_PARTY:
        return 0
    return case.result.settlement.flat_fee_due + case.result.settlement.franchise_due


def _full_charge(case: Case, title: str, figures: Figures) -> tuple[int, str]:
    """The charge before caps, in cents, and the law in words."""
    act, quantity = case.line.act_code, case.line.quantity
    if title == "Franchise":
        unit, _ = franchise_terms(act, figures)
        by = "boîte" if act in BOXES else "trajet" if act in TRANSPORTS else "soin"
    else:
        unit, by = figures.flat_fee, "consultation" if act in CONSULTATIONS else "examen"
    count = f" Ici : {quantity} × {money(unit)}." if quantity > 1 else ""
    return unit * quantity, f"La loi laisse {money(unit)} par {by} à la charge de chaque adulte.{count}"


def _cap_words(title: str, due: int, result: Recomputed, figures: Figures) -> str:
    used, is_fee = result.used, title != "Franchise"
    year_cap = figures.flat_fee_year_cap if is_fee else figures.franchise_year_cap
    year_used = used.flat_fee_year if is_fee else used.franchise_year
    if year_used + due >= year_cap:
        return f"Le maximum de {money(year_cap)} par an est atteint : {money(due)} pour ce soin."
    if due == result.settlement.base_gross:
        return f"Elle ne dépasse jamais le remboursement : {money(due)} pour ce soin."
    day_cap = figures.flat_fee_day_cap if is_fee else franchise_terms(result.care.act_code, figures)[1]
    return f"Le maximum de {money(day_cap)} par jour est atteint : {money(due)} pour ce soin."


def _base_total(case: Case) -> Step:
    line = case.line
    words = "Cette part est versée par votre caisse d’assurance maladie, pas par la mutuelle."
    if line.kind == LineKind.WITHHOLDING:
        words = "Votre caisse d’assurance maladie garde cette somme sur un autre remboursement."
    elif line.kind == LineKind.CORRECTION:
        words = "Votre caisse d’assurance maladie reprend cette part."
    elif not line.base_net_cents:
        words = "Votre caisse d’assurance maladie ne verse rien pour ce soin."
    return step(Section.BASE, Sign.TOTAL, "Part du régime obligatoire", line.base_net_cents, words)
