"""Exemptions from the group contract: the legal cases, which of them a company opens, requests, steps, files."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

ASKED, ACCEPTED = sa.text("state = 'demandee'"), sa.text("state = 'acceptee'")


def upgrade() -> None:
    _grounds()
    _exemptions()
    _proofs()


def downgrade() -> None:
    for table in ("exemption_piece", "exemption_step", "exemption", "opened_exemption", "exemption_ground"):
        op.drop_table(table)


def _grounds() -> None:
    texts = ("code", "label", "kind", "article", "condition", "evidence", "evidence_hint")
    op.create_table(
        "exemption_ground",
        sa.Column("id", sa.Integer(), primary_key=True),
        *(sa.Column(name, sa.String(), nullable=False) for name in texts),
        sa.Column("names_insurer", sa.Boolean(), nullable=False),
        sa.Column("needs_until", sa.Boolean(), nullable=False),
        sa.Column("most_months", sa.Integer(), nullable=True),
        sa.Column("renewal_months", sa.Integer(), nullable=True),
        sa.Column("is_renewable", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.UniqueConstraint("code", "valid_from"),
        sa.CheckConstraint("renewal_months > 0 AND most_months > 0", name="ck_exemption_ground_months"),
    )
    op.create_table(
        "opened_exemption",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("group_contract_id", sa.Integer(), sa.ForeignKey("group_contract.id"), nullable=False),
        sa.Column("ground_code", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.UniqueConstraint("group_contract_id", "ground_code", "valid_from"),
    )


def _exemptions() -> None:
    op.create_table(
        "exemption",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("employee_id", sa.Integer(), sa.ForeignKey("employee.id"), nullable=False),
        sa.Column("ground_id", sa.Integer(), sa.ForeignKey("exemption_ground.id"), nullable=False),
        sa.Column("renews_id", sa.Integer(), sa.ForeignKey("exemption.id"), nullable=True),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("stated_on", sa.Date(), nullable=True),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("other_insurer", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("end_cause", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Integer(), sa.ForeignKey("account.id"), nullable=True),
        sa.Column("reminded_until", sa.Date(), nullable=True),
        sa.CheckConstraint("valid_until IS NULL OR valid_until >= starts_on", name="ck_exemption_period"),
    )
    op.create_index("ix_exemption_employee", "exemption", ["employee_id", "id"])
    op.create_index("ix_exemption_until", "exemption", ["state", "valid_until"])
    for name, where in (("ux_exemption_asked", ASKED), ("ux_exemption_accepted", ACCEPTED)):
        op.create_index(name, "exemption", ["employee_id"], unique=True, sqlite_where=where, postgresql_where=where)


def _proofs() -> None:
    op.create_table(
        "exemption_step",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("exemption_id", sa.Integer(), sa.ForeignKey("exemption.id"), nullable=False),
        sa.Column("employee_id", sa.Integer(), sa.ForeignKey("employee.id"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Integer(), sa.ForeignKey("account.id"), nullable=True),
        sa.Column("event_id", sa.Integer(), sa.ForeignKey("employee_event.id"), nullable=True),
        sa.Column("reason_encrypted", sa.LargeBinary(), nullable=True),
    )
    op.create_index("ix_exemption_step_exemption", "exemption_step", ["exemption_id", "id"])
    op.create_table(
        "exemption_piece",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("exemption_id", sa.Integer(), sa.ForeignKey("exemption.id"), nullable=False),
        sa.Column("employee_id", sa.Integer(), sa.ForeignKey("employee.id"), nullable=False),
        sa.Column("file_id", sa.Integer(), sa.ForeignKey("stored_file.id"), nullable=False, unique=True),
        sa.Column("slot", sa.String(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_exemption_piece_exemption", "exemption_piece", ["exemption_id", "id"])
