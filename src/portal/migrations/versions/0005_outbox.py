"""E-mails to be sent, and the last runs of periodic jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "outgoing_mail",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("message_id", sa.String(), nullable=False, unique=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id")),
        sa.Column("recipient_encrypted", sa.LargeBinary()),
        sa.Column("content_encrypted", sa.LargeBinary()),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", INSTANT, nullable=False),
        sa.Column("claimed_until", INSTANT),
        sa.Column("claimed_by", sa.String(), nullable=False),
        sa.Column("sent_at", INSTANT),
        sa.Column("refused_at", INSTANT),
        sa.Column("reason", sa.String(), nullable=False),
    )
    op.create_index("ix_mail_due", "outgoing_mail", ["sent_at", "refused_at", "next_attempt_at"])
    op.create_index("ix_outgoing_mail_account_id", "outgoing_mail", ["account_id"])
    op.create_table(
        "job_run",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("claimed_until", INSTANT),
        sa.Column("claimed_by", sa.String(), nullable=False),
        sa.Column("last_run_at", INSTANT),
        sa.Column("failed_at", INSTANT),
    )


def downgrade() -> None:
    """Never needed by the portal: a backup is what brings an older schema back."""
