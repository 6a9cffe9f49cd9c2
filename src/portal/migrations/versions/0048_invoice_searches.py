"""Indexes of invoices that hold all that searches and totals look at."""

from alembic import op

revision = "0048"
down_revision = "0042"
branch_labels = None
depends_on = None

KEYS = {
    "ix_invoice_listing": ["provider_id", "received_on", "id"],
    "ix_invoice_state": ["provider_id", "state", "received_on", "id"],
}
AMOUNTS = ["total_cents", "base_cents", "requested_cents", "accepted_cents"]
COVERED = {
    "ix_invoice_listing": ["state", "channel", *AMOUNTS, "search"],
    "ix_invoice_state": ["channel", *AMOUNTS],
}


def upgrade() -> None:
    for name, columns in KEYS.items():
        op.drop_index(name, "invoice")
        op.create_index(name, "invoice", columns + COVERED[name])


def downgrade() -> None:
    for name, columns in KEYS.items():
        op.drop_index(name, "invoice")
        op.create_index(name, "invoice", columns)
