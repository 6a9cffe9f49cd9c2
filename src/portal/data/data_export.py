"""Everything the database holds about the viewer, as `personal_data` lists it (GDPR articles 15 and 20; R-70)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Table, literal, select, true
from sqlmodel import Session, SQLModel, col

from portal.data.activity import concerned_person
from portal.data.benefits import BenefitLine
from portal.data.cases import Case
from portal.data.export_subjects import OF_MINORS, rows_of_minor, subjects_of
from portal.data.holdings import Held, Owner
from portal.data.paper_export import NO_ACCOUNT, owned_on_paper
from portal.data.personal_data import HOLDINGS, owned
from portal.data.sessions import Viewer
from portal.data.visibility import Scope, lines_of, persons_in, visible_scope
from portal.security import Keyring

Part = dict[str, Any]


def export_of(db: Session, viewer: Viewer, keyring: Keyring, today: date) -> Iterator[Part]:
    """Each table that may hold rows of the viewer's: name, French title, rows, columns held back and why. Amounts are
    integer cents; instants (UTC) and dates are themselves. Of an adult relative's care, only what is shared (R-72)."""
    scope = visible_scope(db, viewer, today)
    for name, held in HOLDINGS.items():
        key = _key(viewer, held.owner)
        if key is not None:
            table = SQLModel.metadata.tables[name]
            yield _part(db, table, held, _own(viewer, table, held, key) & _readable(table, held, scope), keyring)


def held_of(db: Session, viewer: Viewer) -> list[Held]:
    """The tables in which something is the viewer's, by one statement that reads no row."""
    keys = {name: _key(viewer, held.owner) for name, held in HOLDINGS.items()}
    tables = {name: SQLModel.metadata.tables[name] for name, key in keys.items() if key is not None}
    owns = [
        select(literal(1)).select_from(table).where(owned(table, HOLDINGS[name], keys[name] or 0)).exists().label(name)
        for name, table in tables.items()
    ]
    found = db.connection().execute(select(*owns)).mappings().one()
    return [HOLDINGS[name] for name in tables if found[name]]


def minors_export(db: Session, viewer: Viewer, keyring: Keyring, today: date) -> list[tuple[str, list[Part]]]:
    """The same of each minor under the viewer's own contracts: full name, tables."""
    minors = [subject for subject in subjects_of(db, viewer, today) if subject.member_id is not None]
    tables = [
        (SQLModel.metadata.tables[name], replace(HOLDINGS[name], title=title)) for name, title in OF_MINORS.items()
    ]
    return [
        (minor.name, [_part(db, table, held, rows_of_minor(table, held, minor), keyring) for table, held in tables])
        for minor in minors
    ]


def _key(viewer: Viewer, owner: Owner) -> int | None:
    """A representative's account holds that account's own data, not the represented person's."""
    key: int | None = concerned_person(viewer) if owner is Owner.PERSON else getattr(viewer, owner.value)
    return key


def _own(viewer: Viewer, table: Table, held: Held, key: int) -> ColumnElement[bool]:
    is_on_paper = held.owner is Owner.ACCOUNT and viewer.account_id == NO_ACCOUNT
    return owned_on_paper(table, held, viewer.person_id) if is_on_paper else owned(table, held, key)


def _readable(table: Table, held: Held, scope: Scope) -> ColumnElement[bool]:
    """Rows of lines that the viewer may read; one that led to no line is the person's whom its claim is about."""
    if not held.line:
        return true()
    line = table.c[held.line]
    readable = line.in_(select(col(BenefitLine.id)).where(lines_of(scope.detailed)))
    if not line.nullable:
        return readable
    claims = select(col(Case.id)).where(col(Case.person_id).in_(persons_in(scope.detailed)))
    return readable | (line.is_(None) & table.c.case_id.in_(claims))


def _part(db: Session, table: Table, held: Held, condition: ColumnElement[bool], keyring: Keyring) -> Part:
    query = select(table).where(condition).order_by(*table.primary_key.columns)
    shown = (_shown(dict(row), held, keyring) for row in db.connection().execute(query).mappings())
    rows = [row for row in shown if row]
    return {"table": table.name, "title": held.title, "rows": rows, "withheld": dict(held.withheld)}


def _shown(row: dict[str, Any], held: Held, keyring: Keyring) -> dict[str, Any]:
    given = {name: value for name, value in row.items() if name not in {*held.withheld, *held.opened}}
    opened = {name: row[column] for column, name in held.opened.items()}
    return given | {name: keyring.decrypt(value) if value else None for name, value in opened.items()}
