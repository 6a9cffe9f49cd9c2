"""Withdrawn services, maintenance; persons found by birth date, for the desk."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "service_switch",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("space", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("made_by", sa.Integer(), sa.ForeignKey("account.id")),
    )
    op.create_index("ix_switch_service", "service_switch", ["space", "service", "id"])
    op.create_table(
        "maintenance",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("announced_at", INSTANT, nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("planned_at", INSTANT, nullable=False),
        sa.Column("planned_by", sa.Integer(), sa.ForeignKey("account.id")),
        sa.Column("ended_at", INSTANT),
        sa.Column("ended_by", sa.Integer(), sa.ForeignKey("account.id")),
    )
    op.create_index("ix_person_birth_date", "person", ["birth_date"])


def downgrade() -> None:
    op.drop_index("ix_person_birth_date", "person")
    op.drop_table("maintenance")
    op.drop_table("service_switch")
