"""The demonstration's rights over data: a request that takes longer, one refused, one for the desk; choices (R-70)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from portal.data.case_desk import Agent, lock_for_desk
from portal.data.case_pieces import add_pieces
from portal.data.cases import Case, lock_case
from portal.data.columns import utc_now
from portal.data.data_objections import Purpose, choose_objections
from portal.data.data_request_rows import DataField, Wanted
from portal.data.data_request_slots import IDENTITY_SLOT
from portal.data.data_right_desk import (
    accept_data_request,
    destroy_identity_proof,
    extend_delay,
    refuse_data_request,
)
from portal.data.data_right_rules import DataRight
from portal.data.data_rights import KIND, ask, requests_of, send_request
from portal.data.death_instructions import Instructions, Wish, give_instructions
from portal.data.postal_letters import LetterKind
from portal.data.received_requests import LETTER_SLOT, Asker, Channel, Sender
from portal.data.request_reception import (
    Reception,
    add_received_pieces,
    members_without_account,
    receive_request,
)
from portal.data.sessions import Viewer
from portal.database import Database
from portal.demo.files import blank_file
from portal.demo.viewers import ReadLongAgo, agent_of, viewer_of
from portal.formatting import day_in_france
from portal.insurer import Insurer
from portal.postal_writing import write_case_letter
from portal.security import Keyring
from portal.storage import Storage

MEMBER, OTHER, AGENT = "1000000016", "1000000024", "9000000019"
SEARCHED = "Je cherche les enregistrements de mes appels au service client de l’an dernier."
ERASED = "Effacez mes remboursements de 2024\u00a0: je ne veux plus qu’ils figurent dans vos fichiers."
EXTENSION = (
    "Vos appels sont conservés par deux prestataires. Nous réunissons leurs réponses, et écartons ce que d’autres "
    "personnes y ont dit."
)
REFUSAL = (
    "Ces remboursements sont des pièces comptables\u00a0: la loi nous impose de les garder dix ans (code de commerce, "
    "article L.\u00a0123-22). Ils ne servent à rien d’autre."
)
LETTER_ASKED = Wanted(DataRight.ACCESS, "Une copie de tout ce que vous avez, et la liste de qui l’a consulté.")
WRITER = Sender("Camille Exemple", "4 rue de l’Exemple\n99000 Villefictive")
GRANTED = "Voici la copie demandée. Elle dit aussi qui a consulté ces données, et quand."
INSTRUCTIONS = Instructions(Wish.GIVE, "Noé Exemple", "noe.exemple@exemple.example", "Mes relevés l’aideront.")


@dataclass(frozen=True, slots=True)
class OnPaper(ReadLongAgo):
    """Writes what is to be posted: the desk has it before it."""

    keyring: Keyring
    insurer: Insurer

    def write_on_paper(
        self, db: Session, case: Case, kind: LetterKind, words: str, now: datetime, *, by: int | None
    ) -> None:
        write_case_letter(db, self.keyring, self.insurer, case, kind, words, now, by=by)


@dataclass(frozen=True, slots=True)
class Show:
    """Asks and decides as people and the desk would, days ago."""

    db: Session
    keyring: Keyring
    storage: Storage
    now: datetime
    insurer: Insurer

    @property
    def agent(self) -> Agent:
        """The agent who acts, and whose letters are posted."""
        return agent_of(self.db, AGENT, OnPaper(self.keyring, self.insurer))

    def ask(self, viewer: Viewer, wanted: Wanted, days_ago: int) -> Case:
        """A request that the desk has."""
        then = self.now - timedelta(days=days_ago)
        case = ask(self.db, viewer, self.keyring, wanted, then)
        if case.is_draft:
            add_pieces(self.db, viewer, case, "justificatif", [blank_file(self.storage, "acte-de-naissance")], then)
            send_request(self.db, viewer, self.keyring, case.id or 0, case.version, then)
        return lock_case(self.db, viewer, case.id or 0, None, KIND) or case

    def extend(self, case: Case, days_ago: int) -> None:
        agent = self.agent
        locked = lock_for_desk(self.db, agent, case.id or 0, case.version) or case
        extend_delay(self.db, agent, self.keyring, locked, EXTENSION, self.now - timedelta(days=days_ago))

    def receive(self, reception: Reception, recorded_days_ago: int) -> Case:
        """A request that came on paper, written down days ago."""
        agent, then = self.agent, self.now - timedelta(days=recorded_days_ago)
        case = receive_request(self.db, agent, self.keyring, reception, then)
        letter = [blank_file(self.storage, "lettre-recue")]
        add_received_pieces(self.db, agent, case, LETTER_SLOT, letter, then)
        return case

    def prove(self, case: Case, days_ago: int) -> None:
        """The copy of an identity card that came with the letter."""
        agent, then = self.agent, self.now - timedelta(days=days_ago)
        add_received_pieces(self.db, agent, case, IDENTITY_SLOT, [blank_file(self.storage, "carte-d-identite")], then)

    def grant(self, case: Case) -> None:
        """Who asks was checked, and the copy is to be sent."""
        agent, then = self.agent, self.now - timedelta(days=2)
        destroy_identity_proof(self.db, agent, case, then)
        accept_data_request(self.db, agent, self.keyring, case, GRANTED, then)

    def refuse(self, case: Case, days_ago: int) -> None:
        agent = self.agent
        locked = lock_for_desk(self.db, agent, case.id or 0, case.version) or case
        refuse_data_request(self.db, agent, self.keyring, locked, REFUSAL, self.now - timedelta(days=days_ago))


def show_data_rights(database: Database, keyring: Keyring, storage: Storage, insurer: Insurer) -> None:
    """Adds them, unless they are there."""
    now = utc_now()
    with database.write() as db:
        member = viewer_of(db, MEMBER)
        if requests_of(db, member, keyring):
            return
        show = Show(db, keyring, storage, now, insurer)
        show.refuse(show.ask(member, Wanted(DataRight.ERASURE, ERASED), 90), 70)
        show.extend(show.ask(member, Wanted(DataRight.ACCESS, SEARCHED), 36), 12)
        corrected = Wanted(DataRight.RECTIFICATION, field=DataField.LAST_NAME, value="Imaginaire-Modèle")
        show.ask(viewer_of(db, OTHER), corrected, 25)
        _show_received(show)
        choose_objections(db, member, {Purpose.MARKETING}, now - timedelta(days=200))
        give_instructions(db, member, keyring, INSTRUCTIONS, now - timedelta(days=150))


def _show_received(show: Show) -> None:
    """Requests on paper of people without an account: one that waits, one granted whose answer is to be posted."""
    people = members_without_account(show.db, most=2)
    today = day_in_france(show.now)
    for person_id, asker, came_ago in zip(people, (Asker.PERSON, Asker.GUARDIAN), (24, 12), strict=False):
        reception = Reception(person_id, LETTER_ASKED, Channel.POST, asker, WRITER, today - timedelta(days=came_ago))
        case = show.receive(reception, came_ago - 3)
        show.prove(case, came_ago - 3)
        if asker is Asker.GUARDIAN:
            show.grant(case)
