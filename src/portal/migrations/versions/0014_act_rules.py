"""Which guarantee rule applies to which act, and the examples of care whose refund the guarantee table shows."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "act_rule",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("act_code", sa.String(), sa.ForeignKey("act.code"), nullable=False),
        sa.Column("rule_code", sa.String(), nullable=False),
        sa.Column("sector", sa.String(), nullable=False),
        sa.Column("from_age", sa.Integer(), nullable=False),
        sa.Column("below_age", sa.Integer(), nullable=False),
        sa.UniqueConstraint("act_code", "rule_code"),
    )
    op.create_table(
        "example_care",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("act_code", sa.String(), sa.ForeignKey("act.code"), nullable=False),
        sa.Column("sector", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("price_cents", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date()),
        sa.UniqueConstraint("code", "valid_from"),
    )


def downgrade() -> None:
    op.drop_table("example_care")
    op.drop_table("act_rule")
