"""Changes of beneficiaries at the desk (R-23): what is asked, the household's periods of cover, and the decisions."""

from datetime import datetime

from sqlmodel import Session

from portal.beneficiary_words import RELATIONSHIP_LABELS
from portal.data.beneficiary_changes import change_of
from portal.data.beneficiary_decisions import accept_change, identity_asked, refuse_change
from portal.data.case_desk import Agent
from portal.data.cases import Case, CaseKind, CaseState
from portal.data.coverage import Relationship
from portal.data.decisions import Act, Decision
from portal.data.desk_contexts import Covered, covers_of
from portal.deciding.common import ASK, BEGIN, QUESTION
from portal.deciding.frames import Block, Frame, Input, Ruling, Told, Words
from portal.formatting import short_date
from portal.pages.member.beneficiary_requests import request_page
from portal.pages.member.beneficiary_views import outlook_context, summary
from portal.security import Keyring
from portal.web import PortalRequest

EFFECT = "date_effet"


def _tell(request: PortalRequest, db: Session, case: Case) -> Told:
    change = change_of(db, request.services.keyring, case)
    rows = [("Contrat", f"{change.contract.number}, {change.product}"), *summary(change, "Lien avec l’adhérent")]
    if case.kind != CaseKind.BENEFICIARY_CHANGED:
        effect = outlook_context(db, request, change)["effect"]
        rows.append(
            (effect.title, effect.why) if effect else ("Date d’effet", "À indiquer\u00a0: aucune n’est calculée")
        )
    return Told(rows)


def _household(request: PortalRequest, db: Session, case: Case) -> Block | None:
    change = change_of(db, request.services.keyring, case)
    return Block(
        "Couverture du foyer",
        [
            (f"{each.name}, {RELATIONSHIP_LABELS[Relationship(each.relationship)].lower()}", _period(each))
            for each in covers_of(db, change.contract.id or 0)
        ],
    )


def _period(each: Covered) -> str:
    if each.valid_to is None:
        return f"depuis le {short_date(each.valid_from)}"
    return f"du {short_date(each.valid_from)} au {short_date(each.valid_to)}"


def _accept(db: Session, agent: Agent, keyring: Keyring, case: Case, decision: Decision, now: datetime) -> None:
    accept_change(db, agent, keyring, case, now, effect_on=decision.days.get(EFFECT))


def _refuse(db: Session, agent: Agent, keyring: Keyring, case: Case, decision: Decision, now: datetime) -> None:
    refuse_change(db, agent, keyring, case, decision.words, now)


def _frame(lead: str, inputs: tuple[Input, ...] = ()) -> Frame:
    return Frame(
        _tell,
        request_page,
        BEGIN
        | {
            Act.ACCEPT: Ruling("Accepter", CaseState.ACCEPTED, _accept, Words.NONE, inputs, lead=lead),
            Act.ASK: ASK,
            Act.ANSWER: QUESTION,
            Act.REFUSE: Ruling("Refuser", CaseState.REFUSED, _refuse, lead="La personne lit vos raisons."),
        },
        (_household,),
        talks=True,
        matter=identity_asked,
    )


_DAY = Input(
    EFFECT,
    "Date d’effet",
    "Seulement quand aucune date n’est calculée. Exemple\u00a0: 31/12/2026.",
    is_amount=False,
    is_required=False,
)
ADDED = _frame(
    "La personne est couverte dès la date d’effet, figure sur la prochaine carte, et les professionnels le voient.",
    (_DAY,),
)
REMOVED = _frame("La couverture prend fin à la date d’effet\u00a0: la carte et les droits en tiennent compte.", (_DAY,))
CHANGED = _frame("L’identité corrigée remplace celle que nous avions, sur la carte aussi.")
FRAMES = {
    CaseKind.BENEFICIARY_ADDED: ADDED,
    CaseKind.BENEFICIARY_CHANGED: CHANGED,
    CaseKind.BENEFICIARY_REMOVED: REMOVED,
}
