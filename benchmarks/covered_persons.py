"""Databases of as many covered persons as one likes, which the database makes itself in a few statements, and practices
that may ask about them."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import text
from sqlmodel import Session

from portal.data.card_terms import CardColumn, CardTerms
from portal.data.coverage import Product
from portal.data.organisations import Agreement, Provider
from portal.data.profession_care import ProfessionCare
from portal.data.rights_questions import Means, Question
from portal.data.sessions import Viewer
from portal.database import Database
from portal.security import Keyring
from portal.settings import Settings
from tests.support import factories

SINCE, CARE_DAY = date(2015, 1, 1), date(2026, 6, 15)
FIRST_NUMBER, OLDEST, DAYS_OF_BIRTH, STRIDE = 10_000_000, date(1940, 1, 1), 30_000, 7_919

NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :rows) SELECT "
DAYS_AFTER = {
    "sqlite": "date('SINCE', '+' || (DAYS) || ' days')",
    "postgresql": "DATE 'SINCE' + CAST(DAYS AS integer)",
}
PEOPLE = {
    "person": {
        "id": "n",
        "reference": "'P' || n",
        "birth_date": "{1940-01-01 + CAST(n - 1 AS bigint) * 7919 % 30000}",
        "last_name": "'Essai'",
        "first_name": "'Anne'",
        "email": "''",
    },
    "contract": {
        "id": "n",
        "number": "'C' || n",
        "member_number": "CAST(9999999 + n AS varchar)",
        "member_id": "n",
        "product_id": ":product",
        "kind": "'individuel'",
        "regime": "'general'",
        "is_responsible": "true",
        "starts_on": "{2015-01-01 + 0}",
    },
    "beneficiary": {
        "contract_id": "n",
        "person_id": "n",
        "relationship": "'adherent'",
        "birth_rank": "1",
        "valid_from": "{2015-01-01 + 0}",
    },
}


CHECKS = {
    "rights_check": {
        "engagement": "CAST(1000000000000000 + n AS varchar)",
        "asked_at": "{2025-05-01 + n % 400}",
        "asked_by": "1 + n % :practices",
        "provider_id": "1 + n % :practices",
        "means": "'nir'",
        "care_day": "{2025-05-01 + n % 400}",
        "person_id": "n",
        "status": "'droits_ouverts'",
        "content_sealed": "NOTHING",
    }
}
NO_BYTES = {"sqlite": "x''", "postgresql": "decode('', 'hex')"}


def settings_in(folder: Path) -> Settings:
    """Settings with keys of their own."""
    return Settings(
        data_folder=folder,
        origin="http://127.0.0.1:8000",
        secret_keys=[secrets.token_hex(32)],
        data_keys=[secrets.token_hex(32)],
    )


def fill(database: Database, tables: Mapping[str, Mapping[str, str]], rows: int, **values: object) -> None:
    """Makes so many rows in each table. A column is an SQL expression of `n`, the row's number from 1 on; in one,
    `{2015-01-01 + n}` is the day so many days after another. What is referred to is not checked."""
    dialect = "sqlite" if database.is_sqlite else "postgresql"
    with database.write() as db:
        if not database.is_sqlite:
            db.execute(text("SET LOCAL session_replication_role = replica"))
        for table, columns in tables.items():
            told = ", ".join(_told(each, dialect) for each in columns.values())
            into = "INSERT INTO " + table + " (" + ", ".join(columns) + ") "
            statement = text(into + NUMBERS + told + " FROM numbers")
            known = {name: value for name, value in values.items() if ":" + name in told}
            db.execute(statement, {"rows": rows} | known)
    know_tables(database, tables)


def know_tables(database: Database, tables: Iterable[str]) -> None:
    """Lets the planner know the tables, as the database does by itself in time."""
    engine = database.writer.execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for table in tables:
            connection.execute(text(("ANALYZE " if database.is_sqlite else "VACUUM ANALYZE ") + table))


def cover(database: Database, persons: int) -> None:
    """So many persons, each with a contract of their own, under one product with a card."""
    with database.write() as db:
        product = Product(code="BENCH", name="Formule")
        db.add(product)
        db.flush()
        dated = {"product_id": product.id or 0, "valid_from": SINCE}
        db.add(CardTerms(**dated, amc_number="0099999901", convention="IS", csr="01"))
        db.add(CardColumn(**dated, code="PHAR", label="Pharmacie", value="100", network="IS", position=1))
        db.add(ProfessionCare(profession="pharmacien", code="PHAR", valid_from=SINCE))
    fill(database, PEOPLE, persons, product=product.id)


def remember_checks(database: Database, checks: int, practices: int) -> None:
    """So many checks of a year ago until eleven days ago, of the first practices."""
    fill(database, CHECKS, checks, practices=practices)
    if not database.is_sqlite:
        with database.write() as db:
            db.execute(text("SELECT setval(pg_get_serial_sequence('rights_check', 'id'), max(id)) FROM rights_check"))


def born(number: int) -> date:
    """The birth date of the person of this number, from 0 on."""
    return OLDEST + timedelta(days=number * STRIDE % DAYS_OF_BIRTH)


def question(number: int, birth_date: date) -> Question:
    """The question about the person of this number, from 0 on."""
    return Question(Means.MEMBER_NUMBER, str(FIRST_NUMBER + number), birth_date, 1, CARE_DAY)


def practice(db: Session, keyring: Keyring) -> Viewer:
    """A user of a pharmacy of its own."""
    number = f"{factories.next_number():011}"
    provider = Provider(national_id=number, profession="pharmacien", name="Pharmacie")
    db.add(provider)
    db.flush()
    db.add(Agreement(number=f"T{number}", provider_id=provider.id or 0, starts_on=SINCE))
    viewer: Viewer = factories.viewer_of(db, factories.provider_account(db, keyring, provider_id=provider.id))
    return viewer


def _told(expression: str, dialect: str) -> str:
    if not expression.startswith("{"):
        return expression.replace("NOTHING", NO_BYTES[dialect])
    since, _, days = expression.strip("{}").partition(" + ")
    return DAYS_AFTER[dialect].replace("SINCE", since).replace("DAYS", days)
