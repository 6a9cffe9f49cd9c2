"""A practice's own: its account, its addresses over time, amendments of its agreement, the changes that it asks for."""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _bank()
    _agreement()
    op.create_table(
        "practice_change",
        sa.Column("case_id", sa.Integer(), sa.ForeignKey("case_file.id"), primary_key=True, autoincrement=False),
        sa.Column("provider_id", sa.Integer(), sa.ForeignKey("provider.id"), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("address", "postcode", "city")),
        sa.Column("national_id", sa.String(length=11), nullable=False),
        sa.Column("wanted_on", sa.Date(), nullable=False),
        sa.Column("former", sa.String(), nullable=False),
        sa.Column("takes_effect_on", sa.Date()),
        sa.Column("applied_at", INSTANT),
    )
    op.create_index("ix_practice_change_provider", "practice_change", ["provider_id"])
    op.create_index("ix_practice_change_due", "practice_change", ["takes_effect_on"])
    op.create_index("ix_practice_change_former", "practice_change", ["former"])


def downgrade() -> None:
    names = (
        "practice_change",
        "agreement_amendment",
        "provider_address",
        "provider_bank_rule",
        "provider_bank_details",
    )
    for name in names:
        op.drop_table(name)


def _bank() -> None:
    op.create_table(
        "provider_bank_details",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("provider_id", sa.Integer(), sa.ForeignKey("provider.id"), nullable=False),
        sa.Column("iban_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("iban_lookup", sa.String(), nullable=False),
        sa.Column("holder_encrypted", sa.LargeBinary(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("masked", "bank", "bic")),
        sa.Column("reported_on", sa.Date()),
        sa.Column("asked_at", INSTANT),
        sa.Column("asked_by", sa.Integer(), sa.ForeignKey("account.id")),
        sa.Column("needs_approval", sa.Boolean(), nullable=False),
        sa.Column("approved_at", INSTANT),
        sa.Column("approved_by", sa.Integer(), sa.ForeignKey("account.id")),
        *(sa.Column(name, INSTANT) for name in ("takes_effect_at", "effective_at", "cancelled_at")),
        sa.UniqueConstraint("provider_id", "reported_on"),
    )
    op.create_index("ix_provider_bank_due", "provider_bank_details", ["takes_effect_at"])
    op.create_index("ix_provider_bank_details_asked_by", "provider_bank_details", ["asked_by"])
    op.create_table(
        "provider_bank_rule",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("provider_id", sa.Integer(), sa.ForeignKey("provider.id"), nullable=False),
        sa.Column("needs_approval", sa.Boolean(), nullable=False),
        *(sa.Column(name, INSTANT, nullable=False) for name in ("chosen_at", "counts_from")),
        sa.Column("chosen_by", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
    )
    op.create_index("ix_provider_bank_rule", "provider_bank_rule", ["provider_id", "id"])
    op.create_index("ix_provider_bank_rule_chosen_by", "provider_bank_rule", ["chosen_by"])


def _agreement() -> None:
    op.create_table(
        "agreement_amendment",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("agreement_id", sa.Integer(), sa.ForeignKey("agreement.id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("signed_on", sa.Date()),
        sa.UniqueConstraint("agreement_id", "number"),
    )
    op.create_table(
        "provider_address",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("provider_id", sa.Integer(), sa.ForeignKey("provider.id"), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("address", "postcode", "city")),
        sa.UniqueConstraint("provider_id", "valid_from"),
    )
