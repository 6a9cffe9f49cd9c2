"""The forms by which a practice asks for another address, or another FINESS: what was typed, and what is wrong."""

import re
from datetime import date

from litestar.datastructures import FormMultiDict
from stdnum import luhn

from portal.data.cases import CaseKind
from portal.data.practice_changes import AHEAD, BEFORE, PracticeChange, Wanted
from portal.folding import fold
from portal.forms import FieldError, single_values, typed_day
from portal.places.gazetteer import gazetteer
from portal.practice_words import (
    FAR_DAY,
    NO_ADDRESS,
    NO_COMMUNE,
    NO_DAY,
    NO_NUMBER,
    NO_POSTCODE,
    OTHER_COMMUNE,
    WRONG_KEY,
)

FIELDS = {
    CaseKind.PRACTICE_ADDRESS: ("adresse", "code_postal", "commune", "date"),
    CaseKind.PRACTICE_NUMBER: ("finess", "date"),
}
SHORTEST, LONGEST = 3, 120
MOST_COMMUNES, NAMED = 100, 5
_POSTCODE = re.compile(r"[0-9]{5}")
_FINESS = re.compile(r"[0-9]{9}|2[AB][0-9]{7}")
_RANKS = str.maketrans("AB", "12")

Read = tuple[dict[str, str], Wanted | None, list[FieldError]]


def read_change(sent: FormMultiDict, kind: CaseKind, today: date) -> Read:
    """What was typed; what is wanted, when all of it can be used; and what is to be corrected."""
    raw = single_values(sent, FIELDS[kind])
    read = _address if kind is CaseKind.PRACTICE_ADDRESS else _number
    values, errors = read(raw)
    wanted_on = typed_day(raw["date"].strip())
    if wanted_on is None:
        errors.append(FieldError("date", NO_DAY))
    elif not today - BEFORE <= wanted_on <= today + AHEAD:
        errors.append(FieldError("date", FAR_DAY))
    if errors or wanted_on is None:
        return raw, None, errors
    return raw, Wanted(kind, wanted_on, **values), []


def blank(kind: CaseKind, today: date) -> dict[str, str]:
    """The fields of a new form."""
    return dict.fromkeys(FIELDS[kind], "") | {"date": today.isoformat()}


def filled_form(kind: CaseKind, row: PracticeChange) -> dict[str, str]:
    """The fields of a request that was written already."""
    values = {"adresse": row.address, "code_postal": row.postcode, "commune": row.city, "finess": row.national_id}
    return {name: values.get(name, row.wanted_on.isoformat()) for name in FIELDS[kind]}


def finess_problem(number: str) -> str:
    """What is wrong with a FINESS; empty when nothing is. The key is Luhn's; the letter of Corsica's numbers counts
    as its rank there (A is 1, B is 2), as in those that the region's health agency publishes."""
    if not _FINESS.fullmatch(number):
        return NO_NUMBER
    return "" if luhn.is_valid(number.translate(_RANKS)) else WRONG_KEY


def _number(raw: dict[str, str]) -> tuple[dict[str, str], list[FieldError]]:
    number = "".join(raw["finess"].split()).upper()
    problem = finess_problem(number)
    return {"national_id": number}, [FieldError("finess", problem)] if problem else []


def _address(raw: dict[str, str]) -> tuple[dict[str, str], list[FieldError]]:
    street, postcode = " ".join(raw["adresse"].split()), "".join(raw["code_postal"].split())
    errors = [] if SHORTEST <= len(street) <= LONGEST else [FieldError("adresse", NO_ADDRESS)]
    if not _POSTCODE.fullmatch(postcode):
        return {}, [*errors, FieldError("code_postal", NO_POSTCODE)]
    city, problem = _commune(postcode, raw["commune"])
    if problem:
        errors.append(FieldError("commune", problem))
    return {"address": street, "postcode": postcode, "city": city}, errors


def _commune(postcode: str, typed: str) -> tuple[str, str]:
    """The commune's own name; or what is wrong, with the communes of that postcode."""
    communes = gazetteer().suggest(postcode, MOST_COMMUNES)
    found = next((each for each in communes if fold(typed.strip()) in {fold(each.name), fold(each.short_name)}), None)
    if found is not None:
        return found.short_name, ""
    names = ", ".join(each.short_name for each in communes[:NAMED])
    return "", f"{OTHER_COMMUNE} {names}." if names else NO_COMMUNE
