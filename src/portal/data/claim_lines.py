"""Paid lines found again by the claim or the quote that led to them. A job's work, for everybody (R-21, R-25).

An invoice's line bears its person, its day and its price; a quote's, its person and its very act, from the day the
quote was sent until a year after the day foreseen. A line answers one invoice and one quote at most.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select

from portal.data.benefits import BenefitLine, LineKind, Status
from portal.data.case_authors import author_reads
from portal.data.cases import Case, CaseKind, CaseState, move_case
from portal.data.claim_rules import QUOTED_AHEAD_MONTHS
from portal.data.claims import CANCELLABLE, Claim, ClaimLine
from portal.data.rules import add_months
from portal.formatting import day_in_france

SETTLED = (Status.PAID, Status.REGULARISED)
# A claim refused, or cancelled, led to no payment; a quote's answer says nothing of whether the care took place.
_OPEN = CANCELLABLE | {CaseState.ACCEPTED, CaseState.PARTLY}


class Match(NamedTuple):
    """A line that may answer a case. `is_exact`: the price is the very one."""

    kind: str
    case_id: int
    line_id: int
    is_exact: bool


def unlinked_matches(db: Session, today: date) -> list[Match]:
    """For each claim or quote without any line, the line that answers it best; each line once for each kind.

    Not where its author may not read that person's lines: the news would tell of care that is kept private.
    """
    query = (
        select(Case, Claim, BenefitLine)
        .join(Claim, col(Claim.case_id) == Case.id)
        .join(BenefitLine, and_(col(BenefitLine.member_id) == Case.member_id, _same_care()))
        .where(col(Case.state).in_(_OPEN), ~select(ClaimLine.line_id).where(ClaimLine.case_id == Case.id).exists())
        .where(BenefitLine.kind == LineKind.CARE, col(BenefitLine.status).in_(SETTLED))
        .order_by(col(Case.id), col(BenefitLine.care_date), col(BenefitLine.id))
    )
    rows = [row for row in db.exec(query) if _is_in_time(*row)]
    told = {case.id for case in {case.id: case for case, *_ in rows}.values() if author_reads(db, case, today)}
    found = [_match(*row) for row in rows if row[0].id in told]
    return _each_once(sorted(found, key=lambda one: not one.is_exact), _taken(db, found))


def link_line(db: Session, match: Match, now: datetime) -> Case | None:
    """Links a line to a case, and to the quote that the case follows; the case, or None when it has a line by now, or
    when its author may no longer read that line.

    A claim that the insurer had is thereby settled.
    """
    case = db.exec(select(Case).where(Case.id == match.case_id).with_for_update()).one()
    has_line = db.exec(select(ClaimLine.line_id).where(ClaimLine.case_id == case.id).limit(1)).first() is not None
    if has_line or not author_reads(db, case, day_in_france(now)):
        return None
    quote_id = db.exec(select(Claim.quote_id).where(Claim.case_id == case.id)).one()
    for case_id in filter(None, (case.id, quote_id)):
        if db.get(ClaimLine, (case_id, match.line_id)) is None:
            db.add(ClaimLine(case_id=case_id, line_id=match.line_id, linked_at=now))
    db.flush()
    return case


def paid_claims(db: Session) -> list[int]:
    """The ids of the claims that the insurer has, and whose every line is paid."""
    linked = select(ClaimLine.line_id).where(ClaimLine.case_id == Case.id)
    unpaid = linked.join(BenefitLine, col(BenefitLine.id) == ClaimLine.line_id).where(
        col(BenefitLine.status).not_in(SETTLED)
    )
    query = select(Case.id).where(Case.kind == CaseKind.CLAIM, col(Case.state).in_(_WAITING))
    return [case_id or 0 for case_id in db.exec(query.where(linked.exists(), ~unpaid.exists()))]


def settle_claim(db: Session, case_id: int, now: datetime) -> Case | None:
    """A claim whose every line is paid is accepted; None when that was done, or undone, meanwhile."""
    case = db.exec(select(Case).where(Case.id == case_id).with_for_update()).one()
    if case.state not in _WAITING:
        return None
    move_case(db, case, CaseState.ACCEPTED, now, by=None)
    return case


_WAITING = frozenset({CaseState.SENT, CaseState.IN_REVIEW})


def _same_care() -> ColumnElement[bool]:
    """What the line and the claim must have in common, by kind."""
    invoice = and_(
        col(BenefitLine.care_date) == Claim.care_date,
        col(BenefitLine.family) == Claim.family,
        col(BenefitLine.spent_cents) == Claim.spent_cents,
        Case.kind == CaseKind.CLAIM,
    )
    quote = and_(col(BenefitLine.act_code) == Claim.act_code, Case.kind == CaseKind.QUOTE)
    return and_(col(BenefitLine.person_id) == Case.person_id, or_(invoice, quote))


def _is_in_time(case: Case, claim: Claim, line: BenefitLine) -> bool:
    if case.kind == CaseKind.CLAIM:
        return True
    return day_in_france(case.sent_at or case.opened_at) <= line.care_date <= _last_day(claim.care_date or date.max)


def _last_day(foreseen: date) -> date:
    return add_months(foreseen, QUOTED_AHEAD_MONTHS) if foreseen < date.max else foreseen


def _match(case: Case, claim: Claim, line: BenefitLine) -> Match:
    return Match(case.kind, case.id or 0, line.id or 0, line.spent_cents == claim.spent_cents)


def _taken(db: Session, found: Iterable[Match]) -> set[tuple[str, int]]:
    """Lines that answer a case already, with its kind."""
    lines = {one.line_id for one in found}
    query = select(Case.kind, ClaimLine.line_id).join(ClaimLine, col(ClaimLine.case_id) == Case.id)
    return {(kind, line_id) for kind, line_id in db.exec(query.where(col(ClaimLine.line_id).in_(lines)))}


def _each_once(found: Iterable[Match], taken: set[tuple[str, int]]) -> list[Match]:
    kept: dict[int, Match] = {}
    for one in found:
        key = (one.kind, one.line_id)
        if one.case_id not in kept and key not in taken:
            kept[one.case_id] = one
            taken.add(key)
    return list(kept.values())
