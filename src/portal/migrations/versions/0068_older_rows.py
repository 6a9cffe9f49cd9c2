"""How many rows of an import were of an earlier day than what is held, and changed nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0068"
down_revision = "0067"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("import_run", sa.Column("older", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("import_run", "older")
