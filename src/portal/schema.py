"""Schema migrations (Alembic), run by `portal migrate` and by tests."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from portal.database import Database

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(database: Database) -> None:
    """Brings the database to the newest revision, in one transaction."""
    with database.write() as db:
        config = _config()
        config.attributes["connection"] = db.connection()
        command.upgrade(config, "head")


def is_current(database: Database) -> bool:
    """Whether the database is at the newest revision."""
    with database.read() as db:
        current = MigrationContext.configure(db.connection()).get_current_revision()
    return current == ScriptDirectory.from_config(_config()).get_current_head()


def is_known(revision: str) -> bool:
    """Whether this version of the portal knows the revision, and can bring it up to the newest."""
    return any(script.revision == revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config
