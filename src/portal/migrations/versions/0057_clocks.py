"""Clocks of the desk: delays measured of late, what was told of dates that come near, what complaints went through."""

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
FIGURES = ("count", "half_days", "most_days", "nearly_all_days")


def upgrade() -> None:
    op.create_table(
        "measured_delay",
        *(sa.Column(name, sa.String(), primary_key=True) for name in ("kind", "space", "period")),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in FIGURES),
        sa.Column("measured_at", INSTANT, nullable=False),
    )
    op.create_table(
        "clock_notice",
        sa.Column("item_id", sa.Integer(), sa.ForeignKey("work_item.id"), primary_key=True, autoincrement=False),
        sa.Column("stage", sa.String(), primary_key=True),
        sa.Column("told_at", INSTANT, nullable=False),
    )
    op.create_table(
        "requalification",
        sa.Column("case_id", sa.Integer(), sa.ForeignKey("case_file.id"), primary_key=True, autoincrement=False),
        sa.Column("thread_id", sa.Integer(), sa.ForeignKey("case_file.id"), nullable=False, unique=True),
    )
    op.add_column("complaint", sa.Column("delayed_at", INSTANT))
    op.add_column("complaint", sa.Column("mediator_on", sa.Date()))
    board = ["kind", "turn", "order_at", "due_at", "since", "assignee_id"]
    op.create_index("ix_work_board", "work_item", board)
    op.create_index("ix_case_received", "case_file", ["kind", "sent_at"])


def downgrade() -> None:
    op.drop_index("ix_case_received", "case_file")
    op.drop_index("ix_work_board", "work_item")
    for name in ("mediator_on", "delayed_at"):
        op.drop_column("complaint", name)
    op.drop_table("requalification")
    op.drop_table("clock_notice")
    op.drop_table("measured_delay")
