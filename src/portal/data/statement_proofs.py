"""What the evidence proves of issued statements (R-22, R-51): the digests of their files stand in the chain itself.

The object of a `statement.issued` row is « R-2026-10-XXXXXXC pdf:… csv:… content:… »: SHA-256 of the two files and of
the content that the page shows. It is no detail: details may be erased one day, while the chain must go on proving the
bytes.
Only the operator's audit calls `check_statements`: it acts for no account, so there is no viewer.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import LargeBinary, bindparam, cast, func, select
from sqlmodel import Session, SQLModel

from portal.data.evidence import Action, Outcome
from portal.data.evidence_audit import BEFORE_ALL, Fault
from portal.data.statements import Issued, Statement

BATCH = 20
NUMBER_WIDTH = len("R-2026-10-XXXXXXC")
PARTS = ("pdf", "csv", "content")

_rows = SQLModel.metadata.tables["evidence"]
_statement = Statement.__table__.c
_number = func.substr(_rows.c.object, 1, NUMBER_WIDTH)
# SQLite takes any type in a column: what is no blob must be a difference found, never a crash.
_parts = [cast(_statement[name], LargeBinary).label(name) for name in PARTS]
_issuing = (_rows.c.action == Action.STATEMENT_ISSUED, _rows.c.outcome == Outcome.OK)


@dataclass(slots=True)
class StatementsVerdict:
    """`kept` match their digests; `gone` were deleted since (retention); `unproven`: issued without digests."""

    kept: int = 0
    gone: int = 0
    unproven: int = 0
    fault: Fault | None = None


def proof_of(db: Session, issued: Issued) -> str:
    """The object of the row that records the issue: the number, and the digests of what is stored."""
    row = db.connection().execute(select(*_parts).where(_statement.number == issued.number)).one()
    return " ".join([issued.number, *(f"{name}:{_digest(value)}" for name, value in zip(PARTS, row, strict=True))])


def check_statements(db: Session) -> StatementsVerdict:
    """Compares each stored statement with the digests in the chain, up to the first that differs."""
    verdict = StatementsVerdict()
    for row in _issued(db):
        _judge(row, verdict)
        if verdict.fault is not None:
            return verdict
    verdict.fault = _never_issued(db)
    return verdict


def _judge(row: Any, verdict: StatementsVerdict) -> None:
    proofs = dict(part.partition(":")[::2] for part in row.object.split(" ")[1:])
    if row.number is None:
        verdict.gone += 1
    elif not proofs:
        verdict.unproven += 1
    else:
        verdict.kept += 1
        changed = [name for name in PARTS if proofs.get(name) != _digest(getattr(row, name))]
        if changed:
            words = f"issued the statement {row.number}, whose stored {changed[0]} is no longer the one issued"
            verdict.fault = Fault(row.seq, words)


def _issued(db: Session) -> Iterator[Any]:
    """The chain's issues in order with what is stored of each, a few at a time: files are large."""
    query = (
        select(_rows.c.seq, _rows.c.object, _statement.number, *_parts)
        .outerjoin_from(_rows, Statement, _statement.number == _number)
        .where(*_issuing, _rows.c.seq > bindparam("after"))
        .order_by(_rows.c.seq)
        .limit(BATCH)
    )
    after = BEFORE_ALL
    while batch := db.connection().execute(query, {"after": after}).all():
        yield from batch
        after = batch[-1].seq


def _never_issued(db: Session) -> Fault | None:
    """A stored statement that no row of the chain issued."""
    query = select(func.min(_statement.number)).where(_statement.number.not_in(select(_number).where(*_issuing)))
    number = db.connection().execute(query).scalar()
    if number is None:
        return None
    end = db.connection().execute(select(func.max(_rows.c.seq))).scalar() or 0
    return Fault(end + 1, f"is missing: no row issued the statement {number}, which is stored")


def _digest(value: bytes | None) -> str:
    return hashlib.sha256(value or b"").hexdigest()
