"""Issued statements: numbered, stored with their files, never changed (R-22). data/statement_content.py fills them."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import LargeBinary, UniqueConstraint, func, select
from sqlmodel import Field, Session, SQLModel
from stdnum import luhn

from portal.data.accounts import Account, Role, Space
from portal.data.benefits import BenefitLine, Payment
from portal.data.columns import Index, instant
from portal.data.coverage import Beneficiary, Contract
from portal.data.persons import Person
from portal.data.sessions import Stage, Viewer
from portal.data.standing import closed, suspended
from portal.data.statement_content import Content
from portal.data.statement_periods import Period
from portal.data.visibility import lines_of, statement_owner, statement_scope

# Crockford's digits: no I, L, O or U, so that a number read aloud or copied by hand stays the same.
NUMBER_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
NUMBER_LENGTH = 6
SYSTEM_SESSION = ""


class Statement(SQLModel, table=True):
    """An issued statement of benefits (relevé): immutable, same number, same bytes.

    `content` is the JSON of `Content`, from which `pdf` and `csv` were made; sizes are bytes; `replaces` is the number
    of the revision before this one, if any.
    """

    __tablename__ = "statement"
    __table_args__ = (
        UniqueConstraint("person_id", "period_start", "period_end", "revision"),
        Index("ix_statement_person", "person_id", "period_end"),
    )

    id: int | None = Field(default=None, primary_key=True)
    number: str = Field(unique=True)
    person_id: int = Field(foreign_key="person.id")
    kind: str
    period_start: date
    period_end: date
    revision: int = 1
    replaces: str = ""
    issued_at: datetime = instant()
    line_count: int
    reimbursed_cents: int
    supplementary_cents: int
    content_digest: str
    content: bytes = Field(sa_type=LargeBinary)
    pdf: bytes = Field(sa_type=LargeBinary)
    csv: bytes = Field(sa_type=LargeBinary)
    pdf_size: int
    csv_size: int


class Issued(NamedTuple):
    """An issued statement without its files; amounts in cents, sizes in bytes."""

    id: int
    number: str
    kind: str
    period_start: date
    period_end: date
    revision: int
    replaces: str
    issued_at: datetime
    line_count: int
    reimbursed_cents: int
    supplementary_cents: int
    content_digest: str
    pdf_size: int
    csv_size: int


@dataclass(frozen=True, slots=True)
class Draft:
    """A statement about to be issued: its files are made from this, then both are stored together."""

    number: str
    issued_at: datetime
    revision: int
    replaces: str
    content: Content


@dataclass(frozen=True, slots=True)
class Files:
    """A statement's documents."""

    pdf: bytes
    csv: bytes


class StoredFile(NamedTuple):
    """A file as it was issued, and the persons that it tells about."""

    number: str
    body: bytes
    persons: list[int]


class MonthPaid(NamedTuple):
    """What was paid in a month, in cents; counts private lines too."""

    line_count: int
    reimbursed_cents: int
    supplementary_cents: int


_STATEMENT = Statement.__table__.c
_ISSUED = [_STATEMENT[name] for name in Issued._fields]


def issued_statements(db: Session, viewer: Viewer) -> list[Issued]:
    """The viewer's statements, newest period first; of a period with revisions, the last one first."""
    statement = (
        select(*_ISSUED)
        .where(_STATEMENT.person_id == statement_owner(db, viewer))
        .order_by(_STATEMENT.period_end.desc(), _STATEMENT.period_start, _STATEMENT.revision.desc())
    )
    return [Issued._make(row) for row in db.connection().execute(statement)]


def last_issued(db: Session, viewer: Viewer, period: Period) -> Issued | None:
    """The newest revision of the viewer's statement of exactly this period."""
    statement = (
        select(*_ISSUED)
        .where(_STATEMENT.person_id == statement_owner(db, viewer))
        .where(_STATEMENT.period_start == period.start, _STATEMENT.period_end == period.end)
        .order_by(_STATEMENT.revision.desc())
        .limit(1)
    )
    row = db.connection().execute(statement).first()
    return Issued._make(row) if row else None


def find_statement(db: Session, viewer: Viewer, statement_id: int) -> tuple[Issued, Content] | None:
    """The viewer's statement as it was issued, or None when it is not the viewer's."""
    row = _owned(db, viewer, statement_id, *_ISSUED, _STATEMENT.content)
    return (Issued._make(row[:-1]), msgspec.json.decode(row[-1], type=Content)) if row else None


def find_file(db: Session, viewer: Viewer, statement_id: int, kind: str) -> StoredFile | None:
    """The stored file (`kind`: pdf or csv), or None when the statement is not the viewer's."""
    file = {"pdf": _STATEMENT.pdf, "csv": _STATEMENT.csv}[kind]
    row = _owned(db, viewer, statement_id, _STATEMENT.number, file, _STATEMENT.content)
    return StoredFile(row[0], bytes(row[1]), msgspec.json.decode(row[2], type=Content).person_ids) if row else None


def draft_statement(content: Content, previous: Issued | None, now: datetime) -> Draft:
    """The draft of a new statement: the first one of its period, or the revision that replaces `previous`."""
    revision, replaces = (previous.revision + 1, previous.number) if previous else (1, "")
    return Draft(new_number(content.period_end), now, revision, replaces, content)


def store_statement(db: Session, viewer: Viewer, draft: Draft, files: Files) -> Issued | None:
    """Stores a draft with its files; None when another revision of the same period came in between."""
    period = Period(draft.content.kind, draft.content.period_start, draft.content.period_end)
    _lock_person(db, viewer)
    last = last_issued(db, viewer, period)
    if (last.number if last else "") != draft.replaces:
        return None
    db.add(_row(viewer, draft, files))
    db.flush()
    return last_issued(db, viewer, period)


def months_paid(db: Session, viewer: Viewer, today: date) -> dict[date, MonthPaid]:
    """What was paid in each month for the lines that the viewer may read, by the month's first day."""
    scope = statement_scope(db, viewer, today)
    payment, line = Payment.__table__.c, BenefitLine.__table__.c
    reimbursed = func.sum(line.base_net_cents + line.supplementary_cents)
    statement = (
        select(payment.paid_on, func.count(), reimbursed, func.sum(line.supplementary_cents))
        .join(BenefitLine, line.payment_id == payment.id)
        .where(lines_of(scope.detailed))
        .group_by(payment.paid_on)
    )
    months: dict[date, MonthPaid] = {}
    for paid_on, *sums in db.connection().execute(statement) if scope.relatives else ():
        first = paid_on.replace(day=1)
        before = months.get(first, MonthPaid(0, 0, 0))
        months[first] = MonthPaid(*(old + int(new) for old, new in zip(before, sums, strict=True)))
    return months


def first_cover_day(db: Session, viewer: Viewer) -> date | None:
    """The first day on which the viewer, or somebody under the viewer's contract, was covered."""
    cover, contract = Beneficiary.__table__.c, Contract.__table__.c
    statement = (
        select(func.min(cover.valid_from))
        .join(Contract, contract.id == cover.contract_id)
        .where((cover.person_id == viewer.person_id) | (contract.member_id == viewer.person_id))
    )
    return db.connection().execute(statement).scalar()


def viewers_to_issue_for(db: Session, identifier: str | None = None) -> Iterator[Viewer]:
    """The accounts that batch issuing serves, as their own viewers: all usable ones of covered persons, or one."""
    names = ("space", "role", "display_name", "organisation", "person_id", "company_id", "provider_id")
    columns = [Account.id.label("account_id"), *(getattr(Account, name) for name in names)]
    columns.append(Account.created_at.label("confirmed_at"))
    covered = (Account.space == Space.MEMBER, Account.person_id.is_not(None), Account.role != Role.REPRESENTATIVE)
    statement = select(*columns).where(*covered, ~suspended, ~closed)
    if identifier is not None:
        statement = statement.where(Account.identifier == identifier)
    for row in db.connection().execute(statement.order_by(Account.id)).mappings().all():
        yield Viewer(**row, stage=Stage.FULL, session_hash=SYSTEM_SESSION)


def new_number(period_end: date) -> str:
    """A new statement number, « R-2026-10-XXXXXXC »: the period's last month, 30 random bits, a check character."""
    body = "".join(secrets.choice(NUMBER_ALPHABET) for _ in range(NUMBER_LENGTH))
    return f"R-{period_end:%Y-%m}-{body}{luhn.calc_check_digit(body, NUMBER_ALPHABET)}"


def _owned(db: Session, viewer: Viewer, statement_id: int, *columns: Any) -> Any:
    statement = select(*columns).where(
        _STATEMENT.id == statement_id, _STATEMENT.person_id == statement_owner(db, viewer)
    )
    return db.connection().execute(statement).first()


def _lock_person(db: Session, viewer: Viewer) -> None:
    """One statement at a time for a person: a second request waits here, then finds the first one's work."""
    person = Person.__table__.c
    db.connection().execute(select(person.id).where(person.id == viewer.person_id).with_for_update())


def _row(viewer: Viewer, draft: Draft, files: Files) -> Statement:
    content = draft.content
    return Statement(
        number=draft.number,
        person_id=viewer.person_id,
        kind=content.kind,
        period_start=content.period_start,
        period_end=content.period_end,
        revision=draft.revision,
        replaces=draft.replaces,
        issued_at=draft.issued_at,
        line_count=content.line_count,
        reimbursed_cents=content.totals.reimbursed_cents,
        supplementary_cents=content.totals.supplementary_cents,
        content_digest=content.digest(),
        content=msgspec.json.encode(content),
        pdf=files.pdf,
        csv=files.csv,
        pdf_size=len(files.pdf),
        csv_size=len(files.csv),
    )
