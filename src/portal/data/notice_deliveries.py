"""Proof that employees were given the notice of their cover (notice d'information): who, which version, when, how.

The insurer writes the notice, the employer hands it to each employee and must be able to prove it (loi Évin of 31
December 1989, article 12; code de la mutualité, L221-6). A version is that of the guarantee table behind it.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, UniqueConstraint, and_, func, or_
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.columns import Index, instant
from portal.data.employees import Employee, EmploymentPeriod, PeriodKind
from portal.data.guarantees import CoveringContract, VersionPeriod
from portal.data.sessions import Viewer
from portal.data.staff_categories import StaffCategory

PAGE_SIZE = 50
BATCH = 1000


class Means(StrEnum):
    """How a notice was handed over."""

    BY_HAND = "main"
    LETTER = "courrier"
    EMAIL = "email"
    INTRANET = "intranet"


class NoticeDelivery(SQLModel, table=True):
    """An employee was given a version of a category's notice on a day. `by`: who recorded it."""

    __tablename__ = "notice_delivery"
    __table_args__ = (
        UniqueConstraint("category_id", "version_id", "employee_id"),
        Index("ix_notice_delivery_employee", "employee_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    employee_id: int = Field(foreign_key="employee.id")
    category_id: int = Field(foreign_key="staff_category.id")
    version_id: int = Field(foreign_key="guarantee_version.id")
    given_on: date
    means: str
    recorded_at: datetime = instant()
    by: int | None = Field(default=None, foreign_key="account.id")


class Recipient(NamedTuple):
    """An employee of the category, and when and how the notice was given; None where it was not."""

    employee_id: int
    person_id: int | None
    matricule: str | None
    last_name: str
    usage_name: str
    first_name: str
    since: date
    given_on: date | None
    means: str | None

    @property
    def name(self) -> str:
        """« Exemple Camille »."""
        return f"{self.usage_name or self.last_name} {self.first_name}"


@dataclass(frozen=True, slots=True)
class Notice:
    """A category's notice in one version, while a contract lasts."""

    category: StaffCategory
    version: VersionPeriod
    contract: CoveringContract

    @property
    def since(self) -> date:
        """The first day of the version under the contract."""
        return max(self.version.valid_from, self.contract.starts_on)

    @property
    def until(self) -> date | None:
        """The last one, None while none is known."""
        return min((day for day in (self.version.valid_to, self.contract.ends_on) if day is not None), default=None)

    def day(self, today: date) -> date:
        """The day on which the version is told, and its employees counted: today while it holds, else its last day, or
        its first one to come."""
        return min(max(self.since, today), self.until or date.max)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many employees a notice concerns, and to how many it was given."""

    concerned: int
    given: int

    @property
    def missing(self) -> int:
        return self.concerned - self.given


def tally_of(db: Session, viewer: Viewer, notice: Notice, day: date) -> Tally:
    """The count of those whom a notice concerns on a day."""
    query = select(func.count(col(Employee.id)), func.count(col(NoticeDelivery.id)))
    concerned, given = db.exec(_theirs(query, viewer, notice, day)).one()
    return Tally(concerned, given)


def recipients(
    db: Session, viewer: Viewer, notice: Notice, day: date, after: int = 0, size: int = PAGE_SIZE
) -> list[Recipient]:
    """Those whom a notice concerns on a day, who come after an employee in the order of declaration."""
    columns: tuple[Any, ...] = (
        Employee.id, Employee.person_id, Employee.matricule, Employee.last_name, Employee.usage_name,
        Employee.first_name, EmploymentPeriod.starts_on, NoticeDelivery.given_on, NoticeDelivery.means,
    )  # fmt: skip
    query = _theirs(select(*columns), viewer, notice, day).where(col(Employee.id) > after)
    return [Recipient._make(row) for row in db.exec(query.order_by(col(Employee.id)).limit(size))]


def all_recipients(db: Session, viewer: Viewer, notice: Notice, day: date) -> Iterator[Recipient]:
    """Every one of them, read in batches: memory stays flat."""
    last = 0
    while batch := recipients(db, viewer, notice, day, last, BATCH):
        yield from batch
        last = batch[-1].employee_id


def record_deliveries(
    db: Session,
    viewer: Viewer,
    notice: Notice,
    given_on: date,
    means: Means,
    now: datetime,
    day: date,
    chosen: Collection[int] | None = None,
) -> int:
    """Records that a notice was given to those chosen (None: to all) who had not received it; how many.

    Whoever is not concerned on `day`, or of another company, is passed over.
    """
    db.get_one(StaffCategory, notice.category.id, with_for_update=True)
    rows = [each for each in all_recipients(db, viewer, notice, day) if each.given_on is None]
    told = [each.employee_id for each in rows if chosen is None or each.employee_id in chosen]
    values = {"category_id": notice.category.id or 0, "version_id": notice.version.id, "given_on": given_on}
    db.add_all(
        NoticeDelivery(employee_id=each, means=means, recorded_at=now, by=viewer.account_id, **values) for each in told
    )
    db.flush()
    return len(told)


def erase_deliveries(
    db: Session, viewer: Viewer, notice: Notice, chosen: Collection[int], day: date
) -> list[NoticeDelivery]:
    """Takes back what was recorded by mistake of those chosen; what was taken back. See `record_deliveries`."""
    db.get_one(StaffCategory, notice.category.id, with_for_update=True)
    theirs = [row.employee_id for row in all_recipients(db, viewer, notice, day) if row.employee_id in chosen]
    query = select(NoticeDelivery).where(
        NoticeDelivery.category_id == notice.category.id,
        NoticeDelivery.version_id == notice.version.id,
        col(NoticeDelivery.employee_id).in_(theirs),
    )
    found = list(db.exec(query))
    for delivery in found:
        db.delete(delivery)
    db.flush()
    return found


def _theirs(query: Any, viewer: Viewer, notice: Notice, day: date) -> Any:
    """The viewer's employees affiliated in the category on a day, with what was recorded of the notice."""
    given = and_(
        NoticeDelivery.employee_id == col(Employee.id),
        NoticeDelivery.category_id == notice.category.id,
        NoticeDelivery.version_id == notice.version.id,
    )
    return (
        query.select_from(Employee)
        .join(EmploymentPeriod, col(EmploymentPeriod.employee_id) == Employee.id)
        .outerjoin(NoticeDelivery, given)
        .where(Employee.company_id == viewer.company_id, EmploymentPeriod.category_id == notice.category.id, *_now(day))
    )


def _now(day: date) -> tuple[ColumnElement[bool], ...]:
    ends_on = col(EmploymentPeriod.ends_on)
    return (
        col(EmploymentPeriod.kind) == PeriodKind.AFFILIATED,
        col(EmploymentPeriod.starts_on) <= day,
        or_(ends_on.is_(None), ends_on >= day),
    )
