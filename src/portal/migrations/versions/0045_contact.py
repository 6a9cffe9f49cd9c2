"""Threads that a practice shares, the numbers that they are about, and what else their form asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # As text: Alembic would add the reference apart, which SQLite cannot.
    op.execute("ALTER TABLE case_file ADD COLUMN provider_id INTEGER REFERENCES provider (id)")
    op.create_index("ix_case_provider", "case_file", ["provider_id", "kind", "id"])
    op.add_column("message_thread", sa.Column("details_encrypted", sa.LargeBinary(), nullable=True))
    op.create_table(
        "message_reference",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("case_id", sa.Integer(), sa.ForeignKey("case_file.id"), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("kind", "number")),
    )
    op.create_index("ix_message_reference_case", "message_reference", ["case_id", "id"])


def downgrade() -> None:
    op.drop_table("message_reference")
    op.drop_column("message_thread", "details_encrypted")
    op.drop_index("ix_case_provider", "case_file")
    op.drop_column("case_file", "provider_id")
