"""What companies and practices contest at the desk: a line of a call for contributions, an invoice (R-40)."""

from datetime import datetime

from sqlmodel import Session

from portal.contribution_words import MOTIVE_LABELS as LINE_MOTIVES
from portal.contribution_words import period_label
from portal.data.case_desk import Agent
from portal.data.cases import Case, CaseKind, CaseState
from portal.data.decisions import Act, Decision
from portal.data.desk_contexts import contested_invoice, contested_line
from portal.data.invoice_dispute_desk import expected_cents, grant_dispute, refuse_dispute
from portal.data.invoice_disputes import Motive
from portal.data.invoices import InvoiceState
from portal.deciding.common import ASK, BEGIN, QUESTION, REFUSE, moves_to
from portal.deciding.frames import Block, Frame, Input, Ruling, Told, Words
from portal.formatting import long_date, money, number, plural
from portal.invoice_dispute_words import MOTIVE_LABELS as INVOICE_MOTIVES
from portal.invoice_words import STATE_LABELS
from portal.pages.employer.contribution_disputes import dispute_page as line_page
from portal.pages.provider.disputes import dispute_page as invoice_page
from portal.security import Keyring
from portal.web import PortalRequest

GRANTED = "montant"


def _tell_line(request: PortalRequest, db: Session, case: Case) -> Told:
    told = contested_line(db, request.services.keyring, case.id or 0)
    line = told.line
    rows = [
        ("Entreprise", told.company),
        ("Appel", f"{told.call.number}, {period_label(told.call)}"),
        ("Ce qui est contesté", LINE_MOTIVES[told.motive]),
        ("La ligne", f"{plural(line.people, 'personne')} à {money(line.unit_cents)}\u00a0: {money(line.amount_cents)}"),
    ]
    return Told(rows, told.text)


def _tell_invoice(request: PortalRequest, db: Session, case: Case) -> Told:
    told = contested_invoice(db, request.services.keyring, case.id or 0)
    rows = [
        ("Professionnel", told.practice),
        ("Facture", told.invoice.number),
        ("Ce qui est contesté", INVOICE_MOTIVES[Motive(told.row.motive)]),
    ]
    if told.row.claimed_cents:
        rows.append(("Montant attendu", money(told.row.claimed_cents)))
    if told.row.checked_on:
        rows.append(("Paiement cherché jusqu’au", long_date(told.row.checked_on)))
    return Told(rows, told.text)


def _invoice(request: PortalRequest, db: Session, case: Case) -> Block | None:
    told = contested_invoice(db, request.services.keyring, case.id or 0)
    invoice = told.invoice
    return Block(
        "La facture aujourd’hui",
        [
            ("État", f"{STATE_LABELS[InvoiceState(invoice.state)][0]}, le {long_date(invoice.state_on)}"),
            ("Demandé à la mutuelle", money(invoice.requested_cents)),
            ("Accordé", money(invoice.accepted_cents)),
            ("Déjà payé", money(told.paid_cents)),
        ],
    )


def _grant(db: Session, agent: Agent, keyring: Keyring, case: Case, decision: Decision, now: datetime) -> None:
    grant_dispute(db, agent, keyring, case, decision.amounts[GRANTED], decision.words, now)


def _refuse(db: Session, agent: Agent, keyring: Keyring, case: Case, decision: Decision, now: datetime) -> None:
    refuse_dispute(db, agent, keyring, case, decision.words, now)


def _granted(_: Session, __: Case, decision: Decision) -> int | None:
    return decision.amounts.get(GRANTED)


def _expected(db: Session, case: Case) -> str:
    return number(expected_cents(db, case))


CONTRIBUTION = Frame(
    _tell_line,
    line_page,
    BEGIN
    | {
        Act.ACCEPT: Ruling(
            "Donner raison",
            CaseState.ACCEPTED,
            moves_to(CaseState.ACCEPTED),
            lead="Dites ce qui sera régularisé, et sur quel appel.",
        ),
        Act.PARTLY: Ruling(
            "Donner raison en partie", CaseState.PARTLY, moves_to(CaseState.PARTLY), lead="Dites ce qui change ou non."
        ),
        Act.ASK: ASK,
        Act.REFUSE: REFUSE,
    },
)
INVOICE = Frame(
    _tell_invoice,
    invoice_page,
    BEGIN
    | {
        Act.ACCEPT: Ruling(
            "Accorder et remettre en paiement",
            CaseState.ACCEPTED,
            _grant,
            Words.OPTIONAL,
            (Input(GRANTED, "Montant accordé en tout, en euros", "Ce qui est déjà payé compris.", starts=_expected),),
            weigh=_granted,
            lead="Moins que ce qui est attendu, c’est accepter en partie\u00a0: dites alors pourquoi.",
        ),
        Act.ANSWER: QUESTION,
        Act.REFUSE: Ruling("Refuser", CaseState.REFUSED, _refuse, lead=REFUSE.lead),
    },
    (_invoice,),
    talks=True,
)
FRAMES = {CaseKind.CONTRIBUTION_DISPUTE: CONTRIBUTION, CaseKind.INVOICE_DISPUTE: INVOICE}
