"""Four eyes for a birth date or a number that a change of beneficiaries corrects, as for a request on one's data."""

from datetime import date

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None

KIND, ACT, MATTERS = "modification-beneficiaire", "accepter", ("naissance", "nir")
SINCE = date(2026, 1, 1)


def upgrade() -> None:
    rules = sa.table(
        "second_look_rule",
        *(sa.column(name, sa.String()) for name in ("kind", "act", "matter")),
        sa.column("valid_from", sa.Date()),
    )
    op.bulk_insert(rules, [{"kind": KIND, "act": ACT, "matter": each, "valid_from": SINCE} for each in MATTERS])


def downgrade() -> None:
    op.execute(sa.text("DELETE FROM second_look_rule WHERE kind = :kind").bindparams(kind=KIND))
