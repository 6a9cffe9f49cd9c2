"""The directory's two grids hold all that a search compares: it reads rows of the table for what it shows alone."""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

COMPARED = ["profession", "services", "level", "left_on", "latitude", "longitude", "languages", "id"]


def upgrade() -> None:
    for grid in ("fine", "coarse"):
        op.drop_index(f"ix_practice_{grid}", "practice")
        op.create_index(f"ix_practice_{grid}", "practice", [grid, *COMPARED])


def downgrade() -> None:
    for grid in ("fine", "coarse"):
        op.drop_index(f"ix_practice_{grid}", "practice")
        op.create_index(f"ix_practice_{grid}", "practice", [grid, "profession"])
