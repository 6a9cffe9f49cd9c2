"""Exemptions from the group contract (dispenses): what an employee asks, and what became of it (R-30, domain 3.5).

An exemption is asked by the employee, in writing, under one legal case (`data/exemption_grounds.py`), with evidence; it
is always the employee's own wish. Renewing is asking again: another row, which takes the place of the one before. Rows
are reached through the company's employees. Decisions are in `data/exempting.py`; whoever acts has locked the employee.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, select

from portal.data.employee_acts import AHEAD_MONTHS, Refused, open_period
from portal.data.employees import Employee, lock_employee
from portal.data.exemption_grounds import ExemptionGround, ground_open
from portal.data.exemption_rows import (
    EVIDENCE,
    EndCause,
    Exemption,
    ExemptionPiece,
    ExemptionState,
    ExemptionStep,
    Origin,
    StepKind,
)
from portal.data.files import NewFile, StoredFile, keep_file
from portal.data.reversal import Changes
from portal.data.rules import add_months
from portal.data.sessions import Viewer
from portal.formatting import day_in_france

MOST_MONTHS = 600
"""How far ahead a day may lie that no legal case limits: a working life."""


class ExemptionMoved(Exception):
    """Somebody changed the exemption since the person saw it; `exemption` is what it is now."""

    def __init__(self, exemption: Exemption) -> None:
        super().__init__()
        self.exemption = exemption


@dataclass(frozen=True, slots=True)
class Wish:
    """What an employee asks. `ground`: code of the legal case; `stated_on`: day of the written request; `starts_on`:
    first day without the group contract; `until`: last day of what covers the employee, when the case asks for it."""

    ground: str
    stated_on: date
    starts_on: date
    until: date | None = None
    other_insurer: str = ""
    statement: str = ""


def ask_exemption(
    db: Session,
    employee: Employee,
    wish: Wish,
    now: datetime,
    *,
    origin: Origin = Origin.ONLINE,
    viewer: Viewer | None = None,
    evidence: Sequence[NewFile] = (),
) -> Exemption:
    """Asks for an exemption on behalf of an employee, whom the caller has reached and locked; the employer decides.

    By the employee (an invitation): `origin` ONLINE, `viewer` the employee's own or None without an account,
    `wish.statement` the exact words that the employee ticked (`exemption_words.STATEMENT`), `stated_on` today,
    `evidence` files that lie in the storage already (`attachments.keep_files`; five at most, when the case's `evidence`
    is not empty). Which cases may be offered: `exemption_grounds.grounds_open(db, employee.group_contract_id, day)`.
    The caller then records `Action.EXEMPTION_ASKED` on `exemption.object` and tells the employer
    (`exemption_notices.tell_of_request`).

    Somebody exempt already asks for a renewal, or under another case. Raises `Refused`: « ground-closed »,
    « stated-later », « insurer-needed », « until-needed », « until-before », « until-too-far », « too-late »,
    « not-renewable », « asked-already », or that the employee is not employed that day. Nothing is written then.
    """
    ground = check_wish(db, employee, wish, day_in_france(now))
    if open_request(db, employee) is not None:
        raise Refused("asked-already")
    current = accepted_of(db, employee)
    if current is not None and not ground.is_renewable and ground_of(db, current).code == ground.code:
        raise Refused("not-renewable", "cas")
    exemption = Exemption(
        employee_id=employee.id or 0,
        ground_id=ground.id or 0,
        renews_id=current.id if current else None,
        origin=origin,
        stated_on=wish.stated_on,
        statement=wish.statement,
        other_insurer=wish.other_insurer,
        starts_on=wish.starts_on,
        valid_until=ground.until(wish.starts_on, wish.until),
        asked_at=now,
        asked_by=viewer.account_id if viewer else None,
    )
    db.add(exemption)
    db.flush()
    add_step(db, exemption, StepKind.ASKED, now, by=exemption.asked_by)
    attach(db, viewer, exemption, EVIDENCE, evidence, now)
    return exemption


def check_wish(db: Session, employee: Employee, wish: Wish, today: date) -> ExemptionGround:
    """The legal case that is asked for. Raises `Refused`, with the field of the form."""
    if wish.starts_on > add_months(today, AHEAD_MONTHS):
        raise Refused("too-late", "jour")
    ground = ground_open(db, employee.group_contract_id, wish.ground, wish.starts_on)
    if ground is None:
        raise Refused("ground-closed", "cas")
    if wish.stated_on > today:
        raise Refused("stated-later", "demande")
    if ground.names_insurer and not wish.other_insurer:
        raise Refused("insurer-needed", "organisme")
    _check_until(ground, wish)
    open_period(db, employee, wish.starts_on)
    return ground


def accepted_of(db: Session, employee: Employee) -> Exemption | None:
    """The exemption that holds for an employee, whether its evidence is still good or not."""
    return _one(db, employee, ExemptionState.ACCEPTED)


def open_request(db: Session, employee: Employee) -> Exemption | None:
    """What the employee asked, and nobody decided yet."""
    return _one(db, employee, ExemptionState.ASKED)


def end_accepted(db: Session, changes: Changes, employee: Employee, last_day: date, cause: EndCause) -> None:
    """Ends the exemption that holds, if one does, as a part of an act on the employee: it is taken back with the
    act."""
    held = accepted_of(db, employee)
    if held is not None:
        changes.set(held, state=ExemptionState.ENDED, ended_on=last_day, end_cause=cause)
        db.flush()


def declared_exempt(
    changes: Changes, employee: Employee, ground: ExemptionGround, starts_on: date, now: datetime, by: int | None
) -> None:
    """Keeps what a payroll's file says: exempt, in this case, evidence to come; as a part of the act that declares."""
    changes.add(
        Exemption(
            employee_id=employee.id or 0,
            ground_id=ground.id or 0,
            origin=Origin.FILE,
            state=ExemptionState.ACCEPTED,
            starts_on=starts_on,
            valid_until=ground.until(starts_on, None),
            asked_at=now,
            asked_by=by,
        )
    )


def find_exemption(db: Session, viewer: Viewer, exemption_id: int) -> tuple[Exemption, Employee] | None:
    """An exemption of an employee of the viewer's company; None when there is none."""
    query = (
        select(Exemption, Employee)
        .join(Employee, col(Employee.id) == Exemption.employee_id)
        .where(Exemption.id == exemption_id, Employee.company_id == viewer.company_id)
    )
    return db.exec(query).first() if viewer.company_id is not None else None


def lock_exemption(
    db: Session, viewer: Viewer, exemption_id: int, version: int | None
) -> tuple[Exemption, Employee] | None:
    """The same, employee and exemption locked in this order. Raises `ExemptionMoved` when it is no longer the `version`
    that the person saw (None: what is done asks for none)."""
    found = find_exemption(db, viewer, exemption_id)
    employee = lock_employee(db, viewer, found[1].id or 0, None) if found else None
    if found is None or employee is None:
        return None
    exemption = db.get_one(Exemption, exemption_id, with_for_update=True, populate_existing=True)
    if version not in {None, exemption.version}:
        raise ExemptionMoved(exemption)
    return exemption, employee


def ground_of(db: Session, exemption: Exemption) -> ExemptionGround:
    """The legal case of an exemption that the caller has reached, as it was worded then."""
    return db.get_one(ExemptionGround, exemption.ground_id)


def add_step(
    db: Session,
    exemption: Exemption,
    kind: StepKind,
    now: datetime,
    *,
    by: int | None = None,
    event_id: int | None = None,
    reason: bytes | None = None,
) -> None:
    step = ExemptionStep(
        exemption_id=exemption.id or 0,
        employee_id=exemption.employee_id,
        kind=kind,
        at=now,
        by=by,
        event_id=event_id,
        reason_encrypted=reason,
    )
    db.add(step)
    db.flush()


def attach(
    db: Session, viewer: Viewer | None, exemption: Exemption, slot: str, files: Sequence[NewFile], now: datetime
) -> list[StoredFile]:
    """Puts files into a slot of an exemption."""
    kept = [keep_file(db, viewer, new, now) for new in files]
    for row in kept:
        db.add(
            ExemptionPiece(
                exemption_id=exemption.id or 0,
                employee_id=exemption.employee_id,
                file_id=row.id or 0,
                slot=slot,
                added_at=now,
            )
        )
    db.flush()
    return kept


def _check_until(ground: ExemptionGround, wish: Wish) -> None:
    latest = ground.latest(wish.starts_on) or add_months(wish.starts_on, MOST_MONTHS)
    if ground.needs_until and wish.until is None:
        raise Refused("until-needed", "fin")
    if wish.until is not None and wish.until < wish.starts_on:
        raise Refused("until-before", "fin")
    if wish.until is not None and wish.until > latest:
        raise Refused("until-too-far", "fin")


def _one(db: Session, employee: Employee, state: ExemptionState) -> Exemption | None:
    query = select(Exemption).where(Exemption.employee_id == employee.id, Exemption.state == state)
    return db.exec(query).first()
