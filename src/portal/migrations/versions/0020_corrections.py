"""Corrections: what somebody says is wrong in what the portal shows."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "correction",
        sa.Column("case_id", sa.Integer(), sa.ForeignKey("case_file.id"), primary_key=True, autoincrement=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("text_encrypted", sa.LargeBinary(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("correction")
