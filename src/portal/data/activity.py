"""The viewer's own evidence, to be read in words (R-51): what the account did, and what others did or saw of it.

Others' acts are told without the details of whoever acted: where from and with which browser is their own business.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, Subquery, or_, select, union
from sqlmodel import Session, SQLModel

from portal.data.accounts import Role, Space
from portal.data.evidence import ABOUT_ACCOUNT, SESSION_PREFIX, Action, Outcome
from portal.data.sessions import Viewer
from portal.data.software_access import SOFTWARE_SESSION

PAGE = 50

_rows = SQLModel.metadata.tables["evidence"]
_details = SQLModel.metadata.tables["evidence_detail"]
_persons = SQLModel.metadata.tables["evidence_person"]
_accounts = SQLModel.metadata.tables["account"]


@dataclass(frozen=True, slots=True)
class Act:
    """One row. `is_own`: the account's own; then `address` and `browser` say from where, until they are erased.
    `by_staff`: somebody at the insurer's desk did it. `is_here`: in the session that is asking. `practice`: the
    health professional who did it, whom the person concerned may know (article 15 of the GDPR: recipients).
    `by_software`: the practice's software did it, by itself. `purpose`: the code of what staff said that they looked
    for (`desk_purposes.py`); of what others did, nothing else is told of the details."""

    seq: int
    at: datetime
    action: str
    object: str
    is_refused: bool
    is_own: bool
    by_staff: bool
    is_here: bool
    address: str
    browser: str
    practice: str = ""
    by_software: bool = False
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which acts: of these actions only, by others only; none of `left_out`."""

    actions: Collection[Action] = ()
    others_only: bool = False
    left_out: Collection[Action] = (Action.ACTIVITY_READ,)


EVERYTHING = Wanted(left_out=())


def account_object(account_id: int) -> str:
    """How the evidence names an account that an act is about, in `object`: a bare number, since it cannot be erased."""
    return f"compte:{account_id}"


def recent_acts(db: Session, viewer: Viewer, wanted: Wanted, before: int | None = None, most: int = PAGE) -> list[Act]:
    """At most `most` acts, newest first, older than the row `before`."""
    found = _newest(viewer, wanted, before, most).subquery()
    query = _shown().where(_rows.c.seq.in_(select(found.c.seq))).order_by(_rows.c.seq.desc()).limit(most)
    return [_act(row, viewer) for row in db.connection().execute(query)]


def concerned_person(viewer: Viewer) -> int | None:
    """The person whose readers the viewer may know: themselves. A representative follows the account's acts alone."""
    return None if viewer.role == Role.REPRESENTATIVE else viewer.person_id


def all_acts(db: Session, viewer: Viewer) -> Iterator[Act]:
    """Every act, newest first, in batches."""
    before, batch = None, 1000
    while acts := recent_acts(db, viewer, EVERYTHING, before, batch):
        yield from acts
        before = acts[-1].seq


def _newest(viewer: Viewer, wanted: Wanted, before: int | None, most: int) -> CompoundSelect[Any]:
    """A search by index for each way in which an act concerns the viewer; each gives no more than is asked for."""
    conditions = _conditions(viewer, wanted)
    each = (_last(key, rows.where(*conditions), before, most) for key, rows in _ways(viewer, wanted))
    return union(*(select(way.c.seq) for way in each))


def _ways(viewer: Viewer, wanted: Wanted) -> Iterator[tuple[ColumnElement[int], Select[Any]]]:
    """Each with the column of its index that says which is newer."""
    rows = select(_rows.c.seq)
    yield _rows.c.seq, rows.where(ABOUT_ACCOUNT, _rows.c.object == account_object(viewer.account_id))
    if not wanted.others_only:
        yield _rows.c.seq, rows.where(_rows.c.actor == viewer.account_id)
    if (person_id := concerned_person(viewer)) is not None:
        yield _rows.c.seq, rows.where(_rows.c.acting_for == person_id)
        seen = rows.join(_persons, _persons.c.seq == _rows.c.seq)
        yield _persons.c.seq, seen.where(_persons.c.person_id == person_id)


def _last(key: ColumnElement[int], rows: Select[Any], before: int | None, most: int) -> Subquery:
    older = rows if before is None else rows.where(key < before)
    return older.order_by(key.desc()).limit(most).subquery()


def _conditions(viewer: Viewer, wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [_rows.c.action.not_in(list(wanted.left_out))]
    if wanted.actions:
        found.append(_rows.c.action.in_(list(wanted.actions)))
    if wanted.others_only:
        found.append(or_(_rows.c.actor.is_(None), _rows.c.actor != viewer.account_id))
    return found


def _shown() -> Select[Any]:
    return (
        select(
            _rows.c.seq,
            _rows.c.at,
            _rows.c.actor,
            _rows.c.session,
            _rows.c.action,
            _rows.c.object,
            _rows.c.outcome,
            _accounts.c.space,
            _accounts.c.organisation,
            _details.c.details,
        )
        .outerjoin_from(_rows, _details, _details.c.seq == _rows.c.seq)
        .outerjoin(_accounts, _accounts.c.id == _rows.c.actor)
    )


def _act(row: Any, viewer: Viewer) -> Act:
    is_own = row.actor == viewer.account_id
    by_staff = row.space == Space.DESK and not is_own
    details = json.loads(row.details) if (is_own or by_staff) and row.details else {}
    where = details if is_own else {}
    return Act(
        seq=row.seq,
        at=row.at,
        action=row.action,
        object=row.object,
        is_refused=row.outcome == Outcome.REFUSED,
        is_own=is_own,
        by_staff=by_staff,
        is_here=row.session == viewer.session_hash[:SESSION_PREFIX],
        address=str(where.get("address", "")),
        browser=str(where.get("browser", "")),
        practice=row.organisation if row.space == Space.PROVIDER and not is_own else "",
        by_software=(row.session or "").startswith(SOFTWARE_SESSION),
        purpose=str(details.get("purpose", "")) if by_staff else "",
    )
