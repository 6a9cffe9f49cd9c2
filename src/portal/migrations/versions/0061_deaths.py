"""Deaths that the insurer was told of, what they changed, and what was done about them; their row in the queue.

Four eyes for what cannot be taken back of what somebody wanted done after death: erasing, giving a copy.
"""

from datetime import date

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
OPEN = sa.text("undone_at IS NULL")
KIND, ACTS, SINCE = "deces", ("effacer", "communiquer"), date(2026, 1, 1)


def upgrade() -> None:
    _deaths()
    _effects()
    # One statement that both databases know: a rebuilt table would drop what names its rows.
    op.execute(sa.text("ALTER TABLE work_item ADD COLUMN death_id INTEGER REFERENCES death (id)"))
    op.create_index("ux_work_item_death", "work_item", ["death_id"], unique=True)
    rules = sa.table(
        "second_look_rule",
        *(sa.column(name, sa.String()) for name in ("kind", "act", "matter")),
        sa.column("valid_from", sa.Date()),
    )
    op.bulk_insert(rules, [{"kind": KIND, "act": act, "matter": "", "valid_from": SINCE} for act in ACTS])


def downgrade() -> None:
    op.execute(sa.text("DELETE FROM second_look_rule WHERE kind = :kind").bindparams(kind=KIND))
    op.execute(sa.text("DELETE FROM work_item WHERE kind = :kind").bindparams(kind=KIND))
    op.drop_index("ux_work_item_death", "work_item")
    op.drop_column("work_item", "death_id")
    for name in ("death_act", "death_cover", "death"):
        op.drop_table(name)


def _deaths() -> None:
    op.create_table(
        "death",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("person_id", sa.Integer(), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("died_on", sa.Date(), nullable=False),
        sa.Column("proof", sa.String(), nullable=False),
        sa.Column("reference_encrypted", sa.LargeBinary()),
        sa.Column("file_id", sa.Integer(), sa.ForeignKey("stored_file.id")),
        sa.Column("told_by_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("recorded_by", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("settled_at", INSTANT),
        sa.Column("undone_at", INSTANT),
        sa.Column("undone_by", sa.Integer(), sa.ForeignKey("account.id")),
        sa.Column("undone_reason_encrypted", sa.LargeBinary()),
    )
    op.create_index("ix_death_person", "death", ["person_id"])
    op.create_index("ux_death_open", "death", ["person_id"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN)


def _effects() -> None:
    op.create_table(
        "death_cover",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("death_id", sa.Integer(), sa.ForeignKey("death.id"), nullable=False),
        sa.Column("beneficiary_id", sa.Integer(), sa.ForeignKey("beneficiary.id"), nullable=False),
        sa.Column("valid_to", sa.Date()),
        sa.UniqueConstraint("death_id", "beneficiary_id"),
    )
    op.create_index("ix_death_cover_of", "death_cover", ["beneficiary_id"])
    op.create_table(
        "death_act",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("death_id", sa.Integer(), sa.ForeignKey("death.id"), nullable=False),
        sa.Column("contract_id", sa.Integer(), sa.ForeignKey("contract.id")),
        sa.Column("instruction", sa.Integer()),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("note_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("done_at", INSTANT, nullable=False),
        sa.Column("done_by", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        sa.UniqueConstraint("death_id", "contract_id"),
        sa.UniqueConstraint("death_id", "instruction"),
    )
    op.create_index("ix_death_act_contract", "death_act", ["contract_id"])
