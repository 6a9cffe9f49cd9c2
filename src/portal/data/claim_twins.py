"""What is known of the same care already: the check of a person of good faith who looks twice, made before anything is
paid."""

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from portal.data.benefits import BenefitLine, LineKind, Status
from portal.data.cases import Case, CaseKind
from portal.data.claims import CANCELLABLE, Claim, ClaimLine
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
