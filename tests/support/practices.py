"""Practices for tests: with an agreement, an address, a place of the directory, and people of both roles."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlmodel import Session

from portal.data.accounts import Account, Role, Space
from portal.data.case_desk import lock_for_desk
from portal.data.case_pieces import add_pieces
from portal.data.cases import Case, CaseKind
from portal.data.directory import Level, Practice, Profession, cells_of
from portal.data.organisations import Agreement, Provider
from portal.data.practice_addresses import keep_address
from portal.data.practice_changes import Wanted, change_slots, send_change, start_change
from portal.data.sessions import Viewer
from portal.formatting import day_in_france
from portal.places.addresses import place_key
from portal.places.distance import Position
from portal.security import Keyring
from tests.support import factories
from tests.support.beneficiaries import new_file

NOW = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)
TODAY = date(2026, 11, 10)
SINCE = date(2019, 1, 1)
OLD, NEW = ("12 rue de l’Exemple", "42000", "Saint-Étienne"), ("3 place Neuve", "69003", "Lyon")
NUMBER, OTHER_NUMBER, THIRD_NUMBER = "990000010", "990000101", "990000119"
POSITION = Position(45.4389, 4.3867)


@dataclass(frozen=True, slots=True)
class Firm:
    """A practice and its people: two who signed, one of the team."""

    practice: Provider
    agreement: Agreement
    first: Account
    second: Account
    colleague: Account


def practice_firm(db: Session, keyring: Keyring, number: str = NUMBER, ends_on: date | None = None) -> Firm:
    """A practice with an agreement since 2019, at the `OLD` address."""
    practice = Provider(
        national_id=number, profession="opticien", name="Optique Exemple", email="boite@optique.example"
    )
    db.add(practice)
    db.flush()
    agreement = Agreement(number=f"TP-{number}", provider_id=practice.id or 0, starts_on=SINCE, ends_on=ends_on)
    db.add(agreement)
    keep_address(db, practice.id or 0, SINCE, OLD)

    def user(name: str, role: Role) -> Account:
        names = {"email": f"{name}@optique.example", "display_name": name.capitalize()}
        whose = {"provider_id": practice.id, "organisation": practice.name}
        return factories.account(db, keyring, Space.PROVIDER, role, **names, **whose)

    people = user("ada", Role.PROVIDER), user("bela", Role.PROVIDER), user("chloe", Role.PROVIDER_STAFF)
    return Firm(practice, agreement, *people)


def place(db: Session, number: str = NUMBER, address: tuple[str, str, str] = OLD, **values: Any) -> Practice:
    """A place of the directory."""
    street, postcode, city = address
    fine, coarse = cells_of(POSITION)
    told = {"profession": Profession.OPTICIAN, "name": "Optique Exemple", "level": Level.APPROVED, "checked_on": SINCE}
    where = {"latitude": POSITION[0], "longitude": POSITION[1], "fine": fine, "coarse": coarse}
    named = {"national_id": number, "place_key": place_key(postcode, street)}
    row = Practice(**(named | told | where | {"address": street, "postcode": postcode, "city": city} | values))
    db.add(row)
    db.flush()
    return row


def wanted_address(day: date = TODAY, address: tuple[str, str, str] = NEW) -> Wanted:
    """Another address, from a day on."""
    street, postcode, city = address
    return Wanted(CaseKind.PRACTICE_ADDRESS, day, address=street, postcode=postcode, city=city)


def wanted_number(day: date = TODAY, number: str = OTHER_NUMBER) -> Wanted:
    """Another FINESS, from a day on."""
    return Wanted(CaseKind.PRACTICE_NUMBER, day, national_id=number)


def drafted_change(db: Session, viewer: Viewer, wanted: Wanted, now: datetime = NOW) -> Case:
    """A draft with its evidence."""
    case = start_change(db, viewer, wanted, now, day_in_france(now))
    add_pieces(db, viewer, case, change_slots(db, case)[0].code, [new_file()], now)
    return case


def sent_change(db: Session, viewer: Viewer, wanted: Wanted, now: datetime = NOW) -> Case:
    """A request, complete and sent."""
    case = drafted_change(db, viewer, wanted, now)
    asked = send_change(db, viewer, case.id or 0, case.version, now)
    assert asked is not None
    return asked.case


def for_desk(db: Session, agent: Viewer, case: Case) -> Case:
    """The case as an agent locks it now."""
    found = lock_for_desk(db, agent, case.id or 0, case.version)
    assert found is not None
    return found
