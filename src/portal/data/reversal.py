"""What an act changed in the tables, kept so that it can be taken back: rows added or removed, fields given a value.

An act writes through `Changes`; what they say is stored beside the act as JSON. Taking it back refuses to overwrite
what somebody changed since.
"""

import json
from collections.abc import Iterable
from datetime import date
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Date
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel

from portal.data.batches import added, forget

Row = TypeVar("Row", bound=SQLModel)


class ChangedSince(Exception):
    """A row that the act wrote has been changed, or removed, after it."""


class Changes:
    """Writes rows and remembers, in order, how to take that back."""

    def __init__(self, db: Session) -> None:
        self._db = db
        self._done: list[list[Any]] = []

    def add(self, row: Row) -> Row:
        """Adds a row, and gives it back with its number."""
        added(self._db, row)
        self._done.append(["add", _table(row), _number(row)])
        return row

    def set(self, row: SQLModel, **values: Any) -> None:
        """Gives fields of a row, read or added in this transaction, other values, where they differ."""
        for name, value in values.items():
            before = getattr(row, name)
            if before != value:
                self._done.append(["set", _table(row), _number(row), name, _plain(before), _plain(value)])
                setattr(row, name, value)
        forget(self._db, row)

    def remove(self, row: SQLModel) -> None:
        """Removes a row, whose values are kept: it holds no bytes."""
        self._done.append(["remove", _table(row), {name: _plain(value) for name, value in row.model_dump().items()}])
        self._db.delete(row)
        self._db.flush()
        forget(self._db, row)

    def as_json(self) -> str:
        """What was done, for `take_back`."""
        return json.dumps(self._done)


def before_of(done: str, model: type[SQLModel], name: str) -> dict[int, Any]:
    """What a field of a table's rows was before an act gave it another value, by row."""
    told = [
        each for each in json.loads(done) if each[0] == "set" and each[1] == model.__tablename__ and each[3] == name
    ]
    return {number: _typed(model, name, before) for _, _, number, _, before, _ in told}


def removed_by(done: str, model: type[Row]) -> list[Row]:
    """The rows of a table that an act removed, as they were; none is in the database."""
    told = [each[2] for each in json.loads(done) if each[0] == "remove" and each[1] == model.__tablename__]
    return [model(**{name: _typed(model, name, value) for name, value in values.items()}) for values in told]


def take_back(db: Session, done: str) -> None:
    """Undoes what `Changes.as_json` tells, the last write first.

    Raises `ChangedSince`, with some of it undone: the caller's transaction must then be given up. So it does when other
    rows refer by now to one that was added: an account of the person, a line paid.
    """
    try:
        _replay_back(db, done)
    except IntegrityError as problem:
        raise ChangedSince from problem


def _replay_back(db: Session, done: str) -> None:
    for what, table, *told in reversed(json.loads(done)):
        if what == "set":
            _reset(db, table, *told)
        elif what == "add":
            db.delete(_found(db, table, *told))
        else:
            model = _model(table)
            db.add(model(**{name: _typed(model, name, value) for name, value in told[0].items()}))
        db.flush()


def _reset(db: Session, table: str, number: int, name: str, before: Any, after: Any) -> None:
    row = _found(db, table, number)
    if _plain(getattr(row, name)) != after:
        raise ChangedSince
    setattr(row, name, _typed(type(row), name, before))
    db.add(row)


def _found(db: Session, table: str, number: int) -> SQLModel:
    row = db.get(_model(table), number, with_for_update=True)
    if row is None:
        raise ChangedSince
    return row


@cache
def _model(table: str) -> type[SQLModel]:
    return next(each for each in _every(SQLModel) if getattr(each, "__tablename__", "") == table)


def _every(model: type[SQLModel]) -> Iterable[type[SQLModel]]:
    for each in model.__subclasses__():
        yield each
        yield from _every(each)


def _table(row: SQLModel) -> str:
    return str(row.__tablename__)


def _number(row: SQLModel) -> int:
    return int(getattr(row, "id"))  # noqa: B009  (every table that acts write has one)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _typed(model: type[SQLModel], name: str, value: Any) -> Any:
    is_day = isinstance(model.__table__.c[name].type, Date)
    return date.fromisoformat(value) if is_day and value is not None else value
