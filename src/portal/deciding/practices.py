"""A practice's change of address or FINESS at the desk (R-03)."""

from datetime import datetime

from sqlmodel import Session

from portal.data.case_desk import Agent
from portal.data.cases import Case, CaseKind, CaseState
from portal.data.decisions import Act, Decision
from portal.data.desk_contexts import practice_asked
from portal.data.practice_moving import accept_practice_change, refuse_practice_change
from portal.deciding.common import ASK, BEGIN, REFUSE
from portal.deciding.frames import Block, Frame, Input, Ruling, Told, Words
from portal.formatting import day_in_france, long_date
from portal.pages.provider.practice_changes import change_page
from portal.practice_words import asked_in_words
from portal.security import Keyring
from portal.web import PortalRequest

EFFECT = "date_effet"


def _tell(request: PortalRequest, db: Session, case: Case) -> Told:
    told = practice_asked(db, case.id or 0, day_in_france(request.now))
    return Told(
        [
            ("Professionnel", told.practice.name),
            ("Demandé", asked_in_words(told.row)),
            ("À compter du", long_date(told.row.wanted_on)),
        ]
    )


def _today(request: PortalRequest, db: Session, case: Case) -> Block | None:
    told = practice_asked(db, case.id or 0, day_in_france(request.now))
    rows = [("Numéro", told.practice.national_id), ("Profession", told.practice.profession)]
    if told.address:
        rows.append(("Adresse", f"{told.address.address}, {told.address.postcode} {told.address.city}"))
    return Block("Ce que nous avons aujourd’hui", rows)


def _accept(db: Session, agent: Agent, keyring: Keyring, case: Case, decision: Decision, now: datetime) -> None:
    accept_practice_change(db, agent, keyring, case, now, takes_effect_on=decision.days.get(EFFECT))


def _refuse(db: Session, agent: Agent, keyring: Keyring, case: Case, decision: Decision, now: datetime) -> None:
    refuse_practice_change(db, agent, keyring, case, decision.words, now)


def _wanted(db: Session, case: Case) -> str:
    return practice_asked(db, case.id or 0, day_in_france(case.changed_at)).row.wanted_on.isoformat()


CHANGE = Frame(
    _tell,
    change_page,
    BEGIN
    | {
        Act.ACCEPT: Ruling(
            "Accepter",
            CaseState.ACCEPTED,
            _accept,
            Words.NONE,
            (Input(EFFECT, "À compter du", is_amount=False, starts=_wanted),),
            lead="Le changement prend effet ce jour-là, dans l’annuaire aussi.",
        ),
        Act.ASK: ASK,
        Act.REFUSE: Ruling("Refuser", CaseState.REFUSED, _refuse, lead=REFUSE.lead),
    },
    (_today,),
)
FRAMES = {CaseKind.PRACTICE_ADDRESS: CHANGE, CaseKind.PRACTICE_NUMBER: CHANGE}
