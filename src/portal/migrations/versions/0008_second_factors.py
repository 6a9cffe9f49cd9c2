"""Recovery codes, secrets shown for a while, passkey challenges and their holders' handles."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT),
        sa.Column("dropped_at", INSTANT),
    )
    op.create_index("ix_recovery_code_account", "recovery_code", ["account_id"])
    op.create_table(
        "pending_secret",
        sa.Column("session_hash", sa.String(), primary_key=True),
        sa.Column("kind", sa.String(), primary_key=True),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
    )
    op.create_index("ix_pending_secret_account", "pending_secret", ["account_id"])
    op.create_table(
        "passkey_challenge",
        sa.Column("digest", sa.String(), primary_key=True),
        sa.Column("binding", sa.String(), nullable=False),
        sa.Column("ceremony", sa.String(), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT),
    )
    op.create_index("ix_challenge_expiry", "passkey_challenge", ["expires_at"])
    op.create_table(
        "passkey_holder",
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id"), primary_key=True, autoincrement=False),
        sa.Column("handle", sa.LargeBinary(), nullable=False, unique=True),
    )


def downgrade() -> None:
    for table in ("passkey_holder", "passkey_challenge", "pending_secret", "recovery_code"):
        op.drop_table(table)
