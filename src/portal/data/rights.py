"""Rights on a day: the one answer behind the card, behind « ce que voit mon pharmacien », and behind the check that
health professionals make (R-25, R-42). Its vocabulary is that of the domain's IDB questions, in words of our own."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, bindparam, select
from sqlmodel import Session, col

from portal.data.card_terms import UNROUTED, Routing, routings_on
from portal.data.coverage import Beneficiary, Contract, Product
from portal.data.deaths import IS_OPEN, Death
from portal.data.persons import Person
from portal.data.prepared import Prepared, Values


class RightsStatus(StrEnum):
    """CLOSED: covered before that day, no more. NOT_COVERED: before the cover, or between two periods of it. The last
    three are for whoever asks from outside: no such beneficiary, no agreement with the professional, marks that
    contradict each other."""

    OPEN = "droits_ouverts"
    CLOSED = "droits_fermes"
    NOT_COVERED = "periode_non_couverte"
    UNKNOWN = "beneficiaire_inconnu"
    NO_AGREEMENT = "hors_convention"
    INCONSISTENT = "donnee_incoherente"


class Cover(NamedTuple):
    """A person's period under a contract, and what a card says of both."""

    beneficiary_id: int
    person_id: int
    last_name: str
    first_name: str
    birth_date: date
    birth_rank: int
    relationship: str
    valid_from: date
    valid_to: date | None
    contract_id: int
    contract_number: str
    contract_kind: str
    member_id: int
    member_number: str
    is_responsible: bool
    starts_on: date
    ends_on: date | None
    product_id: int
    product: str
    nir_encrypted: bytes | None
    died_on: date | None = None

    @property
    def first_day(self) -> date:
        """From when the person is covered: never before the contract is."""
        return max(self.valid_from, self.starts_on)

    @property
    def last_day(self) -> date:
        """Until when, this day included; `date.max` without an end."""
        return min(self.valid_to or date.max, self.ends_on or date.max, self.died_on or date.max)


@dataclass(frozen=True, slots=True)
class RightsAnswer:
    """What anybody learns of a person's rights on `day`, exactly what the card prints (R-42).

    `valid_from` to `valid_to`: the person's period within the card's; both empty unless the rights are open then or
    begin later in the same card. `routing` is empty when there is nothing to route.
    """

    status: RightsStatus
    day: date
    cover: Cover | None = None
    routing: Routing = UNROUTED
    valid_from: date | None = None
    valid_to: date | None = None

    @property
    def is_open(self) -> bool:
        """Whether a professional may be paid directly for care of that day."""
        return self.status is RightsStatus.OPEN


def rights_on(db: Session, person_id: int, day: date, *, contracts: Collection[int] | None = None) -> RightsAnswer:
    """The rights of a person whom the caller may ask about: one reached through the viewer's scope, through a card's
    code, or by the exact marks of a professional's question. `contracts` (ids) asks about these alone.

    With several contracts, the one under which rights are open answers, else the latest.
    """
    own = covers_found(db, _OF_PERSON, {"person": person_id})
    covers = [cover for cover in own if contracts is None or cover.contract_id in contracts]
    routings = routings_on(db, {cover.product_id for cover in covers}, day)
    answers = [answer_of(cover, routings.get(cover.product_id, UNROUTED), day) for cover in covers]
    return best_answer(answers, day)


def best_answer(answers: Iterable[RightsAnswer], day: date) -> RightsAnswer:
    """The answer that counts among those of one person's covers: the open one, else that of the nearest cover."""
    ranked = sorted(answers, key=lambda answer: _nearness(answer, day))
    closed = [answer for answer in ranked if answer.status is RightsStatus.CLOSED]
    coming = [answer for answer in ranked if answer.status is RightsStatus.NOT_COVERED]
    if not ranked:
        return RightsAnswer(RightsStatus.UNKNOWN, day)
    if ranked[0].is_open:
        return ranked[0]
    return coming[0] if coming else closed[0]


def answer_of(cover: Cover, routing: Routing, day: date) -> RightsAnswer:
    """The answer for one cover on `day`, with its product's card on that day."""
    start, end = card_period(cover, routing, day)
    first, last = max(start, cover.first_day), min(end, cover.last_day)
    if cover.last_day < day:
        return RightsAnswer(RightsStatus.CLOSED, day, cover)
    if day < cover.first_day:
        period = (first, last) if first <= last else (None, None)
        return RightsAnswer(RightsStatus.NOT_COVERED, day, cover, routing, *period)
    return RightsAnswer(RightsStatus.OPEN, day, cover, routing, first, last)


def card_period(cover: Cover, routing: Routing, day: date) -> tuple[date, date]:
    """From when to when the card of `day` holds: within the civil year, the contract, and one state of its columns."""
    return (
        max(date(day.year, 1, 1), cover.starts_on, routing.valid_from),
        min(date(day.year, 12, 31), cover.ends_on or date.max, routing.valid_to),
    )


_COVER: tuple[Any, ...] = (
    Beneficiary.id,
    Person.id,
    Person.last_name,
    Person.first_name,
    Person.birth_date,
    Beneficiary.birth_rank,
    Beneficiary.relationship,
    Beneficiary.valid_from,
    Beneficiary.valid_to,
    Contract.id,
    Contract.number,
    Contract.kind,
    Contract.member_id,
    Contract.member_number,
    Contract.is_responsible,
    Contract.starts_on,
    Contract.ends_on,
    Product.id,
    Product.name,
    Person.nir_encrypted,
    Death.died_on,
)


def covers_where(db: Session, *conditions: ColumnElement[bool] | bool) -> list[Cover]:
    """Every cover under these conditions on `Beneficiary` and `Contract`; the oldest person first."""
    return [Cover(*row) for row in db.connection().execute(_covers_query(conditions))]


def prepared_covers(*conditions: ColumnElement[bool]) -> Prepared:
    """As `covers_where`, prepared once: the conditions take their values from named parameters."""
    return Prepared(_covers_query(conditions))


def covers_found(db: Session, prepared: Prepared, values: Values) -> list[Cover]:
    """The covers that such a query finds for these values."""
    return [Cover(*row) for row in prepared.rows(db, values)]


def _covers_query(conditions: Sequence[ColumnElement[bool] | bool]) -> Select[Any]:
    return (
        select(*_COVER)
        .select_from(Beneficiary)
        .join(Person, col(Person.id) == Beneficiary.person_id)
        .join(Contract, col(Contract.id) == Beneficiary.contract_id)
        .join(Product, col(Product.id) == Contract.product_id)
        .outerjoin(Death, and_(col(Death.person_id) == Person.id, IS_OPEN))
        .where(*conditions)
        .order_by(col(Person.birth_date), col(Person.id), col(Beneficiary.valid_from))
    )


_OF_PERSON = prepared_covers(col(Beneficiary.person_id) == bindparam("person"))


def _nearness(answer: RightsAnswer, day: date) -> tuple[bool, int]:
    """Open answers first, then those whose cover is the least far from `day`."""
    if answer.cover is None or answer.is_open:
        return (not answer.is_open, 0)
    distance = (answer.cover.first_day - day) if day < answer.cover.first_day else (day - answer.cover.last_day)
    return (True, distance.days)
