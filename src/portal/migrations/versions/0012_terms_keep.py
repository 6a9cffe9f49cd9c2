"""Published terms of use refuse change (R-14, R-16): same number, same bytes. So do acceptances, save the name of a
representative, which may be erased.

On SQLite `INSERT OR REPLACE` deletes without firing the trigger on deletion, hence the guard on insertion.
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

WORDS = "published terms of use and their acceptances never change"
FACTS = "UPDATE OF id, account_id, version, sha256, capacity, accepted_at ON terms_acceptance"

SQLITE_GUARDS = {
    "terms_version_keeps": "BEFORE UPDATE ON terms_version",
    "terms_version_keeps_all": "BEFORE DELETE ON terms_version",
    "terms_version_replaces_nothing": (
        "BEFORE INSERT ON terms_version WHEN EXISTS (SELECT 1 FROM terms_version WHERE number = NEW.number)"
    ),
    "terms_acceptance_keeps": f"BEFORE {FACTS}",
}
POSTGRESQL_GUARDS = {
    "terms_version_keeps": ("terms_version", "BEFORE UPDATE OR DELETE ON terms_version FOR EACH ROW"),
    "terms_version_keeps_all": ("terms_version", "BEFORE TRUNCATE ON terms_version FOR EACH STATEMENT"),
    "terms_acceptance_keeps": ("terms_acceptance", f"BEFORE {FACTS} FOR EACH ROW"),
}


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name, moment in SQLITE_GUARDS.items():
            op.execute(f"CREATE TRIGGER {name} {moment} BEGIN SELECT RAISE(ABORT, '{WORDS}'); END")
        return
    op.execute(
        f"CREATE FUNCTION refuse_terms_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{WORDS}'; END $$"
    )
    for name, (_, moment) in POSTGRESQL_GUARDS.items():
        op.execute(f"CREATE TRIGGER {name} {moment} EXECUTE FUNCTION refuse_terms_change()")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in SQLITE_GUARDS:
            op.execute(f"DROP TRIGGER {name}")
        return
    for name, (table, _) in POSTGRESQL_GUARDS.items():
        op.execute(f"DROP TRIGGER {name} ON {table}")
    op.execute("DROP FUNCTION refuse_terms_change()")
