"""What every kind of import file is made of, and the kinds there are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from sqlmodel import Session

from portal.data.loading import Row, Target, Verdict
from portal.importing.problems import RejectedRow
from portal.importing.rows import Layout, Reader, Rows
from portal.importing.values import Converter
from portal.security import Keyring


class Resolver(Protocol):
    """Turns the records of one file into table rows, with what the database already knows. `merged`: rows put together
    with another of the same thing; `ignored`: rows about nothing that the portal holds."""

    merged: int
    ignored: int

    def sift(self, read: Reader) -> Rows:
        """The rows to record, out of those of the file."""

    def prepare(self, records: Sequence[Any]) -> None:
        """Looks up what a batch of records refers to."""

    def row(self, record: Any) -> Row:
        """The row of a record, in the target's order; raises `RejectedRow`."""

    def revise(self, _rows: Sequence[Row], verdicts: list[Verdict]) -> list[Verdict]:
        """The verdicts after loading, when rows also write elsewhere."""

    def conclude(self) -> int:
        """What a whole file says beyond its rows, once all of them are loaded; how many rows that changed."""


class PlainResolver:
    """For kinds that refer to nothing: the record is the row."""

    def __init__(self, db: Session, keyring: Keyring) -> None:
        self._db = db
        self._keyring = keyring
        self.merged = self.ignored = 0

    def sift(self, read: Reader) -> Rows:
        """All of them."""
        return read()

    def prepare(self, records: Sequence[Any]) -> None:
        """Nothing to look up."""

    def row(self, record: Any) -> Row:
        """The record itself."""
        return tuple(record)

    def revise(self, _rows: Sequence[Row], verdicts: list[Verdict]) -> list[Verdict]:
        """The verdicts as they are."""
        return verdicts

    def conclude(self) -> int:
        """Nothing more."""
        return 0


def no_check(record: Any) -> None:
    """For kinds whose columns say everything."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file. `columns`: each column's converter, in the order of `record`'s fields; `check` raises
    `RejectedRow` for a record that contradicts itself. `titles`: the columns read of a file that is not in the portal's
    own form, which the resolver sifts into rows of `columns`; the file may have others. `rehearsed`: the tables that an
    import writes, where they are small enough to be copied for a dry run, which then keeps no writer waiting."""

    name: str
    record: type[NamedTuple]
    columns: Mapping[str, Converter]
    target: Target
    resolver: Callable[[Session, Keyring], Resolver] = PlainResolver
    check: Callable[[Any], None] = no_check
    booleans: frozenset[str] = frozenset()
    titles: tuple[str, ...] = ()
    rehearsed: tuple[str, ...] = ()

    @property
    def layout(self) -> Layout:
        """What is read of the file."""
        return Layout(self.titles or tuple(self.columns), self.booleans, is_open=bool(self.titles))


def check_period(start: str, end: str | None, column: str = "valid_to") -> None:
    """Raises `RejectedRow` when a period ends before it starts (ISO dates)."""
    if end is not None and end < start:
        raise RejectedRow(column, end, f"la fin précède le début ({start})")


def known(found: Mapping[Any, Any], key: Any, column: str, what: str) -> Any:
    """What `key` refers to; raises `RejectedRow` when it is unknown. `what`: « le contrat »."""
    try:
        return found[key]
    except KeyError:
        raise RejectedRow(column, str(key), f"{what} {key} est inconnu : importez-le d’abord") from None
