"""Statements prepared once, for the few queries that every request makes.

SQLAlchemy spends more on running a small cached statement than SQLite does on answering it. A `Prepared` compiles its
statement once per dialect and number of values, then hands text and values to the driver, and applies the columns' own
conversions: same SQL, same types, both databases.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Float, Select
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

Converter = Callable[[Any], Any]
Values = dict[str, Any]


class _Compiled(NamedTuple):
    """SQL for the driver; where each of its parameters comes from (a value, or an item of one) and its conversion;
    the parameters that never change; how to convert its columns. `positions` is empty when parameters go by name."""

    sql: str
    positions: tuple[str, ...]
    into: tuple[tuple[str, str, int | None, Converter | None], ...]
    constants: Values
    out: tuple[Converter | None, ...]


class Prepared:
    """A select, ready to run with named values; a value for an expanding parameter is a non-empty tuple."""

    def __init__(self, statement: Select) -> None:
        self._statement = statement
        self._compiled: dict[tuple[Any, ...], _Compiled] = {}

    def rows(self, db: Session, values: Values) -> list[Sequence[Any]]:
        """Every row, as tuples in the order of the select's columns."""
        connection = db.connection()
        compiled = self._for(connection, values)
        cursor = connection.connection.cursor()
        try:
            cursor.execute(compiled.sql, _parameters(compiled, values))
            return _converted(cursor.fetchall(), compiled.out)
        except connection.dialect.loaded_dbapi.Error as error:
            raise _as_sqlalchemy(connection, compiled.sql, error) from error
        finally:
            cursor.close()

    def first(self, db: Session, values: Values) -> Sequence[Any] | None:
        """The first row, or None."""
        return next(iter(self.rows(db, values)), None)

    def _for(self, connection: Connection, values: Values) -> _Compiled:
        lengths = tuple(len(value) if isinstance(value, tuple) else 0 for value in values.values())
        key = (connection.dialect.name, *values, *lengths)
        if key not in self._compiled:
            self._compiled[key] = _compile(self._statement, connection.dialect, values)
        return self._compiled[key]


def _as_sqlalchemy(connection: Connection, sql: str, error: Exception) -> Exception:
    """The driver's error as SQLAlchemy would raise it, without the values; a broken connection leaves the pool."""
    is_lost = connection.dialect.is_disconnect(error, connection.connection.dbapi_connection, None)
    if is_lost:
        connection.invalidate(error)
    base = connection.dialect.loaded_dbapi.Error
    return DBAPIError.instance(
        sql, None, error, base, hide_parameters=True, connection_invalidated=is_lost, dialect=connection.dialect
    )


def _compile(statement: Select, dialect: Dialect, values: Values) -> _Compiled:
    compiled: Any = statement.compile(dialect=dialect)
    state = compiled.construct_expanded_state(values)
    sources = {name: (name, None) for name in values}
    for name, targets in state.parameter_expansion.items():
        sources |= {target: (name, at) for at, target in enumerate(targets)}
    binds = {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()}
    into, constants = [], {}
    for target, value in state.parameters.items():
        name, at = sources.get(target, (target, None))
        if name in values:
            into.append((target, name, at, binds[name]))
        else:
            constants[target] = binds[name](value) if binds[name] else value
    out = tuple(_result_processor(column.type, dialect) for column in statement.selected_columns)
    return _Compiled(state.statement, tuple(state.positiontup or ()), tuple(into), constants, out)


def _result_processor(column_type: Any, dialect: Dialect) -> Converter | None:
    if isinstance(column_type, Float):
        return None  # both drivers give floats; PostgreSQL's processor would want the driver's code of the type first
    processor: Converter | None = column_type.dialect_impl(dialect).result_processor(dialect, None)
    return processor


def _parameters(compiled: _Compiled, values: Values) -> Any:
    named = dict(compiled.constants)
    for target, name, at, convert in compiled.into:
        value = values[name] if at is None else values[name][at]
        named[target] = convert(value) if convert else value
    return [named[name] for name in compiled.positions] if compiled.positions else named


def _converted(rows: Iterable[Sequence[Any]], converters: tuple[Converter | None, ...]) -> list[Sequence[Any]]:
    wanted = [(at, convert) for at, convert in enumerate(converters) if convert is not None]
    if not wanted:
        return list(rows)
    found: list[Sequence[Any]] = []
    for row in rows:
        cells = list(row)
        for at, convert in wanted:
            cells[at] = convert(cells[at])
        found.append(cells)
    return found
