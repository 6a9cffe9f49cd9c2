"""The third-party-payment card: its routing data and its columns of care, dated, by product."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "card_terms",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("product_id", sa.Integer(), sa.ForeignKey("product.id"), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date()),
        sa.Column("amc_number", sa.String(), nullable=False),
        sa.Column("convention", sa.String(), nullable=False),
        sa.Column("csr", sa.String(), nullable=False),
        sa.UniqueConstraint("product_id", "valid_from"),
    )
    op.create_table(
        "card_column",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("product_id", sa.Integer(), sa.ForeignKey("product.id"), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date()),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("network", sa.String(), nullable=False),
        sa.UniqueConstraint("product_id", "code", "valid_from"),
    )


def downgrade() -> None:
    op.drop_table("card_column")
    op.drop_table("card_terms")
