"""What is known of the same care already, and whose claims an agent may not value: the checks of a person of good faith
who looks twice, made before anything is paid."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_
from sqlmodel import Session, col, func, select

from portal.data.accounts import Account
from portal.data.benefits import BenefitLine, LineKind, Status
from portal.data.cases import Case, CaseKind
from portal.data.claims import CANCELLABLE, Claim, ClaimLine
from portal.data.coverage import Beneficiary, Contract
from portal.data.persons import Person
from portal.data.sessions import Viewer
from portal.data.valuation import Entry


@dataclass(frozen=True, slots=True)
class Twin:
    """A line, or another claim (`line_id` None), about the same person on the same day. `is_same`: also the same
    act, or the same price."""

    reference: str
    care_date: date
    label: str
    provider: str
    spent_cents: int
    paid_cents: int
    status: str
    is_same: bool
    line_id: int | None


def twins_of(db: Session, case: Case, entry: Entry) -> list[Twin]:
    """What is known of that person's care of that day, the likeliest first; not the line that the entry replaces."""
    found = [*_lines(db, case, entry), *_claims(db, case, entry)]
    return sorted(found, key=lambda twin: not twin.is_same)


def is_near(db: Session, agent: Viewer, case: Case) -> bool:
    """Whether the claim is the agent's own, or of the agent's family: of those whom the same contracts cover, known by
    the account's person or by its e-mail address. Nobody decides for those."""
    persons = _household(db, case)
    if case.account_id == agent.account_id or agent.person_id in persons:
        return True
    email = db.exec(select(func.lower(Account.email)).where(Account.id == agent.account_id)).first()
    if not email:
        return False
    theirs = or_(col(Account.person_id).in_(persons), Account.id == case.account_id)
    of_accounts = select(Account.id).where(func.lower(Account.email) == email, theirs, Account.id != agent.account_id)
    of_persons = select(Person.id).where(func.lower(Person.email) == email, col(Person.id).in_(persons))
    return db.exec(of_accounts.limit(1)).first() is not None or db.exec(of_persons.limit(1)).first() is not None


def _household(db: Session, case: Case) -> set[int]:
    query = select(Beneficiary.person_id).join(Contract, col(Contract.id) == Beneficiary.contract_id)
    covered = set(db.exec(query.where(Contract.member_id == case.member_id)))
    return covered | {one for one in (case.member_id, case.person_id) if one}


def _lines(db: Session, case: Case, entry: Entry) -> list[Twin]:
    query = (
        select(BenefitLine)
        .where(BenefitLine.person_id == entry.person_id, BenefitLine.care_date == entry.care_date)
        .where(BenefitLine.member_id == case.member_id, BenefitLine.kind == LineKind.CARE)
        .where(col(BenefitLine.status).not_in([Status.REFUSED, Status.CANCELLED]))
        .order_by(col(BenefitLine.id))
    )
    return [
        Twin(
            line.reference,
            line.care_date,
            line.label,
            line.provider,
            line.spent_cents,
            line.supplementary_cents,
            line.status,
            entry.spent_cents == line.spent_cents or entry.act_code == line.act_code,
            line.id,
        )
        for line in db.exec(query)
        if line.id != entry.replaces
    ]


def _claims(db: Session, case: Case, entry: Entry) -> list[Twin]:
    """Other claims that wait for an answer; those that were accepted have lines."""
    query = (
        select(Case, Claim)
        .join(Claim, col(Claim.case_id) == Case.id)
        .where(Case.kind == CaseKind.CLAIM, Case.id != case.id, Case.person_id == entry.person_id)
        .where(Claim.care_date == entry.care_date, col(Case.state).in_(CANCELLABLE))
        .where(~select(ClaimLine.line_id).where(ClaimLine.case_id == Case.id).exists())
        .order_by(col(Case.id))
    )
    return [
        Twin(
            each.reference,
            entry.care_date,
            "",
            "",
            claim.spent_cents or 0,
            0,
            each.state,
            claim.spent_cents == entry.spent_cents,
            None,
        )
        for each, claim in db.exec(query)
    ]
