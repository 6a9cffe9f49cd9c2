"""Requests on one's data at the desk (R-70): what is held and asked, the delay; done in whole, in part, or refused.

What proves an identity is destroyed as soon as it was checked, or the request decided.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from portal.data.case_desk import Agent
from portal.data.cases import Case, CaseKind, CaseState
from portal.data.data_right_desk import (
    accept_data_request,
    ask_identity,
    destroy_identity_proof,
    extend_delay,
    refuse_data_request,
)
from portal.data.data_rights import DataField, holds_identity_proof, may_be_extended, read_request
from portal.data.decisions import Act, Decision
from portal.data.proposals import Applier
from portal.data_right_words import FIELD_LABELS, RIGHT_LABELS, value_words
from portal.deciding.common import BEGIN
from portal.deciding.frames import Frame, Ruling, Told, Words
from portal.formatting import day_in_france, long_date
from portal.pages.account.data_requests import request_page
from portal.security import Keyring
from portal.web import PortalRequest


def _tell(request: PortalRequest, db: Session, case: Case) -> Told:
    asked = read_request(db, request.services.keyring, case)
    rows = [("Droit", RIGHT_LABELS[asked.right])]
    if asked.field is not None:
        held = "un numéro, jamais montré" if asked.field is DataField.NIR else value_words(asked.field, asked.former)
        rows.append((f"{FIELD_LABELS[asked.field]}, aujourd’hui", held))
        rows.append(("Corrigé", value_words(asked.field, asked.value)))
    if asked.clock:
        rows.append(("Réponse", f"au plus tard le {long_date(day_in_france(asked.clock.due_at))}"))
    if asked.extension:
        rows.append(("Délai prolongé", asked.extension))
    if asked.row.identity_checked_at:
        rows.append(("Identité", "vérifiée, preuve détruite"))
    return Told(rows, asked.text)


def _accepts(*, partly: bool) -> Applier:
    def apply(
        db: Session, agent: Agent, keyring: Keyring, case: Case, decision: Decision, now: datetime
    ) -> Sequence[str]:
        return accept_data_request(db, agent, keyring, case, decision.words, now, partly=partly)

    return apply


def _refuse(
    db: Session, agent: Agent, keyring: Keyring, case: Case, decision: Decision, now: datetime
) -> Sequence[str]:
    return refuse_data_request(db, agent, keyring, case, decision.words, now)


def _ask(db: Session, agent: Agent, keyring: Keyring, case: Case, decision: Decision, now: datetime) -> None:
    ask_identity(db, agent, keyring, case, decision.words, now)


def _check(db: Session, agent: Agent, _: Keyring, case: Case, __: Decision, now: datetime) -> Sequence[str]:
    return destroy_identity_proof(db, agent, case, now)


def _extend(db: Session, agent: Agent, keyring: Keyring, case: Case, decision: Decision, now: datetime) -> None:
    extend_delay(db, agent, keyring, case, decision.words, now)


REMEDIES = "Les recours (CNIL, tribunal) s’ajoutent d’eux-mêmes à votre texte."
DATA_RIGHT = Frame(
    _tell,
    request_page,
    BEGIN
    | {
        Act.ACCEPT: Ruling(
            "Faire ce qui est demandé",
            CaseState.ACCEPTED,
            _accepts(partly=False),
            Words.OPTIONAL,
            lead="Une rectification change la donnée partout. Pour le reste, dites ce qui a été fait.",
        ),
        Act.PARTLY: Ruling("Le faire en partie", CaseState.PARTLY, _accepts(partly=True), lead=REMEDIES),
        Act.ASK: Ruling(
            "Demander une preuve d’identité",
            CaseState.INCOMPLETE,
            _ask,
            lead="Seulement sur un doute sérieux, que vous expliquez à la personne.",
        ),
        Act.CHECK: Ruling(
            "Identité vérifiée\u00a0: détruire la preuve",
            None,
            _check,
            Words.NONE,
            when=holds_identity_proof,
            lead="Le document disparaît aussitôt\u00a0; il reste que l’identité a été vérifiée, quand et par qui.",
        ),
        Act.EXTEND: Ruling(
            "Prolonger le délai",
            None,
            _extend,
            when=may_be_extended,
            lead="De deux mois, une seule fois, et pendant le premier mois. La personne lit vos raisons.",
        ),
        Act.REFUSE: Ruling("Refuser", CaseState.REFUSED, _refuse, lead=REMEDIES),
    },
)
FRAMES = {CaseKind.DATA_RIGHT: DATA_RIGHT}
