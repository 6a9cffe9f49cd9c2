"""Rows of the directory's file that say of a practice what was so before it moved."""

from datetime import date
from typing import Any

from portal.data.practice_moves import Moves
from portal.importing.problems import InvalidValue
from portal.importing.values import day


def row_as_now(moves: Moves, row: Any) -> Any:
    """A row of texts as its practice is now; its position is that of the address, unknown once the address changed.
    One whose `checked_on` is no day stays as it is: it is rejected further on."""
    try:
        checked_on = date.fromisoformat(day(row.checked_on.strip()))
    except InvalidValue:
        return row
    number = moves.number_since("".join(row.national_id.split()).upper(), checked_on)
    said = (row.address, row.postcode.strip(), row.city)
    address = moves.address_since(number, said, checked_on)
    if address == said:
        return row._replace(national_id=number)
    street, postcode, city = address
    return row._replace(national_id=number, address=street, postcode=postcode, city=city, latitude="", longitude="")
