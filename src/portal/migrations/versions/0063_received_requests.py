"""Requests on data that came by post, by e-mail or at the counter; four eyes before the insurer sends a whole copy of
somebody's data to whoever wrote a letter."""

from datetime import date

import sqlalchemy as sa
from alembic import op

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
KIND, ACTS, MATTER = "droit-donnees", ("accepter", "accepter-en-partie"), "copie"
SINCE = date(2026, 1, 1)


def upgrade() -> None:
    op.create_table(
        "received_request",
        sa.Column("case_id", sa.Integer(), sa.ForeignKey("case_file.id"), primary_key=True, autoincrement=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("asker", sa.String(), nullable=False),
        sa.Column("sender_encrypted", sa.LargeBinary()),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("recorded_by", sa.Integer(), sa.ForeignKey("account.id")),
    )
    rules = sa.table(
        "second_look_rule",
        *(sa.column(name, sa.String()) for name in ("kind", "act", "matter")),
        sa.column("valid_from", sa.Date()),
    )
    op.bulk_insert(rules, [{"kind": KIND, "act": act, "matter": MATTER, "valid_from": SINCE} for act in ACTS])


def downgrade() -> None:
    rule = sa.text("DELETE FROM second_look_rule WHERE kind = :kind AND matter = :matter")
    op.execute(rule.bindparams(kind=KIND, matter=MATTER))
    op.drop_table("received_request")
