"""« Pourquoi ce montant ? »: every amount of a line, step by step, in words, adding up to the cent (R-21, R-50)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, select
from sqlmodel import Session

from portal.data.benefits import BenefitLine, Source
from portal.data.coverage import GuaranteeRule, GuaranteeVersion
from portal.data.explanation_guarantee import guarantee_steps
from portal.data.explanation_steps import Case, RuleInForce, Section, Sign, Step, base_steps, spent_steps
from portal.data.explanation_words import remaining_steps, summary_of, terms_of
from portal.data.figures import act_description, figures_on, tariff_on
from portal.data.glossary import Definition, definitions
from portal.data.persons import Person
from portal.data.recomputation import Grounds, LineFacts, recompute
from portal.data.rules import Terms, Used, add_months
from portal.data.sessions import Viewer
from portal.data.valued_lines import ValuedLine
from portal.data.visibility import lines_of, visible_scope

__all__ = ["Explanation", "Section", "Sign", "Step", "adds_up", "explain", "explain_line"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A line explained. `recomputed`: every amount follows from the dated rules; otherwise some were transmitted."""

    line: LineFacts
    summary: str
    steps: tuple[Step, ...]
    glossary: tuple[Definition, ...]
    recomputed: bool

    def of(self, section: Section) -> tuple[Step, ...]:
        """The steps of one section, in order."""
        return tuple(step for step in self.steps if step.section == section)

    @property
    def sections(self) -> tuple[Section, ...]:
        """The sections that have steps, in order."""
        return tuple(section for section in Section if self.of(section))


def explain(db: Session, viewer: Viewer, line_id: int, today: date) -> Explanation | None:
    """Explains a line the viewer may read; None when it does not exist or is not the viewer's to read (R-72)."""
    scope = visible_scope(db, viewer, today)
    row = db.connection().execute(_line_query(BenefitLine.id == line_id, lines_of(scope.detailed))).first()
    if row is None:
        return None
    line = _facts(row)
    rule = _rule_in_force(row)
    grounds = Grounds(
        row.birth_date, tariff_on(db, line.act_code, line.care_date), figures_on(db, line.care_date), None
    )
    history = history_of(db, line, rule)
    weighed = weighed_for(db, [one.id for one in (line, *history) if one.source == Source.CLAIM])
    return explain_line(line, grounds, rule, history, act_description(db, line.act_code), weighed)


def explain_line(
    line: LineFacts,
    grounds: Grounds,
    rule: RuleInForce | None,
    history: Sequence[LineFacts],
    description: str = "",
    weighed: Mapping[int, Used] | None = None,
) -> Explanation:
    """Explains a line from what is in memory. `history`: the person's lines of the limits' periods, any order;
    `weighed`: what had been used when an agent settled some of them, by line."""
    in_force = rule if rule is not None and rule.holds_on(line.care_date) else None
    grounds = Grounds(grounds.birth_date, grounds.tariff, grounds.figures, in_force.terms if in_force else None)
    case = Case(line, grounds, rule, recompute(line, grounds, history, weighed), description)
    steps = (*spent_steps(case), *base_steps(case), *guarantee_steps(case), *remaining_steps(case))
    agrees = case.result is not None and case.result.agrees
    return Explanation(line, summary_of(case), steps, definitions(terms_of(case)), recomputed=agrees)


def adds_up(explanation: Explanation) -> bool:
    """Whether each section's steps make its total, and the totals make the expense, to the cent."""
    totals = {section: _total(explanation.of(section)) for section in Section}
    computed = (Section.BASE, Section.GUARANTEE, Section.REMAINING)
    spent = totals.pop(Section.SPENT)
    sections_add_up = all(totals[section] == _sum(explanation.of(section)) for section in computed)
    return sections_add_up and spent == sum(totals.values())


def _total(steps: Sequence[Step]) -> int:
    return next((step.amount_cents or 0 for step in steps if step.sign == Sign.TOTAL), 0)


def _sum(steps: Sequence[Step]) -> int:
    plus = sum(step.amount_cents or 0 for step in steps if step.sign == Sign.PLUS)
    return plus - sum(step.amount_cents or 0 for step in steps if step.sign == Sign.MINUS)


_RULE_COLUMNS = (
    GuaranteeRule.formula,
    GuaranteeRule.percent,
    GuaranteeRule.amount_cents,
    GuaranteeRule.max_acts,
    GuaranteeRule.max_cents,
    GuaranteeRule.renewal_months,
    GuaranteeRule.label.label("rule_label"),
    GuaranteeRule.clause,
    GuaranteeVersion.valid_from,
    GuaranteeVersion.valid_to,
)


def _fact_columns() -> list[Any]:
    stored = [getattr(BenefitLine, name) for name in LineFacts._fields[:-1]]
    return [*stored, GuaranteeRule.code.label("rule_code")]


def _line_query(*conditions: ColumnElement[bool]) -> Select:
    query: Select = (
        select(*_fact_columns(), *_RULE_COLUMNS, Person.birth_date)
        .join(Person, Person.id == BenefitLine.person_id)
        .outerjoin(GuaranteeRule, GuaranteeRule.id == BenefitLine.rule_id)
        .outerjoin(GuaranteeVersion, GuaranteeVersion.id == GuaranteeRule.version_id)
        .where(*conditions)
    )
    return query


def _facts(row: Any) -> LineFacts:
    return LineFacts._make((*row[: len(LineFacts._fields) - 1], row.rule_code or ""))


def _rule_in_force(row: Any) -> RuleInForce | None:
    if not row.rule_code:
        return None
    terms = Terms(
        row.rule_code,
        row.formula,
        row.percent,
        row.amount_cents,
        row.max_acts,
        row.max_cents,
        row.renewal_months,
    )
    return RuleInForce(terms, row.rule_label, row.clause, row.valid_from, row.valid_to)


def history_of(db: Session, line: LineFacts, rule: RuleInForce | None, *, with_later: bool = False) -> list[LineFacts]:
    """The person's lines that may weigh on `line`: since January, or since the start of a longer renewal period.
    `with_later`: also those of care that came after it, till the end of the year, or of the renewal period."""
    since, until = date(line.care_date.year, 1, 1), line.care_date
    months = rule.terms.renewal_months if rule is not None else None
    if months:
        since = min(since, add_months(line.care_date, -months) - timedelta(days=3))
    if with_later:
        until = max(date(line.care_date.year, 12, 31), add_months(line.care_date, months or 0) + timedelta(days=3))
    values = {"person": line.person_id, "member": line.member_id, "since": since, "until": until}
    return [_facts(row) for row in db.connection().execute(_HISTORY, values)]


def weighed_for(db: Session, line_ids: Sequence[int]) -> dict[int, Used]:
    """What had been used when an agent settled lines of claims, by line."""
    if not line_ids:
        return {}
    rows = db.connection().execute(_WEIGHED, {"lines": list(line_ids)})
    return {line_id: Used(*used) for line_id, *used in rows}


_HISTORY = (
    select(*_fact_columns())
    .outerjoin(GuaranteeRule, GuaranteeRule.id == BenefitLine.rule_id)
    .where(
        BenefitLine.person_id == bindparam("person"),
        BenefitLine.member_id == bindparam("member"),
        BenefitLine.care_date.between(bindparam("since"), bindparam("until")),
    )
)

_WEIGHED = select(ValuedLine.line_id, *(getattr(ValuedLine, f"used_{name}") for name in Used._fields)).where(
    ValuedLine.line_id.in_(bindparam("lines", expanding=True))
)
