"""Signing up (R-10, R-15): whom the insurer knows under what was typed.

No viewer here: whoever fills the form in is nobody yet. Nothing that is found is shown; letters alone tell it. A
person, a company or a professional that is found stays locked until the transaction ends: two forms sent at once open
one account.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from portal.data.accounts import Account, AccountClosing, AccountDeletion, Role, Space
from portal.data.coverage import Beneficiary, Contract
from portal.data.deaths import dead_persons
from portal.data.organisations import Agreement, Company, GroupContract, Provider
from portal.data.persons import Person, is_minor_on, last_day_as_minor
from portal.data.representations import OWN, Declaration, Representation, is_possible
from portal.data.sign_up_claims import Claim, EmployerClaim, MemberClaim, ProviderClaim, compact, written
from portal.data.standing import FOR_EVER, reading_until
from portal.folding import same_name


class Verdict(StrEnum):
    """WELCOME: an account may be opened. INCAPABLE: not in the capacity declared (R-15). CLOSED: the insurer closed the
    account (R-63)."""

    WELCOME = "welcome"
    REGISTERED = "registered"
    INCAPABLE = "incapable"
    CLOSED = "closed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Applicant:
    """Whom the insurer knows. `email`: the address it holds for the answer, empty without one."""

    space: Space
    role: Role
    display_name: str
    email: str
    organisation: str = ""
    person_id: int | None = None
    company_id: int | None = None
    provider_id: int | None = None
    access_ends_on: date | None = None
    declaration: Declaration = OWN


@dataclass(frozen=True, slots=True)
class Finding:
    """What is to be answered; `account_id` is the account that is registered or closed."""

    verdict: Verdict
    applicant: Applicant | None = None
    account_id: int | None = None


UNKNOWN = Finding(Verdict.UNKNOWN)
OWN_ROLES = (Role.MEMBER, Role.DEPENDANT)


def examine(db: Session, claim: Claim, today: date) -> Finding:
    """What the insurer knows about whoever makes this claim; locks the row of the person or the organisation found."""
    match claim:
        case MemberClaim():
            return _examine_member(db, claim, today)
        case EmployerClaim():
            return _examine_employer(db, claim, today)
        case ProviderClaim():
            return _examine_provider(db, claim, today)


# --- members and their dependants ---


def _examine_member(db: Session, claim: MemberClaim, today: date) -> Finding:
    found = _covered_person(db, claim, today)
    if found is None:
        return UNKNOWN
    person, holder = found
    own = _address_of(db, person, today)
    applicant = _covered_applicant(claim.declaration, person, own, holder, today)
    finding = _standing_finding(db, applicant, _accounts_of_person(db, applicant, today))
    may_declare = is_possible(claim.declaration, person.birth_date, today)
    if finding.verdict is Verdict.WELCOME and not (may_declare and _may_be_answered(applicant, person, today)):
        return replace(finding, verdict=Verdict.INCAPABLE)
    return finding


def _may_be_answered(applicant: Applicant, person: Person, today: date) -> bool:
    """A declared guardian of an adult gets nothing at an address that only the form names: the desk sees the judgment
    first. At an address held, the adult hears of it."""
    return bool(applicant.email) or not applicant.declaration.acts or is_minor_on(person.birth_date, today)


def _covered_person(db: Session, claim: MemberClaim, today: date) -> tuple[Person, Person] | None:
    """The person covered under the contract that is typed, and the member who holds it."""
    query = (
        select(Person, Contract, col(Beneficiary.valid_to))
        .join(Beneficiary, col(Beneficiary.person_id) == Person.id)
        .join(Contract, col(Contract.id) == Beneficiary.contract_id)
        .where(col(Contract.number).in_(written(claim.contract_number)))
        .where(Person.birth_date == claim.birth_date)
        .where(col(Person.id).not_in(dead_persons()))
    )
    for person, contract, valid_to in db.exec(query):
        is_same = same_name(person.last_name, claim.last_name) and same_name(person.first_name, claim.first_name)
        is_theirs = compact(contract.member_number) == compact(claim.member_number)
        if is_same and is_theirs and _is_readable(min(valid_to or FOR_EVER, contract.ends_on or FOR_EVER), today):
            _lock(db, Person, person.id)
            return person, db.get_one(Person, contract.member_id)
    return None


def _address_of(db: Session, person: Person, today: date) -> str:
    """The address of the person's own account while it lasts, else the one the insurer holds."""
    own = (Account.person_id == person.id, col(Account.role).in_(OWN_ROLES), Account.email != "")
    newest = select(Account.email).where(*own, _lasts(today)).order_by(col(Account.id).desc()).limit(1)
    return db.exec(newest).first() or person.email


def _lasts(today: date) -> ColumnElement[bool]:
    return col(Account.access_ends_on).is_(None) | (col(Account.access_ends_on) >= today)


def _covered_applicant(declaration: Declaration, person: Person, own: str, holder: Person, today: date) -> Applicant:
    """Of a minor, the address held is the contract holder's when a parent or guardian acts, or when the minor has none;
    an adult's is the adult's own, never the holder's (family privacy): a minor's account that depends on the holder's
    mailbox ends at majority, and the adult signs up anew."""
    is_minor = is_minor_on(person.birth_date, today)
    holders = holder.email if is_minor else ""
    full_name = f"{person.first_name} {person.last_name}"
    role = Role.MEMBER if person.id == holder.id else Role.DEPENDANT
    return Applicant(
        space=Space.MEMBER,
        role=Role.REPRESENTATIVE if declaration.acts else role,
        display_name=declaration.representative_name if declaration.acts else full_name,
        email=(holders or own) if declaration.acts else (own or holders),
        person_id=person.id,
        access_ends_on=last_day_as_minor(person.birth_date) if is_minor and (declaration.acts or not own) else None,
        declaration=declaration,
    )


def _accounts_of_person(db: Session, applicant: Applicant, today: date) -> Iterable[Account]:
    """The accounts that are the applicant's: the person's own, or this very representative's as long as it lasts."""
    own = Account.person_id == applicant.person_id
    if not applicant.declaration.acts:
        return db.exec(select(Account).where(own, _lasts(today), col(Account.role).in_(OWN_ROLES))).all()
    found = db.exec(select(Account, Representation).join(Representation).where(own, col(Representation.acts).is_(True)))
    return [
        account
        for account, declared in found
        if declared.capacity == applicant.declaration.capacity
        and same_name(declared.representative_name, applicant.declaration.representative_name)
        and (account.access_ends_on is None or account.access_ends_on >= today)
    ]


# --- organisations ---


def _examine_employer(db: Session, claim: EmployerClaim, today: date) -> Finding:
    query = (
        select(Company, GroupContract)
        .join(GroupContract, col(GroupContract.company_id) == Company.id)
        .where(Company.siret == claim.siret)
    )
    for company, contract in db.exec(query):
        last_name, first_name = contract.signatory_last_name, contract.signatory_first_name
        is_signatory = same_name(last_name, claim.last_name) and same_name(first_name, claim.first_name)
        is_theirs = compact(contract.number) == compact(claim.contract_number)
        if is_signatory and is_theirs and _is_readable(contract.ends_on, today):
            return _organisation_finding(db, _signatory(company, f"{first_name} {last_name}"))
    return UNKNOWN


def _examine_provider(db: Session, claim: ProviderClaim, today: date) -> Finding:
    query = (
        select(Provider, Agreement)
        .join(Agreement, col(Agreement.provider_id) == Provider.id)
        .where(Provider.national_id == claim.national_id)
    )
    for provider, agreement in db.exec(query):
        is_theirs = compact(agreement.number) == compact(claim.agreement_number)
        if is_theirs and _is_readable(agreement.ends_on, today):
            return _organisation_finding(db, _professional(provider))
    return UNKNOWN


def _signatory(company: Company, name: str) -> Applicant:
    return Applicant(Space.EMPLOYER, Role.SIGNATORY, name, company.email, company.name, company_id=company.id)


def _professional(provider: Provider) -> Applicant:
    return Applicant(
        Space.PROVIDER, Role.PROVIDER, provider.name, provider.email, provider.name, provider_id=provider.id
    )


def _organisation_finding(db: Session, applicant: Applicant) -> Finding:
    if applicant.company_id is not None:
        _lock(db, Company, applicant.company_id)
        theirs: Any = Account.company_id == applicant.company_id
    else:
        _lock(db, Provider, applicant.provider_id)
        theirs = Account.provider_id == applicant.provider_id
    accounts = db.exec(select(Account).where(theirs, Account.role == applicant.role)).all()
    same = [one for one in accounts if same_name(one.display_name, applicant.display_name)]
    return _standing_finding(db, applicant, same)


# --- what both share ---


def _standing_finding(db: Session, applicant: Applicant, accounts: Iterable[Account]) -> Finding:
    """Erased accounts do not count: whoever asked for that may come back (R-66)."""
    kept = [account for account in accounts if not _is_erased(db, account)]
    closed = [account for account in kept if db.get(AccountClosing, account.id) is not None]
    for account in kept:
        if account not in closed:
            return Finding(Verdict.REGISTERED, applicant, account.id)
    if closed:
        return Finding(Verdict.CLOSED, applicant, closed[0].id)
    return Finding(Verdict.WELCOME, applicant)


def _is_erased(db: Session, account: Account) -> bool:
    erased = select(AccountDeletion.id).where(
        AccountDeletion.account_id == account.id, col(AccountDeletion.erased_at).is_not(None)
    )
    return db.exec(erased).first() is not None


def _lock(db: Session, model: Any, row_id: int | None) -> None:
    db.get_one(model, row_id, with_for_update=True, populate_existing=True)


def _is_readable(ends_on: date | None, today: date) -> bool:
    """Whether what ended on a day still opens an account, if only for reading (R-64)."""
    return ends_on is None or ends_on == FOR_EVER or today <= reading_until(ends_on)
