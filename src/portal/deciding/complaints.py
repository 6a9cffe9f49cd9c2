"""Complaints at the desk (R-26; ACPR 2022-R-01): acknowledged, asked about, answered with reasons."""

from datetime import datetime

from sqlmodel import Session

from portal.complaint_words import CATEGORY_LABELS, OUTCOME_LABELS
from portal.data.case_desk import Agent
from portal.data.cases import Case, CaseKind, CaseState
from portal.data.complaint_rules import Outcome
from portal.data.complaints import acknowledge, answer_complaint, told_of
from portal.data.decisions import Act, Decision
from portal.data.desk_contexts import is_acknowledged, line_in_complaint
from portal.data.evidence import Action
from portal.data.proposals import Applier
from portal.deciding.common import BEGIN, QUESTION
from portal.deciding.frames import Block, Frame, Ruling, Told
from portal.formatting import long_date, money
from portal.pages.member.complaints import complaint_page
from portal.security import Keyring
from portal.web import PortalRequest

REMEDIES = "L’adresse du médiateur s’ajoute d’elle-même à sa page\u00a0: inutile de la recopier."


def _tell(request: PortalRequest, db: Session, case: Case) -> Told:
    told = told_of(db, request.services.keyring, case)
    rows = [("Sujet", CATEGORY_LABELS[told.said.category])]
    if told.contract_number:
        rows.append(("Contrat", told.contract_number))
    if told.contact:
        rows.append(("Sans compte", f"{told.contact.name}, {told.contact.email}"))
    if told.clock:
        rows.append(("Accusé de réception", _acknowledged(told.acknowledged_at, long_date(told.clock.acknowledge_by))))
        rows.append(("Réponse", f"au plus tard le {long_date(told.clock.answer_by)}"))
    if told.outcome:
        rows.append(("Issue", OUTCOME_LABELS[told.outcome][0]))
    return Told(rows, told.said.text)


def _acknowledged(at: datetime | None, by: str) -> str:
    return "fait" if at else f"au plus tard le {by}"


def _line(_: PortalRequest, db: Session, case: Case) -> Block | None:
    line = line_in_complaint(db, case.id or 0)
    if line is None:
        return None
    paid = f"payé {money(line.spent_cents)}, mutuelle {money(line.supplementary_cents)}"
    shares = f"{paid}, reste {money(line.remaining_cents)}"
    return Block("Le soin contesté", [(f"{line.label}, le {long_date(line.care_date)}", shares)])


def _acknowledge(db: Session, agent: Agent, keyring: Keyring, case: Case, decision: Decision, now: datetime) -> None:
    acknowledge(db, agent, keyring, case, decision.words, now)


def _answers(outcome: Outcome) -> Applier:
    def apply(db: Session, agent: Agent, keyring: Keyring, case: Case, decision: Decision, now: datetime) -> None:
        answer_complaint(db, agent, keyring, case, outcome, decision.words, now)

    return apply


def _is_not_acknowledged(db: Session, case: Case) -> bool:
    return not case.is_over and not is_acknowledged(db, case)


COMPLAINT = Frame(
    _tell,
    complaint_page,
    BEGIN
    | {
        Act.ACKNOWLEDGE: Ruling(
            "Accuser réception",
            None,
            _acknowledge,
            when=_is_not_acknowledged,
            lead="À faire dans les dix jours ouvrables qui suivent l’envoi.",
            recorded=Action.CASE_MESSAGE_SENT,
        ),
        Act.ANSWER: QUESTION,
        Act.ACCEPT: Ruling(
            "Répondre\u00a0: justifiée",
            CaseState.ACCEPTED,
            _answers(Outcome.FOUNDED),
            lead="Dites ce que vous avez corrigé, et quand la personne le verra.",
        ),
        Act.PARTLY: Ruling(
            "Répondre\u00a0: justifiée en partie", CaseState.PARTLY, _answers(Outcome.PARTLY), lead=REMEDIES
        ),
        Act.REFUSE: Ruling(
            "Répondre\u00a0: non justifiée", CaseState.REFUSED, _answers(Outcome.UNFOUNDED), lead=REMEDIES
        ),
    },
    (_line,),
    talks=True,
)
FRAMES = {CaseKind.COMPLAINT: COMPLAINT}
