"""A professional's question about rights, and the one person whom its marks name (R-42): exact, or nobody.

No part of a number finds anybody, and nobody is listed. Number, birth date and birth rank are asked for in one query,
so that a number which exists is not told from one that does not: all that misses is `UNKNOWN`. `INCONSISTENT` is told
only to whoever holds a code that we signed, which cannot be guessed, or whose marks name two persons.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from portal.data.card_codes import covers_of_code, read_code
from portal.data.coverage import Beneficiary, Contract
from portal.data.persons import Person
from portal.data.prepared import Values
from portal.data.rights import Cover, RightsAnswer, RightsStatus, covers_found, prepared_covers, rights_on
from portal.data.sign_up_claims import written
from portal.security import Keyring


class Means(StrEnum):
    """By what the person is named."""

    MEMBER_NUMBER = "numero_adherent"
    NIR = "nir"
    CARD_CODE = "code_carte"


NOBODY = 0


@dataclass(frozen=True, slots=True)
class Question:
    """`number`: in the writing of its means. `birth_date` and `birth_rank` are needed, save with a code. `card_number`:
    the member number that the card's DataMatrix says, empty without one."""

    means: Means
    number: str
    birth_date: date | None
    birth_rank: int
    care_day: date
    card_number: str = ""


class MarksNeeded(Exception):
    """The card names several persons: their birth date and rank must say which."""


def answer_to(db: Session, keyring: Keyring, question: Question) -> RightsAnswer:
    """The answer for the one person whom the question names. Raises `MarksNeeded`."""
    covers = _covers(db, keyring, question)
    persons = {cover.person_id for cover in covers}
    if not persons:
        is_ours = question.means is Means.CARD_CODE and read_code(keyring, question.number) is not None
        return RightsAnswer(RightsStatus.INCONSISTENT if is_ours else RightsStatus.UNKNOWN, question.care_day)
    if len(persons) > 1:
        return RightsAnswer(RightsStatus.INCONSISTENT, question.care_day)
    return rights_on(db, persons.pop(), question.care_day, contracts={cover.contract_id for cover in covers})


def _covers(db: Session, keyring: Keyring, question: Question) -> list[Cover]:
    """The covers that agree with every mark of the question, past and to come."""
    match question.means:
        case Means.CARD_CODE:
            return _by_code(db, keyring, question)
        case Means.NIR:
            return _by_nir(db, keyring, question)
        case Means.MEMBER_NUMBER:
            return covers_found(db, _BY_NUMBER, {"numbers": tuple(written(question.number))} | _marks(question))


def _by_code(db: Session, keyring: Keyring, question: Question) -> list[Cover]:
    printed = read_code(keyring, question.number)
    covers = covers_of_code(db, printed) if printed else []
    if question.birth_date is None:
        if len({cover.person_id for cover in covers}) > 1:
            raise MarksNeeded
        found = covers
    else:
        marks = (question.birth_date, question.birth_rank)
        found = [cover for cover in covers if (cover.birth_date, cover.birth_rank) == marks]
    return [cover for cover in found if question.card_number in {"", cover.member_number}]


def _by_nir(db: Session, keyring: Keyring, question: Question) -> list[Cover]:
    """The NIR is the person's own, or that of the member whose contract covers them."""
    lookups = keyring.lookups(question.number)
    holders = tuple(db.connection().execute(select(Person.id).where(col(Person.nir_lookup).in_(lookups))).scalars())
    # A NIR that nobody has costs the same statements: time tells nobody that it is known.
    values = {"holders": holders or (NOBODY,)} | _marks(question)
    return covers_found(db, _OF_HOLDERS, values) + covers_found(db, _UNDER_HOLDERS, values)


def _marks(question: Question) -> Values:
    return {"born": question.birth_date, "rank": question.birth_rank}


_MARKED = (
    col(Person.birth_date) == bindparam("born"),
    col(Beneficiary.birth_rank) == bindparam("rank"),
)
_BY_NUMBER = prepared_covers(col(Contract.member_number).in_(bindparam("numbers", expanding=True)), *_MARKED)
_OF_HOLDERS = prepared_covers(col(Beneficiary.person_id).in_(bindparam("holders", expanding=True)), *_MARKED)
_UNDER_HOLDERS = prepared_covers(col(Contract.member_id).in_(bindparam("holders", expanding=True)), *_MARKED)
