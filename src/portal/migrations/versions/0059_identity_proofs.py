"""Proofs of identity of requests that were taken back: they proved something for a request that is over (GDPR 12(6)).

Their contents, which nothing names any more, are removed by the job that looks for such.
"""

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None

KIND, CANCELLED, SLOT = "droit-donnees", "annulee", "identite"
_cases = sa.table("case_file", *(sa.column(name) for name in ("id", "kind", "state")))
_pieces = sa.table("case_piece", *(sa.column(name) for name in ("case_id", "file_id", "slot")))
_files = sa.table("stored_file", sa.column("id"))


def upgrade() -> None:
    connection = op.get_bind()
    over = sa.select(_cases.c.id).where(_cases.c.kind == KIND, _cases.c.state == CANCELLED)
    proofs = sa.select(_pieces.c.file_id).where(_pieces.c.slot == SLOT, _pieces.c.case_id.in_(over))
    for file_id in connection.execute(proofs).scalars().all():
        connection.execute(sa.delete(_pieces).where(_pieces.c.file_id == file_id))
        connection.execute(sa.delete(_files).where(_files.c.id == file_id))


def downgrade() -> None:
    """What was destroyed is gone."""
