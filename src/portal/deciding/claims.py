"""Claims and quotes at the desk (R-20, R-21): the guarantees and the settled care of the same person and family alone.

A quote is answered here with what would be paid; a claim is accepted by valuing its lines (`claim_valuation.py`).
"""

from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from portal.claim_words import CARE_LABELS
from portal.data.case_desk import Agent, move_by_desk
from portal.data.cases import Case, CaseKind, CaseState
from portal.data.claim_estimates import answer_quote, last_estimate
from portal.data.claims import Asked, asked_of
from portal.data.decisions import Act, Decision
from portal.data.desk_contexts import Guarantee, care_lines, guarantees_for, person_name
from portal.data.proposals import Applier
from portal.data.valuation_drafts import forget_typed
from portal.deciding.claim_valuation import VALUE
from portal.deciding.common import ASK, BEGIN, QUESTION, REFUSE
from portal.deciding.frames import Block, Frame, Input, Ruling, Told
from portal.deciding.rectification import RECTIFY, WAIVE
from portal.formatting import day_in_france, long_date, money, number, short_date
from portal.guarantee_words import shares_of
from portal.pages.member.claims import claim_page
from portal.security import Keyring
from portal.web import PortalRequest

BASE, OURS = "securite_sociale", "mutuelle"


def _tell(_: PortalRequest, db: Session, case: Case) -> Told:
    asked = asked_of(db, case)
    rows = [
        ("Personne soignée", person_name(db, case.person_id)),
        ("Soin", _care(asked)),
        ("Jour prévu" if asked.is_quote else "Jour du soin", long_date(asked.row.care_date)),
        ("Prix du devis" if asked.is_quote else "Montant payé", money(asked.row.spent_cents or 0)),
    ]
    return Told([*rows, *_estimated(db, case)])


def _care(asked: Asked) -> str:
    label = CARE_LABELS[asked.family][0] if asked.family else "à préciser"
    return f"{label}, {asked.row.quantity} fois" if asked.row.quantity > 1 else label


def _estimated(db: Session, case: Case) -> list[tuple[str, str]]:
    kept = last_estimate(db, case)
    if kept is None:
        return []
    maker = "un gestionnaire" if kept.made_by else "les règles du contrat"
    shares = f"Sécurité sociale {money(kept.base_net_cents)}, mutuelle {money(kept.supplementary_cents)}"
    return [(f"Estimé par {maker}", f"{shares}, reste {money(kept.remaining_cents)}")]


def _guarantees(request: PortalRequest, db: Session, case: Case) -> Block | None:
    asked = asked_of(db, case)
    day = asked.row.care_date or day_in_france(request.now)
    found = guarantees_for(db, asked.row, case.person_id, day)
    rows = [(f"{each.row.label}, {each.product}", _guaranteed(each)) for each in found]
    return Block(f"Garanties au {short_date(day)}, ce soin seulement", rows)


def _guaranteed(found: Guarantee) -> str:
    shares = shares_of(found.row)
    return f"{shares.together}\u00a0; {shares.limits}" if shares.limits else shares.together


def _care_lines(request: PortalRequest, db: Session, case: Case) -> Block | None:
    asked = asked_of(db, case)
    day = asked.row.care_date or day_in_france(request.now)
    rows = [
        (
            f"{short_date(line.care_date)}, {line.label}",
            f"{money(line.spent_cents)}, dont mutuelle {money(line.supplementary_cents)}",
        )
        for line in care_lines(db, asked.row, case.person_id, day)
    ]
    return Block("Soins du même genre depuis deux ans", rows)


def _quote(state: CaseState) -> Applier:
    def apply(db: Session, agent: Agent, keyring: Keyring, case: Case, decision: Decision, now: datetime) -> None:
        shares = {"base_net": decision.amounts.get(BASE, 0), "supplementary": decision.amounts.get(OURS, 0)}
        answer_quote(db, agent, keyring, case, state, decision.words, now, **shares)

    return apply


def _ours(_: Session, __: Case, decision: Decision) -> int | None:
    return decision.amounts.get(OURS, 0)


def _estimated_base(db: Session, case: Case) -> str:
    kept = last_estimate(db, case)
    return number(kept.base_net_cents) if kept else ""


def _estimated_ours(db: Session, case: Case) -> str:
    kept = last_estimate(db, case)
    return number(kept.supplementary_cents) if kept else ""


_INPUTS = (
    Input(
        BASE,
        "Part de la Sécurité sociale, en euros",
        "Exemple\u00a0: 84,00. Zéro si elle ne paie rien.",
        starts=_estimated_base,
    ),
    Input(
        OURS,
        "Part de la mutuelle, en euros",
        "Les deux parts ne dépassent pas le prix du devis.",
        starts=_estimated_ours,
    ),
)
_LEAD = "La personne voit ces montants, et ce qui restera à sa charge."
QUOTE = Frame(
    _tell,
    claim_page,
    BEGIN
    | {
        Act.ACCEPT: Ruling(
            "Répondre au devis", CaseState.ACCEPTED, _quote(CaseState.ACCEPTED), inputs=_INPUTS, weigh=_ours, lead=_LEAD
        ),
        Act.PARTLY: Ruling(
            "Prendre en charge en partie",
            CaseState.PARTLY,
            _quote(CaseState.PARTLY),
            inputs=_INPUTS,
            weigh=_ours,
            lead=_LEAD,
        ),
        Act.ASK: ASK,
        Act.ANSWER: QUESTION,
        Act.REFUSE: Ruling("Refuser", CaseState.REFUSED, _quote(CaseState.REFUSED), lead=REFUSE.lead),
    },
    (_guarantees, _care_lines),
    talks=True,
)


def _paid(_: Session, case: Case) -> tuple[tuple[str, str], ...]:
    is_valued = case.state in {CaseState.ACCEPTED, CaseState.PARTLY}
    return (("Voir ou rectifier ce qui est payé", VALUE.route),) if is_valued else ()


def _refuse(db: Session, agent: Agent, keyring: Keyring, case: Case, decision: Decision, now: datetime) -> None:
    move_by_desk(db, agent, keyring, case, CaseState.REFUSED, decision.words, now)
    forget_typed(db, case)


REFUSE_CLAIM = replace(REFUSE, apply=_refuse)


CLAIM = Frame(
    _tell,
    claim_page,
    BEGIN
    | {
        Act.ACCEPT: VALUE,
        Act.PARTLY: VALUE,
        Act.ASK: ASK,
        Act.ANSWER: QUESTION,
        Act.REFUSE: REFUSE_CLAIM,
        Act.RECTIFY: RECTIFY,
        Act.WAIVE: WAIVE,
    },
    (_guarantees, _care_lines),
    talks=True,
    elsewhere=_paid,
)
FRAMES = {CaseKind.CLAIM: CLAIM, CaseKind.QUOTE: QUOTE}
