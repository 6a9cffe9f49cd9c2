"""Who paid, as the file of a run says: its file can be made again when the insurer banks elsewhere."""

import sqlalchemy as sa
from alembic import op

revision = "0065"
down_revision = "0064"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("payment_run", sa.Column("payer_encrypted", sa.LargeBinary()))


def downgrade() -> None:
    op.drop_column("payment_run", "payer_encrypted")
