"""The third-party-payment agreement as its practice reads it: its versions by date, the care it covers, its end (R-03).

A version runs from the agreement's first day, or from an amendment's day of effect, to the day before the next one.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, Session, SQLModel, col, select

from portal.data.card_terms import CardColumn
from portal.data.guarantees import in_force
from portal.data.organisations import Agreement, Provider
from portal.data.profession_care import care_codes
from portal.data.sessions import Viewer
from portal.data.standing import reading_until

ONE_DAY = timedelta(days=1)


class AgreementAmendment(SQLModel, table=True):
    """An amendment of an agreement. `number`: its rank, from 1. `signed_on`: None where the law or the insurer changed
    the terms without a signature."""

    __tablename__ = "agreement_amendment"
    __table_args__ = (UniqueConstraint("agreement_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    agreement_id: int = Field(foreign_key="agreement.id")
    number: int
    subject: str
    effective_on: date
    signed_on: date | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """A version of an agreement between two days, both included. `number`: 0 for what was first signed, else that of
    the amendment, with its `subject`."""

    number: int
    subject: str
    starts_on: date
    ends_on: date | None
    signed_on: date | None = None

    def holds(self, day: date) -> bool:
        """Whether the version is in force on a day."""
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)

    def told_on(self, today: date) -> date:
        """The day as on which the version is told: today while it is in force, else its last day, or its first."""
        latest = today if self.ends_on is None else min(today, self.ends_on)
        return max(self.starts_on, latest)


@dataclass(frozen=True, slots=True)
class Terms:
    """An agreement and its versions, the last one first."""

    agreement: Agreement
    versions: list[Version]

    @property
    def readable_until(self) -> date | None:
        """The last day on which its practice reads it; None while it has no end."""
        return reading_until(self.agreement.ends_on) if self.agreement.ends_on else None


@dataclass(frozen=True, slots=True)
class CoveredCare:
    """A kind of care that is paid directly to a profession, and the letters of the networks whose cards name it."""

    code: str
    label: str
    networks: tuple[str, ...]


def agreements_of(db: Session, viewer: Viewer) -> list[Terms]:
    """The agreements of the viewer's practice, the latest first."""
    query = select(Agreement).where(Agreement.provider_id == viewer.provider_id)
    rows = db.exec(query.order_by(col(Agreement.starts_on).desc(), col(Agreement.id).desc()))
    return [_terms(db, row) for row in rows.all()]


def find_agreement(db: Session, viewer: Viewer, agreement_id: int) -> Terms | None:
    """One of them; None for another practice's."""
    whose = (Agreement.id == agreement_id, Agreement.provider_id == viewer.provider_id)
    row = db.exec(select(Agreement).where(*whose)).first()
    return _terms(db, row) if row else None


def covered_care(db: Session, practice: Provider, day: date) -> list[CoveredCare]:
    """What is paid directly to a practice's profession on a day: the columns of the insurer's cards that concern it."""
    dates = in_force(col(CardColumn.valid_from), col(CardColumn.valid_to), day)
    query = select(CardColumn.position, CardColumn.code, CardColumn.label, CardColumn.network).where(
        col(CardColumn.code).in_(care_codes(db, practice.profession, day)), dates, CardColumn.value != ""
    )
    found: dict[str, tuple[str, set[str]]] = {}
    for _, code, label, network in sorted(db.exec(query).all()):
        found.setdefault(code, (label, set()))[1].update({network} - {""})
    return [CoveredCare(code, label, tuple(sorted(networks))) for code, (label, networks) in found.items()]


def _terms(db: Session, agreement: Agreement) -> Terms:
    query = select(AgreementAmendment).where(AgreementAmendment.agreement_id == agreement.id)
    order = (col(AgreementAmendment.effective_on), col(AgreementAmendment.number))
    amendments = db.exec(query.order_by(*order)).all()
    starts = [agreement.starts_on, *(each.effective_on for each in amendments)]
    ends = [*(start - ONE_DAY for start in starts[1:]), agreement.ends_on]
    told = [(0, "", None), *((each.number, each.subject, each.signed_on) for each in amendments)]
    versions = [
        Version(number, subject, start, end, signed_on)
        for (number, subject, signed_on), start, end in zip(told, starts, ends, strict=True)
    ]
    return Terms(agreement, versions[::-1])
