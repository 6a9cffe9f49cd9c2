"""What professionals send and are paid: reject codes, lots, invoices, their steps, transfers, remittance lines."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _reject_codes()
    _invoices()
    _steps()
    _transfers()


def downgrade() -> None:
    for table in ("remittance_line", "transfer", "invoice_step", "invoice", "invoice_lot", "reject_code"):
        op.drop_table(table)


def _reject_codes() -> None:
    op.create_table(
        "reject_code",
        sa.Column("id", sa.Integer(), primary_key=True),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("code", "label", "cause", "what_to_do")),
        sa.Column("is_resubmittable", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.UniqueConstraint("code", "valid_from"),
    )


def _invoices() -> None:
    op.create_table(
        "invoice_lot",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("provider_id", sa.Integer(), sa.ForeignKey("provider.id"), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.UniqueConstraint("provider_id", "number"),
    )
    op.create_table(
        "invoice",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("provider_id", sa.Integer(), sa.ForeignKey("provider.id"), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("lot_id", sa.Integer(), sa.ForeignKey("invoice_lot.id"), nullable=True),
        sa.Column("person_id", sa.Integer(), sa.ForeignKey("person.id"), nullable=True),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("patient", "search")),
        *(sa.Column(name, sa.Date(), nullable=False) for name in ("care_date", "received_on")),
        sa.Column("channel", sa.String(), nullable=False),
        *(
            sa.Column(f"{name}_cents", sa.Integer(), nullable=False)
            for name in ("total", "base", "requested", "accepted")
        ),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("state_on", sa.Date(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("reject_code", "engagement")),
        sa.UniqueConstraint("number", "provider_id"),
        sa.CheckConstraint(
            "0 <= accepted_cents AND accepted_cents <= requested_cents AND 0 <= base_cents "
            "AND base_cents + requested_cents <= total_cents",
            name="ck_invoice_amounts",
        ),
    )
    op.create_index("ix_invoice_listing", "invoice", ["provider_id", "received_on", "id"])
    op.create_index("ix_invoice_state", "invoice", ["provider_id", "state", "received_on", "id"])
    op.create_index("ix_invoice_lot", "invoice", ["lot_id", "id"])
    op.create_index("ix_invoice_person", "invoice", ["person_id"])


def _steps() -> None:
    op.create_table(
        "invoice_step",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("invoice_id", sa.Integer(), sa.ForeignKey("invoice.id"), nullable=False),
        sa.Column("state_on", sa.Date(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("state", "reject_code")),
        sa.UniqueConstraint("invoice_id", "state_on", "state"),
    )


def _transfers() -> None:
    op.create_table(
        "transfer",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("provider_id", sa.Integer(), sa.ForeignKey("provider.id"), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("amount_cents", sa.Integer(), nullable=False),
        sa.Column("iban_masked", sa.String(), nullable=False),
        sa.UniqueConstraint("reference", "provider_id"),
        sa.CheckConstraint("amount_cents > 0", name="ck_transfer_amount"),
    )
    op.create_index("ix_transfer_listing", "transfer", ["provider_id", "paid_on", "id"])
    op.create_table(
        "remittance_line",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("transfer_id", sa.Integer(), sa.ForeignKey("transfer.id"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("invoice_number", sa.String(), nullable=False),
        sa.Column("invoice_id", sa.Integer(), sa.ForeignKey("invoice.id"), nullable=True),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("amount_cents", sa.Integer(), nullable=False),
        sa.UniqueConstraint("transfer_id", "position"),
        sa.CheckConstraint("amount_cents <> 0", name="ck_remittance_line_amount"),
    )
    op.create_index("ix_remittance_line_invoice", "remittance_line", ["invoice_id"])
