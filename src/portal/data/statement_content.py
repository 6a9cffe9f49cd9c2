"""What a statement says: the payments of a period with the lines that the viewer may read, and totals (R-22).

The rule of family privacy (data/visibility.py) holds here too. A dependant's statement shows the dependant's own lines.
A member's shows no line of an adult dependant who keeps them private: that person appears as totals of the whole
period, so that neither the day nor the professional of a payment gives the care away.
"""

import hashlib
from collections.abc import Iterable
from datetime import date
from itertools import groupby
from typing import Any

import msgspec
from sqlalchemy import func, select
from sqlmodel import Session

from portal.data.benefits import BenefitLine, Method, Payment
from portal.data.coverage import Beneficiary, Contract, Product
from portal.data.overpayments import withheld_from
from portal.data.persons import Person
from portal.data.sessions import Viewer
from portal.data.statement_periods import Period, PeriodKind
from portal.data.visibility import Scope, lines_of, statement_scope


class Amounts(msgspec.Struct, frozen=True):
    """Sums in cents."""

    spent_cents: int = 0
    base_net_cents: int = 0
    supplementary_cents: int = 0
    other_cover_cents: int = 0
    remaining_cents: int = 0

    @property
    def reimbursed_cents(self) -> int:
        """What the base scheme and the insurer paid together."""
        return self.base_net_cents + self.supplementary_cents


class StatementLine(msgspec.Struct, frozen=True):
    """One act as the statement prints it, in cents."""

    care_date: date
    person_id: int
    act_code: str
    label: str
    kind: str
    provider: str
    spent_cents: int
    base_cents: int
    base_rate: int
    base_net_cents: int
    supplementary_cents: int
    other_cover_cents: int
    remaining_cents: int


class StatementPayment(msgspec.Struct, frozen=True, omit_defaults=True):
    """A payment and its visible lines. `undetailed_cents`: what a member's transfer also holds, for private lines;
    `withheld_cents`: what it was less by, for a sum that the member owed; left out when nothing was, so that statements
    made before say the same."""

    reference: str
    paid_on: date
    method: str
    payee: str
    iban_masked: str
    undetailed_cents: int
    lines: list[StatementLine]
    totals: Amounts
    withheld_cents: int = 0


class PersonTotals(msgspec.Struct, frozen=True):
    """A beneficiary's sums over the period; `is_private` when the lines are not the viewer's to read."""

    person_id: int
    name: str
    line_count: int
    is_private: bool
    totals: Amounts


class Cover(msgspec.Struct, frozen=True):
    """A contract in force during the period."""

    contract_number: str
    member_number: str
    product: str


class Content(msgspec.Struct, frozen=True):
    """Everything that a statement says about its period."""

    kind: str
    period_start: date
    period_end: date
    recipient: str
    covers: list[Cover]
    payments: list[StatementPayment]
    persons: list[PersonTotals]
    totals: Amounts

    @property
    def line_count(self) -> int:
        """Lines paid in the period, private ones included."""
        return sum(person.line_count for person in self.persons)

    @property
    def person_ids(self) -> list[int]:
        """Whom it tells about, in detail or by totals."""
        return sorted(person.person_id for person in self.persons)

    def names(self) -> dict[int, str]:
        """How each beneficiary is called in this statement."""
        return {person.person_id: person.name for person in self.persons}

    def digest(self) -> str:
        """SHA-256 of what was paid: it changes when a line of the period does, not when a name or a contract does."""
        persons = [(person.person_id, person.is_private, person.totals) for person in self.persons]
        return hashlib.sha256(msgspec.json.encode([self.payments, persons])).hexdigest()


_LINE = BenefitLine.__table__.c
_PAYMENT = Payment.__table__.c
_LINE_COLUMNS = [_LINE[name] for name in StatementLine.__struct_fields__]
_PAYMENT_FIELDS = ("id", "reference", "member_id", "paid_on", "method", "payee", "iban_masked")
_PAYMENT_COLUMNS = [_PAYMENT[name].label(f"payment_{name}") for name in _PAYMENT_FIELDS]
_SUM_FIELDS = Amounts.__struct_fields__


def statement_content(db: Session, viewer: Viewer, period: Period, today: date) -> Content:
    """What the viewer's statement of `period` says, with the privacy rule of `today`; raises LookupError for an
    account that is no covered person's."""
    recipient = db.get(Person, viewer.person_id) if viewer.person_id else None
    if recipient is None:
        raise LookupError("only covered persons have statements")
    scope = statement_scope(db, viewer, today)
    payments = _payments(db, viewer, scope, period)
    visible = [line for payment in payments for line in payment.lines]
    persons = [*_visible_totals(visible, scope), *_private_totals(db, scope, period)]
    return Content(
        kind=period.kind,
        period_start=period.start,
        period_end=period.end,
        recipient=f"{recipient.first_name} {recipient.last_name}",
        covers=_covers(db, recipient.id, period),
        payments=payments,
        persons=persons,
        totals=add_up(person.totals for person in persons),
    )


def add_up(parts: Iterable[Any]) -> Amounts:
    """The sums of anything that has the fields of `Amounts`."""
    rows = list(parts)
    return Amounts(*(sum(getattr(row, name) for row in rows) for name in _SUM_FIELDS))


def paid_in(scope: Scope, period: Period) -> list[Any]:
    """Conditions on payments of the scope's members within the period."""
    members = {relative.member_id for relative in scope.relatives}
    return [_PAYMENT.member_id.in_(members), _PAYMENT.paid_on.between(period.start, period.end)]


def _payments(db: Session, viewer: Viewer, scope: Scope, period: Period) -> list[StatementPayment]:
    statement = (
        select(*_PAYMENT_COLUMNS, *_LINE_COLUMNS)
        .join(Payment, _PAYMENT.id == _LINE.payment_id)
        .where(*paid_in(scope, period), lines_of(scope.detailed))
        .order_by(_PAYMENT.paid_on, _PAYMENT.id, _LINE.care_date, _LINE.id)
    )
    rows = db.connection().execute(statement).all()
    undetailed = _undetailed(db, viewer, scope, period)
    own = {row.payment_id for row in rows if row.payment_member_id == viewer.person_id}
    withheld = withheld_from(db, own)
    runs = groupby(rows, key=lambda row: row.payment_id)
    return [
        _payment(viewer, list(run), undetailed.get(payment_id, 0), withheld.get(payment_id, 0))
        for payment_id, run in runs
    ]


def _undetailed(db: Session, viewer: Viewer, scope: Scope, period: Period) -> dict[int, int]:
    """Cents of private lines in the transfers that the viewer received, by payment: the bank shows the whole sum."""
    if not scope.private:
        return {}
    statement = (
        select(_PAYMENT.id, func.sum(_LINE.supplementary_cents))
        .join(BenefitLine, _PAYMENT.id == _LINE.payment_id)
        .where(*paid_in(scope, period), lines_of(scope.private))
        .where(_PAYMENT.member_id == viewer.person_id, _PAYMENT.method == Method.TRANSFER)
        .group_by(_PAYMENT.id)
    )
    return {payment_id: int(cents) for payment_id, cents in db.connection().execute(statement)}


def _payment(viewer: Viewer, rows: list[Any], undetailed_cents: int, withheld_cents: int) -> StatementPayment:
    first = rows[0]
    lines = [StatementLine(*row[len(_PAYMENT_FIELDS) :]) for row in rows]
    is_holder = first.payment_member_id == viewer.person_id
    return StatementPayment(
        reference=first.payment_reference,
        paid_on=first.payment_paid_on,
        method=first.payment_method,
        payee=first.payment_payee if is_holder or first.payment_method == Method.THIRD_PARTY else "",
        iban_masked=first.payment_iban_masked if is_holder else "",
        undetailed_cents=undetailed_cents,
        lines=lines,
        totals=add_up(lines),
        withheld_cents=withheld_cents,
    )


def _visible_totals(lines: list[StatementLine], scope: Scope) -> list[PersonTotals]:
    names = scope.names
    by_person: dict[int, list[StatementLine]] = {}
    for line in lines:
        by_person.setdefault(line.person_id, []).append(line)
    return [
        PersonTotals(person_id, name, len(by_person[person_id]), False, add_up(by_person[person_id]))
        for person_id, name in names.items()
        if person_id in by_person
    ]


def _private_totals(db: Session, scope: Scope, period: Period) -> list[PersonTotals]:
    if not scope.private or period.kind != PeriodKind.YEAR:
        return []  # totals of less than a year could tell a single line
    names = scope.names
    statement = (
        select(_LINE.person_id, func.count(), *(func.sum(_LINE[name]) for name in _SUM_FIELDS))
        .join(Payment, _PAYMENT.id == _LINE.payment_id)
        .where(*paid_in(scope, period), lines_of(scope.private))
        .group_by(_LINE.person_id)
        .order_by(_LINE.person_id)
    )
    rows = db.connection().execute(statement)
    return [
        PersonTotals(person_id, names[person_id], count, True, Amounts(*map(int, sums)))
        for person_id, count, *sums in rows
    ]


def _covers(db: Session, person_id: int | None, period: Period) -> list[Cover]:
    contract, cover = Contract.__table__.c, Beneficiary.__table__.c
    statement = (
        select(contract.number, contract.member_number, Product.__table__.c.name)
        .join(Beneficiary, cover.contract_id == contract.id)
        .join(Product, Product.__table__.c.id == contract.product_id)
        .where(cover.person_id == person_id, cover.valid_from <= period.end)
        .where(cover.valid_to.is_(None) | (cover.valid_to >= period.start))
        .distinct()
        .order_by(contract.number)
    )
    return [Cover(*row) for row in db.connection().execute(statement)]
