"""Calls for a company's contributions: terms, calls, their lines, what each month came to, payments, disputes."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _calls()
    _lines()
    _money()


def downgrade() -> None:
    for table in (
        "contribution_dispute",
        "contribution_payment",
        "contribution_month",
        "contribution_line",
        "contribution_call",
        "contribution_terms",
    ):
        op.drop_table(table)


def _calls() -> None:
    op.create_table(
        "contribution_terms",
        sa.Column(
            "group_contract_id", sa.Integer(), sa.ForeignKey("group_contract.id"), primary_key=True, autoincrement=False
        ),
        sa.Column("rhythm", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("due_day", sa.Integer(), nullable=False),
        sa.CheckConstraint("due_day BETWEEN 1 AND 28", name="ck_contribution_terms_day"),
    )
    op.create_table(
        "contribution_call",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("company_id", sa.Integer(), sa.ForeignKey("company.id"), nullable=False),
        sa.Column("group_contract_id", sa.Integer(), sa.ForeignKey("group_contract.id"), nullable=False),
        sa.Column("number", sa.String(), nullable=False, unique=True),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("amount_cents", "employer_cents", "tax_rate", "tax_cents", "previous_cents", "received_cents")
        ),
        sa.UniqueConstraint("group_contract_id", "period_start"),
    )
    op.create_index("ix_contribution_call_company", "contribution_call", ["company_id", "period_start", "id"])


def _lines() -> None:
    op.create_table(
        "contribution_line",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("call_id", sa.Integer(), sa.ForeignKey("contribution_call.id"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("category_id", sa.Integer(), sa.ForeignKey("staff_category.id"), nullable=True),
        sa.Column("structure", sa.String(), nullable=True),
        sa.Column("before_category_id", sa.Integer(), sa.ForeignKey("staff_category.id"), nullable=True),
        sa.Column("before_structure", sa.String(), nullable=True),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("unit_cents", "unit_employer_cents", "amount_cents", "employer_cents")
        ),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("employee_id", sa.Integer(), sa.ForeignKey("employee.id"), nullable=True),
        sa.Column("event_id", sa.Integer(), sa.ForeignKey("employee_event.id"), nullable=True),
        sa.CheckConstraint("amount_cents = people * months * unit_cents", name="ck_contribution_line_amount"),
        sa.CheckConstraint(
            "employer_cents = people * months * unit_employer_cents", name="ck_contribution_line_employer"
        ),
    )
    op.create_index("ix_contribution_line_call", "contribution_line", ["call_id", "id"])
    op.create_table(
        "contribution_month",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("call_id", sa.Integer(), sa.ForeignKey("contribution_call.id"), nullable=False),
        sa.Column("employee_id", sa.Integer(), sa.ForeignKey("employee.id"), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("category_id", sa.Integer(), sa.ForeignKey("staff_category.id"), nullable=True),
        sa.Column("structure", sa.String(), nullable=True),
        sa.Column("month_cents", sa.Integer(), nullable=False),
        sa.Column("employer_cents", sa.Integer(), nullable=False),
        sa.UniqueConstraint("employee_id", "month", "call_id"),
    )
    op.create_index("ix_contribution_month_call", "contribution_month", ["call_id", "month"])


def _money() -> None:
    op.create_table(
        "contribution_payment",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("group_contract_id", sa.Integer(), sa.ForeignKey("group_contract.id"), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("amount_cents", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("call_id", sa.Integer(), sa.ForeignKey("contribution_call.id"), nullable=True),
        sa.Column("counted_in_id", sa.Integer(), sa.ForeignKey("contribution_call.id"), nullable=True),
        sa.UniqueConstraint("group_contract_id", "reference"),
        sa.CheckConstraint("amount_cents > 0", name="ck_contribution_payment"),
    )
    op.create_table(
        "contribution_dispute",
        sa.Column("case_id", sa.Integer(), sa.ForeignKey("case_file.id"), primary_key=True, autoincrement=False),
        sa.Column("line_id", sa.Integer(), sa.ForeignKey("contribution_line.id"), nullable=False),
        sa.Column("motive", sa.String(), nullable=False),
        sa.Column("text_encrypted", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_contribution_dispute_line", "contribution_dispute", ["line_id"])
