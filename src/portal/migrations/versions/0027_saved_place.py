"""The place around which somebody looks for professionals by habit; the act that a professional's price pays for."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "saved_place",
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id"), primary_key=True, autoincrement=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.add_column("practice", sa.Column("act_code", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("practice", "act_code")
    op.drop_table("saved_place")
