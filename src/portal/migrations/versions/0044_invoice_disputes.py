"""Invoices contested, invoices sent again: disputes, which invoice another one replaces, the lot of each step."""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "invoice_dispute",
        sa.Column("case_id", sa.Integer(), sa.ForeignKey("case_file.id"), primary_key=True, autoincrement=False),
        sa.Column("invoice_id", sa.Integer(), sa.ForeignKey("invoice.id"), nullable=False),
        sa.Column("provider_id", sa.Integer(), sa.ForeignKey("provider.id"), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("motive", "state")),
        sa.Column("state_on", sa.Date(), nullable=False),
        sa.Column("reject_code", sa.String(), nullable=False),
        sa.Column("claimed_cents", sa.Integer(), nullable=True),
        sa.Column("checked_on", sa.Date(), nullable=True),
        sa.Column("granted_cents", sa.Integer(), nullable=True),
        sa.Column("text_encrypted", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_invoice_dispute_invoice", "invoice_dispute", ["invoice_id"])
    op.create_index("ix_invoice_dispute_provider", "invoice_dispute", ["provider_id"])
    op.add_column("invoice", sa.Column("replaces", sa.String(), nullable=False, server_default=""))
    op.create_index("ix_invoice_replaces", "invoice", ["provider_id", "replaces"])
    op.add_column("invoice_step", sa.Column("lot", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("invoice_step", "lot")
    op.drop_index("ix_invoice_replaces", "invoice")
    op.drop_column("invoice", "replaces")
    op.drop_table("invoice_dispute")
