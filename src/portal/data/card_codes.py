"""The code on a card, by which anybody checks whether it holds. Nothing is stored of it: rights themselves answer.

Forty letters and digits hold an opaque row, the card's period, and a signature. A code tells nothing by itself, and
dies with the rights: what it is asked on is the day of the question.
"""

import re
from base64 import b32decode, b32encode, urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from hmac import compare_digest

from sqlmodel import Session

from portal.data.card_terms import UNROUTED
from portal.data.cards import Card
from portal.data.coverage import Beneficiary
from portal.data.rights import Cover, answer_of, covers_where
from portal.security import Keyring

PURPOSE = "card"
EPOCH = date(2000, 1, 1)
BLOCK, STAMP = 16, 9
LENGTH = 40
_DAYS = 16
# Signs that people take for others: base32 has no 0, 1 or 8.
_MISREAD = str.maketrans({"0": "O", "1": "I", "8": "B"})


class CodeVerdict(StrEnum):
    """REVOKED: the rights ended before the card did. FUTURE: the card is not valid yet."""

    VALID = "valable"
    FUTURE = "pas_encore_valable"
    EXPIRED = "perimee"
    REVOKED = "revoquee"
    UNKNOWN = "inconnue"


@dataclass(frozen=True, slots=True)
class Printed:
    """What a code says of its card: through whose cover it is found, whether it names everybody, its period."""

    beneficiary_id: int
    is_whole: bool
    valid_from: date
    valid_to: date


@dataclass(frozen=True, slots=True)
class Holder:
    """A person on a card, by initials, and the period of the rights that are open."""

    person_id: int
    initials: str
    valid_from: date
    valid_to: date


@dataclass(frozen=True, slots=True)
class CodeCheck:
    """What the check tells. `holders` is empty unless the card is valid. For the evidence: `contract_number`, and
    `concerned`, the ids of the persons on the card."""

    verdict: CodeVerdict
    printed: Printed | None = None
    holders: tuple[Holder, ...] = ()
    contract_number: str = ""
    concerned: frozenset[int] = frozenset()


def code_of(keyring: Keyring, card: Card) -> str:
    """The code of a card: that of everybody whom it names, or of its one person."""
    persons = {answer.cover.person_id for answer in card.persons if answer.cover}
    return make_code(keyring, Printed(card.cover.beneficiary_id, len(persons) > 1, card.valid_from, card.valid_to))


def make_code(keyring: Keyring, printed: Printed) -> str:
    """The code of a card, in eight groups of five. Same card, same keys: same code."""
    opaque = keyring.conceal(PURPOSE, [_packed(printed)])[0]
    block = urlsafe_b64decode(opaque + "==")
    text = b32encode(block + keyring.stamps(PURPOSE, opaque, STAMP)[0]).decode()
    return "-".join(text[at : at + 5] for at in range(0, LENGTH, 5))


def read_code(keyring: Keyring, typed: str) -> Printed | None:
    """What a code says, when it is ours; spaces, hyphens and small letters do not matter."""
    text = re.sub(r"[\s-]", "", typed.upper()).translate(_MISREAD)
    if not re.fullmatch(r"[A-Z2-7]{40}", text):
        return None
    raw = b32decode(text)
    opaque = urlsafe_b64encode(raw[:BLOCK])[:22].decode()
    if not any(compare_digest(raw[BLOCK:], stamp) for stamp in keyring.stamps(PURPOSE, opaque, STAMP)):
        return None
    packed = keyring.reveal(PURPOSE, opaque)
    return _unpacked(packed) if packed is not None else None


def check_code(db: Session, keyring: Keyring, typed: str, day: date) -> CodeCheck:
    """Whether the card with this code holds on `day`, and for whom, in initials alone."""
    printed = read_code(keyring, typed)
    if printed is None:
        return CodeCheck(CodeVerdict.UNKNOWN)
    covers = covers_of_code(db, printed)
    asked = max(day, printed.valid_from)
    holders = tuple(holder for cover in covers for holder in _holders(cover, asked, printed))
    verdict = _verdict(printed, day, is_open=bool(holders))
    number = covers[0].contract_number if covers else ""
    concerned = frozenset(cover.person_id for cover in covers)
    return CodeCheck(verdict, printed, holders if verdict is CodeVerdict.VALID else (), number, concerned)


def _verdict(printed: Printed, day: date, *, is_open: bool) -> CodeVerdict:
    """`is_open`: somebody on the card has rights on `day`, or on its first day when that is still to come."""
    if printed.valid_to < day:
        return CodeVerdict.EXPIRED
    if not is_open:
        return CodeVerdict.REVOKED
    return CodeVerdict.FUTURE if day < printed.valid_from else CodeVerdict.VALID


def covers_of_code(db: Session, printed: Printed) -> list[Cover]:
    """The covers that the card was made from: those of its person under its contract, or of everybody under it."""
    found = covers_where(db, Beneficiary.id == printed.beneficiary_id)
    if not found:
        return []
    covers = covers_where(db, Beneficiary.contract_id == found[0].contract_id)
    return [cover for cover in covers if printed.is_whole or cover.person_id == found[0].person_id]


def _holders(cover: Cover, day: date, printed: Printed) -> list[Holder]:
    if not answer_of(cover, UNROUTED, day).is_open:
        return []
    initials = f"{cover.first_name[:1]}.\u00a0{cover.last_name[:1]}."
    period = max(cover.first_day, printed.valid_from), min(cover.last_day, printed.valid_to)
    return [Holder(cover.person_id, initials, *period)]


def _packed(printed: Printed) -> int:
    start, end = (day - EPOCH for day in (printed.valid_from, printed.valid_to))
    row = printed.beneficiary_id << 1 | printed.is_whole
    return row << 2 * _DAYS | start.days << _DAYS | end.days


def _unpacked(packed: int) -> Printed:
    mask = (1 << _DAYS) - 1
    row, start, end = packed >> 2 * _DAYS, packed >> _DAYS & mask, packed & mask
    return Printed(row >> 1, bool(row & 1), EPOCH + timedelta(start), EPOCH + timedelta(end))
