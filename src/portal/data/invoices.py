"""What health professionals send to be paid directly: lots of invoices, and the states each went through (R-40).

A state that changes is a step that says what, since when and why; the invoice keeps the last one, to search by it.
"""

from datetime import date
from enum import StrEnum

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, Session, SQLModel, select

from portal.data.columns import CheckConstraint, Index


class InvoiceState(StrEnum):
    RECEIVED = "recue"
    CHECKED = "en_controle"
    PIECE_DUE = "en_attente_piece"
    ACCEPTED = "acceptee"
    PAYING = "mise_en_paiement"
    PAID = "payee"
    PAID_IN_PART = "partiellement_payee"
    REJECTED = "rejetee"
    CANCELLED = "annulee"
    CONTESTED = "contestee"


class Channel(StrEnum):
    """How an invoice arrived."""

    DRE = "dre"
    NOEMIE = "noemie"
    PAPER = "papier"
    PORTAL = "portail"


# States in which it is the insurer's turn: an invoice that stays there too long is late.
UNDECIDED = (InvoiceState.RECEIVED, InvoiceState.CHECKED, InvoiceState.PIECE_DUE)
SETTLED = (InvoiceState.PAID, InvoiceState.PAID_IN_PART)
AWAITED = (InvoiceState.RECEIVED, InvoiceState.CHECKED, InvoiceState.ACCEPTED, InvoiceState.PAYING)
_AMOUNTS = ("total_cents", "base_cents", "requested_cents", "accepted_cents")


class InvoiceLot(SQLModel, table=True):
    """Invoices that a practice sent together."""

    __tablename__ = "invoice_lot"
    __table_args__ = (UniqueConstraint("provider_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    provider_id: int = Field(foreign_key="provider.id")
    number: str


class Invoice(SQLModel, table=True):
    """An invoice, amounts in cents. `total_cents`: the care; `base_cents`: the base scheme's share; `requested_cents`,
    `accepted_cents`: the insurer's, as asked and as granted. `patient`: the name on the invoice, also when it is
    nobody's whom the insurer knows (`person_id` is None); `search`: that name, folded. `reject_code`: why it is
    rejected, or waits for a piece. `replaces`: the number of the practice's invoice that this one was sent instead of,
    empty for none."""

    __tablename__ = "invoice"
    __table_args__ = (
        UniqueConstraint("number", "provider_id"),
        CheckConstraint(
            "0 <= accepted_cents AND accepted_cents <= requested_cents AND 0 <= base_cents "
            "AND base_cents + requested_cents <= total_cents",
            name="ck_invoice_amounts",
        ),
        # These hold all that searches and totals look at: rows stand in the order of everybody's arrival, each of a
        # practice's on a page of its own, and only those that are shown are fetched.
        Index("ix_invoice_listing", "provider_id", "received_on", "id", "state", "channel", *_AMOUNTS, "search"),
        Index("ix_invoice_state", "provider_id", "state", "received_on", "id", "channel", *_AMOUNTS),
        Index("ix_invoice_lot", "lot_id", "provider_id", "received_on", "id"),
        Index("ix_invoice_person", "person_id"),
        Index("ix_invoice_replaces", "provider_id", "replaces"),
    )

    id: int | None = Field(default=None, primary_key=True)
    provider_id: int = Field(foreign_key="provider.id")
    number: str
    lot_id: int | None = Field(default=None, foreign_key="invoice_lot.id")
    person_id: int | None = Field(default=None, foreign_key="person.id")
    patient: str
    search: str
    care_date: date
    received_on: date
    channel: str
    total_cents: int
    base_cents: int
    requested_cents: int
    accepted_cents: int = 0
    state: str
    state_on: date
    reject_code: str = ""
    engagement: str = ""
    replaces: str = ""


class InvoiceStep(SQLModel, table=True):
    """A state that an invoice took, and the day on which it did. `lot`: the number of the lot in which it stood then:
    what is sent again under its own number comes in another one."""

    __tablename__ = "invoice_step"
    __table_args__ = (UniqueConstraint("invoice_id", "state_on", "state"),)

    id: int | None = Field(default=None, primary_key=True)
    invoice_id: int = Field(foreign_key="invoice.id")
    state_on: date
    state: str
    reject_code: str = ""
    lot: str = ""


def has_invoices(db: Session, provider_id: int) -> bool:
    """Whether the practice ever sent one."""
    return db.exec(select(Invoice.id).where(Invoice.provider_id == provider_id).limit(1)).first() is not None
