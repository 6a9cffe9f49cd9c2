"""What the insurer's files still say of practices that have changed their number or their address since.

A file prepared before a change took effect must not undo it: what it names is read as the practice is now. What was
checked on that day or later says what is so.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from portal.data.organisations import Provider
from portal.data.practice_changes import PracticeChange
from portal.places.addresses import place_key

Address = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Moves:
    """`numbers`: by former number, the days and the numbers that took its place; `addresses`: by the practice's number
    now and the former place's key, the days and the addresses (street, postcode, commune); both in order."""

    numbers: dict[str, list[tuple[date, str]]]
    addresses: dict[tuple[str, str], list[tuple[date, Address]]]

    def __bool__(self) -> bool:
        return bool(self.numbers or self.addresses)

    def number_since(self, number: str, day: date = date.min) -> str:
        """The number of the practice that a file checked on `day` calls `number`."""
        for since, now in self.numbers.get(number, ()):
            if since > day:
                return self.number_since(now, since)
        return number

    def address_since(self, number: str, address: Address, day: date) -> Address:
        """The address of the practice of a number now, where a file checked on `day` says `address`."""
        for since, now in self.addresses.get((number, place_key(address[1], address[0])), ()):
            if since > day:
                return self.address_since(number, now, since)
        return address


def read_moves(db: Session) -> Moves:
    """All that has been applied. For imports: there is no viewer."""
    query = select(PracticeChange, Provider.national_id).join(Provider, col(Provider.id) == PracticeChange.provider_id)
    applied = query.where(col(PracticeChange.applied_at).is_not(None), PracticeChange.former != "")
    moves = Moves(defaultdict(list), defaultdict(list))
    for row, number in db.exec(applied.order_by(col(PracticeChange.takes_effect_on), col(PracticeChange.case_id))):
        since = row.takes_effect_on or row.wanted_on
        if row.national_id:
            moves.numbers[row.former].append((since, row.national_id))
        else:
            moves.addresses[number, row.former].append((since, (row.address, row.postcode, row.city)))
    return moves


def former_numbers(db: Session, numbers: list[str]) -> dict[str, int]:
    """Ids of practices by a number that they had."""
    applied = (col(PracticeChange.applied_at).is_not(None), PracticeChange.national_id != "")
    query = select(PracticeChange.former, PracticeChange.provider_id).where(*applied)
    ordered = query.order_by(col(PracticeChange.applied_at), col(PracticeChange.case_id))
    wanted = set(numbers)
    return {former: provider_id for former, provider_id in db.exec(ordered) if former in wanted}
