"""A household with everyone the privacy rule tells apart, and a foreign one: who may read whose lines (R-72).

Each person has an account and one paid line that bears a word of that person's own (the canary): where it shows, the
line was read.
"""

from dataclasses import dataclass

from sqlmodel import Session

from portal.data.accounts import Account
from portal.data.benefits import BenefitLine
from portal.data.persons import Person
from portal.security import Keyring
from tests.support import factories

MEMBER, SPOUSE, PRIVATE, SHARING, MINOR, FOREIGN = "membre", "conjoint", "majeure", "partageur", "mineure", "voisin"
EVERYONE = (MEMBER, SPOUSE, PRIVATE, SHARING, MINOR, FOREIGN)
READS = {
    MEMBER: {MEMBER, SHARING, MINOR},
    SPOUSE: {SPOUSE},
    PRIVATE: {PRIVATE},
    SHARING: {SHARING},
    MINOR: {MINOR},
    FOREIGN: {FOREIGN},
}
NAMES = {SPOUSE: "Bruno", PRIVATE: "Capucine", SHARING: "Diego", MINOR: "Élise"}
# Cents spent, a different sum for each; all is left to pay but 1,00 €.
SPENT = {who: 31_337 + 1_111 * at for at, who in enumerate(EVERYONE)}


@dataclass
class Relatives:
    """Persons, accounts and lines by who they are."""

    persons: dict[str, Person]
    accounts: dict[str, Account]
    lines: dict[str, BenefitLine]


def canary(who: str) -> str:
    """The word that stands in this person's line and nowhere else."""
    return f"Canari-{who}"


def live_together(db: Session, keyring: Keyring) -> Relatives:
    """Writes the two households. One payment covers all lines of the first."""
    adult = factories.ADULT_BIRTH.replace(year=2000)
    born = {NAMES[PRIVATE]: adult, NAMES[SHARING]: adult, NAMES[MINOR]: factories.MINOR_BIRTH}
    ours = factories.household(db, spouse=NAMES[SPOUSE], children=born)
    theirs = factories.household(db, name="Voisin")
    persons = {MEMBER: ours.member, FOREIGN: theirs.member} | {who: ours[name] for who, name in NAMES.items()}
    factories.sharing(db, persons[SHARING], ours.member)
    accounts = {who: factories.member_account(db, keyring, person) for who, person in persons.items()}
    payment = factories.payment(db, ours.member, amount_cents=100 * len(NAMES))
    lines = {
        who: _line(db, ours if who != FOREIGN else theirs, who, person, payment if who != FOREIGN else None)
        for who, person in persons.items()
    }
    return Relatives(persons, accounts, lines)


def _line(db: Session, home: factories.Household, who: str, person: Person, payment: object) -> BenefitLine:
    money = {"base_gross_cents": 0, "flat_fee_cents": 0, "base_net_cents": 0, "supplementary_cents": 100}
    return factories.line(
        db,
        home.contract,
        person,
        label=canary(who),
        provider=f"Cabinet {canary(who)}",
        note=f"Note {canary(who)}",
        paid_by=payment or factories.payment(db, home.member),
        spent_cents=SPENT[who],
        remaining_cents=SPENT[who] - 100,
        **money,
    )
