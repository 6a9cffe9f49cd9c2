"""What people ask about themselves: the autonomy of a minor (domain 3.6), an error that they report (R-61)."""

from datetime import datetime

from sqlmodel import Session

from portal.data.autonomy import accept_autonomy
from portal.data.case_desk import Agent
from portal.data.cases import Case, CaseKind, CaseState
from portal.data.corrections import reported_of
from portal.data.decisions import Act, Decision
from portal.data.desk_contexts import born_on, person_name
from portal.data.persons import age_on
from portal.deciding.common import ASK, BEGIN, REFUSE, moves_to
from portal.deciding.frames import Frame, Ruling, Told, Words
from portal.formatting import day_in_france, long_date, plural
from portal.pages.account.corrections import LABELS, report_page
from portal.pages.member.autonomy import request_page
from portal.security import Keyring
from portal.web import PortalRequest


def _tell_autonomy(request: PortalRequest, db: Session, case: Case) -> Told:
    born = born_on(db, case.person_id)
    age = f"{long_date(born)}, {plural(age_on(born, day_in_france(request.now)), 'an')}" if born else ""
    asked = "Que l’adhérent ne lise plus ses soins"
    return Told([("Personne", person_name(db, case.person_id)), ("Date de naissance", age), ("Demande", asked)])


def _accept(db: Session, agent: Agent, keyring: Keyring, case: Case, decision: Decision, now: datetime) -> None:
    accept_autonomy(db, agent, keyring, case, decision.words, now)


def _tell_correction(request: PortalRequest, db: Session, case: Case) -> Told:
    told = reported_of(db, request.services.keyring, case)
    rows = [("Ce qui est faux", LABELS[told.subject])]
    return Told([*rows, ("Page", told.page)] if told.page else rows, told.text)


AUTONOMY = Frame(
    _tell_autonomy,
    request_page,
    BEGIN
    | {
        Act.ACCEPT: Ruling(
            "Accorder l’autonomie",
            CaseState.ACCEPTED,
            _accept,
            Words.OPTIONAL,
            lead="Dès maintenant, la personne seule lit ses soins. Comparez d’abord son nom et sa date de naissance.",
        ),
        Act.ASK: ASK,
        Act.REFUSE: REFUSE,
    },
)
CORRECTION = Frame(
    _tell_correction,
    report_page,
    BEGIN
    | {
        Act.ACCEPT: Ruling(
            "L’erreur est corrigée",
            CaseState.ACCEPTED,
            moves_to(CaseState.ACCEPTED),
            lead="Corrigez d’abord, puis dites à la personne où elle verra l’information à jour.",
        ),
        Act.ASK: ASK,
        Act.REFUSE: REFUSE,
    },
)
FRAMES = {CaseKind.AUTONOMY: AUTONOMY, CaseKind.CORRECTION: CORRECTION}
