"""The software of practices, which asks about rights: clients, their secrets, what they asked."""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0043"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPEN = sa.text("revoked_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "software",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("provider_id", sa.Integer(), sa.ForeignKey("provider.id"), nullable=False),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False, unique=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("certificate", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.Integer(), sa.ForeignKey("account.id"), nullable=True),
    )
    op.create_index("ix_software_account", "software", ["account_id"])
    op.create_index(
        "ux_software_open", "software", ["provider_id"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN
    )
    op.create_table(
        "software_secret",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("software_id", sa.Integer(), sa.ForeignKey("software.id"), nullable=False),
        sa.Column("secret_hash", sa.String(), nullable=False, unique=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index("ix_software_secret_software", "software_secret", ["software_id"])
    op.create_table(
        "software_check",
        sa.Column("check_id", BIG, sa.ForeignKey("rights_check.id"), primary_key=True, autoincrement=False),
        sa.Column("software_id", sa.Integer(), sa.ForeignKey("software.id"), nullable=False),
        sa.Column("operator", sa.String(), nullable=False),
        sa.Column("key_hash", sa.String(), nullable=True),
        sa.Column("question_hash", sa.String(), nullable=False),
        sa.UniqueConstraint("software_id", "key_hash"),
    )
    op.create_index("ix_software_check_software", "software_check", ["software_id", "check_id"])


def downgrade() -> None:
    for table in ("software_check", "software_secret", "software"):
        op.drop_table(table)
