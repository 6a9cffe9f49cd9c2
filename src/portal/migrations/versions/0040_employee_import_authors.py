"""Who applied a file of employees and who took it back; which state of an employee its check has seen."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # As text: Alembic would add the reference apart, which SQLite cannot.
    op.execute("ALTER TABLE employee_import ADD COLUMN applied_by INTEGER REFERENCES account (id)")
    op.execute("ALTER TABLE employee_import ADD COLUMN undone_by INTEGER REFERENCES account (id)")
    op.add_column("employee_import_row", sa.Column("version", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("employee_import_row", "version")
    for name in ("undone_by", "applied_by"):
        op.drop_column("employee_import", name)
