"""Who may read whose lines: the rule of family privacy, in one place (issue of R-21, R-22, R-72).

A member reads the member's own lines and those of minor dependants. An adult dependant's lines are that person's: the
member sees totals only, unless the dependant shares them. A dependant reads the dependant's own lines.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, false, or_, select
from sqlmodel import Session

from portal.data.benefits import BenefitLine
from portal.data.coverage import Beneficiary, Contract, LineSharing
from portal.data.persons import Person, is_minor_on
from portal.data.prepared import Prepared
from portal.data.sessions import Viewer


@dataclass(frozen=True, slots=True)
class Relative:
    """A person of the household. `in_detail`: the viewer may read this person's lines, not only totals."""

    person_id: int
    member_id: int
    first_name: str
    last_name: str
    birth_date: date
    is_self: bool
    in_detail: bool


@dataclass(frozen=True, slots=True)
class Scope:
    """The household as the viewer may see it. Members whose contracts hold the lines, and the persons covered."""

    relatives: tuple[Relative, ...]

    @property
    def names(self) -> dict[int, str]:
        """First names by person; persons of the same first name get their year of birth."""
        persons = {relative.person_id: relative for relative in self.relatives}
        count = Counter(relative.first_name for relative in persons.values())
        return {
            person_id: one.first_name if count[one.first_name] == 1 else f"{one.first_name} ({one.birth_date.year})"
            for person_id, one in persons.items()
        }

    @property
    def detailed(self) -> dict[int, tuple[int, ...]]:
        """Persons whose lines are visible in detail, by the member under whose contracts those lines stand."""
        return self._by_member(in_detail=True)

    @property
    def private(self) -> dict[int, tuple[int, ...]]:
        """Adult dependants who keep their lines to themselves (totals only), by member."""
        return self._by_member(in_detail=False)

    def _by_member(self, *, in_detail: bool) -> dict[int, tuple[int, ...]]:
        persons: dict[int, tuple[int, ...]] = {}
        for relative in self.relatives:
            if relative.in_detail is in_detail:
                persons[relative.member_id] = (*persons.get(relative.member_id, ()), relative.person_id)
        return persons


_sharing = (
    select(LineSharing.id)
    .where(
        LineSharing.person_id == Person.id, LineSharing.member_id == Contract.member_id, LineSharing.ended_at.is_(None)
    )
    .exists()
)

# Two searches by index: one condition over both tables would read every beneficiary.
_own_cover = select(Beneficiary.id).where(Beneficiary.person_id == bindparam("person_id"))
_cover_under_own_contracts = (
    select(Beneficiary.id)
    .join(Contract, Contract.id == Beneficiary.contract_id)
    .where(Contract.member_id == bindparam("person_id"))
)

_HOUSEHOLD = Prepared(
    select(
        Person.id,
        Contract.member_id,
        Person.first_name,
        Person.last_name,
        Person.birth_date,
        _sharing.label("shared"),
    )
    .join(Beneficiary, Beneficiary.person_id == Person.id)
    .join(Contract, Contract.id == Beneficiary.contract_id)
    .where(Beneficiary.id.in_(_own_cover.union(_cover_under_own_contracts)))
    .distinct()
    .order_by(Person.birth_date, Person.id)
)


def visible_scope(db: Session, viewer: Viewer, today: date) -> Scope:
    """The viewer's household; empty for an account that is not a covered person's."""
    if viewer.person_id is None:
        return Scope(())
    rows = _HOUSEHOLD.rows(db, {"person_id": viewer.person_id})
    return Scope(tuple(_relative(row, viewer.person_id, today) for row in rows))


def persons_in(persons: dict[int, tuple[int, ...]]) -> set[int]:
    """Everyone named by `Scope.detailed` or `Scope.private`."""
    return {person_id for person_ids in persons.values() for person_id in person_ids}


def lines_of(persons: dict[int, tuple[int, ...]]) -> ColumnElement[bool]:
    """Condition on `BenefitLine` for the lines of `persons` (by member, as `Scope` gives them); false when empty."""
    pairs = [
        and_(BenefitLine.member_id == member_id, BenefitLine.person_id.in_(person_ids))
        for member_id, person_ids in persons.items()
    ]
    return or_(false(), *pairs)


def _relative(row: Sequence[Any], viewer_id: int, today: date) -> Relative:
    person_id, member_id, first_name, last_name, birth_date, shared = row
    is_self = person_id == viewer_id
    in_detail = is_self or is_minor_on(birth_date, today) or bool(shared)
    return Relative(person_id, member_id, first_name, last_name, birth_date, is_self, in_detail)
