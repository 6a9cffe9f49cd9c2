"""What the desk reads beside a case, strictly as needed to decide it (R-72; GDPR, article 5): for a claim, no care but
the same person's of the same family; for a beneficiary, no care at all. Each kind's `Frame.beside` says what it shows.

The caller has found the case by `case_at_desk`: no function here asks who reads.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlmodel import Session, col, select

from portal.data.benefits import BenefitLine
from portal.data.cases import Case
from portal.data.claims import Claim
from portal.data.complaints import Complaint, Disputed
from portal.data.contribution_calls import ContributionCall, ContributionLine
from portal.data.contribution_disputes import ContributionDispute, Motive
from portal.data.coverage import Beneficiary, Contract, GuaranteeRule, GuaranteeVersion, Heading, Product
from portal.data.guarantees import ActOfRule, TableRow, acts_by_rule, in_force, terms_of_rule
from portal.data.invoice_disputes import InvoiceDispute
from portal.data.invoice_reading import paid_for
from portal.data.invoices import Invoice
from portal.data.organisations import Company, Provider
from portal.data.persons import Person
from portal.data.practice_addresses import PracticeAddress, address_on
from portal.data.practice_changes import PracticeChange
from portal.security import Keyring

# What was paid for the same person's care of the same family, as far back as yearly and two-yearly limits look.
CARE_SINCE = timedelta(days=730)
MOST_LINES = 20
HEADING_OF: dict[str, Heading] = {
    "hospitalisation": Heading.HOSPITAL,
    "dentaire": Heading.DENTAL,
    "optique": Heading.OPTICAL,
    "aides_auditives": Heading.HEARING,
    "prevention": Heading.WELLBEING,
    "medecines_douces": Heading.WELLBEING,
    "cure": Heading.WELLBEING,
    "maternite": Heading.WELLBEING,
}


@dataclass(frozen=True, slots=True)
class Covered:
    """A period of cover of somebody of a household."""

    name: str
    relationship: str
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Guarantee:
    """A row of the guarantee table in force on the day of care, and the product that it is of."""

    row: TableRow
    product: str


@dataclass(frozen=True, slots=True)
class ContestedLine:
    """A line of a call for contributions, what is said against it, and whose company it is."""

    company: str
    call: ContributionCall
    line: ContributionLine
    motive: Motive
    text: str


@dataclass(frozen=True, slots=True)
class ContestedInvoice:
    """An invoice as it stands, what is said against it, and whose it is. `paid_cents`: by all transfers so far."""

    practice: str
    invoice: Invoice
    row: InvoiceDispute
    text: str
    paid_cents: int


@dataclass(frozen=True, slots=True)
class PracticeAsked:
    """A practice, what it asks, and its address of today, if it is known."""

    practice: Provider
    row: PracticeChange
    address: PracticeAddress | None


def person_name(db: Session, person_id: int | None) -> str:
    """First and last name; empty without a person."""
    person = db.get(Person, person_id) if person_id else None
    return f"{person.first_name} {person.last_name}" if person else ""


def born_on(db: Session, person_id: int | None) -> date | None:
    """The person's birth date; None without a person."""
    person = db.get(Person, person_id) if person_id else None
    return person.birth_date if person else None


def covers_of(db: Session, contract_id: int) -> list[Covered]:
    """Every period of cover under a contract, by person."""
    query = (
        select(Beneficiary, Person)
        .join(Person, col(Person.id) == Beneficiary.person_id)
        .where(Beneficiary.contract_id == contract_id)
        .order_by(col(Person.birth_date), col(Person.id), col(Beneficiary.valid_from))
    )
    return [
        Covered(f"{person.first_name} {person.last_name}", row.relationship, row.valid_from, row.valid_to)
        for row, person in db.exec(query)
    ]


def guarantees_for(db: Session, claim: Claim, person_id: int | None, day: date) -> list[Guarantee]:
    """What the person's contracts guarantee for that family of care on a day."""
    heading = HEADING_OF.get(claim.family, Heading.EVERYDAY)
    query = (
        select(GuaranteeRule, Product.name)
        .join(GuaranteeVersion, col(GuaranteeVersion.id) == GuaranteeRule.version_id)
        .join(Product, col(Product.id) == GuaranteeVersion.product_id)
        .join(Contract, col(Contract.product_id) == Product.id)
        .join(Beneficiary, col(Beneficiary.contract_id) == Contract.id)
        .where(Beneficiary.person_id == person_id, GuaranteeRule.heading == heading)
        .where(in_force(Beneficiary.valid_from, Beneficiary.valid_to, day))
        .where(in_force(Contract.starts_on, Contract.ends_on, day))
        .where(in_force(GuaranteeVersion.valid_from, GuaranteeVersion.valid_to, day))
        .order_by(col(GuaranteeRule.id))
    )
    acts = acts_by_rule(db, day)
    return [Guarantee(_row(rule, acts.get(rule.code, ())), product) for rule, product in db.exec(query)]


def _row(rule: GuaranteeRule, acts: Sequence[ActOfRule]) -> TableRow:
    return TableRow(terms_of_rule(rule), Heading(rule.heading), rule.label, rule.clause, acts)


def care_lines(db: Session, claim: Claim, person_id: int | None, day: date) -> list[BenefitLine]:
    """What was settled of late for that person and that family of care, the newest first; at most `MOST_LINES`."""
    query = select(BenefitLine).where(
        BenefitLine.person_id == person_id,
        BenefitLine.family == claim.family,
        BenefitLine.care_date >= day - CARE_SINCE,
    )
    return list(
        db.exec(query.order_by(col(BenefitLine.care_date).desc(), col(BenefitLine.id).desc()).limit(MOST_LINES))
    )


def line_in_complaint(db: Session, row_case_id: int) -> Disputed | None:
    """The one line that a complaint names; None when it names none."""
    row = db.get_one(Complaint, row_case_id)
    line = db.get(BenefitLine, row.line_id) if row.line_id else None
    if line is None:
        return None
    return Disputed(line.label, line.care_date, line.spent_cents, line.supplementary_cents, line.remaining_cents)


def is_acknowledged(db: Session, case: Case) -> bool:
    """Whether the insurer has said that it received the complaint. The caller has found the case."""
    return db.get_one(Complaint, case.id).acknowledged_at is not None


def contested_line(db: Session, keyring: Keyring, case_id: int) -> ContestedLine:
    """What a company contests."""
    row = db.get_one(ContributionDispute, case_id)
    line = db.get_one(ContributionLine, row.line_id)
    call = db.get_one(ContributionCall, line.call_id)
    text = keyring.decrypt(row.text_encrypted) if row.text_encrypted else ""
    return ContestedLine(db.get_one(Company, call.company_id).name, call, line, Motive(row.motive), text)


def contested_invoice(db: Session, keyring: Keyring, case_id: int) -> ContestedInvoice:
    """What a practice contests."""
    row = db.get_one(InvoiceDispute, case_id)
    invoice = db.get_one(Invoice, row.invoice_id)
    text = keyring.decrypt(row.text_encrypted) if row.text_encrypted else ""
    practice = db.get_one(Provider, row.provider_id).name
    return ContestedInvoice(practice, invoice, row, text, paid_for(db, row.invoice_id))


def practice_asked(db: Session, case_id: int, today: date) -> PracticeAsked:
    """What a practice asks to be changed."""
    row = db.get_one(PracticeChange, case_id)
    return PracticeAsked(db.get_one(Provider, row.provider_id), row, address_on(db, row.provider_id, today))
