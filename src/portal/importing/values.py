"""From the text of a cell to the value stored: money as cents, dates as ISO text, codes, words. No floats anywhere."""

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from enum import StrEnum
from typing import Any

from stdnum import luhn
from stdnum.exceptions import ValidationError
from stdnum.fr import nir as stdnum_nir
from stdnum.fr import siret as stdnum_siret

from portal.forms import email_of
from portal.importing.problems import InvalidValue

Converter = Callable[[str], Any]

LARGEST_AMOUNT = 2_000_000_000
"""Cents. Amounts are stored on 32 bits in PostgreSQL."""
LARGEST_INTEGER = 2_147_483_647
LONGEST_TEXT = 2_000
LONGEST_CODE = 64
FIRST_YEAR, LAST_YEAR = 1850, 2199

_MARKS = (",", ".")
_AMOUNT = re.compile(r"([+\-−]?)([0-9]{1,3}(?:[ \u00a0\u202f][0-9]{3})+|[0-9]{1,12})(?:[.,]([0-9]{1,2}))?")
_TOO_PRECISE = re.compile(r"[+\-−]?[0-9 \u00a0\u202f]+[.,][0-9]{3,}")
_ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_FRENCH_DATE = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_INTEGER = re.compile(r"[+\-−]?[0-9]{1,12}")
_RPPS = re.compile(r"[0-9]{11}")
_FINESS = re.compile(r"[0-9][0-9AB][0-9]{7}")
_UNSTORABLE = {"Cc", "Cs", "Cn"}
_BOOLEANS = dict.fromkeys(("1", "oui", "vrai", "true"), True) | dict.fromkeys(("0", "non", "faux", "false"), False)


def amount(text: str) -> int:
    """Cents of an amount in euros: « 1 234,56 », « 12.48 », « -3,00 ». At most two decimals."""
    if text[-3:-2] in _MARKS and len(text) <= 10 and text.isascii() and (digits := text[:-3] + text[-2:]).isdecimal():
        return int(digits)  # the usual « 12,48 », without the pattern's cost
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise InvalidValue(
            "le montant a plus de deux décimales" if _TOO_PRECISE.fullmatch(text) else "un montant s’écrit comme 12,48"
        )
    sign, euros, decimals = match.groups("")
    cents = int("".join(filter(str.isdecimal, euros))) * 100 + int(decimals.ljust(2, "0"))
    if cents > LARGEST_AMOUNT:
        raise InvalidValue("le montant dépasse 20 000 000 €")
    return cents if sign in {"", "+"} else -cents


def day(text: str) -> str:
    """ISO text of a date written « 2026-03-31 » or « 31/03/2026 »."""
    if match := _ISO_DATE.fullmatch(text):
        year, month, number = match.groups()
    elif match := _FRENCH_DATE.fullmatch(text):
        number, month, year = match.groups()
    else:
        raise InvalidValue("une date s’écrit 2026-03-31 ou 31/03/2026")
    return _checked_day(int(year), int(month), int(number))


def _checked_day(year: int, month: int, number: int) -> str:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise InvalidValue(
            f"l’année doit se situer entre {FIRST_YEAR} et {LAST_YEAR} (laissez vide une date de fin inconnue)"
        )
    try:
        return date(year, month, number).isoformat()
    except ValueError:
        raise InvalidValue("ce jour n’existe pas au calendrier") from None


def boolean(text: str) -> bool:
    """Truth written 1 or 0, oui or non, vrai or faux, true or false."""
    try:
        return _BOOLEANS[text.lower()]
    except KeyError:
        raise InvalidValue("répondez par 1 ou 0, oui ou non") from None


def integer(least: int = -LARGEST_INTEGER, most: int = LARGEST_INTEGER) -> Converter:
    """A converter for whole numbers between two bounds, both included."""

    def convert(text: str) -> int:
        if not _INTEGER.fullmatch(text):
            raise InvalidValue("un nombre entier est attendu")
        value = int(text.replace("−", "-"))
        if not least <= value <= most:
            raise InvalidValue(f"le nombre doit se situer entre {least} et {most}")
        return value

    return convert


def words(text: str) -> str:
    """Text in composed form (NFC); control characters and unassigned code points are refused."""
    if len(text) > LONGEST_TEXT:
        raise InvalidValue(f"le texte dépasse {LONGEST_TEXT} caractères")
    if text.isprintable() or not any(unicodedata.category(sign) in _UNSTORABLE for sign in text):
        return text if text.isascii() else unicodedata.normalize("NFC", text)
    raise InvalidValue("le texte contient des caractères illisibles (caractères de contrôle)")


def code(text: str) -> str:
    """A short text that identifies something: reference, number, code."""
    if len(text) <= LONGEST_CODE and text.isascii() and text.isprintable():
        return text
    if len(text) > LONGEST_CODE:
        raise InvalidValue(f"l’identifiant dépasse {LONGEST_CODE} caractères")
    return words(text)


def choice(values: type[StrEnum] | tuple[str, ...]) -> Converter:
    """A converter for one of a few known values."""
    known = {str(value): str(value) for value in values}

    def convert(text: str) -> str:
        try:
            return known[text]
        except KeyError:
            raise InvalidValue(f"valeur inconnue ; valeurs possibles : {', '.join(known)}") from None

    return convert


def nir(text: str) -> str:
    """Fifteen characters of a NIR whose key is right."""
    try:
        return str(stdnum_nir.validate(text))
    except ValidationError:
        raise InvalidValue("le NIR n’a pas ses 15 caractères ou sa clé est fausse") from None


def siret(text: str) -> str:
    """Fourteen digits of a SIRET whose key is right."""
    try:
        return str(stdnum_siret.validate(text))
    except ValidationError:
        raise InvalidValue("le SIRET n’a pas ses 14 chiffres ou sa clé est fausse") from None


def national_id(text: str) -> str:
    """A professional's RPPS (eleven digits whose key is right) or an establishment's FINESS (nine characters)."""
    compact = "".join(text.split()).upper()
    if _FINESS.fullmatch(compact) or (_RPPS.fullmatch(compact) and luhn.is_valid(compact)):
        return compact
    raise InvalidValue("onze chiffres (RPPS, clé comprise) ou neuf caractères (FINESS) sont attendus")


def email(text: str) -> str:
    """An e-mail address, as it is written."""
    address = email_of(text)
    if address is None:
        raise InvalidValue("ce n’est pas une adresse e-mail")
    return address


def required(convert: Converter) -> Converter:
    """`convert` on the stripped text, which must not be empty."""

    def converted(text: str) -> Any:
        text = text.strip()
        if not text:
            raise InvalidValue("la valeur est obligatoire")
        return convert(text)

    return converted


def optional(convert: Converter, empty: Any = None) -> Converter:
    """`convert` on the stripped text, or `empty` when nothing is left."""

    def converted(text: str) -> Any:
        text = text.strip()
        return convert(text) if text else empty

    return converted


class Memory(dict[str, Any]):
    """Remembers what a converter gave for texts that come again and again, within a bounded size."""

    SIZE = 50_000

    def __init__(self, convert: Converter) -> None:
        super().__init__()
        self._convert = convert

    def __missing__(self, text: str) -> Any:
        value = self._convert(text)
        if len(self) >= self.SIZE:
            self.clear()
        if len(text) <= LONGEST_CODE:
            self[text] = value
        return value


def remembered(convert: Converter) -> Converter:
    """`convert` with a memory: a dictionary's own look-up is several times faster than a call."""
    return Memory(convert).__getitem__
