"""Settles a stored line again from the dated tables, and says whether its amounts follow from the rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from portal.data.benefits import Family, LineKind, Source, Status
from portal.data.figures import Tariff
from portal.data.persons import is_minor_on
from portal.data.rules import (
    CONSULTATIONS,
    Care,
    Figures,
    Settlement,
    Terms,
    Used,
    settle,
    used_before,
)

UNPAID = frozenset({Status.REFUSED, Status.AWAITING_PIECE})


class LineFacts(NamedTuple):
    """A benefit line's columns, amounts in cents; `rule_code` is empty when no rule applies."""

    id: int
    reference: str
    contract_id: int
    member_id: int
    person_id: int
    care_date: date
    act_code: str
    label: str
    family: str
    kind: str
    status: str
    source: str
    provider: str
    quantity: int
    spent_cents: int
    base_cents: int
    base_rate: int
    base_gross_cents: int
    flat_fee_cents: int
    franchise_cents: int
    base_net_cents: int
    supplementary_cents: int
    other_cover_cents: int
    remaining_cents: int
    in_care_path: bool
    note: str
    rule_code: str


@dataclass(frozen=True, slots=True)
class Grounds:
    """What the law and the contract said on the day of care. A None stands for what the tables do not hold."""

    birth_date: date
    tariff: Tariff | None
    figures: Figures | None
    terms: Terms | None


@dataclass(frozen=True, slots=True)
class Recomputed:
    """The settlement of a line (`subject`: the act behind a withholding or a correction) and whether it matches.

    `base_agrees`, `share_agrees`: the stored base share, the stored supplementary share follow from the rules.
    `base_is_told`: an agent read the base share from the base scheme's statement, and the rest follows from it.
    """

    subject: LineFacts
    care: Care
    settlement: Settlement
    used: Used
    base_agrees: bool
    share_agrees: bool
    base_is_told: bool = False

    @property
    def agrees(self) -> bool:
        """Whether every amount of the line follows from the rules."""
        return self.base_agrees and self.share_agrees

    @property
    def explains_share(self) -> bool:
        """Whether the supplementary share and what remains follow from the rules, and from the base share."""
        return self.share_agrees and (self.base_agrees or self.base_is_told)


def is_exempt(family: str, birth_date: date, care_date: date) -> bool:
    """Minors and maternity care owe neither flat fee nor franchise (social security code, L160-13 and D160-7), nor the
    lump of heavy acts. Long illness and work accidents are not known here: their lines keep what was transmitted."""
    return family == Family.MATERNITY or is_minor_on(birth_date, care_date)


def recompute(
    line: LineFacts, grounds: Grounds, history: Sequence[LineFacts], weighed: Mapping[int, Used] | None = None
) -> Recomputed | None:
    """Settles `line` again; None when the tables do not say enough. `history`: the person's lines, any order.
    `weighed`: what had been used when an agent settled some of them, by line."""
    subject = _subject(line, history)
    if subject is None or grounds.tariff is None or grounds.figures is None:
        return None
    if bool(line.rule_code) != (grounds.terms is not None):
        return None
    care = _care(subject, grounds, grounds.tariff, grounds.figures)
    used = (weighed or {}).get(subject.id) or used_before(subject, history, grounds.terms)
    settlement = settle(care, grounds.figures, grounds.terms, used)
    is_told = subject.source == Source.CLAIM and settlement.base_net != subject.base_net_cents
    if is_told:
        settlement = settle(care._replace(told_net=subject.base_net_cents), grounds.figures, grounds.terms, used)
    base, share = _expected(line, settlement)
    follows = base == _stored_base(line)
    return Recomputed(
        subject,
        care,
        settlement,
        used,
        base_agrees=follows and not is_told,
        share_agrees=share == (line.supplementary_cents, line.remaining_cents),
        base_is_told=follows and is_told,
    )


def _subject(line: LineFacts, history: Sequence[LineFacts]) -> LineFacts | None:
    """The act a line settles: itself, or for a withholding or a correction the latest earlier line of the same act."""
    if line.kind == LineKind.CARE:
        return line
    found = [past for past in history if _may_be_origin(past, line)]
    return max(found, key=lambda past: past.reference, default=None)


def _may_be_origin(past: LineFacts, line: LineFacts) -> bool:
    if (past.care_date, past.act_code, past.provider) != (line.care_date, line.act_code, line.provider):
        return False
    if past.kind != LineKind.CARE or past.reference >= line.reference:
        return False
    return past.source == Source.THIRD_PARTY if line.kind == LineKind.WITHHOLDING else past.status == Status.CANCELLED


def _care(line: LineFacts, grounds: Grounds, tariff: Tariff, figures: Figures) -> Care:
    off_path = not line.in_care_path and line.act_code in CONSULTATIONS
    return Care(
        act_code=line.act_code,
        quantity=line.quantity,
        spent_cents=line.spent_cents,
        base_cents=expected_base(line, tariff, figures),
        rate=figures.off_path_rate if off_path else tariff.rate,
        usual_rate=tariff.rate,
        is_exempt=is_exempt(line.family, grounds.birth_date, line.care_date),
        is_deferred=line.source == Source.THIRD_PARTY,
        other_cover_cents=line.other_cover_cents,
        is_heavy=tariff.is_heavy_on(figures, line.quantity),
    )


def expected_base(line: LineFacts, tariff: Tariff, figures: Figures) -> int:
    """The base of reimbursement of the whole line, in cents.

    The tariff times the quantity; the price itself when priced freely; or, for a specialist outside the moderation
    agreement (OPTAM), the lower base, when that is what the line shows.
    """
    if tariff.base_cents is None:
        return line.spent_cents if tariff.rate else 0
    unbound = min(figures.unbound_base * line.quantity, line.spent_cents)
    if line.act_code in CONSULTATIONS and line.base_cents == unbound:
        return unbound
    return min(tariff.base_cents * line.quantity, line.spent_cents)


def is_unbound(line: LineFacts, tariff: Tariff | None, figures: Figures | None) -> bool:
    """Whether the line was settled on the lower base of doctors outside the moderation agreement."""
    if tariff is None or figures is None or tariff.base_cents is None or line.act_code not in CONSULTATIONS:
        return False
    return line.base_cents == figures.unbound_base * line.quantity < tariff.base_cents * line.quantity


def _expected(line: LineFacts, settled: Settlement) -> tuple[tuple[int, ...], tuple[int, int]]:
    """Base, gross, flat fee, franchise and net; then supplementary share and what remains: as the line should say."""
    if line.kind == LineKind.WITHHOLDING:
        fee, franchise = settled.flat_fee_due, settled.franchise_due
        return (0, 0, fee, franchise, -fee - franchise), (0, fee + franchise)
    sign = -1 if line.kind == LineKind.CORRECTION else 1
    blocked = settled.supplementary if line.status in UNPAID else 0
    base = (settled.base, settled.base_gross, settled.flat_fee, settled.franchise, settled.base_net)
    share = (sign * (settled.supplementary - blocked), sign * (settled.remaining + blocked))
    return tuple(sign * cents for cents in base), share


def _stored_base(line: LineFacts) -> tuple[int, ...]:
    return (
        line.base_cents,
        line.base_gross_cents,
        line.flat_fee_cents,
        line.franchise_cents,
        line.base_net_cents,
    )
