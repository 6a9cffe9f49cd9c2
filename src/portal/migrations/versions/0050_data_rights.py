"""Rights over one's data (R-70): what is asked of the desk, objections, restrictions, instructions after death."""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "data_request",
        sa.Column("case_id", sa.Integer(), sa.ForeignKey("case_file.id"), primary_key=True, autoincrement=False),
        sa.Column("right", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("details_encrypted", sa.LargeBinary()),
        sa.Column("extended_at", INSTANT),
        sa.Column("extended_by", sa.Integer(), sa.ForeignKey("account.id")),
        sa.Column("extension_encrypted", sa.LargeBinary()),
        sa.Column("identity_asked_at", INSTANT),
        sa.Column("identity_checked_at", INSTANT),
        sa.Column("identity_checked_by", sa.Integer(), sa.ForeignKey("account.id")),
        sa.Column("applied_at", INSTANT),
    )
    op.create_table(
        "data_objection",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id")),
        sa.Column("person_id", sa.Integer(), sa.ForeignKey("person.id")),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
    )
    op.create_index("ix_data_objection_account", "data_objection", ["account_id", "purpose"])
    op.create_index("ix_data_objection_person", "data_objection", ["person_id", "purpose"])
    op.create_table(
        "processing_restriction",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("ground", sa.String(), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.Column("ended_by", sa.Integer(), sa.ForeignKey("account.id")),
        sa.Column("ended_reason_encrypted", sa.LargeBinary()),
    )
    op.create_index("ix_restriction_account", "processing_restriction", ["account_id"])
    op.create_table(
        "death_instruction",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("content_encrypted", sa.LargeBinary()),
        sa.Column("given_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
    )
    op.create_index("ix_death_instruction_account", "death_instruction", ["account_id", "id"])


def downgrade() -> None:
    for name in ("death_instruction", "processing_restriction", "data_objection", "data_request"):
        op.drop_table(name)
