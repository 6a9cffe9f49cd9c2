"""Whom an export tells of: the viewer, and the minors under the viewer's own contracts (family privacy, R-72).

An adult's care is that adult's to export, also while it is shared; so is that of a minor granted autonomy.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Table, select
from sqlmodel import Session, SQLModel, col
from sqlmodel import select as select_rows

from portal.data.accounts import Role
from portal.data.activity import concerned_person
from portal.data.benefits import BenefitLine, Payment
from portal.data.coverage import Beneficiary, Contract, Product
from portal.data.holdings import Held
from portal.data.persons import Person
from portal.data.sessions import Viewer
from portal.data.visibility import visible_scope

# What the insurer holds of a minor by the contract of whoever exports, and what it is called there.
OF_MINORS = {
    "person": "Identité",
    "beneficiary": "Périodes de couverture",
    "benefit_line": "Prestations",
    "remote_link": "Télétransmission",
}
BATCH = 500


@dataclass(frozen=True, slots=True)
class Subject:
    """A person of an export. `member_id`: under whose contracts alone, for a minor; None: under all."""

    person_id: int
    name: str
    member_id: int | None = None


@dataclass(frozen=True, slots=True)
class Cover:
    """A period of cover, and its contract."""

    period: Beneficiary
    contract: Contract
    product: str


@dataclass(frozen=True, slots=True)
class Care:
    """A benefit line, and when it was paid."""

    line: BenefitLine
    paid_on: date | None


def subjects_of(db: Session, viewer: Viewer, today: date) -> list[Subject]:
    """The viewer first, then minors by age; nobody for an account that is not a covered person's own."""
    person_id = concerned_person(viewer)
    if person_id is None:
        return []
    person = db.get_one(Person, person_id)
    return [Subject(person_id, f"{person.first_name} {person.last_name}"), *_minors(db, viewer, today)]


def rows_of_minor(table: Table, held: Held, minor: Subject) -> ColumnElement[bool]:
    """Which rows of one of the tables `OF_MINORS` an export gives."""
    rows: ColumnElement[bool] = table.c[held.column] == minor.person_id
    if "member_id" in table.c:
        return rows & (table.c.member_id == minor.member_id)
    if "contract_id" in table.c:
        contracts = SQLModel.metadata.tables["contract"]
        own = select(contracts.c.id).where(contracts.c.member_id == minor.member_id)
        return rows & table.c.contract_id.in_(own)
    return rows


def person_of(db: Session, subject: Subject) -> Person:
    """The person whom an export tells of."""
    return db.get_one(Person, subject.person_id)


def covers_of(db: Session, subject: Subject) -> list[Cover]:
    """The subject's periods of cover, the oldest first."""
    query = (
        select_rows(Beneficiary, Contract, Product.name)
        .join(Contract, col(Contract.id) == Beneficiary.contract_id)
        .join(Product, col(Product.id) == Contract.product_id)
        .where(Beneficiary.person_id == subject.person_id)
        .order_by(Beneficiary.valid_from, col(Beneficiary.id))
    )
    if subject.member_id is not None:
        query = query.where(Contract.member_id == subject.member_id)
    return [Cover(*row) for row in db.exec(query)]


def care_of(db: Session, subject: Subject) -> Iterator[Care]:
    """The subject's benefit lines, the oldest first, in batches: ten years of them are never in memory at once."""
    query = (
        select_rows(BenefitLine, Payment.paid_on)
        .outerjoin(Payment, col(Payment.id) == BenefitLine.payment_id)
        .where(BenefitLine.person_id == subject.person_id)
        .order_by(col(BenefitLine.id))
    )
    if subject.member_id is not None:
        query = query.where(BenefitLine.member_id == subject.member_id)
    rows: Any = db.exec(query.execution_options(yield_per=BATCH))
    return (Care(*row) for row in rows)


def _minors(db: Session, viewer: Viewer, today: date) -> list[Subject]:
    if viewer.role != Role.MEMBER:
        return []
    return [
        Subject(one.person_id, f"{one.first_name} {one.last_name}", one.member_id)
        for one in visible_scope(db, viewer, today).relatives
        if not one.is_self and not one.is_private and one.in_detail and one.member_id == viewer.person_id
    ]
