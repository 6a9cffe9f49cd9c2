"""What SQLAlchemy has compiled, kept from one test to the next: each test opens engines of its own, and compiling the
same queries anew for each took an eighth of the suite's time. SQL text and types are kept, never a row."""

from sqlalchemy import Engine

from portal.database import Database

ROOM = 20_000  # more than the suite's different queries, so that none is ever thrown out

_first: dict[tuple[str, str], Engine] = {}


def reuse_compiled_queries(database: Database) -> None:
    """Lets both engines of this database look where the first ones of their kind looked."""
    for name in ("reader", "writer"):
        engine: Engine = getattr(database, name)
        _share(engine, _first.setdefault((engine.dialect.name, name), engine))


def _share(engine: Engine, first: Engine) -> None:
    if engine is first:
        first._compiled_cache.capacity = ROOM
        first.connect().close()  # a dialect learns its server's ways at its own engine's first connection, never later
        return
    # Compiled queries are found by their dialect and their text: both must be the first one's.
    engine.dialect = first.dialect
    engine._compiled_cache = first._compiled_cache
