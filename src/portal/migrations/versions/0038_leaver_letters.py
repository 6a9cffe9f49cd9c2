"""Letters to those who left: each of them once."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "leaver_letter",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("departure_id", sa.Integer(), sa.ForeignKey("departure.id"), nullable=False),
        sa.Column("employee_id", sa.Integer(), sa.ForeignKey("employee.id"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("departure_id", "kind"),
    )
    op.create_index("ix_leaver_letter_employee", "leaver_letter", ["employee_id"])
    op.drop_column("departure", "told_at")


def downgrade() -> None:
    op.add_column("departure", sa.Column("told_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_table("leaver_letter")
