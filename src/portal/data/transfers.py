"""Money that the insurer sent to health professionals, and the lines that say what for (R-40)."""

from datetime import date

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from portal.data.columns import CheckConstraint, Index


class Transfer(SQLModel, table=True):
    """A transfer, in cents. Its lines together should come to its amount; a page says when they do not."""

    __tablename__ = "transfer"
    __table_args__ = (
        UniqueConstraint("reference", "provider_id"),
        CheckConstraint("amount_cents > 0", name="ck_transfer_amount"),
        Index("ix_transfer_listing", "provider_id", "paid_on", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    provider_id: int = Field(foreign_key="provider.id")
    reference: str
    paid_on: date
    amount_cents: int
    iban_masked: str = ""


class RemittanceLine(SQLModel, table=True):
    """What a part of a transfer is for, in cents; less than zero when money is taken back. `invoice_number`: as the
    line names it; `invoice_id` is None while that is no invoice of the practice's."""

    __tablename__ = "remittance_line"
    __table_args__ = (
        UniqueConstraint("transfer_id", "position"),
        CheckConstraint("amount_cents <> 0", name="ck_remittance_line_amount"),
        Index("ix_remittance_line_invoice", "invoice_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    transfer_id: int = Field(foreign_key="transfer.id")
    position: int
    invoice_number: str
    invoice_id: int | None = Field(default=None, foreign_key="invoice.id")
    label: str = ""
    amount_cents: int
