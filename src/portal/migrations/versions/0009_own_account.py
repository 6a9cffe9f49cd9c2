"""E-mail changes, notifications, when a telephone number changed."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ABOUT_ACCOUNT = sa.text("object LIKE 'compte:%'")
INDEXES = {
    "phone_change": ("ix_phone_change_account", ["account_id", "changed_at"]),
    "email_change": ("ix_email_change_account", ["account_id", "asked_at"]),
    "notification_choice": ("ix_notification_choice_account", ["account_id", "kind"]),
}


def upgrade() -> None:
    op.create_table(
        "phone_change",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
    )
    op.create_table(
        "email_change",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("current_email", sa.String(), nullable=False),
        sa.Column("new_email", sa.String(), nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("current_confirmed_at", INSTANT),
        sa.Column("new_confirmed_at", INSTANT),
        sa.Column("applied_at", INSTANT),
        sa.Column("cancelled_at", INSTANT),
    )
    op.create_table(
        "notification_choice",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("chosen_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.Column("last_payment_id", sa.Integer(), nullable=False),
        sa.Column("last_sent_at", INSTANT),
    )
    for table, (name, columns) in INDEXES.items():
        op.create_index(name, table, columns)
    op.create_index(
        "ix_evidence_account", "evidence", ["object", "seq"], sqlite_where=ABOUT_ACCOUNT, postgresql_where=ABOUT_ACCOUNT
    )


def downgrade() -> None:
    op.drop_index("ix_evidence_account", "evidence")
    for table in INDEXES:
        op.drop_table(table)
