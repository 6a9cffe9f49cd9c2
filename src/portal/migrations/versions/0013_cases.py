"""Cases: what people ask of the insurer, with its states, pieces and conversation; the files that they send."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "stored_file",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id")),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("storage_name", sa.String(), nullable=False, unique=True),
        sa.Column("kept_at", INSTANT, nullable=False),
    )
    op.create_index("ix_stored_file_account", "stored_file", ["account_id"])
    op.create_table(
        "case_file",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("reference", sa.String(), nullable=False, unique=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("space", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id")),
        sa.Column("member_id", sa.Integer(), sa.ForeignKey("person.id")),
        sa.Column("person_id", sa.Integer(), sa.ForeignKey("person.id")),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("sent_at", INSTANT),
        sa.Column("decided_at", INSTANT),
        sa.Column("due_at", INSTANT),
    )
    op.create_index("ix_case_account", "case_file", ["account_id", "kind", "id"])
    op.create_index("ix_case_state", "case_file", ["state", "kind", "sent_at"])
    op.create_table(
        "case_step",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("case_id", sa.Integer(), sa.ForeignKey("case_file.id"), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("by", sa.Integer(), sa.ForeignKey("account.id")),
        sa.Column("reason_encrypted", sa.LargeBinary()),
    )
    op.create_index("ix_case_step_case", "case_step", ["case_id", "id"])
    op.create_table(
        "case_piece",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("case_id", sa.Integer(), sa.ForeignKey("case_file.id"), nullable=False),
        sa.Column("file_id", sa.Integer(), sa.ForeignKey("stored_file.id"), nullable=False, unique=True),
        sa.Column("slot", sa.String(), nullable=False),
        sa.Column("added_at", INSTANT, nullable=False),
        sa.Column("refused_at", INSTANT),
        sa.Column("refused_by", sa.Integer(), sa.ForeignKey("account.id")),
        sa.Column("refusal_encrypted", sa.LargeBinary()),
    )
    op.create_index("ix_case_piece_case", "case_piece", ["case_id", "id"])
    op.create_table(
        "case_message",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("case_id", sa.Integer(), sa.ForeignKey("case_file.id"), nullable=False),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id")),
        sa.Column("is_from_insurer", sa.Boolean(), nullable=False),
        sa.Column("text_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("sent_at", INSTANT, nullable=False),
        sa.Column("read_at", INSTANT),
    )
    op.create_index("ix_case_message_case", "case_message", ["case_id", "id"])


def downgrade() -> None:
    for table in ("case_message", "case_piece", "case_step", "case_file", "stored_file"):
        op.drop_table(table)
