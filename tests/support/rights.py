"""Practices with an agreement, and checks of rights, for tests."""

from datetime import date

from sqlmodel import Session

from portal.data.accounts import Account, Role, Space
from portal.data.organisations import Agreement, Provider
from portal.data.profession_care import ProfessionCare, care_codes
from portal.security import Keyring
from tests.support import factories

PHARMACIST, OPTICIAN = "pharmacien", "opticien"


def practice(
    db: Session,
    keyring: Keyring,
    profession: str = PHARMACIST,
    *,
    code: str = "PHAR",
    role: Role = Role.PROVIDER,
    starts_on: date = factories.COVERED_SINCE,
    ends_on: date | None = None,
) -> Account:
    """A user of a practice that is told of one column of cards."""
    number = f"{factories.next_number():011}"
    provider = Provider(national_id=number, profession=profession, name="Pharmacie Essai")
    db.add(provider)
    db.flush()
    db.add(Agreement(number=f"T{number}", provider_id=provider.id or 0, starts_on=starts_on, ends_on=ends_on))
    concern(db, profession, code)
    return factories.account(db, keyring, Space.PROVIDER, role, provider_id=provider.id, organisation="Pharmacie Essai")


def concern(db: Session, profession: str, *codes: str, since: date = factories.COVERED_SINCE) -> None:
    """Lets a profession be told of these columns of cards, once."""
    for code in codes:
        if code not in care_codes(db, profession, since):
            db.add(ProfessionCare(profession=profession, code=code, valid_from=since))
            db.flush()


FIRST_NUMBER = 10_000_000


def members_in_a_row(db: Session, count: int, first: int = FIRST_NUMBER) -> None:
    """Members of the usual birth date whose numbers follow each other, as those of a firm's employees do."""
    for number in range(first, first + count):
        factories.contract(db, factories.person(db)).member_number = str(number)
    db.flush()
