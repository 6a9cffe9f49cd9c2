"""Who may read whose lines: the rule of family privacy, in one place (issue of R-21, R-22, R-72).

A member reads the member's own lines and those of minor dependants. An adult dependant's lines are that person's: the
member sees totals only, unless the dependant shares them; so are those of a minor of sixteen or more who was granted
autonomy. A dependant reads the dependant's own lines.

A representative (R-15) never learns more than the person represented, and nothing of the rest of the household: the
parent of a minor and a guardian (tuteur) read that person's lines, a curator (curateur) totals alone.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, false, or_, select
from sqlmodel import Session

from portal.data.accounts import Role
from portal.data.benefits import BenefitLine
from portal.data.coverage import Autonomy, Beneficiary, Contract, LineSharing
from portal.data.persons import Person, is_minor_on
from portal.data.prepared import Prepared
from portal.data.representations import Capacity, acting_capacity
from portal.data.sessions import Reader, Viewer


@dataclass(frozen=True, slots=True)
class Relative:
    """A person of the household. `in_detail`: the viewer may read this person's lines, not only totals. `is_private`:
    an adult, or a minor granted autonomy: the lines are that person's to share."""

    person_id: int
    member_id: int
    first_name: str
    last_name: str
    birth_date: date
    is_self: bool
    in_detail: bool
    is_private: bool = False


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

_autonomous = select(Autonomy.id).where(Autonomy.person_id == Person.id, Autonomy.ended_at.is_(None)).exists()

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
        _autonomous.label("autonomous"),
    )
    .join(Beneficiary, Beneficiary.person_id == Person.id)
    .join(Contract, Contract.id == Beneficiary.contract_id)
    .where(Beneficiary.id.in_(_own_cover.union(_cover_under_own_contracts)))
    .distinct()
    .order_by(Person.birth_date, Person.id)
)


def visible_scope(db: Session, viewer: Reader, today: date) -> Scope:
    """The viewer's household; empty for an account that is not a covered person's."""
    if viewer.person_id is None:
        return Scope(())
    rows = _HOUSEHOLD.rows(db, {"person_id": viewer.person_id})
    relatives = (_relative(row, viewer.person_id, today) for row in rows)
    return Scope(tuple(_represented(db, viewer, relatives, today) if is_representative(viewer) else relatives))


def is_representative(viewer: Reader) -> bool:
    """Whether the viewer sees somebody else's data in that person's stead."""
    return viewer.role == Role.REPRESENTATIVE


def represented_name(scope: Scope, viewer: Viewer) -> str:
    """The full name of whom a representative sees; empty for everybody else."""
    shown = [f"{one.first_name} {one.last_name}" for one in scope.relatives if is_representative(viewer)]
    return shown[0] if shown else ""


def statement_owner(db: Session, viewer: Viewer) -> int | None:
    """The person whose statements the viewer reads and has issued; None for a representative who may read less than
    they tell: a curator, or whoever represents a member whose contract covers others too."""
    if not is_representative(viewer):
        return viewer.person_id
    if acting_capacity(db, viewer) not in _IN_DETAIL or db.exec(_others_covered_by(viewer.person_id)).first():
        return None
    return viewer.person_id


def statement_scope(db: Session, viewer: Viewer, today: date) -> Scope:
    """The household as the viewer's statements tell it; empty for a viewer without statements."""
    return visible_scope(db, viewer, today) if statement_owner(db, viewer) is not None else Scope(())


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
    person_id, member_id, first_name, last_name, birth_date, shared, autonomous = row
    is_self = person_id == viewer_id
    is_private = bool(autonomous) or not is_minor_on(birth_date, today)
    in_detail = is_self or not is_private or bool(shared)
    return Relative(person_id, member_id, first_name, last_name, birth_date, is_self, in_detail, is_private)


_IN_DETAIL = frozenset({Capacity.PARENT, Capacity.GUARDIAN})


def _represented(db: Session, viewer: Reader, relatives: Iterable[Relative], today: date) -> Iterator[Relative]:
    """The person represented, as the capacity declared lets the representative see; nobody when it lets nothing."""
    capacity = acting_capacity(db, viewer)
    for relative in relatives:
        outgrown = capacity is Capacity.PARENT and not is_minor_on(relative.birth_date, today)
        if relative.is_self and capacity is not None and not outgrown:
            is_kept_from = capacity is Capacity.PARENT and relative.is_private
            yield replace(relative, in_detail=capacity in _IN_DETAIL and not is_kept_from)


def _others_covered_by(person_id: int | None) -> Any:
    """Anybody else covered under the contracts that a person holds."""
    return (
        select(Beneficiary.id)
        .join(Contract, Contract.id == Beneficiary.contract_id)
        .where(Contract.member_id == person_id, Beneficiary.person_id != person_id)
        .limit(1)
    )
