"""Estimates: what a care would cost, before it takes place, by the rules that settle and explain paid lines (R-20).

An estimate is a line that does not exist yet: it is settled from the tariff, the guarantee in force on its day and what
the person has used so far, then explained step by step like any other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from portal.data.benefits import Family, LineKind, Source, Status
from portal.data.coverage import Beneficiary, Contract, GuaranteeRule, GuaranteeVersion
from portal.data.explanation import Explanation, explain_line, history_of
from portal.data.explanation_steps import RuleInForce
from portal.data.figures import Tariff, figures_on, tariff_on
from portal.data.guarantees import in_force, terms_of_rule
from portal.data.options import held_options
from portal.data.parameters import Act, ActRule, ActTariff, ExampleCare, Sector
from portal.data.persons import age_on
from portal.data.recomputation import Grounds, LineFacts, is_exempt
from portal.data.rules import CONSULTATIONS, Care, Figures, Settlement, Terms, Used, settle, used_before
from portal.data.sessions import Viewer
from portal.data.visibility import Relative, visible_scope

# After every reference of the insurer's: an estimate comes last on its day.
LAST = "\uffff"


@dataclass(frozen=True, slots=True)
class Question:
    """A care to estimate: `spent_cents` for the whole quantity; `sector` as far as the act knows sectors. The rest is
    known of care that took place: `told_net` is what the base scheme says that it paid."""

    person_id: int
    act_code: str
    spent_cents: int
    day: date
    sector: Sector = Sector.ANY
    quantity: int = 1
    provider: str = ""
    other_cover_cents: int = 0
    in_care_path: bool = True
    told_net: int | None = None
    source: Source = Source.INVOICE


@dataclass(frozen=True, slots=True)
class Estimate:
    """What would be paid, in cents. `rule_label` and `clause` are empty when nothing in the contract covers the care;
    `explanation` says it step by step."""

    question: Question
    act_label: str
    base_net: int
    supplementary: int
    remaining: int
    rule_label: str
    clause: str
    explanation: Explanation


class EstimableAct(NamedTuple):
    """An act that can be estimated. `sectors`: those among which to choose, none when there is nothing to choose."""

    code: str
    label: str
    family: str
    description: str
    sectors: tuple[Sector, ...]


class Ground(NamedTuple):
    """Whom and what an estimate stands on. `rule`: of an option that the contract holds, or else of its product."""

    relative: Relative
    contract_id: int
    act: Act
    tariff: Tariff
    figures: Figures
    rule: RuleInForce | None
    rule_id: int | None

    @property
    def terms(self) -> Terms | None:
        """What the rule grants; None when nothing covers the care."""
        return self.rule.terms if self.rule else None

    @property
    def grounds(self) -> Grounds:
        """What an explanation stands on."""
        return Grounds(self.relative.birth_date, self.tariff, self.figures, None)


def estimate(db: Session, viewer: Viewer, question: Question, today: date) -> Estimate | None:
    """The estimate of a care; None when the viewer may not read that person's lines, when nothing covers the person on
    that day, or when the act has no tariff then."""
    ground = _ground(db, viewer, question, today)
    if ground is None:
        return None
    blank = blank_line(question, ground)
    history = history_of(db, blank, ground.rule)
    line = settled_line(blank, question, ground, used_before(blank, history, ground.terms))
    explanation = explain_line(line, ground.grounds, ground.rule, history, ground.act.description)
    return Estimate(
        question,
        ground.act.label,
        line.base_net_cents,
        line.supplementary_cents,
        line.remaining_cents,
        ground.rule.label if ground.rule else "",
        ground.rule.clause if ground.rule else "",
        explanation,
    )


def remaining_at(db: Session, viewer: Viewer, question: Question, prices: Iterable[int], today: date) -> dict[int, int]:
    """What each price of one care would leave to pay, in cents, by price; empty when `estimate` would give nothing. The
    price of `question` is not read. It costs as many queries as one estimate."""
    ground = _ground(db, viewer, question, today)
    if ground is None:
        return {}
    history = history_of(db, blank_line(question, ground), ground.rule)
    return {price: _remaining(replace(question, spent_cents=price), ground, history) for price in set(prices)}


def _remaining(question: Question, ground: Ground, history: Sequence[LineFacts]) -> int:
    blank = blank_line(question, ground)
    return settled_line(blank, question, ground, used_before(blank, history, ground.terms)).remaining_cents


def estimable_acts(db: Session, day: date) -> list[EstimableAct]:
    """The acts that have a tariff on `day`, by family, each with the sectors that make a difference. About nobody."""
    query = (
        select(Act.code, Act.label, Act.family, Act.description)
        .join(ActTariff, col(ActTariff.act_code) == Act.code)
        .where(in_force(ActTariff.valid_from, ActTariff.valid_to, day))
    )
    sectors = _sectors(db)
    acts = [EstimableAct(*row, sectors.get(row[0], ())) for row in db.connection().execute(query)]
    return sorted(acts, key=lambda act: (list(Family).index(Family(act.family)), act.label))


def settle_example(example: ExampleCare, tariff: Tariff, figures: Figures, terms: Terms | None) -> Settlement:
    """What an adult who has used nothing yet would get for an example of care."""
    base = _base(example.act_code, Sector(example.sector), example.quantity, example.price_cents, tariff, figures)
    is_heavy = tariff.is_heavy_on(figures, example.quantity)
    rate = tariff.rate
    care = Care(example.act_code, example.quantity, example.price_cents, base, rate, rate, is_heavy=is_heavy)
    return settle(care, figures, terms, Used())


def _ground(db: Session, viewer: Viewer, question: Question, today: date) -> Ground | None:
    relatives = visible_scope(db, viewer, today).relatives
    relative = next((one for one in relatives if one.person_id == question.person_id and one.in_detail), None)
    return ground_of(db, relative, question) if relative is not None else None


def ground_of(db: Session, relative: Relative, question: Question) -> Ground | None:
    """What a care of somebody whom the caller may ask about stands on; None as for `estimate`."""
    act = db.get(Act, question.act_code)
    tariff, figures = tariff_on(db, question.act_code, question.day), figures_on(db, question.day)
    if act is None or tariff is None or figures is None:
        return None
    contract = _contract_of(db, relative, question.day)
    if contract is None:
        return None
    age = age_on(relative.birth_date, question.day)
    options = [option.product_id for option in held_options(db, contract.id or 0, question.day)]
    rules = (_rule(db, product_id, question, age) for product_id in (*reversed(options), contract.product_id))
    rule_id, rule = next((found for found in rules if found is not None), (None, None))
    return Ground(relative, contract.id or 0, act, tariff, figures, rule, rule_id)


def _contract_of(db: Session, relative: Relative, day: date) -> Contract | None:
    query = (
        select(Contract)
        .join(Beneficiary, col(Beneficiary.contract_id) == Contract.id)
        .where(Beneficiary.person_id == relative.person_id, Contract.member_id == relative.member_id)
        .where(in_force(Contract.starts_on, Contract.ends_on, day))
        .where(in_force(Beneficiary.valid_from, Beneficiary.valid_to, day))
        .order_by(col(Contract.id))
        .limit(1)
    )
    return db.exec(query).first()


def _rule(db: Session, product_id: int, question: Question, age: int) -> tuple[int, RuleInForce] | None:
    """The rule of the version in force on the care's day, by the act, its sector and the person's age."""
    query = (
        select(GuaranteeRule, GuaranteeVersion)
        .join(GuaranteeVersion, col(GuaranteeVersion.id) == GuaranteeRule.version_id)
        .join(ActRule, col(ActRule.rule_code) == GuaranteeRule.code)
        .where(GuaranteeVersion.product_id == product_id, ActRule.act_code == question.act_code)
        .where(in_force(GuaranteeVersion.valid_from, GuaranteeVersion.valid_to, question.day))
        .where(col(ActRule.sector).in_([Sector.ANY, question.sector]))
        .where(ActRule.from_age <= age, ActRule.below_age > age)
        .order_by(col(ActRule.sector).desc(), col(ActRule.id))
        .limit(1)
    )
    row = db.exec(query).first()
    if row is None:
        return None
    rule, version = row
    return rule.id or 0, RuleInForce(terms_of_rule(rule), rule.label, rule.clause, version.valid_from, version.valid_to)


def _base(act_code: str, sector: Sector, quantity: int, spent_cents: int, tariff: Tariff, figures: Figures) -> int:
    """The base of reimbursement of the whole care, in cents: as `recomputation.expected_base` finds it again."""
    if tariff.base_cents is None:
        return spent_cents if tariff.rate else 0
    is_unbound = sector is Sector.UNBOUND and act_code in CONSULTATIONS
    unit = min(figures.unbound_base, tariff.base_cents) if is_unbound else tariff.base_cents
    return min(unit * quantity, spent_cents)


def blank_line(question: Question, ground: Ground) -> LineFacts:
    """The line to come, its amounts still to be settled."""
    base = _base(
        question.act_code, question.sector, question.quantity, question.spent_cents, ground.tariff, ground.figures
    )
    return LineFacts(
        id=0,
        reference=LAST,
        contract_id=ground.contract_id,
        member_id=ground.relative.member_id,
        person_id=question.person_id,
        care_date=question.day,
        act_code=question.act_code,
        label=ground.act.label,
        family=ground.act.family,
        kind=LineKind.CARE,
        status=Status.PENDING,
        source=question.source,
        provider=question.provider,
        quantity=question.quantity,
        spent_cents=question.spent_cents,
        base_cents=base,
        base_rate=ground.tariff.rate,
        base_gross_cents=0,
        flat_fee_cents=0,
        franchise_cents=0,
        base_net_cents=0,
        supplementary_cents=0,
        other_cover_cents=question.other_cover_cents,
        remaining_cents=0,
        in_care_path=question.in_care_path,
        note="",
        rule_code=ground.rule.terms.code if ground.rule else "",
    )


def settled_line(line: LineFacts, question: Question, ground: Ground, used: Used) -> LineFacts:
    """The line with its amounts, after what was `used`."""
    return settled_with(line, question, ground, used)[0]


def settled_with(line: LineFacts, question: Question, ground: Ground, used: Used) -> tuple[LineFacts, Settlement]:
    """The same, and where the money goes."""
    is_off_path = not question.in_care_path and question.act_code in CONSULTATIONS
    care = Care(
        question.act_code,
        question.quantity,
        question.spent_cents,
        line.base_cents,
        ground.figures.off_path_rate if is_off_path else ground.tariff.rate,
        ground.tariff.rate,
        is_exempt=is_exempt(line.family, ground.relative.birth_date, question.day),
        other_cover_cents=question.other_cover_cents,
        is_heavy=ground.tariff.is_heavy_on(ground.figures, question.quantity),
        told_net=question.told_net,
    )
    settled = settle(care, ground.figures, ground.terms, used)
    done = line._replace(
        base_cents=settled.base,
        base_rate=care.applied_rate,
        base_gross_cents=settled.base_gross,
        flat_fee_cents=settled.flat_fee,
        franchise_cents=settled.franchise,
        base_net_cents=settled.base_net,
        supplementary_cents=settled.supplementary,
        remaining_cents=settled.remaining,
    )
    return done, settled


def _sectors(db: Session) -> dict[str, tuple[Sector, ...]]:
    query = select(ActRule.act_code, ActRule.sector).where(ActRule.sector != bindparam("any", Sector.ANY))
    found: dict[str, tuple[Sector, ...]] = {}
    for act_code, sector in db.connection().execute(query.order_by(col(ActRule.id))):
        found[act_code] = (*found.get(act_code, ()), Sector(sector))
    return found
