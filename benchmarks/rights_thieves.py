"""How many persons a thief with a stolen account learns of, and when the checks are frozen (R-62)."""

import random
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from sqlmodel import Session

from benchmarks.covered_persons import DAYS_OF_BIRTH, OLDEST, STRIDE, born, practice, question
from portal.data.rights_checks import FreezeDue, ProofNeeded, Sent, TooManyChecks, check_rights
from portal.data.rights_questions import Question
from portal.data.sessions import Viewer
from portal.database import Database
from portal.security import Keyring

TRIES, WORKING_DAY, PATIENT = 100_000, timedelta(hours=10), 42


@dataclass(frozen=True, slots=True)
class Thief:
    """Whoever holds a stolen account: what is asked, over how many working days, in how many tries; `can_prove`: they
    hold its password and its second factor, too."""

    name: str
    question: Callable[[int], Question]
    can_prove: bool
    days: int = 1
    tries: int = TRIES


def measure(database: Database, keyring: Keyring, persons: int, morning: datetime) -> None:
    """Prints how many persons each thief learns of, among so many."""
    for thief in _thieves(persons):
        _harvest(database, keyring, thief, morning)


def _thieves(persons: int) -> list[Thief]:
    guess, in_a_row, known = (partial(asked, persons) for asked in (_guess, _in_a_row, _known))
    return [
        Thief("cannot prove, guessing", guess, can_prove=False),
        Thief("cannot prove, numbers in a row", in_a_row, can_prove=False),
        Thief("cannot prove, a stolen list", known, can_prove=False),
        Thief("can prove, guessing", guess, can_prove=True),
        Thief("can prove, birth dates in turn", _births, can_prove=True),
        Thief("can prove, numbers in a row", in_a_row, can_prove=True),
        Thief("can prove, a stolen list", known, can_prove=True),
        Thief("can prove, a stolen list over five days", known, can_prove=True, days=5),
        Thief(f"can prove, {PATIENT} of a list a day for five days", known, True, 5, PATIENT * 5),
    ]


def _harvest(database: Database, keyring: Keyring, thief: Thief, morning: datetime) -> None:
    """In an account that was signed in to just before the first try."""
    found, end = set(), "never frozen"
    with database.write() as db:
        viewer = replace(practice(db, keyring), confirmed_at=morning)
        for number, now in enumerate(_times(thief, morning)):
            try:
                viewer, person = _tried(db, viewer, keyring, thief, thief.question(number), now)
            except FreezeDue as due:
                end = f"frozen at try {number + 1} ({', '.join(due.seen)})"
                break
            found.add(person)
    print(f"  {thief.tries} tries, {thief.name}: {len(found - {None})} persons, {end}")


def _tried(
    db: Session, viewer: Viewer, keyring: Keyring, thief: Thief, asked: Question, now: datetime
) -> tuple[Viewer, int | None]:
    """Who was found; the viewer has proved who they are anew where that is asked and can be done."""
    try:
        return viewer, check_rights(db, viewer, keyring, asked, now).check.person_id
    except TooManyChecks:
        return viewer, None
    except ProofNeeded:
        if not thief.can_prove:
            return viewer, None
    try:
        viewer = replace(viewer, confirmed_at=now)
        moment = now + timedelta(microseconds=1)
        return viewer, check_rights(db, viewer, keyring, asked, moment, Sent()).check.person_id
    except TooManyChecks:
        return viewer, None


def _times(thief: Thief, morning: datetime) -> Iterator[datetime]:
    """The tries, evenly over the working days."""
    a_day = thief.tries // thief.days
    for number in range(thief.tries):
        yield morning + timedelta(days=number // a_day) + (number % a_day) * WORKING_DAY / a_day


def _in_a_row(persons: int, number: int) -> Question:
    """A stolen list by its numbers: each mark is right."""
    return question(number % persons, born(number % persons))


def _known(persons: int, number: int) -> Question:
    """The same in no order."""
    return _in_a_row(persons, number * STRIDE)


def _births(number: int) -> Question:
    """Every birth date of one number in turn."""
    return question(7, OLDEST + timedelta(days=number % DAYS_OF_BIRTH))


def _guess(persons: int, _: int) -> Question:
    chosen = random.Random(secrets.randbits(64))  # noqa: S311  (a thief's guesses, nobody's secret)
    return question(chosen.randrange(persons), OLDEST + timedelta(days=chosen.randrange(DAYS_OF_BIRTH)))
