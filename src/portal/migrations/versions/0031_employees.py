"""A company's staff: categories and their rates, employees, their periods, unpaid leave, departures, what happened."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _categories()
    _employees()
    _lives()


def downgrade() -> None:
    for table in (
        "departure",
        "employee_event",
        "employee_absence",
        "employment_period",
        "employee",
        "category_rate",
        "staff_category",
    ):
        op.drop_table(table)


def _categories() -> None:
    op.create_table(
        "staff_category",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("group_contract_id", sa.Integer(), sa.ForeignKey("group_contract.id"), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("definition", sa.String(), nullable=False),
        sa.Column("product_id", sa.Integer(), sa.ForeignKey("product.id"), nullable=False),
        sa.Column("is_mandatory", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("group_contract_id", "code"),
    )
    op.create_table(
        "category_rate",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("category_id", sa.Integer(), sa.ForeignKey("staff_category.id"), nullable=False),
        sa.Column("structure", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("pmss_rate", sa.Integer(), nullable=True),
        sa.Column("month_cents", sa.Integer(), nullable=True),
        sa.Column("employer_percent", sa.Integer(), nullable=False),
        sa.UniqueConstraint("category_id", "structure", "valid_from"),
        sa.CheckConstraint("(pmss_rate IS NULL) <> (month_cents IS NULL)", name="ck_category_rate_basis"),
        sa.CheckConstraint("employer_percent BETWEEN 0 AND 100", name="ck_category_rate_share"),
    )


def _employees() -> None:
    op.create_table(
        "employee",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("company_id", sa.Integer(), sa.ForeignKey("company.id"), nullable=False),
        sa.Column("group_contract_id", sa.Integer(), sa.ForeignKey("group_contract.id"), nullable=False),
        sa.Column("matricule", sa.String(), nullable=True),
        sa.Column("last_name", sa.String(), nullable=False),
        sa.Column("usage_name", sa.String(), nullable=False),
        sa.Column("first_name", sa.String(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=False),
        sa.Column("nir_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("nir_lookup", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("regime", sa.String(), nullable=False),
        sa.Column("hired_on", sa.Date(), nullable=False),
        sa.Column("search", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer(), sa.ForeignKey("person.id"), nullable=True),
        sa.Column("contract_id", sa.Integer(), sa.ForeignKey("contract.id"), nullable=True),
        sa.Column("is_identity_doubtful", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.UniqueConstraint("group_contract_id", "nir_lookup"),
        sa.UniqueConstraint("group_contract_id", "matricule"),
    )
    op.create_index("ix_employee_names", "employee", ["company_id", "search", "id"])
    op.create_index("ix_employee_person", "employee", ["person_id"])


def _lives() -> None:
    op.create_table(
        "employment_period",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("employee_id", sa.Integer(), sa.ForeignKey("employee.id"), nullable=False),
        sa.Column("category_id", sa.Integer(), sa.ForeignKey("staff_category.id"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.UniqueConstraint("employee_id", "starts_on"),
        sa.CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="ck_employment_period"),
    )
    op.create_index("ix_employment_period_category", "employment_period", ["category_id"])
    op.create_table(
        "employee_absence",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("employee_id", sa.Integer(), sa.ForeignKey("employee.id"), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("keeps_cover", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("employee_id", "starts_on"),
        sa.CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="ck_employee_absence"),
    )
    _events()


def _events() -> None:
    op.create_table(
        "employee_event",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("employee_id", sa.Integer(), sa.ForeignKey("employee.id"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Integer(), sa.ForeignKey("account.id"), nullable=True),
        sa.Column("batch", sa.Integer(), nullable=True),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("done", sa.Text(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Integer(), sa.ForeignKey("account.id"), nullable=True),
    )
    op.create_index("ix_employee_event_employee", "employee_event", ["employee_id", "id"])
    op.create_index("ix_employee_event_batch", "employee_event", ["batch"])
    op.create_table(
        "departure",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("employee_id", sa.Integer(), sa.ForeignKey("employee.id"), nullable=False),
        sa.Column("left_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("contract_months", sa.Integer(), nullable=False),
        sa.Column("portability_months", sa.Integer(), nullable=False),
        sa.Column("portability_starts_on", sa.Date(), nullable=True),
        sa.Column("portability_ends_on", sa.Date(), nullable=True),
        sa.Column("evin", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index("ix_departure_employee", "departure", ["employee_id"])
    op.create_index("ix_departure_portability", "departure", ["portability_ends_on"])
