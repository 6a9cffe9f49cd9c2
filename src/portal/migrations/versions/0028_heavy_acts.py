"""The acts for which the law replaces the percentage by a lump once their tariff is high enough."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("act_tariff", sa.Column("may_be_heavy", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("act_tariff", "may_be_heavy")
