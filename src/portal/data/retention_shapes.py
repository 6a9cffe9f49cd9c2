"""How plans of the retention schedule are written (R-71): a table by its name, whose its rows are, files along with
them."""

from typing import Any

from sqlalchemy import ColumnElement, Table, exists, not_, select
from sqlmodel import SQLModel

import portal.data.tables  # noqa: F401  (every table must be known)
from portal.data.retention_engine import Plan, Sweep
from portal.data.retention_holds import may_go


def table_of(name: str) -> Table:
    """A table of the portal."""
    return SQLModel.metadata.tables[name]


def plan_of(name: str, start: str, **more: Any) -> Plan:
    """Rows of an account, or of a person, by their own columns; `start`: the column in which their period begins."""
    table = table_of(name)
    whose = {key: table.c[f"{key}_id"] for key in ("account", "person") if f"{key}_id" in table.c}
    return Plan(table, table.c[start], **(whose | more))


def column_up(child: str, parent: str, key: str, wanted: str) -> ColumnElement[Any]:
    """A column of the row that a row of `child` names by `key`."""
    (column,) = (table_of(child).c[key],)
    (target,) = (each.column for each in column.foreign_keys)
    found = select(table_of(parent).c[wanted]).where(target == column)
    return found.correlate(table_of(child)).scalar_subquery()


def nobody_held(child: str, key: str) -> ColumnElement[bool]:
    """That no row of `child` which names the row by `key` is of a person who is held: it would go along with it."""
    rows = table_of(child).alias()
    (target,) = (each.column for each in table_of(child).c[key].foreign_keys)
    return ~exists().where(rows.c[key] == target, not_(may_go(None, rows.c.person_id)))


FILES = Sweep(table_of("stored_file"), content="storage_name")
