"""Issuing calls for contributions: a period as it comes to when called, and what earlier months came to otherwise.

Done once for each contract and period, whatever runs it again. For the insurer's own job: there is no viewer.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, or_
from sqlmodel import Session, col, select

from portal.data.contribution_calls import (
    DEFAULT_TERMS,
    ContributionCall,
    ContributionLine,
    ContributionMonth,
    ContributionPayment,
    ContributionTerms,
    all_calls,
    first_called,
    last_call,
)
from portal.data.contribution_facts import acts_on, called_months, lives_of, prices_of
from portal.data.contribution_lines import Explained, LineDraft, headcount_lines, regularisation_lines
from portal.data.contribution_rules import (
    Cause,
    Due,
    Gap,
    Life,
    Period,
    Rhythm,
    cause_of,
    due_day,
    due_of,
    gaps_of,
    months_between,
    period_from,
    period_holding,
    tax_within,
)
from portal.data.group_figures import group_figures_on
from portal.data.organisations import GroupContract
from portal.data.rules import add_months
from portal.formatting import day_in_france

LOOK_BACK_MONTHS = 24
"""How far back a month is set right: action under a contract lapses after two years (code de la mutualité, L221-11)."""


@dataclass
class _Work:
    """What is found while employees are gone through."""

    call_id: int
    counted: Counter[tuple[date, Due]] = field(default_factory=Counter)
    explained: list[Explained] = field(default_factory=list)


def billed_contracts(db: Session, day: date) -> list[int]:
    """The contracts that are called for: those with staff, in force now or until not long ago."""
    since = add_months(day, -LOOK_BACK_MONTHS)
    running = or_(col(GroupContract.ends_on).is_(None), col(GroupContract.ends_on) >= since)
    query = select(GroupContract.id).where(running, GroupContract.starts_on <= day).order_by(col(GroupContract.id))
    return [contract_id for contract_id in db.exec(query) if contract_id is not None]


def terms_of(db: Session, group_contract_id: int) -> tuple[Rhythm, str, int]:
    """How a contract is called: rhythm, method, day of the month by which it is paid."""
    terms = db.get(ContributionTerms, group_contract_id)
    return (Rhythm(terms.rhythm), terms.method, terms.due_day) if terms else DEFAULT_TERMS


def next_period(db: Session, group_contract_id: int, day: date, first: date | None = None) -> Period | None:
    """The next period to be called, once it has ended by `day`; None when there is none. `first`: a day of the very
    first one (the last that ended, else)."""
    contract = db.get_one(GroupContract, group_contract_id)
    rhythm = terms_of(db, group_contract_id)[0]
    last = last_call(db, group_contract_id)
    if last is not None:
        period = period_from(add_months(last.period_start, _months_of(last)), rhythm)
    else:
        ended = period_holding(day, rhythm).start
        start = first or add_months(ended, -1)
        period = period_holding(max(start, contract.starts_on), rhythm)
    is_over = contract.ends_on is not None and contract.ends_on < period.start
    return None if period.end >= day or is_over else period


def issue_call(db: Session, group_contract_id: int, period: Period, now: datetime) -> ContributionCall | None:
    """Issues the call of a period; None when it is issued already. The contract's row is locked meanwhile. Raises
    `RateUnknown`, and `LookupError` when the insurer has not set the figures of the period."""
    contract = db.get_one(GroupContract, group_contract_id, with_for_update=True)
    last = last_call(db, group_contract_id)
    if last is not None and last.period_start >= period.start:
        return None
    call = _new_call(db, contract, period, last, now)
    lines = _lines(db, contract, call, period)
    _keep_lines(db, call, lines)
    _count_payments(db, call, now)
    db.flush()
    return call


def _months_of(call: ContributionCall) -> int:
    return len(Period(call.period_start, call.period_end).months)


def _new_call(
    db: Session, contract: GroupContract, period: Period, last: ContributionCall | None, now: datetime
) -> ContributionCall:
    _, method, day = terms_of(db, contract.id or 0)
    figures = group_figures_on(db, period.end)
    if figures is None:
        raise LookupError(period.end)
    call = ContributionCall(
        company_id=contract.company_id,
        group_contract_id=contract.id or 0,
        number=f"{contract.number}-{period.end:%Y-%m}",
        period_start=period.start,
        period_end=period.end,
        issued_at=now,
        due_on=due_day(period, day),
        method=method,
        tax_rate=figures.solidarity_tax,
        previous_cents=last.due_cents if last else 0,
    )
    db.add(call)
    db.flush()
    return call


def _lines(db: Session, contract: GroupContract, call: ContributionCall, period: Period) -> list[LineDraft]:
    prices, work = prices_of(db, contract), _Work(call.id or 0)
    earliest = max(first_called(db, contract.id or 0) or period.start, add_months(period.start, -LOOK_BACK_MONTHS))
    earlier = months_between(earliest, add_months(period.start, -1))
    called_at = _called_at(db, contract)
    for lives in lives_of(db, contract):
        ids = [life.employee_id for life in lives]
        called = called_months(db, ids, earlier[0], earlier[-1]) if earlier else {}
        gaps = [gap for life in lives for gap in gaps_of(life, earlier, called, prices)]
        rows = [_row(work.call_id, gap.employee_id, gap.month, gap.after) for gap in gaps]
        rows += _count(work, lives, period, prices)
        if rows:
            db.execute(insert(ContributionMonth), rows)
        work.explained += _explained(db, gaps, called_at)
    return headcount_lines(work.counted) + regularisation_lines(work.explained)


def _count(work: _Work, lives: Iterable[Life], period: Period, prices: Any) -> Iterator[dict[str, Any]]:
    for life in lives:
        for month in period.months:
            due = due_of(life, month, prices)
            if due is not None:
                work.counted[month, due] += 1
                yield _row(work.call_id, life.employee_id, month, due)


def _row(call_id: int, employee_id: int, month: date, due: Due | None) -> dict[str, Any]:
    return {
        "call_id": call_id,
        "employee_id": employee_id,
        "month": month,
        "category_id": due.category_id if due else None,
        "structure": due.structure.value if due else None,
        "month_cents": due.month_cents if due else 0,
        "employer_cents": due.employer_cents if due else 0,
    }


def _called_at(db: Session, contract: GroupContract) -> dict[date, datetime]:
    """When each month was called first."""
    return {
        month: call.issued_at
        for call in all_calls(db, [contract.id or 0])
        for month in Period(call.period_start, call.period_end).months
    }


def _explained(db: Session, gaps: list[Gap], called_at: dict[date, datetime]) -> list[Explained]:
    if not gaps:
        return []
    acts = acts_on(db, (gap.employee_id for gap in gaps))
    revised = _revised_at(db, gaps)
    explained = []
    for gap in gaps:
        since = max(called_at[gap.month], revised.get((gap.employee_id, gap.month), called_at[gap.month]))
        cause, act = cause_of(gap, since, acts.get(gap.employee_id, ()))
        employee_id = gap.employee_id if cause in {Cause.ACT, Cause.UNDONE} else None
        explained.append(Explained(gap, cause, employee_id, act.event_id if act else None))
    return explained


def _revised_at(db: Session, gaps: list[Gap]) -> dict[tuple[int, date], datetime]:
    """When the month of each gap was last counted before, for those that were."""
    ids, months = {gap.employee_id for gap in gaps}, {gap.month for gap in gaps}
    query = (
        select(ContributionMonth.employee_id, ContributionMonth.month, ContributionCall.issued_at)
        .join(ContributionCall, col(ContributionCall.id) == ContributionMonth.call_id)
        .where(col(ContributionMonth.employee_id).in_(ids), col(ContributionMonth.month).in_(months))
    )
    wanted = {(gap.employee_id, gap.month) for gap in gaps}
    rows = db.exec(query.order_by(col(ContributionMonth.call_id)))
    found: dict[tuple[int, date], list[datetime]] = {}
    for employee_id, month, issued_at in rows:
        if (employee_id, month) in wanted:
            found.setdefault((employee_id, month), []).append(issued_at)
    # The last row is the one that this very call has just written.
    return {key: instants[-2] for key, instants in found.items() if len(instants) > 1}


def _keep_lines(db: Session, call: ContributionCall, lines: list[LineDraft]) -> None:
    for draft in lines:
        db.add(
            ContributionLine(
                call_id=call.id or 0,
                **{name: getattr(draft, name) for name in LineDraft.__slots__},
                amount_cents=draft.amount_cents,
                employer_cents=draft.employer_cents,
            )
        )
    call.amount_cents = sum(draft.amount_cents for draft in lines)
    call.employer_cents = sum(draft.employer_cents for draft in lines)
    call.tax_cents = tax_within(call.amount_cents, call.tax_rate)
    db.add(call)


def _count_payments(db: Session, call: ContributionCall, now: datetime) -> None:
    """Shows the payments that no earlier call showed."""
    query = select(ContributionPayment).where(
        ContributionPayment.group_contract_id == call.group_contract_id,
        col(ContributionPayment.counted_in_id).is_(None),
        ContributionPayment.received_on <= day_in_france(now),
    )
    for payment in db.exec(query).all():
        payment.counted_in_id = call.id
        call.received_cents += payment.amount_cents
        db.add(payment)
