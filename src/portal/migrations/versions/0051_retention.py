"""Runs of the retention schedule and holds against it; closings taken back; exceptional access to a record."""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def _account(name: str, *, nullable: bool = True) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), sa.ForeignKey("account.id"), nullable=nullable)


def upgrade() -> None:
    _runs()
    _holds()
    _reopenings()
    _accesses()


def downgrade() -> None:
    for table in ("exceptional_access", "account_reopening", "retention_hold", "retention_result", "retention_run"):
        op.drop_table(table)


def _runs() -> None:
    op.create_table(
        "retention_run",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.Column("schedule", sa.String(), nullable=False),
    )
    op.create_table(
        "retention_result",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("run_id", sa.Integer(), sa.ForeignKey("retention_run.id"), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("has_failed", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_retention_result_run", "retention_result", ["run_id", "code"], unique=True)


def _holds() -> None:
    op.create_table(
        "retention_hold",
        sa.Column("id", sa.Integer(), primary_key=True),
        _account("account_id"),
        sa.Column("person_id", sa.Integer(), sa.ForeignKey("person.id")),
        sa.Column("reason_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("placed_at", INSTANT, nullable=False),
        _account("placed_by"),
        sa.Column("lifted_at", INSTANT),
        _account("lifted_by"),
        sa.CheckConstraint("(account_id IS NULL) <> (person_id IS NULL)", name="ck_retention_hold_one"),
    )
    op.create_index("ix_retention_hold_account", "retention_hold", ["account_id"])
    op.create_index("ix_retention_hold_person", "retention_hold", ["person_id"])


def _reopenings() -> None:
    op.create_table(
        "account_reopening",
        sa.Column("id", sa.Integer(), primary_key=True),
        _account("account_id", nullable=False),
        sa.Column("closing_reason", sa.Text(), nullable=False),
        sa.Column("closed_at", INSTANT, nullable=False),
        _account("closed_by"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reopened_at", INSTANT, nullable=False),
        _account("reopened_by"),
    )
    op.create_index("ix_reopening_account", "account_reopening", ["account_id"])


def _accesses() -> None:
    op.create_table(
        "exceptional_access",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("person_id", sa.Integer(), sa.ForeignKey("person.id"), nullable=False),
        _account("opened_by", nullable=False),
        sa.Column("motive_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        _account("reviewed_by"),
        sa.Column("reviewed_at", INSTANT),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("review_encrypted", sa.LargeBinary()),
    )
    op.create_index("ix_exceptional_access_person", "exceptional_access", ["person_id"])
    op.create_index("ix_exceptional_access_opened_by", "exceptional_access", ["opened_by"])
