"""Files of employees: what was sent, what was found row by row, how far it was applied; which column says what."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "employee_import",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("company_id", sa.Integer(), sa.ForeignKey("company.id"), nullable=False),
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("storage_name", sa.String(), unique=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("undoing", sa.Integer()),
        sa.Column("kept", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True)),
        sa.Column("undone_at", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_employee_import_company", "employee_import", ["company_id", "id"])
    op.create_index("ix_employee_import_state", "employee_import", ["state"])
    op.create_table(
        "employee_import_row",
        sa.Column("import_id", sa.Integer(), sa.ForeignKey("employee_import.id"), primary_key=True),
        sa.Column("line", sa.Integer(), primary_key=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("result", sa.Integer(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
    )
    op.create_index("ix_employee_import_row_result", "employee_import_row", ["import_id", "result", "line"])
    op.create_table(
        "employee_import_layout",
        sa.Column("company_id", sa.Integer(), sa.ForeignKey("company.id"), primary_key=True),
        sa.Column("columns", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    for table in ("employee_import_layout", "employee_import_row", "employee_import"):
        op.drop_table(table)
