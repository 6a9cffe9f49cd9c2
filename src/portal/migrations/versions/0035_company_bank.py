"""Companies' bank details with their SEPA mandates, and whether each change needs a second signatory."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "company_bank_details",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("company_id", sa.Integer(), sa.ForeignKey("company.id"), nullable=False),
        sa.Column("iban_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("iban_lookup", sa.String(), nullable=False),
        sa.Column("holder_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("masked", sa.String(), nullable=False),
        sa.Column("bank", sa.String(), nullable=False),
        sa.Column("bic", sa.String(), nullable=False),
        sa.Column("mandate", sa.String(length=35), unique=True),
        sa.Column("signer_encrypted", sa.LargeBinary()),
        sa.Column("reported_on", sa.Date()),
        sa.Column("asked_at", INSTANT),
        sa.Column("asked_by", sa.Integer(), sa.ForeignKey("account.id")),
        sa.Column("needs_approval", sa.Boolean(), nullable=False),
        sa.Column("approved_at", INSTANT),
        sa.Column("approved_by", sa.Integer(), sa.ForeignKey("account.id")),
        sa.Column("takes_effect_at", INSTANT),
        sa.Column("effective_at", INSTANT),
        sa.Column("cancelled_at", INSTANT),
        sa.UniqueConstraint("company_id", "reported_on"),
    )
    op.create_index("ix_company_bank_due", "company_bank_details", ["takes_effect_at"])
    op.create_index("ix_company_bank_details_asked_by", "company_bank_details", ["asked_by"])
    op.create_table(
        "company_bank_rule",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("company_id", sa.Integer(), sa.ForeignKey("company.id"), nullable=False),
        sa.Column("needs_approval", sa.Boolean(), nullable=False),
        sa.Column("chosen_at", INSTANT, nullable=False),
        sa.Column("counts_from", INSTANT, nullable=False),
        sa.Column("chosen_by", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
    )
    op.create_index("ix_company_bank_rule", "company_bank_rule", ["company_id", "id"])
    op.create_index("ix_company_bank_rule_chosen_by", "company_bank_rule", ["chosen_by"])


def downgrade() -> None:
    op.drop_table("company_bank_rule")
    op.drop_table("company_bank_details")
