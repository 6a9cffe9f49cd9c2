"""The page on which somebody saw an error: an address whose opaque names say which record."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("correction", sa.Column("page", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("correction", "page")
