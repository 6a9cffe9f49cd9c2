"""Traces of checks of rights for a week, normal days of practices, checks that are frozen."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "rights_trace",
        sa.Column("check_id", BIG, sa.ForeignKey("rights_check.id"), primary_key=True, autoincrement=False),
        sa.Column("asked_by", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_miss", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("number", "marks", "lower", "upper", "form")),
    )
    op.create_index("ix_rights_trace_asked", "rights_trace", ["asked_by", "asked_at"])
    op.create_table(
        "rights_usual",
        sa.Column("provider_id", sa.Integer(), sa.ForeignKey("provider.id"), primary_key=True, autoincrement=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("checks", sa.Integer(), nullable=False),
    )
    op.create_table(
        "rights_freeze",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("provider_id", sa.Integer(), sa.ForeignKey("provider.id"), nullable=False),
        sa.Column("report_id", sa.Integer(), sa.ForeignKey("fraud_report.id"), nullable=False),
        sa.Column("is_practice", sa.Boolean(), nullable=False),
        sa.Column("seen", sa.String(), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by", sa.Integer(), sa.ForeignKey("account.id"), nullable=True),
    )
    op.create_index("ix_rights_freeze_provider", "rights_freeze", ["provider_id"])
    op.create_index("ix_rights_freeze_report", "rights_freeze", ["report_id"])


def downgrade() -> None:
    for table in ("rights_freeze", "rights_usual", "rights_trace"):
        op.drop_table(table)
