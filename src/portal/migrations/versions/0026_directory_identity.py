"""A place of the directory is whose it is, what is done there, and where: two professions may share all the rest.
What the national directory completed is known, so that it does not pass for the network's own word."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("uq_practice_place", "practice")
    op.create_index("uq_practice_place", "practice", ["national_id", "profession", "place_key"], unique=True)
    op.add_column("practice", sa.Column("completed", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("practice", "completed")
    op.drop_index("uq_practice_place", "practice")
    op.create_index("uq_practice_place", "practice", ["national_id", "place_key"], unique=True)
