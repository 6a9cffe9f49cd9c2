"""Options of contracts: guarantees that complete a product's, and the contracts that hold them."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "product_option",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("product_id", sa.Integer(), sa.ForeignKey("product.id"), nullable=False),
        sa.Column("completes_id", sa.Integer(), sa.ForeignKey("product.id"), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.UniqueConstraint("product_id", "completes_id"),
    )
    op.create_table(
        "contract_option",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("contract_id", sa.Integer(), sa.ForeignKey("contract.id"), nullable=False),
        sa.Column("product_id", sa.Integer(), sa.ForeignKey("product.id"), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date()),
        sa.UniqueConstraint("contract_id", "product_id", "starts_on"),
    )


def downgrade() -> None:
    op.drop_table("contract_option")
    op.drop_table("product_option")
