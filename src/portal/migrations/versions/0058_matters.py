"""Four eyes by what a decision is about: the birth date and the number of a person are corrected by two agents."""

from datetime import date

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None

KIND, ACT, MATTERS = "droit-donnees", "accepter", ("naissance", "nir")
SINCE = date(2026, 1, 1)


def upgrade() -> None:
    for name in ("second_look_rule", "decision_proposal"):
        op.add_column(name, sa.Column("matter", sa.String(), nullable=False, server_default=""))
    rules = sa.table(
        "second_look_rule",
        *(sa.column(name, sa.String()) for name in ("kind", "act", "matter")),
        sa.column("valid_from", sa.Date()),
    )
    op.bulk_insert(rules, [{"kind": KIND, "act": ACT, "matter": each, "valid_from": SINCE} for each in MATTERS])


def downgrade() -> None:
    op.execute(sa.text("DELETE FROM second_look_rule WHERE matter <> ''"))
    for name in ("decision_proposal", "second_look_rule"):
        op.drop_column(name, "matter")
