"""The demonstration's questions of practices: one answered, one that waits, one closed (R-41)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session

from portal.contact_words import title_of
from portal.data.case_desk import Agent, answer, lock_for_desk
from portal.data.case_messages import FAR
from portal.data.contact import NO_DETAILS, Asked, Details, ask
from portal.data.contact_choices import askable_invoices, latest_transfers
from portal.data.contact_list import practice_threads
from portal.data.message_references import Reference, ReferenceKind
from portal.data.messages import Topic, close_thread, read_thread
from portal.data.rights_checks import past_checks
from portal.data.sessions import Viewer
from portal.database import Database
from portal.demo.viewers import agent_of, viewer_of
from portal.security import Keyring

AGENT = "9000000019"
OPTICIAN, PHARMACIST = "3000000012", "3000000020"
Find = Callable[[Session, Viewer, Keyring], tuple[Reference, ...]]


def _invoice(db: Session, viewer: Viewer, _: Keyring) -> tuple[Reference, ...]:
    return tuple(Reference(ReferenceKind.INVOICE, row.number) for row in askable_invoices(db, viewer)[:1])


def _transfer(db: Session, viewer: Viewer, _: Keyring) -> tuple[Reference, ...]:
    return tuple(Reference(ReferenceKind.TRANSFER, row.reference) for row in latest_transfers(db, viewer)[:1])


def _rights(db: Session, viewer: Viewer, keyring: Keyring) -> tuple[Reference, ...]:
    checks = past_checks(db, viewer, keyring, None, None)[:1]
    return tuple(Reference(ReferenceKind.ENGAGEMENT, past.check.engagement) for past in checks)


def _nothing(*_: object) -> tuple[Reference, ...]:
    return ()


class Question(NamedTuple):
    """What a practice asks, so many days ago; the answer, whether it was read and the question closed."""

    practice: str
    topic: Topic
    about: Find
    text: str
    days: int
    answer: str = ""
    is_closed: bool = False
    details: Details = NO_DETAILS


QUESTIONS = (
    Question(OPTICIAN, Topic.RIGHTS, _rights, "Bonjour,\nla réponse vaut-elle pour un second équipement\u00a0?", 20,
             "Bonjour,\nnon, pour un seul équipement. Demandez-nous notre accord avant le second.", is_closed=True),
    Question(OPTICIAN, Topic.INVOICE, _invoice, "Bonjour,\nque devons-nous corriger pour être payés\u00a0?", 3,
             "Bonjour,\nrenvoyez la facture avec la date de l’ordonnance\u00a0: elle seule manquait."),
    Question(OPTICIAN, Topic.TRANSFER, _transfer, "Bonjour,\nque couvre la somme reprise sur ce virement\u00a0?", 0),
    Question(PHARMACIST, Topic.REMOTE, _nothing, "Bonjour,\nle lot de ce matin n’est pas accusé.", 0,
             details=Details("Officine Exemple 7", "ARL négatif 512", "")),
)  # fmt: skip


def show_contact(database: Database, keyring: Keyring) -> None:
    """Adds the questions of each practice, unless they are there."""
    now = datetime.now(UTC)
    for identifier in (OPTICIAN, PHARMACIST):
        with database.write() as db:
            viewer = viewer_of(db, identifier)
            if practice_threads(db, viewer, keyring):
                continue
            agent = agent_of(db, AGENT)
            for question in (each for each in QUESTIONS if each.practice == identifier):
                _show(db, viewer, agent, keyring, question, now - timedelta(days=question.days, hours=2))


def _show(db: Session, viewer: Viewer, agent: Agent, keyring: Keyring, question: Question, then: datetime) -> None:
    references = question.about(db, viewer, keyring)
    if not references and question.about is not _nothing:
        return
    title = title_of(question.topic, references, question.details, "")
    case = ask(db, viewer, keyring, Asked(question.topic, title, question.text, references, question.details), then)
    if question.answer:
        locked = lock_for_desk(db, agent, case.id or 0, case.version)
        if locked is not None:
            answer(db, agent, keyring, locked, question.answer, then + timedelta(hours=26))
    if question.is_closed:
        read_thread(db, viewer, case.id or 0, FAR, then + timedelta(days=2))
        close_thread(db, viewer, case.id or 0, then + timedelta(days=2))
