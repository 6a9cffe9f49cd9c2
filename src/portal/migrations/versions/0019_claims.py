"""Claims and quotes: what they ask, what was estimated and answered, the lines that were paid after them."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "claim",
        sa.Column("case_id", sa.Integer(), sa.ForeignKey("case_file.id"), primary_key=True, autoincrement=False),
        sa.Column("care_date", sa.Date()),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("act_code", sa.String(), nullable=False),
        sa.Column("sector", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("spent_cents", sa.Integer()),
        sa.Column("quote_id", sa.Integer(), sa.ForeignKey("case_file.id")),
        sa.CheckConstraint("spent_cents > 0", name="ck_claim_spent"),
        sa.CheckConstraint("quantity > 0", name="ck_claim_quantity"),
    )
    op.create_index("ix_claim_quote", "claim", ["quote_id"])
    op.create_table(
        "claim_estimate",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("case_id", sa.Integer(), sa.ForeignKey("case_file.id"), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("made_by", sa.Integer(), sa.ForeignKey("account.id")),
        sa.Column("made_for", sa.Date(), nullable=False),
        sa.Column("spent_cents", sa.Integer(), nullable=False),
        sa.Column("base_cents", sa.Integer()),
        sa.Column("base_rate", sa.Integer()),
        sa.Column("fees_cents", sa.Integer()),
        sa.Column("base_net_cents", sa.Integer(), nullable=False),
        sa.Column("supplementary_cents", sa.Integer(), nullable=False),
        sa.Column("remaining_cents", sa.Integer(), nullable=False),
        sa.Column("rule_code", sa.String(), nullable=False),
        sa.Column("rule_label", sa.String(), nullable=False),
        sa.CheckConstraint(
            "spent_cents = base_net_cents + supplementary_cents + remaining_cents", name="ck_estimate_adds_up"
        ),
    )
    op.create_index("ix_claim_estimate_case", "claim_estimate", ["case_id", "id"])
    op.create_table(
        "claim_line",
        sa.Column("case_id", sa.Integer(), sa.ForeignKey("case_file.id"), primary_key=True, autoincrement=False),
        sa.Column("line_id", sa.Integer(), sa.ForeignKey("benefit_line.id"), primary_key=True, autoincrement=False),
        sa.Column("linked_at", INSTANT, nullable=False),
    )
    op.create_index("ix_claim_line_line", "claim_line", ["line_id"])


def downgrade() -> None:
    op.drop_table("claim_line")
    op.drop_table("claim_estimate")
    op.drop_table("claim")
