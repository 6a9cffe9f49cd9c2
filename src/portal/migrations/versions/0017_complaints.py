"""Complaints: what they say, what they bear on, and when the insurer acknowledged and answered."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "complaint",
        sa.Column("case_id", sa.Integer(), sa.ForeignKey("case_file.id"), primary_key=True, autoincrement=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("text_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("contract_id", sa.Integer(), sa.ForeignKey("contract.id")),
        sa.Column("line_id", sa.Integer(), sa.ForeignKey("benefit_line.id")),
        sa.Column("contact_encrypted", sa.LargeBinary()),
        sa.Column("acknowledged_at", INSTANT),
        sa.Column("answered_at", INSTANT),
        sa.Column("outcome", sa.String()),
    )


def downgrade() -> None:
    op.drop_table("complaint")
