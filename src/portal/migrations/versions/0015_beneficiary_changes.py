"""Changes of beneficiaries, and the prices that tell what they change."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contribution_price",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("product_id", sa.Integer(), sa.ForeignKey("product.id"), nullable=False),
        sa.Column("structure", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date()),
        sa.Column("month_cents", sa.Integer(), nullable=False),
        sa.UniqueConstraint("product_id", "structure", "valid_from"),
        sa.CheckConstraint("month_cents >= 0", name="ck_contribution_price"),
    )
    op.create_table(
        "beneficiary_change",
        sa.Column("case_id", sa.Integer(), sa.ForeignKey("case_file.id"), primary_key=True, autoincrement=False),
        sa.Column("contract_id", sa.Integer(), sa.ForeignKey("contract.id"), nullable=False),
        sa.Column("beneficiary_id", sa.Integer(), sa.ForeignKey("beneficiary.id")),
        sa.Column("relationship", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("situation", sa.String(), nullable=False),
        sa.Column("fields", sa.String(), nullable=False),
        sa.Column("birth_rank", sa.Integer(), nullable=False),
        sa.Column("details_encrypted", sa.LargeBinary()),
        sa.Column("nir_lookup", sa.String()),
        sa.Column("effect_on", sa.Date()),
        sa.Column("effect_rule", sa.String(), nullable=False),
        sa.Column("effect_limit", sa.Date()),
        sa.Column("charged_from", sa.Date()),
        sa.Column("structure_before", sa.String(), nullable=False),
        sa.Column("structure_after", sa.String(), nullable=False),
        sa.Column("before_cents", sa.Integer()),
        sa.Column("after_cents", sa.Integer()),
    )
    op.create_index("ix_beneficiary_change_beneficiary_id", "beneficiary_change", ["beneficiary_id"])


def downgrade() -> None:
    op.drop_table("beneficiary_change")
    op.drop_table("contribution_price")
