"""Everything the database holds about the viewer, as `personal_data` lists it (GDPR articles 15 and 20)."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from sqlalchemy import Table, select
from sqlmodel import Session, SQLModel

from portal.data.activity import concerned_person
from portal.data.holdings import Held, Owner
from portal.data.personal_data import HOLDINGS, owned
from portal.data.sessions import Viewer
from portal.security import Keyring


def export_of(db: Session, viewer: Viewer, keyring: Keyring) -> Iterator[dict[str, Any]]:
    """Each table that may hold rows of the viewer's: name, French title, rows, columns held back and why. Amounts are
    integer cents, instants ISO 8601 in UTC, dates ISO 8601."""
    for name, held in HOLDINGS.items():
        key = _key(viewer, held.owner)
        if key is not None:
            yield {
                "table": name,
                "title": held.title,
                "rows": _rows(db, SQLModel.metadata.tables[name], held, key, keyring),
                "withheld": dict(held.withheld),
            }


def _key(viewer: Viewer, owner: Owner) -> int | None:
    """A representative's account holds that account's own data, not the represented person's."""
    key: int | None = concerned_person(viewer) if owner is Owner.PERSON else getattr(viewer, owner.value)
    return key


def _rows(db: Session, table: Table, held: Held, key: int, keyring: Keyring) -> list[dict[str, Any]]:
    query = select(table).where(owned(table, held, key)).order_by(*table.primary_key.columns)
    return [_shown(dict(row), held, keyring) for row in db.connection().execute(query).mappings()]


def _shown(row: dict[str, Any], held: Held, keyring: Keyring) -> dict[str, Any]:
    given = {name: _plain(value) for name, value in row.items() if name not in {*held.withheld, *held.opened}}
    opened = {name: row[column] for column, name in held.opened.items()}
    return given | {name: keyring.decrypt(value) if value else None for name, value in opened.items()}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime | date) else value
