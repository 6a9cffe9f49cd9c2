"""The directory of approved professionals: the places where they receive, in two grids."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "practice",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("national_id", sa.String(11), nullable=False),
        sa.Column("place_key", sa.String(), nullable=False),
        sa.Column("profession", sa.String(), nullable=False),
        sa.Column("specialty", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("postcode", sa.String(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.Column("is_approximate", sa.Boolean(), nullable=False),
        sa.Column("fine", sa.Integer(), nullable=False),
        sa.Column("coarse", sa.Integer(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("access", sa.String(), nullable=False),
        sa.Column("services", sa.Integer(), nullable=False),
        sa.Column("languages", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("hours", sa.String(), nullable=False),
        sa.Column("price_cents", sa.Integer()),
        sa.Column("checked_on", sa.Date(), nullable=False),
        sa.Column("left_on", sa.Date()),
    )
    op.create_index("uq_practice_place", "practice", ["national_id", "place_key"], unique=True)
    op.create_index("ix_practice_fine", "practice", ["fine", "profession"])
    op.create_index("ix_practice_coarse", "practice", ["coarse", "profession"])


def downgrade() -> None:
    op.drop_table("practice")
