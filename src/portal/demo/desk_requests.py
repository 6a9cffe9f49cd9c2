"""The desk of the demonstration: requests of kinds that nobody has answered yet, and a decision that waits for a second
agent (R-61, R-70)."""

from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from portal.data.accounts import Space
from portal.data.autonomy import PIECE, send_request, start_request
from portal.data.case_desk import lock_for_desk
from portal.data.case_pieces import add_pieces
from portal.data.cases import CaseKind, CaseState, cases_of
from portal.data.complaints import Category, Contact, Said
from portal.data.contribution_calls import calls_of, lines_of
from portal.data.contribution_disputes import AlreadyContested, Motive, contest_line
from portal.data.corrections import Subject, report_error
from portal.data.decisions import Act, Decision
from portal.data.messages import Topic, begin_thread
from portal.data.open_complaints import complain_without_account
from portal.data.proposals import settle, write_decision
from portal.database import Database
from portal.deciding.registry import applier_of
from portal.demo.files import blank_file
from portal.demo.viewers import agent_of, viewer_of
from portal.security import Keyring
from portal.storage import Storage

MEMBER, MINOR, EMPLOYER, SUPERVISOR = "1000000016", "1000000065", "2000000014", "9000000027"
WRONG_NAME = "Sur ma carte, mon prénom est écrit Camile, avec un seul L."
TITLE = "Notre fille étudie à Lyon"
QUESTION = "Bonjour,\nma fille part étudier à Lyon. Faut-il changer quelque chose à notre contrat\u00a0?"
ONE_TOO_MANY = "Bonjour,\nvous comptez une personne de trop\u00a0: un départ du mois dernier n’est pas repris."
NO_ANSWER = "Bonjour,\nj’ai demandé trois fois un devis de mutuelle, sans réponse. Je ne suis pas encore client."
SORRY = (
    "Bonjour,\n\nVous avez raison, et nous vous présentons nos excuses. Vos droits étaient ouverts ce jour-là\u00a0: "
    "la pharmacie aurait dû appliquer le tiers payant. Le remboursement de votre avance part cette semaine."
)


def show_desk_requests(database: Database, keyring: Keyring, storage: Storage) -> None:
    """Adds them, unless they are there."""
    now = datetime.now(UTC)
    with database.write() as db:
        member = viewer_of(db, MEMBER)
        if cases_of(db, member, CaseKind.CORRECTION):
            return
        _propose(db, keyring, now - timedelta(hours=1))
        then = now - timedelta(days=1)
        report_error(db, member, keyring, Subject.CARD, WRONG_NAME, then, page="/adherent/carte")
        begin_thread(
            db, member, keyring, Topic.CONTRACT, "Notre fille étudie à Lyon", QUESTION, now - timedelta(hours=5)
        )
        contact = Contact("Alix Exemple", "alix.exemple@exemple.example")
        said = Said(Category.WELCOME, NO_ANSWER)
        complain_without_account(db, keyring, said, contact, Space.MEMBER, now - timedelta(days=6))
        _contest(db, keyring, now - timedelta(days=3))
        _ask_for_autonomy(db, storage, now - timedelta(days=2))


def _propose(db: Session, keyring: Keyring, then: datetime) -> None:
    """A complaint that the supervisor finds justified: another agent must agree."""
    waiting = [case for case in cases_of(db, viewer_of(db, MEMBER), CaseKind.COMPLAINT) if case.state == CaseState.SENT]
    if waiting:
        agent = agent_of(db, SUPERVISOR)
        case = lock_for_desk(db, agent, waiting[0].id or 0, waiting[0].version)
        if case is not None:
            row = write_decision(db, agent, keyring, case, Decision(Act.ACCEPT, SORRY), then)
            settle(db, agent, keyring, row.id or 0, applier_of(case.kind, Act.ACCEPT), then)


def _contest(db: Session, keyring: Keyring, then: datetime) -> None:
    employer = viewer_of(db, EMPLOYER)
    for call in calls_of(db, employer, None, 1):
        line = lines_of(db, call)[0]
        try:
            contest_line(db, employer, keyring, line.id or 0, Motive.HEADCOUNT, ONE_TOO_MANY, then)
        except AlreadyContested:
            return


def _ask_for_autonomy(db: Session, storage: Storage, then: datetime) -> None:
    """When the minor is of an age to ask."""
    minor = viewer_of(db, MINOR)
    case = start_request(db, minor, then)
    if case is not None:
        add_pieces(db, minor, case, PIECE.code, [blank_file(storage, PIECE.code)], then)
        send_request(db, minor, case.id or 0, case.version, then)
