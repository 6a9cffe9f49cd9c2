"""Lines that were put right, sums that members were paid too much, and what became of them; four eyes for both."""

from datetime import date

import sqlalchemy as sa
from alembic import op

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
SINCE = date(2026, 1, 1)
KIND = "remboursement"
# Act, from which amount on (cents).
RULES = (("rectifier", 15_000), ("renoncer", 15_000))


def upgrade() -> None:
    _corrections()
    _overpayments()
    rules = sa.table(
        "second_look_rule",
        *(sa.column(name, sa.String()) for name in ("kind", "act", "matter")),
        sa.column("from_cents", sa.Integer()),
        sa.column("valid_from", sa.Date()),
    )
    rows = [{"kind": KIND, "act": act, "matter": "", "from_cents": cents, "valid_from": SINCE} for act, cents in RULES]
    op.bulk_insert(rules, rows)


def downgrade() -> None:
    for act, _ in RULES:
        query = sa.text("DELETE FROM second_look_rule WHERE kind = :kind AND act = :act")
        op.execute(query.bindparams(kind=KIND, act=act))
    for table in ("overpayment_step", "overpayment", "line_correction"):
        op.drop_table(table)


def _corrections() -> None:
    op.create_table(
        "line_correction",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("case_id", sa.Integer(), sa.ForeignKey("case_file.id"), nullable=False),
        sa.Column("line_id", sa.Integer(), sa.ForeignKey("benefit_line.id"), nullable=False, unique=True),
        sa.Column("opposite_id", sa.Integer(), sa.ForeignKey("benefit_line.id"), nullable=False, unique=True),
        sa.Column("replacement_id", sa.Integer(), sa.ForeignKey("benefit_line.id"), unique=True),
        sa.Column("corrected_at", INSTANT, nullable=False),
        sa.Column("corrected_by", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
    )
    op.create_index("ix_line_correction_case", "line_correction", ["case_id"])


def _overpayments() -> None:
    op.create_table(
        "overpayment",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("correction_id", sa.Integer(), sa.ForeignKey("line_correction.id"), nullable=False, unique=True),
        sa.Column("case_id", sa.Integer(), sa.ForeignKey("case_file.id"), nullable=False),
        sa.Column("member_id", sa.Integer(), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("amount_cents", sa.Integer(), nullable=False),
        sa.Column("noted_at", INSTANT, nullable=False),
        sa.Column("agreed_at", INSTANT),
        sa.Column("ended_at", INSTANT),
        sa.CheckConstraint("amount_cents > 0", name="ck_overpayment"),
    )
    op.create_index("ix_overpayment_member", "overpayment", ["member_id", "ended_at"])
    op.create_index("ix_overpayment_case_id", "overpayment", ["case_id"])
    op.create_table(
        "overpayment_step",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("overpayment_id", sa.Integer(), sa.ForeignKey("overpayment.id"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("cents", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("by", sa.Integer(), sa.ForeignKey("account.id")),
        sa.Column("payment_id", sa.Integer(), sa.ForeignKey("payment.id")),
        sa.Column("note_encrypted", sa.LargeBinary()),
    )
    op.create_index("ix_overpayment_step", "overpayment_step", ["overpayment_id", "id"])
    op.create_index("ix_overpayment_step_payment_id", "overpayment_step", ["payment_id"])
