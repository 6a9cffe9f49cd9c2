"""Which calls for contributions are paid: pure arithmetic, no database. Amounts are integer cents.

A payment pays the call that it names, then the oldest one that is not paid (code civil, 1342-10); so does what a call
gives back.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum
from typing import NamedTuple


class CallState(StrEnum):
    """TO_PAY, LATE: something is left, before and after the due day. PAID: by payments alone. SETTLED: nothing is left,
    since what was given back made up for it. DISPUTED: a line is contested; what is left stays due."""

    TO_PAY = "a-payer"
    PAID = "paye"
    LATE = "en-retard"
    DISPUTED = "conteste"
    SETTLED = "solde"


class Owed(NamedTuple):
    """What a call comes to by itself, without earlier balances; negative when it gives back."""

    call_id: int
    amount_cents: int


class Paid(NamedTuple):
    """A payment received, for the call that it names."""

    amount_cents: int
    call_id: int | None


class Settlement(NamedTuple):
    """Where a call stands: what payments paid, what credits made up for, what is left."""

    paid_cents: int
    credited_cents: int
    left_cents: int


def settle(calls: Sequence[Owed], payments: Iterable[Paid]) -> dict[int, Settlement]:
    """Where each call stands; `calls`: all those of a contract, the oldest first."""
    left = {call.call_id: max(call.amount_cents, 0) for call in calls}
    credited = _pour(left, sum(max(-call.amount_cents, 0) for call in calls))
    paid: dict[int, int] = dict.fromkeys(left, 0)
    floating = 0
    for payment in payments:
        taken = min(left.get(payment.call_id or 0, 0), payment.amount_cents)
        if taken > 0 and payment.call_id is not None:
            left[payment.call_id] -= taken
            paid[payment.call_id] += taken
        floating += payment.amount_cents - max(taken, 0)
    for call_id, cents in _pour(left, floating).items():
        paid[call_id] += cents
    return {call_id: Settlement(paid[call_id], credited[call_id], cents) for call_id, cents in left.items()}


def state_of(settlement: Settlement, due_on: date, day: date, *, is_disputed: bool) -> CallState:
    """The state of a call on a day."""
    if is_disputed:
        return CallState.DISPUTED
    if settlement.left_cents:
        return CallState.LATE if due_on < day else CallState.TO_PAY
    return CallState.PAID if settlement.paid_cents and not settlement.credited_cents else CallState.SETTLED


def _pour(left: dict[int, int], cents: int) -> dict[int, int]:
    """Takes from the oldest on, in place; what each one was given."""
    given = {}
    for call_id, owed in left.items():
        given[call_id] = max(min(owed, cents), 0)
        cents -= given[call_id]
        left[call_id] -= given[call_id]
    return given
