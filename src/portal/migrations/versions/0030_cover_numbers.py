"""A period of cover has a number that is never given again: the codes of printed cards name it, and a period may be
withdrawn. PostgreSQL's sequences do so already; SQLite does it for tables made with AUTOINCREMENT alone, made anew."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _made_anew(gives_a_number_once=True)


def downgrade() -> None:
    _made_anew(gives_a_number_once=False)


def _made_anew(*, gives_a_number_once: bool) -> None:
    """Rows come back under their numbers, and what refers to them is checked when the transaction ends: they must be
    inserted, for SQLite does not look again at references to a table that is renamed."""
    if op.get_bind().dialect.name != "sqlite":
        return
    op.execute("PRAGMA defer_foreign_keys = ON")
    op.execute("CREATE TEMPORARY TABLE kept_cover AS SELECT * FROM beneficiary")
    op.drop_table("beneficiary")
    _make(gives_a_number_once=gives_a_number_once)
    op.execute(f"INSERT INTO beneficiary ({COLUMNS}) SELECT {COLUMNS} FROM kept_cover ORDER BY id")  # noqa: S608  (constants)
    op.execute("DROP TABLE kept_cover")


COLUMNS = "id, contract_id, person_id, relationship, birth_rank, valid_from, valid_to"


def _make(*, gives_a_number_once: bool) -> None:
    op.create_table(
        "beneficiary",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("relationship", sa.String(), nullable=False),
        sa.Column("birth_rank", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="ck_beneficiary_period"),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("contract_id", "person_id", "valid_from"),
        sqlite_autoincrement=gives_a_number_once,
    )
    op.create_index("ix_beneficiary_person", "beneficiary", ["person_id"])
