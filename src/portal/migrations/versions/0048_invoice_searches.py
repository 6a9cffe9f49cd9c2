"""Indexes of invoices that hold all that searches and totals look at."""

from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

AMOUNTS = ["total_cents", "base_cents", "requested_cents", "accepted_cents"]
BEFORE = {
    "ix_invoice_listing": ["provider_id", "received_on", "id"],
    "ix_invoice_state": ["provider_id", "state", "received_on", "id"],
    "ix_invoice_lot": ["lot_id", "id"],
}
AFTER = {
    "ix_invoice_listing": [*BEFORE["ix_invoice_listing"], "state", "channel", *AMOUNTS, "search"],
    "ix_invoice_state": [*BEFORE["ix_invoice_state"], "channel", *AMOUNTS],
    "ix_invoice_lot": ["lot_id", "provider_id", "received_on", "id"],
}


def upgrade() -> None:
    _make_anew(AFTER)


def downgrade() -> None:
    _make_anew(BEFORE)


def _make_anew(indexes: dict[str, list[str]]) -> None:
    for name, columns in indexes.items():
        op.drop_index(name, "invoice")
        op.create_index(name, "invoice", columns)
