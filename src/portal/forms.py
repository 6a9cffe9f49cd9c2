"""Forms: what a browser sent, and what is wrong with it, in French (R-10: clear messages that lose nothing)."""

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from unicodedata import category

from litestar.datastructures import FormMultiDict, MultiDict
from litestar.exceptions import ClientException

_FRENCH_DAY = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class FieldError:
    """One problem: the field's name (its id in the page) and what to do about it."""

    field: str
    message: str


class DuplicateField(ClientException):
    """A field was sent twice: no form of ours does that."""


def single_values(
    sent: FormMultiDict, names: Iterable[str], longest: int = 200, *, texts: Container[str] = ()
) -> dict[str, str]:
    """The named fields of a form, cut at `longest`: `one_line` of each, `written_text` of those that are `texts`;
    unknown fields are ignored.

    Raises `DuplicateField` for a field sent twice.
    """
    return {name: _read(sent, name, is_text=name in texts)[:longest] for name in names}


def text_given(sent: Mapping[str, Any], name: str) -> str:
    """The text of a name in a query string or a form, the first one of several; empty for none, and for a file."""
    value = sent.get(name)
    return value if isinstance(value, str) else ""


def times_given(sent: Mapping[str, Any], name: str) -> int:
    """How many times a query string or a form gives a name; a plain mapping gives it once."""
    return len(sent.getall(name, [])) if isinstance(sent, MultiDict) else int(name in sent)


def exact_value(sent: FormMultiDict, name: str) -> str:
    """A secret's text just as it was typed: never cut, trimmed or cleaned. Raises `DuplicateField`."""
    values = sent.getall(name, [])
    if len(values) > 1:
        raise DuplicateField
    return values[0] if values and isinstance(values[0], str) else ""


def one_line(text: str) -> str:
    """What was typed or pasted into a field of one line: each white space an ordinary one, whatever the page it was
    copied from had there; without control characters."""
    spaced = (" " if char.isspace() else char for char in text)
    return "".join(filter(str.isprintable, spaced))


def written_text(sent: FormMultiDict, name: str) -> str:
    """A long text as it was typed, its lines and its spaces kept, without other control characters: a French text has
    no-break spaces before its punctuation, which Python calls unprintable. Raises `DuplicateField`."""
    lines = exact_value(sent, name).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join("".join(filter(_is_written, line)) for line in lines).strip()


def _read(sent: FormMultiDict, name: str, *, is_text: bool) -> str:
    return written_text(sent, name) if is_text else one_line(exact_value(sent, name))


def _is_written(char: str) -> bool:
    return char.isprintable() or char == "\t" or category(char) == "Zs"


def typed_day(text: str) -> date | None:
    """The day of « 31/12/2025 », or of the ISO text that a date control sends; None when there is no such day."""
    french = _FRENCH_DAY.fullmatch(text)
    try:
        if french:
            return date(int(french[3]), int(french[2]), int(french[1]))
        return date.fromisoformat(text) if _ISO_DAY.fullmatch(text) else None
    except ValueError:
        return None


FAR_DAY = "Ce jour est à plus de dix ans d’aujourd’hui\u00a0: vérifiez l’année."
FARTHEST = timedelta(days=3652)


def is_far(day: date, today: date) -> bool:
    """Whether a day is so many years away that its year must be a slip: « 0026 », « 2206 »."""
    return abs(day - today) > FARTHEST


def is_calendar_day(value: date | str) -> bool:
    """Whether a date control can show this: a date, or the ISO text of one."""
    return isinstance(value, date) or (_ISO_DAY.fullmatch(value) is not None and typed_day(value) is not None)


LONGEST_EMAIL = 254
_EMAIL = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\.]+(\.[^\s@<>,;:\"()\[\]\\.]+)+")


def email_of(text: str) -> str | None:
    """The e-mail address that was typed, trimmed, or None when it cannot be one. Only a letter proves that it works."""
    address = text.strip()
    is_one = len(address) <= LONGEST_EMAIL and address.isprintable() and _EMAIL.fullmatch(address)
    return address if is_one else None


_FRENCH_PHONE = re.compile(r"0[1-9][0-9]{8}")
_FOREIGN_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")


def phone_of(text: str) -> str | None:
    """The telephone number that was typed, as « 06 12 34 56 78 » or « +41223456789 »; None when it cannot be one."""
    digits = re.sub(r"[\s.()/-]", "", text)
    french = re.sub(r"^(\+33|0033)0?", "0", digits)
    if _FRENCH_PHONE.fullmatch(french):
        return " ".join(french[at : at + 2] for at in range(0, 10, 2))
    return digits if _FOREIGN_PHONE.fullmatch(digits) else None


LONGEST_VERSION = 10
_AMOUNT = re.compile(r"([0-9]{1,7})(?:[.,]([0-9]{1,2}))?")


def cents_of(text: str) -> int | None:
    """The amount that was typed, as « 1 234,56 € », « 60 » or « 60.5 », in cents; None when it is none."""
    bare = re.sub(r"[\s\u00a0\u202f€]", "", text)
    found = _AMOUNT.fullmatch(bare)
    return int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0")) if found else None


def version_of(text: str) -> int:
    """The version of a case that a form was made from; 0, which no case has, for what is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < LONGEST_VERSION else 0
