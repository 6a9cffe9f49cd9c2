"""Acts that every kind of case has in the same way: to look into it, to ask, to answer, to refuse."""

from datetime import datetime

from sqlmodel import Session

from portal.data.case_desk import Agent, answer, move_by_desk
from portal.data.cases import Case, CaseState
from portal.data.decisions import Act, Decision
from portal.data.evidence import Action
from portal.data.proposals import Applier
from portal.deciding.frames import Ruling, Words
from portal.security import Keyring


def _review(db: Session, agent: Agent, keyring: Keyring, case: Case, _: Decision, now: datetime) -> None:
    move_by_desk(db, agent, keyring, case, CaseState.IN_REVIEW, "", now)


def _ask(db: Session, agent: Agent, keyring: Keyring, case: Case, decision: Decision, now: datetime) -> None:
    move_by_desk(db, agent, keyring, case, CaseState.INCOMPLETE, decision.words, now)


def _answer(db: Session, agent: Agent, keyring: Keyring, case: Case, decision: Decision, now: datetime) -> None:
    answer(db, agent, keyring, case, decision.words, now)


def moves_to(state: CaseState) -> Applier:
    """An applier that takes the case into a state, with the agent's words."""

    def apply(db: Session, agent: Agent, keyring: Keyring, case: Case, decision: Decision, now: datetime) -> None:
        move_by_desk(db, agent, keyring, case, state, decision.words, now)

    return apply


REVIEW = Ruling(
    "Mettre à l’étude",
    CaseState.IN_REVIEW,
    _review,
    Words.NONE,
    lead="La personne voit que son dossier est étudié. Aucun e-mail ne part.",
)
ASK = Ruling(
    "Demander une pièce",
    CaseState.INCOMPLETE,
    _ask,
    lead="Le dossier attend la personne, qui joint ce que vous demandez et le renvoie. "
    "Pour une pièce illisible, refusez plutôt cette pièce-là.",
)
TALK = Ruling(
    "Répondre",
    CaseState.ANSWERED,
    _answer,
    lead="Votre message s’ajoute à la conversation, et le dossier attend la réponse de la personne.",
    recorded=Action.CASE_MESSAGE_SENT,
)
QUESTION = Ruling(
    "Demander une précision",
    CaseState.ANSWERED,
    _answer,
    lead="La personne vous répond par écrit depuis sa page, et le dossier revient vers vous.",
    recorded=Action.CASE_MESSAGE_SENT,
)
REFUSE = Ruling(
    "Refuser",
    CaseState.REFUSED,
    moves_to(CaseState.REFUSED),
    lead="Dites pourquoi, simplement, et ce que la personne peut faire maintenant.",
)
BEGIN = {Act.REVIEW: REVIEW}
