"""The sheet of payroll codes in words: rubrics of the declarations (DSN, norm NEODeS), values to type, changes.

Values are written as a payroll program takes them: no currency, no space between thousands, a decimal comma.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from portal.contribution_words import STRUCTURE_LABELS
from portal.data.contributions import Structure
from portal.data.payroll_sheets import Change, Item, Key, Sheet, State, Stretch, Values
from portal.data.rules import add_months
from portal.data.staff_categories import StaffCategory
from portal.formatting import NBSP, long_date, month_name

UNKNOWN = "Pas encore connu"
NOTHING = "À laisser vide"
# The norm's own codes: elements of welfare contributions; a base set by the contract (the ceiling), or a fixed amount;
# the individual contribution to welfare and health cover.
BASE, OF_CEILING, OF_AMOUNT, CONTRIBUTION = "31", "18", "20", "059"
COMPONENT_LABELS = {OF_CEILING: "base forfaitaire\u00a0: le plafond mensuel", OF_AMOUNT: "montant forfaitaire"}
ITEM_LABELS = {
    Item.REFERENCE: "Référence du contrat",
    Item.ORGANISM: "Code organisme",
    Item.DELEGATE: "Code délégataire de gestion",
    Item.POPULATION: "Code population",
    Item.OPTION: "Code option",
    Item.RATE: "Taux",
    Item.CEILING: "Base",
    Item.EMPLOYER_PERCENT: "Part de l’employeur",
    Item.MONTH: "Cotisation du mois",
    Item.EMPLOYER: "Part de l’employeur en euros",
}
_MONEY = frozenset({Item.CEILING, Item.MONTH, Item.EMPLOYER})


class Told(NamedTuple):
    """A line of the sheet: the rubric (empty for what is set in the payroll program alone), its name, the value."""

    rubric: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class CategoryTable:
    """A category's lines, one value for each structure that has a price."""

    category: StaffCategory
    structures: tuple[str, ...]
    rows: tuple[tuple[Told, tuple[str, ...]], ...]
    pays_as_family: bool


@dataclass(frozen=True, slots=True)
class StretchTold:
    """Days on which the same holds, in words."""

    title: str
    since: date
    until: date
    contract: tuple[Told, ...]
    tables: tuple[CategoryTable, ...]


def told_sheet(sheet: Sheet) -> list[StretchTold]:
    """The whole sheet, stretch by stretch."""
    return [_told(sheet, stretch) for stretch in sheet.stretches]


def contract_lines(values: Values) -> tuple[Told, ...]:
    """What is typed once for the contract."""
    return (
        Told("S21.G00.15.001", "Référence du contrat", _code(values[Item.REFERENCE])),
        Told("S21.G00.15.002", "Code de l’organisme", _code(values[Item.ORGANISM])),
        Told("S21.G00.15.003", "Code du délégataire de gestion", _code(values[Item.DELEGATE])),
    )


def category_lines(values: Values) -> tuple[Told, ...]:
    """What is typed for a category in a structure."""
    component = OF_AMOUNT if values[Item.RATE] is None else OF_CEILING
    month, employer = values[Item.MONTH], values[Item.EMPLOYER]
    employee = month - employer if month is not None else None
    return (
        Told("S21.G00.70.005", "Code population de rattachement", _code(values[Item.POPULATION])),
        Told("S21.G00.70.004", "Code option retenue par le salarié", _code(values[Item.OPTION])),
        Told("S21.G00.78.001", "Code de base assujettie", BASE),
        Told("S21.G00.79.001", "Type de composant de base assujettie", component),
        Told("S21.G00.79.004", "Montant du composant, en euros", _amount(values[Item.CEILING])),
        Told("S21.G00.81.001", "Code de cotisation", CONTRIBUTION),
        Told("S21.G00.81.004", "Montant de cotisation, en euros", _amount(month)),
        Told("", "Taux du plafond, en pour cent", _rate(values[Item.RATE])),
        Told("", "Part de l’employeur, en pour cent", str(values[Item.EMPLOYER_PERCENT])),
        Told("", "Part de l’employeur, en euros", _amount(employer)),
        Told("", "Part du salarié, en euros", _amount(employee)),
    )


def change_words(sheet: Sheet, change: Change) -> tuple[str, str, str, str]:
    """From which day, of what, what, and « before → after »."""
    what = key_words(sheet, change.key)
    day = f"Le {long_date(change.day)}"
    if change.item is None:
        return day, what, "Ligne nouvelle" if change.after else "Ligne supprimée", ""
    label = ITEM_LABELS[change.item]
    values = (_value(change.item, value) for value in (change.before, change.after))
    return day, what, label, f"{NBSP}→ ".join(values)


def key_words(sheet: Sheet, key: Key) -> str:
    """« Non-cadres, isolé », or the contract itself."""
    labels = {category.id: category.label for category in sheet.categories}
    if key.category_id not in labels:
        return "Tout le contrat"
    return f"{labels[key.category_id]}, {STRUCTURE_LABELS[key.structure].lower()}"


def day_span(since: date, until: date, month: date) -> str:
    """« juin 2026 », « du 1er au 14 juin 2026 »."""
    if since == month and until == add_months(month, 1) - timedelta(days=1):
        return month_name(month)
    if since == until:
        return f"le {long_date(since)}"
    first = "1er" if since.day == 1 else str(since.day)
    return f"du {first} au {long_date(until)}"


def as_lines(told: Iterable[StretchTold]) -> Iterator[tuple[StretchTold, str, str, Told]]:
    """Every line of a sheet on its own: its stretch, the category's and the structure's names, the line."""
    for stretch in told:
        yield from ((stretch, "", "", line) for line in stretch.contract)
        for table in stretch.tables:
            for at, structure in enumerate(table.structures):
                for line, values in table.rows:
                    yield stretch, table.category.label, structure, line._replace(value=values[at])


def _told(sheet: Sheet, stretch: Stretch) -> StretchTold:
    title = day_span(stretch.since, stretch.until, sheet.month)
    tables = (_table(category, stretch.state) for category in sheet.categories)
    held = tuple(table for table in tables if table.structures)
    return StretchTold(title, stretch.since, stretch.until, contract_lines(stretch.state[Key()]), held)


def _table(category: StaffCategory, state: State) -> CategoryTable:
    priced = [each for each in Structure if Key(category.id or 0, each) in state]
    columns = [category_lines(state[Key(category.id or 0, each)]) for each in priced]
    rows = tuple((lines[0], tuple(line.value for line in lines)) for lines in zip(*columns, strict=True))
    pays_as_family = Structure.FAMILY in priced and Structure.PAIR not in priced
    return CategoryTable(category, tuple(STRUCTURE_LABELS[each] for each in priced), rows, pays_as_family)


def _value(item: Item, value: Any) -> str:
    if item is Item.RATE:
        return f"{_rate(value)}{NBSP}%" if value is not None else "montant fixe"
    if item is Item.EMPLOYER_PERCENT:
        return f"{value}{NBSP}%"
    if item in _MONEY:
        return f"{_amount(value)}{NBSP}€" if value is not None else UNKNOWN.lower()
    return _code(value)


def _code(value: str | None) -> str:
    return UNKNOWN if value is None else value or NOTHING


def _amount(cents: int | None) -> str:
    return UNKNOWN if cents is None else f"{cents // 100},{cents % 100:02}"


def _rate(rate: int | None) -> str:
    return "Sans objet" if rate is None else _amount(rate)
