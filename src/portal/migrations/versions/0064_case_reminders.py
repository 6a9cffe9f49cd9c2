"""Reminders of what a case waits for, before it lapses or is taken up again."""

import sqlalchemy as sa
from alembic import op

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "case_reminder",
        sa.Column("case_id", sa.Integer(), sa.ForeignKey("case_file.id"), primary_key=True, autoincrement=False),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acts_on", sa.Date(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("case_reminder")
