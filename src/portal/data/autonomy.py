"""A minor of sixteen or seventeen asks that the member no longer reads the minor's lines (domain 3.6; R-72).

A case with one piece; once the desk accepts it, `visibility` treats the minor's lines as an adult's. The minor may take
it back at any time. At eighteen the question no longer arises.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from portal.data.accounts import Account
from portal.data.case_desk import Agent, move_by_desk
from portal.data.case_erasure import delete_draft
from portal.data.case_pieces import pieces_of
from portal.data.case_slots import Slot, filled, missing
from portal.data.cases import (
    Case,
    CaseKind,
    CaseState,
    WrongState,
    cases_of,
    lock_case,
    move_case,
    open_case,
)
from portal.data.coverage import Autonomy, Beneficiary, Contract, LineSharing
from portal.data.persons import ADULT_AGE, Person, age_on
from portal.data.sessions import Viewer
from portal.formatting import day_in_france
from portal.security import Keyring

KIND = CaseKind.AUTONOMY
AUTONOMOUS_AGE = 16
PIECE = Slot("piece-identite", "Votre pièce d’identité", "Carte d’identité, passeport ou titre de séjour, recto verso.")


class Situation(StrEnum):
    """Whether the question arises for a person on a day."""

    TOO_YOUNG = "trop-jeune"
    MAY_ASK = "peut-demander"
    ADULT = "majeur"


@dataclass(frozen=True, slots=True)
class OwnAutonomy:
    """Where the viewer stands: `since` when autonomous, `cases` the requests, those that wait first."""

    situation: Situation
    since: datetime | None
    cases: list[Case]

    @property
    def may_ask(self) -> bool:
        is_asking = any(not case.is_over for case in self.cases)
        return self.situation is Situation.MAY_ASK and self.since is None and not is_asking


class NotReady(Exception):
    """The request lacks its piece, or the question does not arise any more."""


class NoOwnAddress(Exception):
    """The account's letters go to nobody, or to the very person who should no longer read the lines."""


def situation_on(birth_date: date, day: date) -> Situation:
    """What a person of this birth date may ask on a day."""
    age = age_on(birth_date, day)
    if age >= ADULT_AGE:
        return Situation.ADULT
    return Situation.MAY_ASK if age >= AUTONOMOUS_AGE else Situation.TOO_YOUNG


def autonomy_slots(*_: object) -> list[Slot]:
    """The piece that a request takes."""
    return [PIECE]


def own_autonomy(db: Session, viewer: Viewer, today: date) -> OwnAutonomy | None:
    """The viewer's own; None for an account that is not a person's."""
    person = db.get(Person, viewer.person_id) if viewer.person_id else None
    if person is None:
        return None
    current = _current(db, person.id or 0)
    since = current.started_at if current else None
    return OwnAutonomy(situation_on(person.birth_date, today), since, cases_of(db, viewer, KIND))


def start_request(db: Session, viewer: Viewer, now: datetime) -> Case | None:
    """A draft; None when the viewer may not ask, or asks already. Raises `TooManyDrafts`."""
    db.get_one(Person, viewer.person_id, with_for_update=True)
    own = own_autonomy(db, viewer, day_in_france(now))
    if own is None or not own.may_ask:
        return None
    return open_case(db, viewer, KIND, now, person_id=viewer.person_id)


def send_request(db: Session, viewer: Viewer, case_id: int, version: int, now: datetime) -> Case | None:
    """Sends a request, or sends it again; None without such a case.

    Raises `CaseMoved`, `NoOwnAddress`, `NotReady`, `WrongState`.
    """
    case = lock_case(db, viewer, case_id, version, KIND)
    if case is None:
        return None
    if not case.gives_pieces_back:
        raise WrongState
    person = db.get_one(Person, viewer.person_id)
    is_theirs = situation_on(person.birth_date, day_in_france(now)) is Situation.MAY_ASK
    if not is_theirs or missing(filled([PIECE], pieces_of(db, case))):
        raise NotReady
    if not _has_own_address(db, viewer):
        raise NoOwnAddress
    move_case(db, case, CaseState.SENT, now, by=viewer.account_id)
    return case


def give_up_request(db: Session, viewer: Viewer, case_id: int, now: datetime) -> Case | None:
    """Takes a request back; None without such a case. Its pieces are kept: it was sent. Raises `WrongState`."""
    case = lock_case(db, viewer, case_id, None, KIND)
    if case is not None:
        move_case(db, case, CaseState.CANCELLED, now, by=viewer.account_id)
    return case


def forget_request(db: Session, case: Case) -> None:
    """Deletes a locked draft; its pieces are gone already. Raises `WrongState`."""
    delete_draft(db, case)


def end_autonomy(db: Session, viewer: Viewer, now: datetime) -> bool:
    """The minor gives the lines back to be read by the member; whether there was an autonomy."""
    db.get_one(Person, viewer.person_id, with_for_update=True)
    row = _current(db, viewer.person_id or 0)
    if row is None:
        return False
    row.ended_at = now
    db.add(row)
    _end_sharings(db, viewer.person_id or 0, now)
    db.flush()
    return True


def accept_autonomy(db: Session, agent: Agent, keyring: Keyring, case: Case, words: str, now: datetime) -> None:
    """The desk accepts a locked request: from now on the lines are the minor's alone, who is told in its own words.

    Raises `WrongState`: also once the person is an adult, for whom the question no longer arises.
    """
    person = db.get_one(Person, case.person_id, with_for_update=True)
    if situation_on(person.birth_date, day_in_france(now)) is not Situation.MAY_ASK:
        raise WrongState
    move_by_desk(db, agent, keyring, case, CaseState.ACCEPTED, words, now, tell=agent.letters.tell_of_autonomy)
    if case.person_id is not None and _current(db, case.person_id) is None:
        db.add(Autonomy(person_id=case.person_id, started_at=now))
        db.flush()


def _end_sharings(db: Session, person_id: int, now: datetime) -> None:
    """A choice made while autonomous does not wait for eighteen to hold again."""
    query = select(LineSharing).where(LineSharing.person_id == person_id, col(LineSharing.ended_at).is_(None))
    for sharing in db.exec(query):
        sharing.ended_at = now
        db.add(sharing)


def _has_own_address(db: Session, viewer: Viewer) -> bool:
    """Whether the minor's letters go to the minor: to no address of whoever holds the contract, who could otherwise
    take the account over."""
    own = db.exec(select(Account.email).where(Account.id == viewer.account_id)).one().casefold()
    holders = (
        select(Contract.member_id)
        .join(Beneficiary, col(Beneficiary.contract_id) == Contract.id)
        .where(Beneficiary.person_id == viewer.person_id)
    )
    known = db.exec(select(Person.email).where(col(Person.id).in_(holders))).all()
    used = db.exec(select(Account.email).where(col(Account.person_id).in_(holders))).all()
    return bool(own) and own not in {email.casefold() for email in (*known, *used)}


def _current(db: Session, person_id: int) -> Autonomy | None:
    query = select(Autonomy).where(Autonomy.person_id == person_id, col(Autonomy.ended_at).is_(None))
    return db.exec(query.execution_options(populate_existing=True)).first()
