"""The evidence record refuses change: rows are only ever appended, details only ever erased.

SQLite also needs the insertion guards: `INSERT OR REPLACE` deletes without firing the triggers on deletion. A later
migration that rebuilds these tables (Alembic's batch mode on SQLite) must create the guards again.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SQLITE_GUARDS = {
    "evidence_keeps_rows": "BEFORE UPDATE ON evidence",
    "evidence_keeps_all_rows": "BEFORE DELETE ON evidence",
    "evidence_replaces_nothing": (
        "BEFORE INSERT ON evidence WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM evidence)"
    ),
    "evidence_detail_keeps_details": "BEFORE UPDATE ON evidence_detail",
    "evidence_detail_replaces_nothing": (
        "BEFORE INSERT ON evidence_detail WHEN EXISTS (SELECT 1 FROM evidence_detail WHERE seq = NEW.seq)"
    ),
}

POSTGRESQL_GUARDS = {
    "evidence_keeps_rows": ("evidence", "BEFORE UPDATE OR DELETE ON evidence FOR EACH ROW"),
    "evidence_keeps_all_rows": ("evidence", "BEFORE TRUNCATE ON evidence FOR EACH STATEMENT"),
    "evidence_detail_keeps_details": ("evidence_detail", "BEFORE UPDATE ON evidence_detail FOR EACH ROW"),
}

REFUSAL = """
CREATE FUNCTION refuse_evidence_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the evidence record is append-only'; END $$
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name, moment in SQLITE_GUARDS.items():
            op.execute(
                f"CREATE TRIGGER {name} {moment} BEGIN SELECT RAISE(ABORT, 'the evidence record is append-only'); END"
            )
        return
    op.execute(REFUSAL)
    for name, (_, moment) in POSTGRESQL_GUARDS.items():
        op.execute(f"CREATE TRIGGER {name} {moment} EXECUTE FUNCTION refuse_evidence_change()")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in SQLITE_GUARDS:
            op.execute(f"DROP TRIGGER {name}")
        return
    for name, (table, _) in POSTGRESQL_GUARDS.items():
        op.execute(f"DROP TRIGGER {name} ON {table}")
    op.execute("DROP FUNCTION refuse_evidence_change()")
