"""A place of the directory is whose it is, what is done there, and where: two professions may share all the rest."""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("uq_practice_place", "practice")
    op.create_index("uq_practice_place", "practice", ["national_id", "profession", "place_key"], unique=True)


def downgrade() -> None:
    op.drop_index("uq_practice_place", "practice")
    op.create_index("uq_practice_place", "practice", ["national_id", "place_key"], unique=True)
