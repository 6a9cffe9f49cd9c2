"""The demonstration's practices: an address that has changed, one that waits for its day, one for the desk, a refused
number; an account about to change, and one that waits for a second signature."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session

from portal.bank_words import bic_of, details_of, iban_of
from portal.data.case_desk import lock_for_desk
from portal.data.case_pieces import add_pieces
from portal.data.cases import Case, CaseKind, lock_case
from portal.data.columns import utc_now
from portal.data.organisation_bank import apply_change, ask_change
from portal.data.organisation_bank_rules import choose_rule
from portal.data.practice_bank import PRACTICE
from portal.data.practice_changes import Wanted, change_slots, changes_of, send_change, start_change
from portal.data.practice_moving import accept_practice_change, apply_practice_change, refuse_practice_change
from portal.data.sessions import Viewer
from portal.database import Database
from portal.demo.files import blank_file
from portal.demo.viewers import agent_of, viewer_of
from portal.formatting import day_in_france
from portal.security import Keyring
from portal.storage import Storage

OPTICIAN, PHARMACIST, HOSPITAL, SECOND_RESPONSIBLE, AGENT = (
    "3000000012", "3000000020", "3000000038", "3000000046", "9000000019",
)  # fmt: skip
IN_FORCE, GIVEN, WAITING = "ES9121000418450200051332", "FR1420041010050500013M02606", "DE89370400440532013000"
OTHER_NUMBER = "990000101"
REFUSED = "L’attestation jointe est celle d’un autre site. Envoyez celle de l’adresse où vous recevez."
TOWN = ("42000", "Saint-Étienne")


@dataclass(frozen=True, slots=True)
class Show:
    """Asks and decides as the practices and the desk would, days ago."""

    db: Session
    keyring: Keyring
    storage: Storage
    now: datetime

    def ask(self, who: str, wanted: Wanted, days_ago: int) -> Case:
        """A request with its evidence, sent."""
        viewer, then = viewer_of(self.db, who), self.now - timedelta(days=days_ago)
        case = start_change(self.db, viewer, wanted, then, day_in_france(then))
        slot = change_slots(self.db, case)[0].code
        add_pieces(self.db, viewer, case, slot, [blank_file(self.storage, slot)], then)
        send_change(self.db, viewer, case.id or 0, case.version, then + timedelta(minutes=10))
        return lock_case(self.db, viewer, case.id or 0, None, wanted.kind) or case

    def accept(self, case: Case, days_ago: int) -> None:
        agent, then = agent_of(self.db, AGENT), self.now - timedelta(days=days_ago)
        locked = lock_for_desk(self.db, agent, case.id or 0, case.version)
        accept_practice_change(self.db, agent, self.keyring, locked or case, then)

    def refuse(self, case: Case, days_ago: int) -> None:
        agent, then = agent_of(self.db, AGENT), self.now - timedelta(days=days_ago)
        locked = lock_for_desk(self.db, agent, case.id or 0, case.version)
        refuse_practice_change(self.db, agent, self.keyring, locked or case, REFUSED, then)

    def give_account(self, who: str, typed: str, hours_ago: int) -> int:
        """Another account asked for; its row's id."""
        viewer, iban = viewer_of(self.db, who), iban_of(typed)
        new = details_of(iban, viewer.organisation, bic_of("", iban))
        then = self.now - timedelta(hours=hours_ago)
        return ask_change(self.db, viewer, PRACTICE, self.keyring, new, then).id or 0


def show_practices(database: Database, keyring: Keyring, storage: Storage) -> None:
    """Adds the changes, unless they are there."""
    now = utc_now()
    with database.write() as db:
        if changes_of(db, viewer_of(db, OPTICIAN)):
            return
        show, today = Show(db, keyring, storage, now), day_in_france(now)
        moved = show.ask(OPTICIAN, _address("27 rue de l’Exemple", today - timedelta(days=60)), 80)
        show.accept(moved, 70)
        apply_practice_change(db, moved.id or 0, now - timedelta(days=60))
        show.ask(PHARMACIST, _address("15 place du Marché", today + timedelta(days=30)), 2)
        show.accept(show.ask(HOSPITAL, _address("4 avenue de l’Hôpital", today + timedelta(days=45)), 12), 5)
        number = Wanted(CaseKind.PRACTICE_NUMBER, today - timedelta(days=30), national_id=OTHER_NUMBER)
        show.refuse(show.ask(HOSPITAL, number, 40), 33)
        _show_accounts(show, viewer_of(db, HOSPITAL))


def _show_accounts(show: Show, hospital: Viewer) -> None:
    given = show.give_account(PHARMACIST, IN_FORCE, 24 * 90)
    pharmacy = viewer_of(show.db, PHARMACIST).provider_id or 0
    apply_change(show.db, PRACTICE, given, pharmacy, show.now - timedelta(days=87))
    show.give_account(OPTICIAN, GIVEN, 20)
    long_ago = show.now - timedelta(days=30)
    choose_rule(show.db, hospital, PRACTICE, needs_approval=True, now=long_ago)
    show.give_account(SECOND_RESPONSIBLE, WAITING, 20)


def _address(street: str, wanted_on: date) -> Wanted:
    postcode, city = TOWN
    return Wanted(CaseKind.PRACTICE_ADDRESS, wanted_on, address=street, postcode=postcode, city=city)
