"""A recorded death as the desk reads it: what was told and by whom, what waits, what was done (R-70, R-72)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from portal.data.accounts import Account
from portal.data.benefits import BenefitLine
from portal.data.death_follow import Followed, Left, acts_of, followed_contracts, instructions_left, open_requests
from portal.data.death_recording import may_handle
from portal.data.deaths import Death, DeathAct
from portal.data.files import StoredFile
from portal.data.payments import PaymentDue
from portal.data.persons import Person
from portal.data.postal_letters import PostalLetter, letters_about
from portal.data.sessions import Viewer
from portal.security import Keyring


@dataclass(frozen=True, slots=True)
class ToldAct:
    """Something that was done, with its result in words; `by`: who did it."""

    outcome: str
    note: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DeathSheet:
    """`told`: what was done, by the number of its act. `heirs`: what heirs asked for. `requests`: how many are not
    answered. `owed_cents`: what is kept for the estate."""

    death: Death
    person: Person
    told_by: str
    reference: str
    file: StoredFile | None
    recorded_by: str
    undone_by: str
    undone_reason: str
    contracts: tuple[Followed, ...]
    instructions: tuple[Left, ...]
    told: dict[int, ToldAct]
    heirs: tuple[ToldAct, ...]
    letters: tuple[PostalLetter, ...]
    requests: int
    owed_cents: int


def death_sheet(db: Session, viewer: Viewer, keyring: Keyring, death_id: int) -> DeathSheet | None:
    """All about one death; None when there is none, or the viewer may not handle it."""
    death = db.get(Death, death_id)
    if death is None or not may_handle(db, viewer, death.person_id):
        return None
    acts = acts_of(db, death)
    told = {act.id or 0: _told(db, keyring, act) for act in acts}
    return DeathSheet(
        death=death,
        person=db.get_one(Person, death.person_id),
        told_by=keyring.decrypt(death.told_by_encrypted),
        reference=_opened(keyring, death.reference_encrypted),
        file=db.get(StoredFile, death.file_id) if death.file_id else None,
        recorded_by=_name(db, death.recorded_by),
        undone_by=_name(db, death.undone_by),
        undone_reason=_opened(keyring, death.undone_reason_encrypted),
        contracts=tuple(followed_contracts(db, death)),
        instructions=tuple(instructions_left(db, death)),
        told=told,
        heirs=tuple(told[act.id or 0] for act in acts if act.contract_id is None and act.instruction is None),
        letters=tuple(letters_about(db, death.object)),
        requests=open_requests(db, death),
        owed_cents=_owed(db, death.person_id),
    )


def _told(db: Session, keyring: Keyring, act: DeathAct) -> ToldAct:
    return ToldAct(act.outcome, keyring.decrypt(act.note_encrypted), _name(db, act.done_by), act.done_at)


def _owed(db: Session, member_id: int) -> int:
    query = select(func.sum(BenefitLine.supplementary_cents)).join(
        PaymentDue, col(PaymentDue.line_id) == BenefitLine.id
    )
    return int(db.exec(query.where(PaymentDue.member_id == member_id)).one() or 0)


def _name(db: Session, account_id: int | None) -> str:
    return db.get_one(Account, account_id).display_name if account_id else ""


def _opened(keyring: Keyring, sealed: bytes | None) -> str:
    return keyring.decrypt(sealed) if sealed else ""
