"""Rows for tests, by intention: a household, its contracts, its lines, the accounts of its persons.

Each function adds to the session it is given and flushes; the caller commits (`database.write()`) or rolls back.
Amounts are in cents, dates are the persons' own; references are numbered, so that they never collide.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import count
from typing import Any

from sqlmodel import Session

from portal.data.accounts import Account, AccountSuspension, Role, Space
from portal.data.benefits import BenefitLine, Family, LineKind, Method, Payment, Source, Status
from portal.data.case_desk import Letters, agent_at_work
from portal.data.cases import Case
from portal.data.coverage import (
    Beneficiary,
    Contract,
    ContractKind,
    Formula,
    GuaranteeRule,
    GuaranteeVersion,
    Heading,
    LineSharing,
    Product,
    Relationship,
)
from portal.data.credentials import create_account
from portal.data.organisations import Provider
from portal.data.persons import Person, id_by_reference
from portal.data.sessions import Stage, find_viewer, open_session
from portal.data.work_items import Duty, give_duty
from portal.folding import fold
from portal.security import Keyring, OneTimeCode, hash_password, new_identifier

PASSWORD = "Un mot de passe d’essai"
TOTP_SECRET = "JBSWY3DPEHPK3PXP"
COVERED_SINCE = date(2020, 1, 1)
CARE_DAY = date(2026, 3, 2)
ADULT_BIRTH = date(1980, 5, 17)
MINOR_BIRTH = date(2015, 9, 3)

_serial = count(1)


def next_number() -> int:
    """A number that no other row of this process was given."""
    return next(_serial)


@lru_cache(maxsize=1)
def password_hash() -> str:
    """The hash of `PASSWORD`, made once per process: hashing is slow on purpose."""
    return hash_password(PASSWORD)


def current_code(steps: int = 0) -> str:
    """The one-time code of `TOTP_SECRET` now, or that many steps later."""
    return OneTimeCode(TOTP_SECRET).at(datetime.now(UTC) + steps * timedelta(seconds=30))


# --- persons, contracts, households ---


def person(db: Session, first_name: str = "Anne", *, born: date = ADULT_BIRTH, last_name: str = "Essai") -> Person:
    """Somebody the insurer knows."""
    reference = f"P{next(_serial):06}"
    return _added(db, Person(reference=reference, last_name=last_name, first_name=first_name, birth_date=born))


def person_by_reference(db: Session, reference: str) -> Person:
    """Somebody whom an import brought."""
    return db.get_one(Person, id_by_reference(db, reference))


def product(db: Session, code: str = "") -> Product:
    """A product without any guarantee yet."""
    code = code or f"PRODUIT-{next(_serial)}"
    return _added(db, Product(code=code, name=f"Formule {code}"))


def guarantees(
    db: Session, of: Product, *rules: GuaranteeRule, valid_from: date = COVERED_SINCE, valid_to: date | None = None
) -> GuaranteeVersion:
    """A version of a product's guarantee table, with its rules (see `rule`)."""
    assert of.id is not None
    version = _added(db, GuaranteeVersion(product_id=of.id, valid_from=valid_from, valid_to=valid_to))
    for each in rules:
        each.version_id = version.id or 0
        _added(db, each)
    return version


def rule(code: str = "CONSULTATION", formula: Formula = Formula.PERCENT, **values: Any) -> GuaranteeRule:
    """A rule for `guarantees`: 100 % of the base unless told otherwise."""
    defaults = {"heading": Heading.EVERYDAY, "label": "Consultations", "clause": "article 4.1"}
    if formula is Formula.PERCENT:
        defaults["percent"] = 100
    return GuaranteeRule(version_id=0, code=code, formula=formula, **(defaults | values))


def contract(
    db: Session,
    member: Person,
    *,
    covers: Product | None = None,
    kind: ContractKind = ContractKind.INDIVIDUAL,
    starts_on: date = COVERED_SINCE,
    ends_on: date | None = None,
) -> Contract:
    """A contract that `member` holds; the member is covered by it."""
    number = f"C{next(_serial):06}"
    made = _added(
        db,
        Contract(
            number=number,
            kind=kind,
            member_id=member.id or 0,
            product_id=(covers or product(db)).id or 0,
            member_number=f"A{number}",
            starts_on=starts_on,
            ends_on=ends_on,
        ),
    )
    cover(db, made, member, Relationship.MEMBER, valid_from=starts_on, valid_to=ends_on)
    return made


def contract_of(db: Session, line: BenefitLine) -> Contract:
    """The contract under which a line stands."""
    return db.get_one(Contract, line.contract_id)


def cover(
    db: Session,
    under: Contract,
    who: Person,
    relationship: Relationship = Relationship.CHILD,
    *,
    valid_from: date = COVERED_SINCE,
    valid_to: date | None = None,
) -> Beneficiary:
    """A period in which a contract covers somebody."""
    return _added(
        db,
        Beneficiary(
            contract_id=under.id or 0,
            person_id=who.id or 0,
            relationship=relationship,
            valid_from=valid_from,
            valid_to=valid_to,
        ),
    )


def sharing(db: Session, of: Person, with_member: Person, *, ended: bool = False) -> LineSharing:
    """An adult dependant's consent that the member reads the dependant's lines, still given or ended."""
    started = datetime(2025, 1, 1, tzinfo=UTC)
    ended_at = started + timedelta(days=30) if ended else None
    return _added(
        db,
        LineSharing(person_id=of.id or 0, member_id=with_member.id or 0, started_at=started, ended_at=ended_at),
    )


@dataclass
class Household:
    """A member, the member's contract, and the persons it covers besides, by first name."""

    member: Person
    contract: Contract
    dependants: dict[str, Person] = field(default_factory=dict)

    def __getitem__(self, first_name: str) -> Person:
        return self.dependants[first_name]


def household(
    db: Session, *, spouse: str = "", children: dict[str, date] | None = None, name: str = "Essai", **terms: Any
) -> Household:
    """A member with a contract (its `terms` are those of `contract`), a spouse and children by birth date."""
    member = person(db, "Anne", last_name=name)
    made = Household(member, contract(db, member, **terms))
    if spouse:
        made.dependants[spouse] = person(db, spouse, last_name=name)
        cover(db, made.contract, made[spouse], Relationship.SPOUSE)
    for first_name, born in (children or {}).items():
        made.dependants[first_name] = person(db, first_name, born=born, last_name=name)
        cover(db, made.contract, made[first_name], Relationship.CHILD)
    return made


# --- payments and lines ---


def payment(db: Session, member: Person, *, paid_on: date = CARE_DAY, amount_cents: int = 0, **values: Any) -> Payment:
    """Money sent to a member."""
    defaults = {
        "method": Method.TRANSFER,
        "payee": f"{member.first_name} {member.last_name}",
        "iban_masked": "FR76 **** 0042",
    }
    return _added(
        db,
        Payment(
            reference=f"V{next(_serial):08}",
            member_id=member.id or 0,
            paid_on=paid_on,
            amount_cents=amount_cents,
            **(defaults | values),
        ),
    )


def line(
    db: Session,
    under: Contract,
    who: Person | None = None,
    *,
    care_date: date = CARE_DAY,
    label: str = "Consultation",
    provider: str = "Dr Exemple",
    paid_by: Payment | None = None,
    **values: Any,
) -> BenefitLine:
    """A consultation at 30,00 € (19,00 € base, 9,00 € supplementary, 2,00 € left) for the member unless told otherwise.

    Amounts given in `values` must add up as the table demands. Without `paid_by` the line is pending.
    """
    defaults = {
        "posted_on": paid_by.paid_on if paid_by else care_date,
        "act_code": "G",
        "family": Family.EVERYDAY,
        "kind": LineKind.CARE,
        "status": Status.PAID if paid_by else Status.PENDING,
        "source": Source.NOEMIE,
        "spent_cents": 3000,
        "base_cents": 3000,
        "base_rate": 70,
        "base_gross_cents": 2100,
        "flat_fee_cents": 200,
        "base_net_cents": 1900,
        "supplementary_cents": 900,
        "remaining_cents": 200,
    }
    return _added(
        db,
        BenefitLine(
            reference=f"L{next(_serial):08}",
            payment_id=paid_by.id if paid_by else None,
            member_id=under.member_id,
            contract_id=under.id or 0,
            person_id=(who.id if who else under.member_id) or 0,
            care_date=care_date,
            label=label,
            provider=provider,
            search=fold(f"{label} {provider}"),
            **(defaults | values),
        ),
    )


def paid_line(db: Session, under: Contract, who: Person | None = None, **values: Any) -> BenefitLine:
    """A line with a payment of its own to the member."""
    member = db.get_one(Person, under.member_id)
    day = values.pop("posted_on", values.get("care_date", CARE_DAY))
    amount = values.get("base_net_cents", 1900) + values.get("supplementary_cents", 900)
    return line(db, under, who, paid_by=payment(db, member, paid_on=day, amount_cents=amount), **values)


# --- accounts ---


def account(
    db: Session,
    keyring: Keyring,
    space: Space,
    role: Role,
    *,
    of: Person | None = None,
    with_code: bool | None = None,
    identifier: str = "",
    display_name: str = "",
    organisation: str = "",
    **values: Any,
) -> Account:
    """An account (`values`: more of `create_account`) with `PASSWORD`, and outside the member’s space `TOTP_SECRET`."""
    needs_code = space is not Space.MEMBER if with_code is None else with_code
    return create_account(
        db,
        keyring,
        identifier=identifier or new_identifier(),
        space=space,
        role=role,
        display_name=display_name or (of.first_name if of else "Camille"),
        password_hash=password_hash(),
        organisation=organisation,
        person_id=of.id if of else None,
        totp_secret=TOTP_SECRET if needs_code else None,
        **values,
    )


def member_account(db: Session, keyring: Keyring, of: Person, **values: Any) -> Account:
    """The account of a person who holds a contract."""
    return account(db, keyring, Space.MEMBER, Role.MEMBER, of=of, **values)


def dependant_account(db: Session, keyring: Keyring, of: Person, **values: Any) -> Account:
    """The account of a person whom somebody else's contract covers."""
    return account(db, keyring, Space.MEMBER, Role.DEPENDANT, of=of, **values)


def employer_account(db: Session, keyring: Keyring, *, is_clerk: bool = False, **values: Any) -> Account:
    """An employer's signatory, or its payroll clerk."""
    role = Role.CLERK if is_clerk else Role.SIGNATORY
    return account(db, keyring, Space.EMPLOYER, role, organisation="Ateliers Exemple", **values)


def provider_account(db: Session, keyring: Keyring, **values: Any) -> Account:
    """A health professional, of a practice without an agreement unless told otherwise."""
    if "provider_id" not in values:
        values["provider_id"] = provider(db).id
    return account(db, keyring, Space.PROVIDER, Role.PROVIDER, organisation="Optique Exemple", **values)


def provider(db: Session) -> Provider:
    """A practice that signs an agreement with the insurer."""
    return _added(db, Provider(national_id=f"{next(_serial):011}", profession="opticien", name="Optique Exemple"))


def desk_account(db: Session, keyring: Keyring, *, is_supervisor: bool = False, **values: Any) -> Account:
    """One of the insurer's own staff; an agent is charged with every duty unless told otherwise."""
    duties = values.pop("duties", Duty)
    made = account(db, keyring, Space.DESK, Role.SUPERVISOR if is_supervisor else Role.AGENT, **values)
    for duty in () if is_supervisor else duties:
        give_duty(db, made.id or 0, duty, made.created_at, by=None)
    return made


def member_with_account(db: Session, keyring: Keyring, **family: Any) -> tuple[Household, Account]:
    """A household (`family` as in `household`) whose member can sign in."""
    made = household(db, **family)
    return made, member_account(db, keyring, made.member)


def suspend(db: Session, who: Account) -> AccountSuspension:
    """Suspends an account, without ending its sessions."""
    return _added(db, AccountSuspension(account_id=who.id or 0, reason="essai"))


class Unheard:
    """An agent's letters, for tests that read none."""

    def tell_of_news(self, db: Session, case: Case) -> None:
        """Nothing."""

    def acknowledge_complaint(self, db: Session, case: Case) -> None:
        """Nothing."""

    def tell_of_autonomy(self, db: Session, case: Case) -> None:
        """Nothing."""

    def tell_of_overpayment(self, db: Session, member_id: int, now: datetime) -> None:
        """Nothing."""

    def ask_for_account(self, db: Session, member_id: int, now: datetime) -> None:
        """Nothing."""


def viewer_of(
    db: Session,
    who: Account,
    *,
    stage: Stage = Stage.FULL,
    now: datetime | None = None,
    letters: Letters | None = None,
) -> Any:
    """The viewer of a new session of this account; one of the desk's is at work on cases, with such `letters`."""
    viewer = find_viewer(db, session_token(db, who, stage=stage, now=now), now or datetime.now(UTC))
    assert viewer is not None
    return agent_at_work(viewer, letters or Unheard()) if viewer.space == Space.DESK else viewer


def session_token(db: Session, who: Account, *, stage: Stage = Stage.FULL, now: datetime | None = None) -> str:
    """The token of a new session of this account."""
    return open_session(db, who.id or 0, stage, now or datetime.now(UTC), "192.0.2.1", "essai")


def _added(db: Session, row: Any) -> Any:
    db.add(row)
    db.flush()
    return row
