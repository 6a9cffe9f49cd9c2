"""Claims valued at the desk: what was decided of each line, what is due, runs of transfers, returns."""

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
USED = ("flat_fee_year", "flat_fee_day", "franchise_year", "franchise_day", "acts", "cents")


def upgrade() -> None:
    _valued_lines()
    _drafts()
    _runs()
    _due()


def downgrade() -> None:
    for table in ("payment_return", "payment_order", "payment_run", "payment_due", "valuation_draft", "valued_line"):
        op.drop_table(table)


def _valued_lines() -> None:
    op.create_table(
        "valued_line",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("case_id", sa.Integer(), sa.ForeignKey("case_file.id"), nullable=False),
        sa.Column("line_id", sa.Integer(), sa.ForeignKey("benefit_line.id")),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("verdict", "reason")),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("computed_cents", "granted_cents")),
        sa.Column("motive_encrypted", sa.LargeBinary()),
        *(sa.Column(f"used_{name}", sa.Integer(), nullable=False) for name in USED),
        sa.Column("valued_at", INSTANT, nullable=False),
        sa.Column("valued_by", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
    )
    op.create_index("ix_valued_line_case", "valued_line", ["case_id", "id"])
    op.create_index("ix_valued_line_line", "valued_line", ["line_id"])


def _drafts() -> None:
    op.create_table(
        "valuation_draft",
        _key("case", "case_file"),
        sa.Column("content_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("saved_at", INSTANT, nullable=False),
        sa.Column("saved_by", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
    )


def _runs() -> None:
    op.create_table(
        "payment_run",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("day", sa.Date(), nullable=False, unique=True),
        sa.Column("message", sa.String(), nullable=False, unique=True),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("closed_at", INSTANT),
        sa.Column("executes_on", sa.Date()),
        sa.Column("written_at", INSTANT),
        sa.Column("digest", sa.String(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("transfers", "total_cents")),
    )
    op.create_table(
        "payment_order",
        _key("payment"),
        sa.Column("run_id", sa.Integer(), sa.ForeignKey("payment_run.id"), nullable=False),
        sa.Column("bank_details_id", sa.Integer(), sa.ForeignKey("bank_details.id"), nullable=False),
    )
    op.create_index("ix_payment_order_run", "payment_order", ["run_id"])
    op.create_index("ix_payment_order_bank_details_id", "payment_order", ["bank_details_id"])
    op.create_table(
        "payment_return",
        _key("payment"),
        sa.Column("returned_on", sa.Date(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("noted_at", INSTANT, nullable=False),
    )


def _due() -> None:
    op.create_table(
        "payment_due",
        sa.Column("line_id", sa.Integer(), sa.ForeignKey("benefit_line.id"), primary_key=True, autoincrement=False),
        sa.Column("member_id", sa.Integer(), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("hold", sa.String(), nullable=False),
        sa.Column("queued_at", INSTANT, nullable=False),
    )
    op.create_index("ix_payment_due_day", "payment_due", ["due_on", "member_id"])


def _key(name: str, table: str = "") -> sa.Column:
    key = sa.ForeignKey(f"{table or name}.id")
    return sa.Column(f"{name}_id", sa.Integer(), key, primary_key=True, autoincrement=False)
