"""Checks of rights among many persons, on a fresh SQLite file: how long one takes, and how many persons a thief with a
stolen account learns of (R-42, R-62). `BENCH_FULL=1`: two million persons."""

import os
import random
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert
from sqlmodel import Session, SQLModel

from portal.data.card_terms import CardColumn, CardTerms
from portal.data.coverage import Product
from portal.data.organisations import Agreement, Provider
from portal.data.profession_care import ProfessionCare
from portal.data.rights_checks import ProofNeeded, TooManyChecks, check_rights
from portal.data.rights_questions import Means, Question
from portal.data.sessions import Viewer
from portal.database import Database
from portal.security import Keyring
from portal.settings import Settings
from tests.support import factories
from tests.support.databases import build_sqlite_template

PERSONS = 2_000_000 if os.environ.get("BENCH_FULL") else 200_000
BATCH, CHECKS, TRIES, TRIES_A_SECOND = 50_000, 500, 100_000, 10
SINCE, MORNING = date(2015, 1, 1), datetime(2026, 6, 15, 7, 0, tzinfo=UTC)
FIRST_NUMBER, OLDEST, DAYS_OF_BIRTH = 10_000_000, date(1940, 1, 1), 30_000


def main() -> None:
    """Prints p50 and p95 of a check in milliseconds, then how many persons 100 000 tries tell of."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{build_sqlite_template(Path(folder) / 'portal.sqlite3')}")
        keyring = Keyring(_settings(Path(folder)))
        with database.write() as db:
            _cover(db)
        with database.write() as db:
            viewers = [_practice(db, keyring) for _ in range(CHECKS // 50 + 2)]
        _measure(database, keyring, viewers[2:])
        for name, viewer, question in (("guessing", viewers[0], _guess), ("with a stolen list", viewers[1], _known)):
            print(f"  {TRIES} tries in a working day, {name}: {_harvest(database, keyring, viewer, question)} persons")
        database.dispose()


def _settings(folder: Path) -> Settings:
    return Settings(
        data_folder=folder,
        origin="http://127.0.0.1:8000",
        secret_keys=[secrets.token_hex(32)],
        data_keys=[secrets.token_hex(32)],
    )


def _measure(database: Database, keyring: Keyring, viewers: list[Viewer]) -> None:
    took = []
    for number in range(CHECKS):
        since = time.perf_counter()
        with database.write() as db:
            check_rights(db, viewers[number % len(viewers)], keyring, _known(number), MORNING)
        took.append((time.perf_counter() - since) * 1000)
    cuts = statistics.quantiles(took, n=20)
    print(f"  {PERSONS} persons, a check: p50 {cuts[9]:.2f} ms, p95 {cuts[18]:.2f} ms")


def _harvest(database: Database, keyring: Keyring, viewer: Viewer, question: Callable[[int], Question]) -> int:
    """How many persons a thief learns of who came in, and cannot prove anew who they are."""
    found = set()
    with database.write() as db:
        for number in range(TRIES):
            now = MORNING + timedelta(seconds=number / TRIES_A_SECOND)
            try:
                made, _ = check_rights(db, viewer, keyring, question(number), now, is_proven=False)
            except (TooManyChecks, ProofNeeded):
                continue
            found.add(made.person_id)
    return len(found - {None})


def _born(number: int) -> date:
    return OLDEST + timedelta(days=number * 7919 % DAYS_OF_BIRTH)


def _known(number: int) -> Question:
    return _question(number % PERSONS, _born(number % PERSONS))


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
