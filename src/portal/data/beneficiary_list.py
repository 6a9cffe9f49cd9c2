"""Who is covered, as the viewer may see it: one entry for each person and contract, with its dates (R-23, R-72)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from portal.data.beneficiary_changes import Change, change_of
from portal.data.cases import CaseKind, cases_of
from portal.data.coverage import Beneficiary, Contract, Product, Relationship
from portal.data.persons import Person
from portal.data.sessions import Viewer
from portal.data.visibility import Scope
from portal.security import Keyring


@dataclass(frozen=True, slots=True)
class Cover:
    """A person's latest period under a contract; `valid_to` is the earlier of its own end and the contract's. `nir`:
    for who may read this person's details, else empty."""

    id: int
    person_id: int
    first_name: str
    last_name: str
    birth_date: date
    nir: str
    relationship: Relationship
    contract_number: str
    contract_kind: str
    product: str
    valid_from: date
    valid_to: date | None
    is_own_contract: bool

    def is_over(self, today: date) -> bool:
        return self.valid_to is not None and self.valid_to < today

    def is_ahead(self, today: date) -> bool:
        return self.valid_from > today


def covers_seen(db: Session, viewer: Viewer, keyring: Keyring, scope: Scope) -> list[Cover]:
    """The covers of the persons in the viewer's scope: the member first, then by age."""
    seen = {(one.member_id, one.person_id): one for one in scope.relatives}
    query = (
        select(Beneficiary, Person, Contract, Product.name)
        .join(Person, col(Person.id) == Beneficiary.person_id)
        .join(Contract, col(Contract.id) == Beneficiary.contract_id)
        .join(Product, col(Product.id) == Contract.product_id)
        .where(col(Beneficiary.person_id).in_({person for _, person in seen}))
        .order_by(col(Person.birth_date), col(Person.id), col(Beneficiary.valid_from))
    )
    latest: dict[tuple[int, int], Cover] = {}
    for period, person, contract, product in db.exec(query):
        relative = seen.get((contract.member_id, period.person_id))
        if relative is not None:
            nir = keyring.decrypt(person.nir_encrypted) if relative.in_detail and person.nir_encrypted else ""
            cover = _cover(period, person, contract, product, nir, is_own=contract.member_id == viewer.person_id)
            latest[contract.id or 0, period.person_id] = cover
    return sorted(latest.values(), key=lambda cover: cover.relationship is not Relationship.MEMBER)


def _cover(period: Beneficiary, person: Person, contract: Contract, product: str, nir: str, *, is_own: bool) -> Cover:
    ends = [day for day in (period.valid_to, contract.ends_on) if day is not None]
    return Cover(
        period.id or 0,
        person.id or 0,
        person.first_name,
        person.last_name,
        person.birth_date,
        nir,
        Relationship(period.relationship),
        contract.number,
        contract.kind,
        product,
        period.valid_from,
        min(ends, default=None),
        is_own,
    )


def find_cover(db: Session, viewer: Viewer, cover_id: int) -> Beneficiary | None:
    """A period of cover under a contract that the viewer holds; None for any other."""
    query = (
        select(Beneficiary)
        .join(Contract, col(Contract.id) == Beneficiary.contract_id)
        .where(Beneficiary.id == cover_id, Contract.member_id == viewer.person_id)
    )
    return db.exec(query).first() if viewer.person_id is not None else None


def open_contracts(db: Session, viewer: Viewer, today: date) -> list[tuple[Contract, str]]:
    """The contracts that the viewer holds and that are not over, the oldest first, each with its product's name."""
    query = (
        select(Contract, Product.name)
        .join(Product, col(Product.id) == Contract.product_id)
        .where(Contract.member_id == viewer.person_id)
        .order_by(col(Contract.starts_on), col(Contract.id))
    )
    rows = db.exec(query).all() if viewer.person_id is not None else []
    return [(contract, name) for contract, name in rows if contract.ends_on is None or contract.ends_on >= today]


def changes_of(db: Session, viewer: Viewer, keyring: Keyring, *kinds: CaseKind) -> list[Change]:
    """The viewer's changes: those that wait for the viewer first."""
    return [change_of(db, keyring, case) for case in cases_of(db, viewer, *kinds)]


def persons_of(covers: Iterable[Cover]) -> list[int]:
    """Whom the covers are of, each once: for the evidence."""
    return sorted({cover.person_id for cover in covers})
