"""PostgreSQL's own programs: `pg_dump` and `pg_restore`, told where to connect by their environment alone."""

import os
import shutil
import subprocess
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from portal.backups.manifest import BackupProblem
from portal.data.whole_database import Told, plain_url, postgres_snapshot
from portal.settings import Settings

# No list of processes shows an environment.
_VARIABLES = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}


def dump_postgres(settings: Settings, target: Path) -> Told:
    """Dumps the database in `pg_dump`'s custom format, and tells what it says in the very same snapshot."""
    url = settings.resolved_database_url
    with postgres_snapshot(url) as (snapshot, told):
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        options = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={target}"]
        run_program(settings, "pg_dump", options, url)
    return told


def restore_postgres(settings: Settings, dump: Path, url: str) -> None:
    """Restores a dump into an empty database, whole or not at all."""
    options = ["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges", "--dbname"]
    name = str(conninfo_to_dict(plain_url(url)).get("dbname", ""))
    run_program(settings, "pg_restore", [*options, name, str(dump)], url)


def run_program(settings: Settings, name: str, arguments: list[str], database_url: str) -> None:
    """Runs one of PostgreSQL's programs. Raises `BackupProblem` with the last line that it says."""
    folder = settings.postgres_programs
    program = shutil.which(name, path=str(folder) if folder else None)
    if program is None:
        raise BackupProblem(f"{name} is not here: install PostgreSQL's client, or set PORTAL_POSTGRES_PROGRAMS")
    parameters = conninfo_to_dict(plain_url(database_url))
    told = {_VARIABLES.get(key, f"PG{key.upper()}"): str(value) for key, value in parameters.items()}
    done = subprocess.run(  # noqa: S603  (found by `which`, and our own arguments)
        [program, *arguments], env=os.environ | told, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        hint = "; set PORTAL_POSTGRES_PROGRAMS to the server's own version" if "version mismatch" in done.stderr else ""
        raise BackupProblem(f"{name} failed: {said[-1] if said else done.returncode}{hint}")
