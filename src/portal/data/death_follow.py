"""What a recorded death asks of the desk: contracts to follow up, instructions to carry out, heirs to answer (R-70).

While anything is left, nothing of the person is forgotten (`retention_holds.py`). Contracts: those whom a deceased
employee's contract covered may keep a cover for twelve months at least, if they ask within six; the insurer offers it
within two (loi n° 89-1009, article 4): delays of dated parameters. Heirs: law of 6 January 1978, article 85, III.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import or_
from sqlmodel import Session, col, select

from portal.data.accounts import Account
from portal.data.cases import Case
from portal.data.coverage import Beneficiary, Contract, ContractKind
from portal.data.death_instructions import DeathInstruction
from portal.data.deaths import Death, DeathAct
from portal.data.figures import parameters_on
from portal.data.persons import Person
from portal.data.retention_holds import OPEN_STATES
from portal.data.rules import add_months
from portal.data.sessions import Viewer
from portal.data.work_items import Turn, follow_death
from portal.formatting import end_of_day_in_france
from portal.security import Keyring

OFFER, REQUEST = ("evin_proposition_delai", 2), ("evin_demande_delai", 6)
KEPT_MONTHS = 12
LONGEST_NOTE = 1000


class ContractOutcome(StrEnum):
    """What became of a contract. Stored. PASSED_ON: the team that manages it has it, in its own tool."""

    OFFERED = "maintien-propose"
    KEPT = "couverture-maintenue"
    ENDED = "contrat-termine"
    PASSED_ON = "transmis"
    NOTHING = "sans-suite"


class WishOutcome(StrEnum):
    """Whether instructions were carried out. Stored. IMPOSSIBLE: whoever is named is dead, refuses, cannot be found."""

    DONE = "execute"
    IMPOSSIBLE = "impossible"


class HeirAct(StrEnum):
    """What heirs ask without instructions, and may (article 85, III). Stored."""

    ESTATE = "succession"
    MEMORIES = "souvenirs"
    CLOSING = "cloture"
    UPDATE = "mise-a-jour"


class NothingLeft(Exception):
    """It was done before, by a colleague or in another tab; or there is nothing of the kind."""


@dataclass(frozen=True, slots=True)
class Survivor:
    """Somebody else on the contract: their cover goes on. `last_day`: None without an end."""

    name: str
    relationship: str
    last_day: date | None


@dataclass(frozen=True, slots=True)
class Followed:
    """A contract that covered the person, or was theirs, on the day of the death. `offer_by`, `ask_by`, `kept_until`:
    what is owed to the survivors of a group contract's member; None otherwise. `act`: what was done, None until
    then."""

    contract: Contract
    is_member: bool
    survivors: tuple[Survivor, ...]
    offer_by: date | None = None
    ask_by: date | None = None
    kept_until: date | None = None
    act: DeathAct | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """Instructions that the person left. `given_at`: None once erased. `act`: what was done, None until then."""

    number: int
    given_at: datetime | None
    act: DeathAct | None = None


def followed_contracts(db: Session, death: Death) -> list[Followed]:
    """The contracts to follow up, and those that were, by their first day."""
    day, acts = death.died_on, {act.contract_id: act for act in acts_of(db, death) if act.contract_id}
    lasts = or_(col(Beneficiary.valid_to).is_(None), col(Beneficiary.valid_to) >= day)
    covered = select(Beneficiary.contract_id).where(
        Beneficiary.person_id == death.person_id, Beneficiary.valid_from <= day, lasts
    )
    runs = (Contract.starts_on <= day, or_(col(Contract.ends_on).is_(None), col(Contract.ends_on) >= day))
    theirs = or_(col(Contract.id).in_(covered), Contract.member_id == death.person_id)
    query = select(Contract).where(*runs, theirs).order_by(col(Contract.starts_on), col(Contract.id))
    return [_followed(db, death, each, acts.get(each.id)) for each in db.exec(query)]


def instructions_left(db: Session, death: Death) -> list[Left]:
    """The instructions that were in force, each until it is carried out and after."""
    acts = {act.instruction: act for act in acts_of(db, death) if act.instruction}
    query = (
        select(DeathInstruction)
        .join(Account, col(Account.id) == DeathInstruction.account_id)
        .where(Account.person_id == death.person_id, col(DeathInstruction.ended_at).is_(None))
        .order_by(col(DeathInstruction.id))
    )
    found = [Left(row.id or 0, row.given_at, acts.pop(row.id, None)) for row in db.exec(query)]
    return [*(Left(number or 0, None, act) for number, act in acts.items()), *found]


def acts_of(db: Session, death: Death) -> Sequence[DeathAct]:
    """All that was done about a death, the first first."""
    return db.exec(select(DeathAct).where(DeathAct.death_id == death.id).order_by(col(DeathAct.id))).all()


def open_requests(db: Session, death: Death) -> int:
    """How many requests of the person's, or about them, the insurer has not answered: they stay in the queue."""
    own = select(Account.id).where(Account.person_id == death.person_id)
    theirs = or_(col(Case.account_id).in_(own), Case.person_id == death.person_id)
    return len(db.exec(select(Case.id).where(theirs, col(Case.state).in_(OPEN_STATES))).all())


def lock_death(db: Session, death_id: int) -> Death | None:
    """A death that nobody undid, held until the transaction ends. The caller has asked `may_handle`."""
    death = db.get(Death, death_id, with_for_update=True, populate_existing=True)
    return death if death is not None and death.undone_at is None else None


def settle_contract(
    db: Session,
    viewer: Viewer,
    keyring: Keyring,
    death: Death,
    contract_id: int,
    outcome: ContractOutcome,
    note: str,
    now: datetime,
) -> DeathAct:
    """Notes what became of a contract of a locked death. Raises `NothingLeft`."""
    waiting = {each.contract.id for each in followed_contracts(db, death) if each.act is None}
    if contract_id not in waiting:
        raise NothingLeft
    sealed = keyring.encrypt(note)
    return add_act(db, death, viewer, outcome, sealed, now, contract_id=contract_id)


def note_heirs(
    db: Session, viewer: Viewer, keyring: Keyring, death: Death, asked: HeirAct, note: str, now: datetime
) -> DeathAct:
    """Notes what heirs of a locked death asked for, and what they were answered."""
    return add_act(db, death, viewer, asked, keyring.encrypt(note), now)


def add_act(
    db: Session,
    death: Death,
    viewer: Viewer,
    outcome: StrEnum,
    note: bytes,
    now: datetime,
    *,
    contract_id: int | None = None,
    instruction: int | None = None,
) -> DeathAct:
    """Keeps what was done, and puts the death's row of the queue where it belongs. `note`: encrypted."""
    act = DeathAct(
        death_id=death.id or 0,
        contract_id=contract_id,
        instruction=instruction,
        outcome=outcome,
        note_encrypted=note,
        done_at=now,
        done_by=viewer.account_id,
    )
    db.add(act)
    db.flush()
    follow(db, death, now)
    return act


def follow(db: Session, death: Death, now: datetime) -> None:
    """Keeps the queue in step: the desk's turn until nothing is left, due when the first offer is."""
    contracts = [each for each in followed_contracts(db, death) if each.act is None]
    is_left = bool(contracts) or any(each.act is None for each in instructions_left(db, death))
    if is_left != (death.settled_at is None):
        death.settled_at = None if is_left else now
        db.add(death)
        db.flush()
    first = min((each.offer_by for each in contracts if each.offer_by), default=None)
    due = end_of_day_in_france(first) if first else None
    follow_death(db, death.id or 0, Turn.DESK if is_left else Turn.NOBODY, due if is_left else None, now)


def _followed(db: Session, death: Death, contract: Contract, act: DeathAct | None) -> Followed:
    is_member, survivors = contract.member_id == death.person_id, _survivors(db, death, contract)
    owed = is_member and survivors and contract.kind != ContractKind.INDIVIDUAL
    offer_by, ask_by, kept_until = _delays(db, death.died_on) if owed else (None, None, None)
    return Followed(contract, is_member, survivors, offer_by, ask_by, kept_until, act)


def _delays(db: Session, day: date) -> tuple[date, date, date]:
    known = parameters_on(db, day)
    months = [known.get(code, ("", usual))[1] for code, usual in (OFFER, REQUEST)]
    offer_by, ask_by, kept_until = (add_months(day, count) for count in (*months, KEPT_MONTHS))
    return offer_by, ask_by, kept_until


def _survivors(db: Session, death: Death, contract: Contract) -> tuple[Survivor, ...]:
    """Whoever else the contract covered that day: by the end of their cover as it stands now."""
    query = (
        select(Beneficiary, Person)
        .join(Person, col(Person.id) == Beneficiary.person_id)
        .where(Beneficiary.contract_id == contract.id, Beneficiary.person_id != death.person_id)
        .where(Beneficiary.valid_from <= death.died_on)
        .where(or_(col(Beneficiary.valid_to).is_(None), col(Beneficiary.valid_to) >= death.died_on))
        .order_by(col(Person.birth_date), col(Person.id))
    )
    return tuple(
        Survivor(f"{person.first_name} {person.last_name}", row.relationship, row.valid_to)
        for row, person in db.exec(query)
    )
