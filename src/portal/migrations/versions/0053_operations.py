"""What operators follow: imports, back-ups, how far the evidence was verified, why a job failed."""

import sqlalchemy as sa
from alembic import op

from portal.data.columns import BIG, UtcDateTime

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

COUNTS = ("created", "updated", "unchanged", "rejected", "merged", "ignored")


def upgrade() -> None:
    op.create_table(
        "import_run",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in COUNTS),
        sa.Column("reason", sa.Text(), nullable=False),
    )
    op.create_index("ix_import_run_kind", "import_run", ["kind", "state", "ended_at"])
    op.create_table(
        "backup_run",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("head", BIG, nullable=False),
    )
    op.create_table(
        "chain_pass",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("position", BIG, nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=True),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("reached", BIG, nullable=False),
        sa.Column("fault_seq", BIG, nullable=True),
        sa.Column("fault", sa.Text(), nullable=False),
    )
    op.add_column("job_run", sa.Column("error", sa.String(), nullable=False, server_default=""))
    op.create_index("ix_case_owed", "case_file", ["state", "due_at", "kind"])
    op.create_index("ix_session_open", "session", ["ended_at", "seen_at"])


def downgrade() -> None:
    op.drop_index("ix_session_open", "session")
    op.drop_index("ix_case_owed", "case_file")
    op.drop_column("job_run", "error")
    for table in ("chain_pass", "backup_run"):
        op.drop_table(table)
    op.drop_index("ix_import_run_kind", "import_run")
    op.drop_table("import_run")
