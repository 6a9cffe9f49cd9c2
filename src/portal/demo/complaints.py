"""The demonstration's complaints: one just sent, one acknowledged, one answered, one left without answer (R-26)."""

from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from portal.data.case_desk import Agent, lock_for_desk
from portal.data.cases import Case, CaseKind, cases_of
from portal.data.complaint_rules import Outcome
from portal.data.complaints import Category, Said, acknowledge, answer_complaint, send_complaint, start_complaint
from portal.data.sessions import Viewer
from portal.database import Database
from portal.demo.viewers import agent_of, viewer_of
from portal.security import Keyring

MEMBER, FORMER, AGENT = "1000000016", "1000000040", "9000000019"
FRESH = "Bonjour,\nla pharmacie m’a fait avancer les médicaments alors que j’ai montré ma carte. Pourquoi\u00a0?"
SLOW = "Bonjour,\nj’ai envoyé la facture des lunettes de Zoé il y a cinq semaines, et rien n’est remboursé."
DISPUTED = "Bonjour,\nla consultation du spécialiste m’a été remboursée moins que prévu. Merci de revoir le calcul."
FORGOTTEN = "Bonjour,\nj’attends encore mon dernier relevé sur papier, demandé deux fois par téléphone."
ACKNOWLEDGED = "Bonjour, nous avons bien reçu votre réclamation et cherchons où la facture s’est arrêtée."
REASONS = (
    "Le médecin n’a pas signé l’Optam\u00a0: la base est alors plus basse, et votre garantie s’applique à cette base. "
    "Le calcul est donc exact. Il figure, étape par étape, à la page de ce soin."
)


def show_complaints(database: Database, keyring: Keyring) -> None:
    """Makes them once."""
    now = datetime.now(UTC)
    with database.write() as db:
        member = viewer_of(db, MEMBER)
        if cases_of(db, member, CaseKind.COMPLAINT):
            return
        agent = agent_of(db, AGENT)
        _sent(db, keyring, member, Said(Category.THIRD_PARTY, FRESH), now - timedelta(hours=3))
        slow = _sent(db, keyring, member, Said(Category.DELAY, SLOW), now - timedelta(days=12))
        acknowledge(db, agent, keyring, _taken(db, agent, slow), ACKNOWLEDGED, now - timedelta(days=8))
        disputed = _sent(db, keyring, member, Said(Category.REFUND, DISPUTED), now - timedelta(days=60))
        when = now - timedelta(days=31)
        answer_complaint(db, agent, keyring, _taken(db, agent, disputed), Outcome.UNFOUNDED, REASONS, when)
        _sent(db, keyring, viewer_of(db, FORMER), Said(Category.WELCOME, FORGOTTEN), now - timedelta(days=75))
        start_complaint(db, member, keyring, Said(Category.ONLINE, "Je ne retrouve pas mes relevés de 2024."), now)


def _sent(db: Session, keyring: Keyring, author: Viewer, said: Said, then: datetime) -> Case:
    case, _ = start_complaint(db, author, keyring, said, then)
    send_complaint(db, author, case.id or 0, case.version, then)
    return case


def _taken(db: Session, agent: Agent, case: Case) -> Case:
    taken = lock_for_desk(db, agent, case.id or 0, case.version)
    if taken is None:
        raise LookupError(case.reference)
    return taken
