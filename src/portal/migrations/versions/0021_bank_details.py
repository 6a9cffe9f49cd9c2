"""Bank details for reimbursements, and the state of télétransmission, per person."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "bank_details",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("person_id", sa.Integer(), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("iban_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("iban_lookup", sa.String(), nullable=False),
        sa.Column("holder_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("masked", sa.String(), nullable=False),
        sa.Column("bank", sa.String(), nullable=False),
        sa.Column("reported_on", sa.Date()),
        sa.Column("asked_at", INSTANT),
        sa.Column("takes_effect_at", INSTANT),
        sa.Column("effective_at", INSTANT),
        sa.Column("cancelled_at", INSTANT),
        sa.UniqueConstraint("person_id", "reported_on"),
    )
    op.create_index("ix_bank_details_due", "bank_details", ["takes_effect_at"])
    op.create_table(
        "remote_link",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("person_id", sa.Integer(), sa.ForeignKey("person.id"), nullable=False, unique=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("other_insurer", sa.String(), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("remote_link")
    op.drop_table("bank_details")
