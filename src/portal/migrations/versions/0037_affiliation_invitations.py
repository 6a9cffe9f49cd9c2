"""Invitations of employees to finish their affiliation, by the link of a letter."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "affiliation_invitation",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("employee_id", sa.Integer(), sa.ForeignKey("employee.id"), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False, unique=True),
        sa.Column("invited_by", sa.Integer(), sa.ForeignKey("account.id"), nullable=True),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("proven_hash", sa.String(), nullable=False),
        sa.Column("proven_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("draft_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("exemption_asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.Integer(), sa.ForeignKey("account.id"), nullable=True),
        sa.CheckConstraint("completed_at IS NULL OR revoked_at IS NULL", name="ck_affiliation_invitation_end"),
    )
    op.create_index("ix_affiliation_invitation_employee", "affiliation_invitation", ["employee_id"])
    op.create_index("ix_affiliation_invitation_expires", "affiliation_invitation", ["expires_at"])


def downgrade() -> None:
    op.drop_table("affiliation_invitation")
