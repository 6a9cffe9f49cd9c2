"""Letters on paper, to whom no e-mail reaches: about a person, of a request where one asked for it."""

import sqlalchemy as sa
from alembic import op

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "postal_letter",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer(), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("case_id", sa.Integer(), sa.ForeignKey("case_file.id")),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("recipient_encrypted", sa.LargeBinary()),
        sa.Column("content_encrypted", sa.LargeBinary()),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("made_by", sa.Integer(), sa.ForeignKey("account.id")),
        sa.Column("posted_on", sa.Date()),
        sa.Column("posted_at", INSTANT),
        sa.Column("posted_by", sa.Integer(), sa.ForeignKey("account.id")),
        sa.Column("cancelled_at", INSTANT),
    )
    op.create_index("ix_postal_letter_person", "postal_letter", ["person_id"])
    op.create_index("ix_postal_letter_case", "postal_letter", ["case_id", "id"])
    op.create_index("ix_postal_letter_waiting", "postal_letter", ["posted_on", "cancelled_at", "id"])


def downgrade() -> None:
    op.drop_table("postal_letter")
