"""The register of a company's exemptions: filters, pages by key, counts; its files hold exactly what its filters show.

Where an exemption stands on a day follows from its state, what proves it and until when that is good.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, String, and_, case, exists, func, literal, or_, select, tuple_
from sqlmodel import Session, col

from portal.data.employees import Employee
from portal.data.exemption_grounds import ExemptionGround, grounds_open
from portal.data.exemption_rows import (
    EVIDENCE,
    REQUEST,
    Exemption,
    ExemptionPiece,
    ExemptionState,
    ExemptionStep,
    Origin,
    StepKind,
)
from portal.data.files import StoredFile
from portal.data.sessions import Viewer
from portal.data.staff_categories import group_contracts
from portal.data.waiting import Waiting
from portal.formatting import day_in_france

PAGE_SIZE = 50
EXPORT_BATCH = 1000
SOON = timedelta(days=60)
"""How long before its end an exemption is to be renewed."""


class Standing(StrEnum):
    """TO_COMPLETE: asked, a piece is missing. UNPROVEN: holds without all its pieces. EXPIRED: the evidence is no
    longer good, and the employee is still exempt."""

    TO_COMPLETE = "a-completer"
    TO_DECIDE = "a-decider"
    IN_FORCE = "en-cours"
    UNPROVEN = "sans-preuve"
    TO_RENEW = "a-renouveler"
    EXPIRED = "echue"
    ENDED = "terminee"
    REFUSED = "refusee"
    CANCELLED = "abandonnee"


class Shown(StrEnum):
    """What the register shows. WAITING: to be decided. MISSING: asked or in force, a piece is missing. PAST: ended,
    refused, or given up."""

    ALL = "toutes"
    WAITING = "a-decider"
    IN_FORCE = "en-cours"
    TO_RENEW = "a-renouveler"
    MISSING = "pieces-manquantes"
    PAST = "terminees"


@dataclass(frozen=True, slots=True)
class RegisterFilters:
    """`ground`: code of a legal case, empty for all."""

    shown: Shown = Shown.ALL
    ground: str = ""


class RegisterRow(NamedTuple):
    """An exemption as the register shows it. `decided_at`: when it was last decided; `files`: how many prove it."""

    id: int
    employee_id: int
    matricule: str | None
    last_name: str
    usage_name: str
    first_name: str
    ground: str
    label: str
    kind: str
    article: str
    is_renewable: bool
    origin: str
    stated_on: date | None
    other_insurer: str
    starts_on: date
    valid_until: date | None
    ended_on: date | None
    end_cause: str
    asked_at: datetime
    decided_at: datetime | None
    files: int
    digests: str | None
    standing: str

    @property
    def name(self) -> str:
        """« Camille Exemple »: the name in use, when there is one."""
        return f"{self.first_name} {self.usage_name or self.last_name}"

    @property
    def never_held(self) -> bool:
        """Whether it ended before its first day: the employee left, or was affiliated, from earlier on."""
        return self.ended_on is not None and self.ended_on < self.starts_on

    @property
    def last_day(self) -> date | None:
        """The last day of one that has ended; None for one that never held."""
        return None if self.never_held else self.ended_on

    @property
    def asked_on(self) -> date:
        """The day in France when it came."""
        return day_in_france(self.asked_at)

    @property
    def decided_on(self) -> date | None:
        """The day in France when it was decided."""
        return day_in_france(self.decided_at) if self.decided_at else None


def register_page(
    db: Session, viewer: Viewer, filters: RegisterFilters, day: date, after: int | None = None
) -> tuple[list[RegisterRow], bool] | None:
    """The exemptions that follow exemption `after`, by the employee's name, and whether others come; None when that one
    is not the company's."""
    place = _place(db, viewer, after) if after is not None else None
    if after is not None and place is None:
        return None
    rows = _rows(db, _query(viewer, filters, day), place, PAGE_SIZE + 1)
    return rows[:PAGE_SIZE], len(rows) > PAGE_SIZE


def register_row(db: Session, viewer: Viewer, exemption_id: int, day: date) -> RegisterRow | None:
    """One exemption of the viewer's company, as the register shows it."""
    query = _query(viewer, RegisterFilters(), day).where(col(Exemption.id) == exemption_id)
    row = db.connection().execute(query).first()
    return RegisterRow._make(row) if row else None


def exemptions_of(db: Session, viewer: Viewer, employee_id: int, day: date) -> list[RegisterRow]:
    """Those of one employee of the viewer's company, the newest first."""
    query = _query(viewer, RegisterFilters(), day).where(col(Employee.id) == employee_id)
    return [RegisterRow._make(row) for row in db.connection().execute(query.order_by(col(Exemption.id).desc()))]


def export_register(db: Session, viewer: Viewer, filters: RegisterFilters, day: date) -> Iterator[RegisterRow]:
    """All that the filters leave, in the page's order, read some at a time."""
    place: tuple[str, int] | None = None
    while rows := _rows(db, _query(viewer, filters, day), place, EXPORT_BATCH):
        yield from rows
        place = _place(db, viewer, rows[-1].id)


def count_shown(db: Session, viewer: Viewer, day: date, ground: str = "") -> dict[Shown, int]:
    """How many exemptions each view of the register holds."""
    counts = [func.count(case((_condition(shown, day), 1))) for shown in Shown]
    query = _joined(select(*counts), viewer)
    row = db.connection().execute(query.where(col(ExemptionGround.code) == ground) if ground else query).one()
    return dict(zip(Shown, row, strict=True))


def exemptions_waiting(db: Session, viewer: Viewer, day: date) -> Waiting | None:
    """Exemptions that employees of the viewer's company asked for, to be decided."""
    return _waiting(db, viewer, _condition(Shown.WAITING, day))


def exemptions_to_renew(db: Session, viewer: Viewer, day: date) -> Waiting | None:
    """Exemptions in force whose evidence is no longer good, or soon."""
    return _waiting(db, viewer, _condition(Shown.TO_RENEW, day))


def exemptions_unproven(db: Session, viewer: Viewer, day: date) -> Waiting | None:
    """Exemptions in force of which a piece is missing."""
    return _waiting(db, viewer, and_(_IS_ACCEPTED, _IS_MISSING))


def _waiting(db: Session, viewer: Viewer, condition: ColumnElement[bool]) -> Waiting | None:
    query = _joined(select(func.count(), func.min(Exemption.valid_until)), viewer)
    count, first = db.connection().execute(query.where(condition)).one()
    return Waiting(count, first) if count else None


def grounds_used(db: Session, viewer: Viewer) -> list[tuple[str, str]]:
    """The legal cases of the company's exemptions: code and label."""
    query = _joined(select(ExemptionGround.code, func.max(ExemptionGround.label)), viewer)
    rows = db.connection().execute(query.group_by(ExemptionGround.code).order_by(ExemptionGround.code))
    return [(code, label) for code, label in rows]


def grounds_of_company(db: Session, viewer: Viewer, day: date) -> dict[str, str]:
    """The legal cases that the company's employees may ask for on a day: label by code."""
    contracts = group_contracts(db, viewer)
    return {ground.code: ground.label for each in contracts for ground in grounds_open(db, each.id or 0, day)}


def _has(slot: str) -> ColumnElement[bool]:
    pieces = select(ExemptionPiece.id).where(
        col(ExemptionPiece.exemption_id) == Exemption.id, col(ExemptionPiece.slot) == slot
    )
    return exists(pieces.correlate(Exemption))


_STATE = col(Exemption.state)
_IS_ASKED = _STATE == ExemptionState.ASKED
_IS_ACCEPTED = _STATE == ExemptionState.ACCEPTED
_IS_MISSING = or_(
    and_(col(Exemption.origin) != Origin.ONLINE, ~_has(REQUEST)),
    and_(col(ExemptionGround.evidence) != "", ~_has(EVIDENCE)),
)
_OF_FILES = select(ExemptionPiece.file_id).where(col(ExemptionPiece.exemption_id) == Exemption.id).correlate(Exemption)
_DECISIONS = (StepKind.ACCEPTED, StepKind.REFUSED, StepKind.CANCELLED)
_DECIDED_AT = (
    select(func.max(ExemptionStep.at))
    .where(col(ExemptionStep.exemption_id) == Exemption.id, col(ExemptionStep.kind).in_(_DECISIONS), ~_IS_ASKED)
    .correlate(Exemption)
    .scalar_subquery()
)
_FILES = select(func.count()).where(col(StoredFile.id).in_(_OF_FILES)).scalar_subquery()
_DIGESTS = (
    select(func.aggregate_strings(StoredFile.digest, " ")).where(col(StoredFile.id).in_(_OF_FILES)).scalar_subquery()
)


def _condition(shown: Shown, day: date) -> ColumnElement[bool]:
    conditions: dict[Shown, ColumnElement[bool]] = {
        Shown.ALL: literal(value=True) == literal(value=True),
        Shown.WAITING: _IS_ASKED,
        Shown.IN_FORCE: _IS_ACCEPTED,
        Shown.TO_RENEW: and_(_IS_ACCEPTED, col(Exemption.valid_until) <= day + SOON),
        Shown.MISSING: and_(or_(_IS_ASKED, _IS_ACCEPTED), _IS_MISSING),
        Shown.PAST: ~or_(_IS_ASKED, _IS_ACCEPTED),
    }
    return conditions[shown]


def _standing(day: date) -> ColumnElement[str]:
    until = col(Exemption.valid_until)
    ranked = (
        (and_(_IS_ASKED, _IS_MISSING), Standing.TO_COMPLETE),
        (_IS_ASKED, Standing.TO_DECIDE),
        (and_(_IS_ACCEPTED, until < day), Standing.EXPIRED),
        (and_(_IS_ACCEPTED, _IS_MISSING), Standing.UNPROVEN),
        (and_(_IS_ACCEPTED, until <= day + SOON), Standing.TO_RENEW),
        (_IS_ACCEPTED, Standing.IN_FORCE),
        (_STATE == ExemptionState.REFUSED, Standing.REFUSED),
        (_STATE == ExemptionState.CANCELLED, Standing.CANCELLED),
    )
    return case(
        *((condition, literal(standing.value, String())) for condition, standing in ranked),
        else_=literal(Standing.ENDED.value, String()),
    )


def _query(viewer: Viewer, filters: RegisterFilters, day: date) -> Any:
    columns = (
        *(Exemption.id, Employee.id, Employee.matricule, Employee.last_name, Employee.usage_name, Employee.first_name),
        *(ExemptionGround.code, ExemptionGround.label, ExemptionGround.kind, ExemptionGround.article),
        ExemptionGround.is_renewable,
        *(Exemption.origin, Exemption.stated_on, Exemption.other_insurer, Exemption.starts_on, Exemption.valid_until),
        *(Exemption.ended_on, Exemption.end_cause, Exemption.asked_at),
        *(_DECIDED_AT, _FILES, _DIGESTS, _standing(day)),
    )
    query = _joined(select(*columns), viewer).where(_condition(filters.shown, day))
    return query.where(col(ExemptionGround.code) == filters.ground) if filters.ground else query


def _joined(query: Any, viewer: Viewer) -> Any:
    return (
        query.select_from(Exemption)
        .join(Employee, col(Employee.id) == Exemption.employee_id)
        .join(ExemptionGround, col(ExemptionGround.id) == Exemption.ground_id)
        .where(col(Employee.company_id) == viewer.company_id)
    )


def _rows(db: Session, query: Any, place: tuple[str, int] | None, most: int) -> list[RegisterRow]:
    key = (col(Employee.search), col(Exemption.id))
    if place is not None:
        query = query.where(tuple_(*key) > tuple_(literal(place[0]), literal(place[1])))
    return [RegisterRow._make(row) for row in db.connection().execute(query.order_by(*key).limit(most))]


def _place(db: Session, viewer: Viewer, exemption_id: int) -> tuple[str, int] | None:
    query = _joined(select(Employee.search, Exemption.id), viewer).where(col(Exemption.id) == exemption_id)
    row = db.connection().execute(query).first()
    return (row[0], row[1]) if row else None
