"""What an export gives of a table, as people read it: French titles, dates, amounts and words (R-70).

`data/data_export.py` gives rows as the database holds them; CSV keeps every column, pages and paper leave out numbers
that only link one table to another.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from types import SimpleNamespace
from typing import Any

from portal.activity_words import WORDS
from portal.case_areas import AREAS, STATE_LABELS
from portal.data.accounts import ROLE_LABELS
from portal.data.data_export import Part
from portal.data_letters import ASKER_LABELS, CHANNEL_LABELS
from portal.data_right_words import FIELD_LABELS, GROUND_LABELS, PURPOSE_LABELS, RIGHT_LABELS
from portal.formatting import PARIS, local_time, long_date, money, short_date
from portal.labels import FAMILY_LABELS, KIND_LABELS, METHOD_LABELS, SPACE_LABELS, STATUS_LABELS
from portal.postal_documents import LETTER_LABELS
from portal.spreadsheets import Column, Kind, csv_stream

MOST_COLUMNS = 9
EMPTY = "–"
# Columns that hold JSON.
SEALED = frozenset({"details", "instructions", "letter"})
# What a page shows of the tables that grow with time, in this order; elsewhere, all.
SHOWN: Mapping[str, tuple[str, ...]] = {
    "benefit_line": (
        *("care_date", "label", "provider", "status", "spent_cents"),
        *("base_net_cents", "supplementary_cents", "other_cover_cents", "remaining_cents"),
    ),
    "payment": ("paid_on", "reference", "method", "payee", "iban_masked", "amount_cents"),
    "session": ("created_at", "address", "browser", "ended_at"),
    "evidence": ("at", "action", "object", "outcome"),
    "outgoing_mail": ("made_at", "kind", "sent_at"),
}
_PLACES = re.compile(r",?(?: dossier| engagement)? \{\w+\},?")
_LABELS: Mapping[tuple[str, str], Mapping[Any, str]] = {
    ("account", "role"): ROLE_LABELS,
    ("account", "space"): SPACE_LABELS,
    ("case_file", "kind"): {kind: area.title for kind, area in AREAS.items()},
    ("case_file", "space"): SPACE_LABELS,
    ("case_file", "state"): {state: label for state, (label, _) in STATE_LABELS.items()},
    ("case_step", "state"): {state: label for state, (label, _) in STATE_LABELS.items()},
    ("data_objection", "purpose"): {purpose: label for purpose, (label, _) in PURPOSE_LABELS.items()},
    ("data_request", "field"): FIELD_LABELS,
    ("data_request", "right"): RIGHT_LABELS,
    ("postal_letter", "kind"): LETTER_LABELS,
    ("received_request", "asker"): ASKER_LABELS,
    ("received_request", "channel"): CHANNEL_LABELS,
    ("evidence", "action"): {action: _PLACES.sub("", words.own) for action, words in WORDS.items()},
    ("processing_restriction", "ground"): GROUND_LABELS,
    ("benefit_line", "family"): FAMILY_LABELS,
    ("benefit_line", "status"): STATUS_LABELS,
    ("benefit_line", "kind"): KIND_LABELS,
    ("payment", "method"): METHOD_LABELS,
}


@dataclass(frozen=True, slots=True)
class Section:
    """A table of an export. `cards`: each row as (label, value), when it is too wide to be read across."""

    name: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    cards: Sequence[Sequence[tuple[str, str]]]
    withheld: Sequence[tuple[str, str]]

    @property
    def count(self) -> int:
        return len(self.rows) or len(self.cards)


@cache
def column_words() -> Mapping[str, str]:
    """What each column that an export gives is called."""
    text = (files("portal") / "wordlists" / "columns.csv").read_text(encoding="utf-8")
    return dict(csv.reader(text.splitlines(), delimiter=";"))


def title_of(column: str) -> str:
    """What a column is called; amounts say in what."""
    return column_words().get(column, column.replace("_", " ").capitalize())


def csv_of(part: Part) -> Iterator[bytes]:
    """A table with rows as the house's CSV: every column, decimal commas, French dates."""
    rows: list[dict[str, Any]] = part["rows"]
    columns = [Column(title_of(name), name, _kind(name, rows)) for name in rows[0]]
    return csv_stream((_csv_row(part["table"], row) for row in rows), columns)


def sections_of(parts: Iterable[Part]) -> list[Section]:
    """The tables that hold something, to be read on a page."""
    return [_section(part) for part in parts if part["rows"]]


def _section(part: Part) -> Section:
    table, rows = part["table"], part["rows"]
    shown = SHOWN.get(table) or [name for name in rows[0] if not is_link(name)]
    cells = [[(title_of(name), _words(table, name, row[name])) for name in shown] for row in rows]
    is_wide = len(shown) > MOST_COLUMNS
    withheld = [(title_of(_bare(name)), why) for name, why in part["withheld"].items()]
    return Section(
        table,
        part["title"],
        [title_of(name) for name in shown],
        [] if is_wide else [[value or EMPTY for _, value in row] for row in cells],
        [[(label, value) for label, value in row if value] for row in cells] if is_wide else [],
        withheld,
    )


def is_link(column: str) -> bool:
    """Whether a column only says which row of another table is meant."""
    return column == "id" or column.endswith("_id")


def _bare(column: str) -> str:
    return column.removesuffix("_encrypted")


def _kind(name: str, rows: Sequence[dict[str, Any]]) -> Kind:
    if name.endswith("_cents"):
        return Kind.MONEY
    values = [row[name] for row in rows if row[name] is not None]
    is_day = bool(values) and all(isinstance(value, date) and not isinstance(value, datetime) for value in values)
    return Kind.DATE if is_day else Kind.TEXT


def _csv_row(table: str, row: dict[str, Any]) -> SimpleNamespace:
    return SimpleNamespace(**{name: _csv_value(table, name, value) for name, value in row.items()})


def _csv_value(table: str, name: str, value: Any) -> Any:
    if isinstance(value, bool):
        return _yes(value)
    if isinstance(value, datetime):
        return value.astimezone(PARIS).strftime("%d/%m/%Y %H:%M:%S")
    return _labelled(table, name, value)


def _words(table: str, name: str, value: Any) -> str:
    """A value as a page says it; empty for none."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _yes(value)
    if isinstance(value, datetime):
        return local_time(value)
    if isinstance(value, date):
        return short_date(value) if table in SHOWN else long_date(value)
    if name.endswith("_cents"):
        return money(value)
    return _said(value) if name in SEALED and isinstance(value, str) else str(_labelled(table, name, value))


def _said(text: str) -> str:
    """What a column that holds JSON says, each name in words; any other text as it is."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return "\u00a0; ".join(_pairs(found)) if isinstance(found, dict) else text


def _pairs(found: dict[str, Any]) -> Iterator[str]:
    for name, value in found.items():
        if value not in (None, "", [], {}):
            yield f"{title_of(name)}\u00a0: {_in_words(value)}"


def _in_words(value: Any) -> Any:
    """Texts one after the other, and pairs of a label and what it says, as in a letter; anything else as JSON."""
    if isinstance(value, str | int):
        return value
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return " ".join(value)
    if isinstance(value, list) and all(isinstance(each, list) for each in value):
        return ", ".join("\u00a0: ".join(map(str, each)) for each in value)
    return json.dumps(value, ensure_ascii=False)


def _labelled(table: str, name: str, value: Any) -> Any:
    return _LABELS.get((table, name), {}).get(value, value)


def _yes(value: bool) -> str:  # noqa: FBT001  (it is the value itself)
    return "oui" if value else "non"
