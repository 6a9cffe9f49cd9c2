"""Reading the evidence record back (R-51): the whole chain to verify it, one account's rows to extract them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, String, bindparam, func, select, type_coerce
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel

from portal.data.activity import account_object
from portal.data.evidence import ABOUT_ACCOUNT, Action
from portal.data.evidence_chain import GENESIS, HASHED_FIELDS, commitment_of, row_hash
from portal.data.evidence_persons import persons_shown

BATCH = 5_000
BEFORE_ALL = -(2**63)
PERSONS_KEY = '"persons"'

_rows = SQLModel.metadata.tables["evidence"]
_details = SQLModel.metadata.tables["evidence_detail"]
_persons = SQLModel.metadata.tables["evidence_person"]


@dataclass(frozen=True, slots=True)
class Fault:
    """The first row that is not as it was written, and what is wrong with it."""

    seq: int
    problem: str


@dataclass(frozen=True, slots=True)
class Position:
    """A row up to which the chain is known to be good, and its hash; the beginning of the chain without one."""

    seq: int = 0
    hash: str = GENESIS


@dataclass(slots=True)
class Verdict:
    """What a reading of the chain found. `noted`: the rows that the chain says checkpoints were signed for."""

    rows: int = 0
    last_hash: str = GENESIS
    details: int = 0
    erased: int = 0
    fault: Fault | None = None
    noted: set[int] = field(default_factory=set)


class _Unreadable(Exception):
    def __init__(self, after: int) -> None:
        self.after = after


def verify_chain(db: Session, anchors: Mapping[int, str]) -> Verdict:
    """Reads the chain from its first row to its first fault. `anchors`: hashes by `seq` that checkpoints signed. The
    session sees one instant (`Database.read_instant`): what is erased meanwhile would look like a fault."""
    verdict, is_end = verify_slice(db, anchors, Position())
    if is_end:
        verdict.fault = end_fault(db, verdict.rows, anchors)
    return verdict


def verify_slice(
    db: Session, anchors: Mapping[int, str], start: Position, most: int | None = None
) -> tuple[Verdict, bool]:
    """Reads on from a good row to the first fault, `most` rows at most; whether the chain's end was reached, without a
    fault. The verdict's `rows` and `last_hash` are those of the last good row."""
    verdict = Verdict(start.seq, start.hash)
    try:
        for row, filed in _stream(db, start.seq or BEFORE_ALL):
            if most is not None and verdict.rows - start.seq >= most:
                return verdict, False
            problem = _row_problem(row, verdict, anchors) or _filing_problem(row[13], filed)
            if problem:
                verdict.fault = Fault(verdict.rows + 1, problem)
                return verdict, False
            _count(verdict, row)
    except _Unreadable as unreadable:
        verdict.fault = Fault(unreadable.after + 1, "cannot be read from the database")
        return verdict, False
    return verdict, True


def start_fault(db: Session, start: Position) -> Fault | None:
    """What became of the row from which a reading goes on."""
    if not start.seq:
        return None
    found = db.connection().execute(select(_rows.c.hash).where(_rows.c.seq == start.seq)).scalar()
    if found is None:
        return Fault(start.seq, "is missing, though it was verified before")
    return None if found == start.hash else Fault(start.seq, "is not the row that was verified before")


def rows_of_account(db: Session, account_id: int, person_id: int | None) -> list[dict[str, Any]]:
    """What an account did or was tried on it, what others did for its person, what others were shown of that person,
    oldest first, with the details that still exist, and the hash of the row that follows each. For the insurer's
    extraction in a dispute (R-51) only: the details are those of whoever acted."""
    following = _rows.alias("following")
    query = (
        _select(db)
        .add_columns(following.c.hash.label("next_hash"))
        .outerjoin(following, following.c.seq == _rows.c.seq + 1)
        .where(_rows.c.seq.in_(_concerning(account_id, person_id)))
        .order_by(_rows.c.seq)
    )
    return [dict(row) for row in db.connection().execute(query).mappings()]


def account_key(db: Session, identifier: str) -> tuple[int, int | None] | None:
    """The account's id and its person's id, by the identifier its holder signs in with; None when unknown."""
    accounts = SQLModel.metadata.tables["account"]
    query = select(accounts.c.id, accounts.c.person_id).where(accounts.c.identifier == identifier)
    row = db.connection().execute(query).first()
    return (row.id, row.person_id) if row else None


def _concerning(account_id: int, person_id: int | None) -> CompoundSelect[Any]:
    """Searches by index: one condition over both tables would read the whole chain."""
    by_account = select(_rows.c.seq).where(_rows.c.actor == account_id)
    on_account = select(_rows.c.seq).where(ABOUT_ACCOUNT, _rows.c.object == account_object(account_id))
    for_person = select(_rows.c.seq).where(_rows.c.acting_for == person_id)
    showing = select(_persons.c.seq).where(_persons.c.person_id == person_id)
    return by_account.union(on_account, *(() if person_id is None else (for_person, showing)))


def _select(db: Session) -> Select[Any]:
    hashed = [_instant_text(db) if name == "at" else _rows.c[name] for name in HASHED_FIELDS]
    return select(*hashed, _rows.c.hash, _details.c.salt, _details.c.details).outerjoin_from(
        _rows, _details, _details.c.seq == _rows.c.seq
    )


def _instant_text(db: Session) -> ColumnElement[str]:
    """The instant as the canonical text, without a trip through datetime objects, which would hide odd values."""
    if db.get_bind().dialect.name == "sqlite":
        return type_coerce(_rows.c.at, String).label("at")
    return func.to_char(func.timezone("UTC", _rows.c.at), "YYYY-MM-DD HH24:MI:SS.US").label("at")


def _stream(db: Session, after: int) -> Iterator[tuple[Any, set[int]]]:
    """Each row with the persons it is filed under. By key, in batches: flat memory on both databases. A batch that the
    driver cannot read is read row by row."""
    query = _select(db).where(_rows.c.seq > bindparam("after")).order_by(_rows.c.seq).limit(bindparam("count"))
    connection, count = db.connection(), BATCH
    while True:
        try:
            batch = connection.execute(query, {"after": after, "count": count}).all()
        except (DBAPIError, UnicodeDecodeError, TypeError, ValueError) as error:
            if count == 1:
                raise _Unreadable(max(after, 0)) from error
            count = 1
            continue
        if not batch:
            return
        filed = _filed(db, batch[0][0], batch[-1][0])
        yield from ((row, filed.get(row[0], set())) for row in batch)
        after = batch[-1][0]


def _filed(db: Session, first: int, last: int) -> dict[int, set[int]]:
    """The index of persons, by `seq`, from one row to another."""
    filed: dict[int, set[int]] = {}
    query = select(_persons.c.seq, _persons.c.person_id).where(_persons.c.seq.between(first, last))
    for seq, person in db.connection().execute(query):
        filed.setdefault(seq, set()).add(person)
    return filed


def _row_problem(row: Any, verdict: Verdict, anchors: Mapping[int, str]) -> str:
    seq = row[0]
    expected = verdict.rows + 1
    if seq != expected:
        return "is missing" if seq > expected else f"a row numbered {seq} stands before it"
    if row[10] != verdict.last_hash:
        return "does not follow the row before it: one of the two was changed, inserted or moved"
    if row[11] != _hash_or_nothing(row[:11]):
        return "was changed: its content does not give its hash"
    if seq in anchors and anchors[seq] != row[11]:
        return "is not the row that a checkpoint signed: the chain was rewritten up to here"
    return _details_problem(row[9], row[12], row[13])


def _hash_or_nothing(values: Any) -> str:
    try:
        return row_hash(values)
    except (TypeError, ValueError):
        return ""


def _details_problem(commitment: str, salt: str | None, details: str | None) -> str:
    if details is None and salt is None:
        return ""
    if not commitment:
        return "had no details when it was written, and has some now"
    return "" if commitment_of(str(salt), str(details)) == commitment else "has details that were changed"


def _filing_problem(details: str | None, filed: set[int]) -> str:
    """An index that leaves a person out would hide from that person who read what."""
    shown = persons_shown(json.loads(details)) if details and PERSONS_KEY in details else set()
    return "" if filed == shown else "is filed under other persons than those whose data it showed"


def _count(verdict: Verdict, row: Any) -> None:
    verdict.rows += 1
    verdict.last_hash = row[11]
    if row[9]:
        verdict.details += 1
        verdict.erased += row[13] is None
    if row[5] == Action.CHECKPOINT_SIGNED and row[6].isdecimal():
        verdict.noted.add(int(row[6]))


def end_fault(db: Session, rows: int, anchors: Mapping[int, str]) -> Fault | None:
    """What is missing after the last of so many rows, by what checkpoints signed and by the details."""
    signed = max(anchors, default=0)
    if signed > rows:
        return Fault(rows + 1, f"is missing, with all that followed: a checkpoint signed row {signed}")
    orphan = db.connection().execute(select(func.max(_details.c.seq))).scalar()
    if orphan is not None and orphan > rows:
        return Fault(rows + 1, f"is missing, with all that followed: details of row {orphan} are still there")
    return None
