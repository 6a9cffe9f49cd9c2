"""Payments and benefit lines: the tables. `data/listing.py` reads them for the member."""

from datetime import date
from enum import StrEnum

from sqlmodel import Field, SQLModel

from portal.data.columns import CheckConstraint, Index


class Status(StrEnum):
    PENDING = "en_cours"
    PAID = "payee"
    AWAITING_PIECE = "en_attente_piece"
    REFUSED = "refusee"
    CANCELLED = "annulee"
    REGULARISED = "regularisee"


class LineKind(StrEnum):
    """CARE: an act. WITHHOLDING: a flat fee or franchise recovered later. CORRECTION: a negative or amended line."""

    CARE = "soin"
    WITHHOLDING = "retenue"
    CORRECTION = "regularisation"


class Source(StrEnum):
    NOEMIE = "noemie"
    INVOICE = "facture"
    THIRD_PARTY = "tiers_payant"
    CLAIM = "demande"


class Method(StrEnum):
    """ADJUSTMENT: lines put right of a payment that was made before; no money moves."""

    TRANSFER = "virement"
    THIRD_PARTY = "tiers_payant"
    ADJUSTMENT = "rectification"


class Family(StrEnum):
    """Families of care, as filters show them."""

    EVERYDAY = "soins_courants"
    PHARMACY = "pharmacie"
    LABORATORY = "analyses"
    IMAGING = "imagerie"
    HOSPITAL = "hospitalisation"
    DENTAL = "dentaire"
    OPTICAL = "optique"
    HEARING = "aides_auditives"
    TRANSPORT = "transport"
    CURE = "cure"
    PREVENTION = "prevention"
    ALTERNATIVE = "medecines_douces"
    MATERNITY = "maternite"


class Payment(SQLModel, table=True):
    """Money sent on a day, to the member or to a professional (tiers payant)."""

    __tablename__ = "payment"
    __table_args__ = (Index("ix_payment_member", "member_id", "paid_on"),)

    id: int | None = Field(default=None, primary_key=True)
    reference: str = Field(unique=True)
    member_id: int = Field(foreign_key="person.id")
    paid_on: date
    method: str
    payee: str
    iban_masked: str = ""
    amount_cents: int


class BenefitLine(SQLModel, table=True):
    """One act, and where its money went, in cents.

    `posted_on` is the payment's day, or the day the file arrived while nothing is paid. `base_cents` is the base of
    reimbursement (BR), `base_rate` its percentage, `base_gross_cents` what the rate gives before flat fee
    (participation forfaitaire) and franchise; `base_net_cents` is what the base scheme pays. `search` is the folded
    text of free search.
    """

    __tablename__ = "benefit_line"
    __table_args__ = (
        CheckConstraint(
            "spent_cents = base_net_cents + supplementary_cents + other_cover_cents + remaining_cents",
            name="ck_line_adds_up",
        ),
        CheckConstraint(
            "base_net_cents = base_gross_cents - flat_fee_cents - franchise_cents", name="ck_line_base_net"
        ),
        Index(
            "ix_line_listing",
            "member_id",
            "posted_on",
            "id",
            "person_id",
            "status",
            "family",
            "spent_cents",
            "base_net_cents",
            "supplementary_cents",
            "other_cover_cents",
            "remaining_cents",
        ),
        Index("ix_line_counters", "person_id", "care_date"),
    )

    id: int | None = Field(default=None, primary_key=True)
    reference: str = Field(unique=True)
    payment_id: int | None = Field(default=None, foreign_key="payment.id", index=True)
    member_id: int = Field(foreign_key="person.id")
    contract_id: int = Field(foreign_key="contract.id")
    person_id: int = Field(foreign_key="person.id")
    posted_on: date
    care_date: date
    act_code: str
    label: str
    family: str
    kind: str
    status: str
    source: str
    provider: str = ""
    quantity: int = 1
    spent_cents: int
    base_cents: int
    base_rate: int
    base_gross_cents: int
    flat_fee_cents: int = 0
    franchise_cents: int = 0
    base_net_cents: int
    supplementary_cents: int
    other_cover_cents: int = 0
    remaining_cents: int
    rule_id: int | None = Field(default=None, foreign_key="guarantee_rule.id")
    in_care_path: bool = True
    note: str = ""
    search: str
