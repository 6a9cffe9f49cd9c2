"""Requests on one's data at the desk (R-70): what is held and asked, the delay; done in whole, in part, or refused.

What proves an identity is destroyed as soon as it was checked, or the request decided.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from portal.data.case_desk import Agent
from portal.data.cases import Case, CaseKind, CaseState
from portal.data.data_request_rows import DataField, request_row
from portal.data.data_right_desk import (
    accept_data_request,
    ask_identity,
    destroy_identity_proof,
    extend_delay,
    field_asked,
    holds_identity_proof,
    may_ask_identity,
    may_be_extended,
    refuse_data_request,
)
from portal.data.data_rights import Asked, read_request
from portal.data.decisions import Act, Decision
from portal.data.desk_contexts import born_on, person_name
from portal.data.evidence import Action
from portal.data.proposals import Applier
from portal.data.received_requests import Asker, Channel, answers_on_paper, reception_of, sender_of
from portal.data.request_reception import EXPORTED
from portal.data_letters import ASKER_LABELS, CHANNEL_LABELS
from portal.data_right_words import FIELD_LABELS, RIGHT_LABELS, value_words
from portal.deciding.common import BEGIN
from portal.deciding.frames import Block, Frame, Row, Ruling, Told, Words
from portal.formatting import local_day, long_date
from portal.pages.account.data_requests import request_page
from portal.security import Keyring
from portal.web import PortalRequest


def _tell(request: PortalRequest, db: Session, case: Case) -> Told:
    asked = read_request(db, request.services.keyring, case)
    rows = [("Droit", RIGHT_LABELS[asked.right]), *_corrected(asked), *_clock(asked), *_identity(asked)]
    return Told([*rows, *_reception(db, request.services.keyring, case)], asked.text)


def _reception(db: Session, keyring: Keyring, case: Case) -> list[Row]:
    """How the request came, who wrote, and what the insurer does with its answers."""
    received = reception_of(db, case)
    if received is None:
        return []
    sender = sender_of(keyring, received)
    how = CHANNEL_LABELS[Channel(received.channel)]
    return [
        ("Arrivée", f"{how}, enregistrée le {local_day(received.recorded_at)}"),
        ("Qui demande", ASKER_LABELS[Asker(received.asker)]),
        *([("Nom écrit", sender.name)] if sender.name else []),
        ("Réponse", "par courrier" if answers_on_paper(db, case) else "dans son espace en ligne"),
    ]


def _corrected(asked: Asked) -> list[Row]:
    if asked.field is None:
        return []
    former = "jamais montré" if asked.field is DataField.NIR else value_words(asked.field, asked.former)
    return [
        ("À corriger", FIELD_LABELS[asked.field]),
        ("Écrit lors de la demande", former),
        ("Ce qui devrait l’être", value_words(asked.field, asked.value)),
    ]


def _clock(asked: Asked) -> list[Row]:
    if asked.clock is None:
        return []
    rows = [
        ("Reçue", f"le {long_date(asked.clock.received_on)}"),
        ("Réponse", f"au plus tard le {long_date(asked.clock.answer_by)}"),
    ]
    if asked.row.extended_at is None:
        return (
            [*rows, ("Délai", f"peut être prolongé jusqu’au {long_date(asked.clock.extend_by)}")]
            if asked.is_open
            else rows
        )
    return [*rows, ("Délai", f"prolongé le {local_day(asked.row.extended_at)}"), ("Raison donnée", asked.extension)]


def _identity(asked: Asked) -> list[Row]:
    row = asked.row
    if row.identity_checked_at:
        return [("Identité", f"vérifiée le {local_day(row.identity_checked_at)}, preuve détruite")]
    return [("Identité", f"preuve demandée le {local_day(row.identity_asked_at)}")] if row.identity_asked_at else []


def _person(_: PortalRequest, db: Session, case: Case) -> Block | None:
    """Whom a correction is about, to be compared with its proof; nothing for the other rights."""
    born = born_on(db, case.person_id)
    if born is None or not field_asked(db, case):
        return None
    rows = [("Prénom et nom", person_name(db, case.person_id)), ("Date de naissance", long_date(born))]
    return Block("La personne, aujourd’hui", rows)


def _may_be_partly_done(db: Session, case: Case) -> bool:
    return not field_asked(db, case)


def matter_of(db: Session, case: Case) -> str:
    """What four eyes depend on: the datum to correct, or a whole copy that leaves by post."""
    is_copy = answers_on_paper(db, case) and request_row(db, case).right in EXPORTED
    return COPY if is_copy else field_asked(db, case)


def _elsewhere(db: Session, case: Case) -> tuple[tuple[str, str], ...]:
    is_received = reception_of(db, case) is not None
    return (("Courriers, et pièces reçues", LETTERS),) if is_received else ()


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


# Stored with the rules of four eyes.
COPY = "copie"
LETTERS = "desk.case.letters"
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
        Act.PARTLY: Ruling(
            "Le faire en partie",
            CaseState.PARTLY,
            _accepts(partly=True),
            when=_may_be_partly_done,
            lead=REMEDIES,
        ),
        Act.ASK: Ruling(
            "Demander une preuve d’identité",
            CaseState.INCOMPLETE,
            _ask,
            when=may_ask_identity,
            recorded=Action.IDENTITY_PROOF_ASKED,
            lead="Seulement sur un doute sérieux, que vous expliquez à la personne.",
        ),
        Act.CHECK: Ruling(
            "Identité vérifiée\u00a0: détruire la preuve",
            None,
            _check,
            Words.NONE,
            when=holds_identity_proof,
            recorded=Action.IDENTITY_PROOF_DESTROYED,
            lead="Le document disparaît aussitôt\u00a0; il reste que l’identité a été vérifiée, quand et par qui.",
        ),
        Act.EXTEND: Ruling(
            "Prolonger le délai",
            None,
            _extend,
            when=may_be_extended,
            recorded=Action.DATA_DELAY_EXTENDED,
            lead="De deux mois, une seule fois, et pendant le premier mois. La personne lit vos raisons.",
        ),
        Act.REFUSE: Ruling("Refuser", CaseState.REFUSED, _refuse, lead=REMEDIES),
    },
    (_person,),
    elsewhere=_elsewhere,
    matter=matter_of,
)
FRAMES = {CaseKind.DATA_RIGHT: DATA_RIGHT}
