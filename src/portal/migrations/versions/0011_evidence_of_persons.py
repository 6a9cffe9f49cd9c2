"""Whom evidence is about, to be found by person; statements are proven by the chain, not by a column beside them."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "evidence_person",
        sa.Column("seq", BIG, sa.ForeignKey("evidence_detail.seq", ondelete="CASCADE"), autoincrement=False),
        sa.Column("person_id", BIG, autoincrement=False),
        sa.PrimaryKeyConstraint("seq", "person_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_evidence_person", "evidence_person", ["person_id", "seq"])
    _index_earlier_rows()
    op.execute("ALTER TABLE statement DROP COLUMN pdf_sha256")


def _index_earlier_rows() -> None:
    connection = op.get_bind()
    earlier = connection.execute(sa.text("SELECT seq, details FROM evidence_detail WHERE details LIKE '%\"persons\"%'"))
    rows = [{"seq": seq, "person": one} for seq, details in earlier for one in _persons_in(details)]
    if rows:
        connection.execute(sa.text("INSERT INTO evidence_person (seq, person_id) VALUES (:seq, :person)"), rows)


def _persons_in(details: str) -> set[int]:
    """As `evidence_persons.persons_shown` read them at this revision."""
    named = json.loads(details).get("persons")
    return {person for person in named if type(person) is int} if isinstance(named, list) else set()


def downgrade() -> None:
    op.execute("ALTER TABLE statement ADD COLUMN pdf_sha256 VARCHAR NOT NULL DEFAULT ''")
    op.drop_table("evidence_person")
