"""What agents do among themselves with the queue: steps, presence, kept filters, absences; indexes that lists need."""

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
BEFORE = {
    "ix_work_queue": ["turn", "urgency", "order_at", "id", "kind", "assignee_id", "snoozed_until"],
    "ix_work_assignee": ["assignee_id", "turn", "urgency", "order_at", "id"],
}
TOLD = ["kind", "assignee_id", "snoozed_until", "escalated_at", "space", "since"]
AFTER = {
    "ix_work_queue": ["turn", "urgency", "order_at", "id", *TOLD],
    "ix_work_kind": ["turn", "kind", "urgency", "order_at", "id", *TOLD[1:]],
    "ix_work_assignee": ["assignee_id", "turn", "urgency", "order_at", "id", "kind", *TOLD[2:]],
    "ix_work_since": ["turn", "since", "kind", "space", "snoozed_until"],
    "ix_work_escalated": ["turn", "escalated_at", "kind", "space", "snoozed_until"],
    "ix_work_snoozed": ["turn", "snoozed_until", "kind", "space"],
}


def upgrade() -> None:
    _index(BEFORE, AFTER)
    op.create_table(
        "work_step",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("item_id", sa.Integer(), sa.ForeignKey("work_item.id"), nullable=False),
        sa.Column("about_id", sa.Integer(), sa.ForeignKey("account.id")),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        *(sa.Column(name, sa.Integer(), sa.ForeignKey("account.id")) for name in ("by", "to_id")),
        sa.Column("until", INSTANT),
        sa.Column("text_encrypted", sa.LargeBinary()),
    )
    op.create_index("ix_work_step_item", "work_step", ["item_id", "id"])
    op.create_index("ix_work_step_about", "work_step", ["about_id"])
    op.create_table(
        "work_presence",
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id"), primary_key=True, autoincrement=False),
        sa.Column("item_id", sa.Integer(), sa.ForeignKey("work_item.id"), primary_key=True, autoincrement=False),
        sa.Column("seen_at", INSTANT, nullable=False),
    )
    op.create_index("ix_work_presence_item", "work_presence", ["item_id", "seen_at"])
    op.create_index("ix_work_presence_seen", "work_presence", ["seen_at"])
    op.create_table(
        "work_view",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("name", "query")),
        sa.Column("kept_at", INSTANT, nullable=False),
        sa.UniqueConstraint("account_id", "name", name="uq_work_view_name"),
    )
    op.create_table(
        "desk_absence",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("declared_at", INSTANT, nullable=False),
        sa.Column("declared_by", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("ended_at", INSTANT),
    )
    op.create_index("ix_desk_absence_account", "desk_absence", ["account_id", "until"])


def downgrade() -> None:
    for table in ("desk_absence", "work_view", "work_presence", "work_step"):
        op.drop_table(table)
    _index(AFTER, BEFORE)


def _index(dropped: dict[str, list[str]], made: dict[str, list[str]]) -> None:
    for name in dropped:
        op.drop_index(name, "work_item")
    for name, columns in made.items():
        op.create_index(name, "work_item", columns)
