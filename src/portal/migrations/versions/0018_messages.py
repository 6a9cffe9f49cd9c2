"""Messages: what each thread is about."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "message_thread",
        sa.Column("case_id", sa.Integer(), sa.ForeignKey("case_file.id"), primary_key=True, autoincrement=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("subject_encrypted", sa.LargeBinary(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("message_thread")
