"""Checks of rights among many persons, on a fresh SQLite file: how long one takes, and how many persons a thief with a
stolen account learns of (R-42, R-62). `BENCH_FULL=1`: two million persons."""

import os
import random
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event, insert
from sqlmodel import Session, SQLModel

from portal.data.card_terms import CardColumn, CardTerms
from portal.data.coverage import Product
from portal.data.organisations import Agreement, Provider
from portal.data.profession_care import ProfessionCare
from portal.data.rights_checks import FreezeDue, ProofNeeded, TooManyChecks, check_rights, new_engagement
from portal.data.rights_questions import Means, Question
from portal.data.sessions import Viewer
from portal.database import Database
from portal.security import Keyring
from portal.settings import Settings
from tests.support import factories
from tests.support.databases import build_sqlite_template

PERSONS = 2_000_000 if os.environ.get("BENCH_FULL") else 200_000
BATCH, CHECKS, TRIES = 50_000, 500, 100_000
# A hospital's four weeks, and what one of its users has asked today.
USUAL_DAY, USUAL_DAYS, ASKED_TODAY = 600, 28, 300
SINCE, MORNING = date(2015, 1, 1), datetime(2026, 6, 15, 7, 0, tzinfo=UTC)
WORKING_DAY, PATIENT = timedelta(hours=10), 42
FIRST_NUMBER, OLDEST, DAYS_OF_BIRTH = 10_000_000, date(1940, 1, 1), 30_000
STEP = 7_919  # prime: a list in no order, each person once


@dataclass(frozen=True, slots=True)
class Thief:
    """Whoever holds a stolen account: what is asked, over how many working days, in how many tries; `can_prove`: they
    hold its password and its second factor, too."""

    name: str
    question: Callable[[int], Question]
    can_prove: bool
    days: int = 1
    tries: int = TRIES


def main() -> None:
    """Prints p50 and p95 of a check in milliseconds and its statements, then how many persons 100 000 tries tell of."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{build_sqlite_template(Path(folder) / 'portal.sqlite3')}")
        keyring = Keyring(_settings(Path(folder)))
        with database.write() as db:
            _cover(db)
        with database.write() as db:
            practices = [_practice(db, keyring) for _ in range(CHECKS // 25)]
            hospital = _hospital(db, keyring)
        _measure(database, keyring, practices, "of small practices")
        _measure(database, keyring, [hospital], "of a hospital", checks=60)
        for thief in _thieves():
            _harvest(database, keyring, thief)
        database.dispose()


def _thieves() -> list[Thief]:
    return [
        Thief("cannot prove, guessing", _guess, can_prove=False),
        Thief("cannot prove, numbers in a row", _in_a_row, can_prove=False),
        Thief("cannot prove, a stolen list", _known, can_prove=False),
        Thief("can prove, guessing", _guess, can_prove=True),
        Thief("can prove, birth dates in turn", _births, can_prove=True),
        Thief("can prove, numbers in a row", _in_a_row, can_prove=True),
        Thief("can prove, a stolen list", _known, can_prove=True),
        Thief("can prove, a stolen list over five days", _known, can_prove=True, days=5),
        Thief(f"can prove, {PATIENT} of a list a day for five days", _known, True, 5, PATIENT * 5),
    ]


def _settings(folder: Path) -> Settings:
    return Settings(
        data_folder=folder,
        origin="http://127.0.0.1:8000",
        secret_keys=[secrets.token_hex(32)],
        data_keys=[secrets.token_hex(32)],
    )


def _measure(database: Database, keyring: Keyring, viewers: list[Viewer], whose: str, checks: int = CHECKS) -> None:
    took = []
    with _statements(database) as seen:
        for number in range(checks):
            since = time.perf_counter()
            with database.write() as db:
                check_rights(db, viewers[number % len(viewers)], keyring, _known(number), MORNING)
            took.append((time.perf_counter() - since) * 1000)
    cuts = statistics.quantiles(took, n=20)
    said = f"p50 {cuts[9]:.2f} ms, p95 {cuts[18]:.2f} ms, {len(seen) / checks:.1f} statements"
    print(f"  {PERSONS} persons, a check {whose}: {said}")


@contextmanager
def _statements(database: Database) -> Iterator[list[str]]:
    """The statements that SQLAlchemy runs inside the block; a prepared one is not seen."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(database.writer, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.writer, "before_cursor_execute", note)


def _harvest(database: Database, keyring: Keyring, thief: Thief) -> None:
    """How many persons a thief learns of, in an account that was signed in to just before the first try."""
    found, end = set(), "never frozen"
    with database.write() as db:
        viewer = replace(_practice(db, keyring), confirmed_at=MORNING)
        for number, now in enumerate(_times(thief)):
            try:
                viewer, person = _tried(db, viewer, keyring, thief, thief.question(number), now)
            except FreezeDue as due:
                end = f"frozen at try {number + 1} ({', '.join(due.seen)})"
                break
            found.add(person)
    print(f"  {thief.tries} tries, {thief.name}: {len(found - {None})} persons, {end}")


def _tried(
    db: Session, viewer: Viewer, keyring: Keyring, thief: Thief, question: Question, now: datetime
) -> tuple[Viewer, int | None]:
    """Who was found; the viewer has proved who they are anew where that is asked and can be done."""
    try:
        return viewer, check_rights(db, viewer, keyring, question, now).check.person_id
    except TooManyChecks:
        return viewer, None
    except ProofNeeded:
        if not thief.can_prove:
            return viewer, None
    try:
        viewer = replace(viewer, confirmed_at=now)
        return viewer, check_rights(db, viewer, keyring, question, now + timedelta(microseconds=1)).check.person_id
    except TooManyChecks:
        return viewer, None


def _times(thief: Thief) -> Iterator[datetime]:
    """The tries, evenly over the working days."""
    a_day = thief.tries // thief.days
    for number in range(thief.tries):
        yield MORNING + timedelta(days=number // a_day) + (number % a_day) * WORKING_DAY / a_day


def _born(number: int) -> date:
    return OLDEST + timedelta(days=number * 7919 % DAYS_OF_BIRTH)


def _in_a_row(number: int) -> Question:
    """A stolen list by its numbers: each mark is right."""
    return _question(number, _born(number))


def _known(number: int) -> Question:
    """The same in no order."""
    return _in_a_row(number * STEP % PERSONS)


def _births(number: int) -> Question:
    """Every birth date of one number in turn."""
    return _question(7, OLDEST + timedelta(days=number % DAYS_OF_BIRTH))


def _guess(_: int) -> Question:
    chosen = random.Random(secrets.randbits(64))  # noqa: S311  (a thief's guesses, nobody's secret)
    return _question(chosen.randrange(PERSONS), _born(chosen.randrange(DAYS_OF_BIRTH)))


def _question(number: int, born: date) -> Question:
    return Question(Means.MEMBER_NUMBER, str(FIRST_NUMBER + number), born, 1, MORNING.date())


def _cover(db: Session) -> None:
    """A product with a card, and that many persons, each with a contract of their own."""
    product = Product(code="BENCH", name="Formule")
    db.add(product)
    db.flush()
    dated = {"product_id": product.id or 0, "valid_from": SINCE}
    db.add(CardTerms(**dated, amc_number="0099999901", convention="IS", csr="01"))
    db.add(CardColumn(**dated, code="PHAR", label="Pharmacie", value="100", network="IS", position=1))
    db.add(ProfessionCare(profession="pharmacien", code="PHAR", valid_from=SINCE))
    for start in range(0, PERSONS, BATCH):
        numbers = range(start, min(start + BATCH, PERSONS))
        _insert(db, "person", [_person(number) for number in numbers])
        _insert(db, "contract", [_contract(number, product.id or 0) for number in numbers])
        _insert(db, "beneficiary", [_beneficiary(number) for number in numbers])


def _person(number: int) -> dict[str, object]:
    names = {"last_name": "Essai", "first_name": "Anne", "email": ""}
    return names | {"id": number + 1, "reference": f"P{number}", "birth_date": _born(number)}


def _contract(number: int, product_id: int) -> dict[str, object]:
    terms = {"kind": "individuel", "regime": "general", "is_responsible": True, "starts_on": SINCE}
    numbers = {"id": number + 1, "number": f"C{number}", "member_number": str(FIRST_NUMBER + number)}
    return terms | numbers | {"member_id": number + 1, "product_id": product_id}


def _beneficiary(number: int) -> dict[str, object]:
    who = {"contract_id": number + 1, "person_id": number + 1, "relationship": "adherent", "birth_rank": 1}
    return who | {"valid_from": SINCE}


def _insert(db: Session, table: str, rows: list[dict[str, object]]) -> None:
    db.connection().execute(insert(SQLModel.metadata.tables[table]), rows)


def _practice(db: Session, keyring: Keyring) -> Viewer:
    number = f"{factories.next_number():011}"
    provider = Provider(national_id=number, profession="pharmacien", name="Pharmacie")
    db.add(provider)
    db.flush()
    db.add(Agreement(number=f"T{number}", provider_id=provider.id or 0, starts_on=SINCE))
    return factories.viewer_of(db, factories.provider_account(db, keyring, provider_id=provider.id))


def _hospital(db: Session, keyring: Keyring) -> Viewer:
    """A user of a practice that asks much, every day."""
    viewer = _practice(db, keyring)
    row = {
        "asked_by": viewer.account_id, "provider_id": viewer.provider_id, "means": Means.NIR, "care_day": SINCE,
        "status": "droits_ouverts", "content_sealed": b"",
    }  # fmt: skip
    times = [
        MORNING - timedelta(days=day, seconds=30 * number)
        for day in range(1, USUAL_DAYS)
        for number in range(USUAL_DAY)
    ]
    today = [MORNING - timedelta(hours=2, seconds=60 * number) for number in range(ASKED_TODAY)]
    _insert(db, "rights_check", [row | {"engagement": new_engagement(), "asked_at": at} for at in times + today])
    newest = db.connection().exec_driver_sql("SELECT max(id) FROM rights_check").scalar_one()
    trace = {"asked_by": viewer.account_id, "is_miss": False, "lower": "", "upper": "", "form": ""}
    traces = [
        trace | {"check_id": newest - at, "asked_at": asked, "number": f"n{at}", "marks": f"m{at}"}
        for at, asked in enumerate(today)
    ]
    _insert(db, "rights_trace", traces)
    return viewer
