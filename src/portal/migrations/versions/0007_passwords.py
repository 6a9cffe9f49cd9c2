"""Passwords, codes by e-mail, known browsers, fraud reports."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    instant = "TIMESTAMP WITH TIME ZONE" if op.get_bind().dialect.name == "postgresql" else "DATETIME"
    op.execute(f"ALTER TABLE throttle ADD COLUMN refused_at {instant}")
    _create_sign_in()
    _create_fraud()


def _create_sign_in() -> None:
    op.create_table(
        "known_browser",
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id"), primary_key=True, autoincrement=False),
        sa.Column("mark", sa.String(), primary_key=True),
        sa.Column("first_seen_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
    )
    op.create_table(
        "email_code",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("session_hash", sa.String(), nullable=False),
        sa.Column("code_lookup", sa.String(), nullable=False),
        sa.Column("sent_at", INSTANT, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("used_at", INSTANT),
    )
    op.create_index("ix_email_code_session", "email_code", ["session_hash"])


def _create_fraud() -> None:
    op.create_table(
        "fraud_report",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("text_encrypted", sa.LargeBinary()),
        sa.Column("reported_at", INSTANT, nullable=False),
    )
    op.create_index("ix_fraud_report_account", "fraud_report", ["account_id"])
    op.create_table(
        "fraud_report_step",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("report_id", sa.Integer(), sa.ForeignKey("fraud_report.id"), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("note_encrypted", sa.LargeBinary()),
        sa.Column("taken_at", INSTANT, nullable=False),
        sa.Column("taken_by", sa.Integer(), sa.ForeignKey("account.id")),
    )
    op.create_index("ix_fraud_step_report", "fraud_report_step", ["report_id"])


def downgrade() -> None:
    for table in ("fraud_report_step", "fraud_report", "email_code", "known_browser"):
        op.drop_table(table)
    op.execute("ALTER TABLE throttle DROP COLUMN refused_at")
