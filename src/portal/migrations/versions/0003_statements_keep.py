"""Issued statements refuse change (R-22): same number, same bytes. Deletion stays possible, for retention."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

REFUSAL = """
CREATE FUNCTION refuse_statement_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'an issued statement never changes'; END $$
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER statement_keeps BEFORE UPDATE ON statement "
            "BEGIN SELECT RAISE(ABORT, 'an issued statement never changes'); END"
        )
        return
    op.execute(REFUSAL)
    op.execute(
        "CREATE TRIGGER statement_keeps BEFORE UPDATE ON statement "
        "FOR EACH ROW EXECUTE FUNCTION refuse_statement_change()"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER statement_keeps")
        return
    op.execute("DROP TRIGGER statement_keeps ON statement")
    op.execute("DROP FUNCTION refuse_statement_change()")
