"""The demonstration's messages: a member's and an employer's (R-80)."""

from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from portal.data.case_desk import Agent, answer, lock_for_desk
from portal.data.case_messages import FAR
from portal.data.cases import CaseKind, cases_of
from portal.data.messages import Topic, begin_thread, read_thread
from portal.database import Database
from portal.demo.viewers import agent_of, viewer_of
from portal.security import Keyring

AGENT = "9000000019"
# Who writes, about what, how many days ago; the answer, and whether it was read.
THREADS = (
    ("1000000016", Topic.CONTRACT, "Cure thermale en mai", "Bonjour,\nma cure est-elle remboursée\u00a0?", 9,
     "Bonjour,\noui, à 100\u00a0% de la base. Envoyez-nous la prise en charge de votre caisse.", True),
    ("1000000016", Topic.TERMS, "Conditions d’utilisation", "Bonjour,\nà qui montrez-vous mes données\u00a0?", 2,
     "Bonjour,\nà nos gestionnaires, et à eux seuls. L’article 7 le dit, et votre journal le montre.", False),
    ("2000000014", Topic.CONTRIBUTION, "Bordereau de septembre", "Bonjour,\ndeux sorties n’y figurent pas.", 4,
     "Bonjour,\nelles seront reprises sur le bordereau d’octobre.", False),
)  # fmt: skip


def show_messages(database: Database, keyring: Keyring) -> None:
    """Adds the threads, unless they are there."""
    now = datetime.now(UTC)
    with database.write() as db:
        if cases_of(db, viewer_of(db, THREADS[0][0]), CaseKind.MESSAGE):
            return
        agent = agent_of(db, AGENT)
        for identifier, topic, subject, text, days, answered, is_read in THREADS:
            author, then = viewer_of(db, identifier), now - timedelta(days=days)
            case = begin_thread(db, author, keyring, topic, subject, text, then)
            if answered:
                _answer(db, agent, keyring, case.id or 0, answered, then + timedelta(hours=20))
            if is_read:
                read_thread(db, author, case.id or 0, FAR, then + timedelta(days=1))


def _answer(db: Session, agent: Agent, keyring: Keyring, case_id: int, text: str, then: datetime) -> None:
    case = lock_for_desk(db, agent, case_id, 2)
    if case is not None:
        answer(db, agent, keyring, case, text, then)
