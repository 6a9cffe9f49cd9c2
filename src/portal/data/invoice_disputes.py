"""Invoices that a practice contests: what is contested, and what may be (R-40). Each is a case, for the desk to judge.

An invoice is contested while one of its disputes was sent and is not over. That is read from the case and written
nowhere else: the insurer's files go on giving the invoice's own state, and no import can end a dispute.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from sqlalchemy import Label, Select, func, select
from sqlmodel import Field, SQLModel

from portal.data.cases import ENDS, Case, CaseState
from portal.data.columns import Index
from portal.data.invoices import SETTLED, Invoice, InvoiceState


class Motive(StrEnum):
    """What is contested. Values are stored."""

    REJECTED = "rejet"
    PARTIAL = "paiement_partiel"
    AMOUNT = "montant"
    UNPAID = "absence_de_paiement"


# Whoever says that the amount is wrong says which one is right.
WITH_AMOUNT = frozenset({Motive.PARTIAL, Motive.AMOUNT})
_GRANTED = frozenset({InvoiceState.ACCEPTED, InvoiceState.PAYING, InvoiceState.PAID, InvoiceState.PAID_IN_PART})


class InvoiceDispute(SQLModel, table=True):
    """What is said against an invoice's outcome. `state`, `state_on`, `reject_code`: the invoice's own as it was
    contested. `claimed_cents`: what its author expects the insurer to pay in all. `checked_on`: until which day its
    author looked for the payment. `granted_cents`: what the insurer pays in all, once it has agreed. The text is empty
    once its account was erased."""

    __tablename__ = "invoice_dispute"
    __table_args__ = (
        Index("ix_invoice_dispute_invoice", "invoice_id"),
        Index("ix_invoice_dispute_provider", "provider_id"),
    )

    case_id: int = Field(primary_key=True, foreign_key="case_file.id", sa_column_kwargs={"autoincrement": False})
    invoice_id: int = Field(foreign_key="invoice.id")
    provider_id: int = Field(foreign_key="provider.id")
    motive: str
    state: str
    state_on: date
    reject_code: str = ""
    claimed_cents: int | None = None
    checked_on: date | None = None
    granted_cents: int | None = None
    text_encrypted: bytes


class Outcome(Protocol):
    """What an invoice came to, in cents."""

    @property
    def state(self) -> str: ...
    @property
    def requested_cents(self) -> int: ...
    @property
    def accepted_cents(self) -> int: ...


def motives_for(invoice: Outcome, *, paid_cents: int, is_late: bool) -> tuple[Motive, ...]:
    """What may be contested of an invoice; nothing once all that was asked is paid. `paid_cents`: by all transfers,
    less what was taken back."""
    state = InvoiceState(invoice.state)
    if paid_cents >= invoice.requested_cents:
        return ()
    is_short = least_claimed(invoice, paid_cents) <= invoice.requested_cents
    fits = {
        Motive.REJECTED: state is InvoiceState.REJECTED,
        Motive.PARTIAL: is_short and state is InvoiceState.PAID_IN_PART,
        Motive.AMOUNT: is_short and state in _GRANTED - {InvoiceState.PAID_IN_PART},
        Motive.UNPAID: is_late or (state in SETTLED and paid_cents < invoice.accepted_cents),
    }
    return tuple(motive for motive, is_fit in fits.items() if is_fit)


def least_claimed(invoice: Outcome, paid_cents: int) -> int:
    """The least that may be claimed in all, in cents: more than what was paid, or is granted and still to be paid."""
    is_settled = InvoiceState(invoice.state) in SETTLED
    return (paid_cents if is_settled else max(paid_cents, invoice.accepted_cents)) + 1


def contested_ids(provider_id: int | None) -> Select[tuple[int]]:
    """The ids of the practice's invoices that are contested now."""
    dispute, case = InvoiceDispute.__table__.c, Case.__table__.c
    query = select(dispute.invoice_id).join(Case.__table__, case.id == dispute.case_id)
    ended = [state.value for state in (*sorted(ENDS), CaseState.DRAFT)]
    return query.where(dispute.provider_id == provider_id, case.state.not_in(ended))


def granted_since(provider_id: int | None, then: datetime) -> Select[tuple[int]]:
    """The ids of the practice's invoices that a dispute put back to payment at that instant or after it."""
    dispute, case = InvoiceDispute.__table__.c, Case.__table__.c
    query = select(dispute.invoice_id).join(Case.__table__, case.id == dispute.case_id)
    return query.where(dispute.provider_id == provider_id, dispute.granted_cents.is_not(None), case.decided_at >= then)


def granted_at() -> Label[datetime | None]:
    """When each invoice of a query was last put back to payment by a dispute; None when none was agreed to."""
    dispute, case = InvoiceDispute.__table__.c, Case.__table__.c
    query = select(func.max(case.decided_at, type_=case.decided_at.type)).select_from(InvoiceDispute.__table__)
    joined = query.join(Case.__table__, case.id == dispute.case_id)
    agreed = joined.where(dispute.invoice_id == Invoice.__table__.c.id, dispute.granted_cents.is_not(None))
    return agreed.correlate(Invoice.__table__).scalar_subquery().label("granted_at")
