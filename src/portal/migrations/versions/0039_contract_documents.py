"""The contract's versions, the notices given to employees, and the codes of the monthly payroll sheet."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("group_contract", sa.Column("is_responsible", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.create_table(
        "payroll_setting",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("group_contract_id", sa.Integer(), sa.ForeignKey("group_contract.id"), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("organism_code", sa.String(), nullable=False),
        sa.Column("delegate_code", sa.String(), nullable=False),
        sa.UniqueConstraint("group_contract_id", "valid_from"),
        sa.CheckConstraint("reference <> '' AND organism_code <> ''", name="ck_payroll_setting"),
    )
    op.create_table(
        "payroll_code",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("category_id", sa.Integer(), sa.ForeignKey("staff_category.id"), nullable=False),
        sa.Column("structure", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("option_code", sa.String(), nullable=False),
        sa.UniqueConstraint("category_id", "structure", "valid_from"),
    )
    op.create_table(
        "payroll_notice",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("group_contract_id", sa.Integer(), sa.ForeignKey("group_contract.id"), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("group_contract_id", "month", "digest"),
    )
    op.create_table(
        "contract_amendment",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("group_contract_id", sa.Integer(), sa.ForeignKey("group_contract.id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=True),
        sa.UniqueConstraint("group_contract_id", "number"),
    )
    op.create_table(
        "notice_delivery",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("employee_id", sa.Integer(), sa.ForeignKey("employee.id"), nullable=False),
        sa.Column("category_id", sa.Integer(), sa.ForeignKey("staff_category.id"), nullable=False),
        sa.Column("version_id", sa.Integer(), sa.ForeignKey("guarantee_version.id"), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("means", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Integer(), sa.ForeignKey("account.id"), nullable=True),
        sa.UniqueConstraint("category_id", "version_id", "employee_id"),
    )
    op.create_index("ix_notice_delivery_employee", "notice_delivery", ["employee_id"])


def downgrade() -> None:
    for table in ("notice_delivery", "contract_amendment", "payroll_notice", "payroll_code", "payroll_setting"):
        op.drop_table(table)
    op.drop_column("group_contract", "is_responsible")
