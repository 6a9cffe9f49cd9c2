"""Writing down a request on data that came by post, by e-mail or at the counter (R-70), and what comes for it later.

The clock is that of the day on which it came, whatever the day on which an agent writes it down: a request that lay in
a tray for five weeks is late at once, and says so to everybody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlmodel import Session, col, select

from portal.data.accounts import Account, Role, Space
from portal.data.case_desk import Agent, owe_letter
from portal.data.case_pieces import add_pieces
from portal.data.case_slots import Slot
from portal.data.cases import Case, CaseState, WrongState, add_case, move_case, new_case_reference
from portal.data.coverage import Contract
from portal.data.data_objections import Purpose, object_for
from portal.data.data_request_rows import PERSON_FIELDS, DataRequest, Wanted, person_value, request_row
from portal.data.data_request_slots import IDENTITY, IDENTITY_SLOT, request_slots
from portal.data.data_right_rules import DataRight, clock_of
from portal.data.data_rights import KIND, AlreadyAsked, NothingNew
from portal.data.files import NewFile
from portal.data.parties import is_party
from portal.data.persons import Person
from portal.data.postal_letters import LetterKind, letters_of
from portal.data.received_requests import (
    Asker,
    Channel,
    ReceivedRequest,
    Sender,
    answers_on_paper,
    reception_of,
    sealed_sender,
)
from portal.data.sessions import Viewer
from portal.data.standing import closed, suspended
from portal.data.work_items import Duty, duties_of
from portal.formatting import PARIS, day_in_france
from portal.security import Keyring

# Older than this, a year was mistyped: nobody leaves a request in a tray so long.
OLDEST = timedelta(days=366)
NOON = time(12)
EXPORTED = frozenset({DataRight.ACCESS, DataRight.PORTABILITY})


@dataclass(frozen=True, slots=True)
class Reception:
    """A request as an agent writes it down. `received_on`: a day in France. `is_identity_seen`: who asks showed at the
    counter who they are, and nothing of it is kept. `refused`: the use that an objection is against, where no reason
    has to be weighed: it ends with the reception (GDPR 21(2) and (3))."""

    person_id: int
    wanted: Wanted
    channel: Channel
    asker: Asker
    sender: Sender
    received_on: date
    is_identity_seen: bool = False
    refused: Purpose | None = None


class NotForThem(Exception):
    """An agent writes down no request of their own, or of a relative's."""


class DayRefused(Exception):
    """A request came neither in the future, nor so long ago."""


def may_receive(db: Session, viewer: Viewer) -> bool:
    """Whether the viewer writes requests on data down: whoever is charged with them (R-72)."""
    return Duty.PRIVACY in duties_of(db, viewer)


def receive_request(db: Session, agent: Agent, keyring: Keyring, reception: Reception, now: datetime) -> Case:
    """The case of a request that came, as sent on the day on which it came. The same letter, written down twice at
    once, is one request. Raises `AlreadyAsked`, `DayRefused`, `NothingNew`, `NotForThem`, `PermissionError`."""
    if not may_receive(db, agent):
        raise PermissionError
    if not timedelta() <= day_in_france(now) - reception.received_on <= OLDEST:
        raise DayRefused
    person = db.get_one(Person, reception.person_id, with_for_update=True)
    _refuse_second(db, reception)
    former = _former(keyring, person, reception.wanted)
    case = add_case(db, _case(db, reception, now))
    if is_party(db, keyring, agent.account_id, case):
        raise NotForThem
    _keep(db, agent, keyring, case, reception, former, now)
    if reception.refused is not None:
        object_for(db, reception.person_id, case.account_id, reception.refused, case.sent_at or now)
    move_case(db, case, CaseState.SENT, case.sent_at or now, by=agent.account_id)
    owe_letter(db, agent, case, LetterKind.RECEIVED, "", now)
    return case


def account_told(db: Session, person_id: int) -> Account | None:
    """The person's own account, where a request is followed and answered; None without one that can be used."""
    own = (Account.person_id == person_id, Account.space == Space.MEMBER, Account.role != Role.REPRESENTATIVE)
    query = select(Account).where(*own, ~closed, ~suspended)
    return db.exec(query.order_by(col(Account.id).desc())).first()


def members_without_account(db: Session, *, most: int) -> list[int]:
    """Members of running contracts who never signed up, the last ones first. About nobody in particular."""
    signed_up = select(Account.person_id).where(col(Account.person_id).is_not(None))
    members = select(Contract.member_id).where(col(Contract.ends_on).is_(None))
    query = select(Person.id).where(col(Person.id).in_(members), col(Person.id).not_in(signed_up))
    return [person_id or 0 for person_id in db.exec(query.order_by(col(Person.id).desc()).limit(most))]


def add_received_pieces(
    db: Session, agent: Agent, case: Case, slot: str, files: Sequence[NewFile], now: datetime
) -> list[str]:
    """Adds what came on paper to a locked request, and takes it up again where something was awaited; the storage names
    that nothing names any more. Raises `TooManyPieces`, and `WrongState`: over, not received, no such slot."""
    if case.is_over or slot not in {each.code for each in places_of(db, case)}:
        raise WrongState
    gone = add_pieces(db, None, case, slot, files, now, by_desk=True)
    if case.state == CaseState.INCOMPLETE:
        move_case(db, case, CaseState.SENT, now, by=agent.account_id)
    return gone


def places_of(db: Session, case: Case) -> list[Slot]:
    """Where the desk puts what came on paper for an open request; nowhere for one that its author sent online. A proof
    of identity has its place until it was checked."""
    if case.is_over or reception_of(db, case) is None:
        return []
    slots = list(request_slots(db, case))
    is_checked = request_row(db, case).identity_checked_at is not None
    has_place = any(slot.code == IDENTITY_SLOT for slot in slots)
    return slots if is_checked or has_place else [*slots, IDENTITY]


def may_be_exported(db: Session, case: Case) -> bool:
    """Whether the desk may take the person's data out of the portal now, to send them: access or portability was
    granted, is answered on paper, and the answer has not left yet."""
    if request_row(db, case).right not in EXPORTED or case.state not in {CaseState.ACCEPTED, CaseState.PARTLY}:
        return False
    answers = [letter for letter in letters_of(db, case) if letter.kind == LetterKind.DECIDED]
    return answers_on_paper(db, case) and any(letter.posted_on is None for letter in answers)


def _refuse_second(db: Session, reception: Reception) -> None:
    """The same right, asked by the same letter: of the same day and channel. The person's row is locked."""
    same = (DataRequest.right == reception.wanted.right, DataRequest.field == (reception.wanted.field or ""))
    query = (
        select(Case)
        .join(DataRequest, col(DataRequest.case_id) == Case.id)
        .join(ReceivedRequest, col(ReceivedRequest.case_id) == Case.id)
        .where(Case.person_id == reception.person_id, ReceivedRequest.channel == reception.channel, *same)
    )
    for case in db.exec(query.order_by(col(Case.id))):
        if case.sent_at and day_in_france(case.sent_at) == reception.received_on and not case.is_over:
            raise AlreadyAsked(case)


def _former(keyring: Keyring, person: Person, wanted: Wanted) -> str:
    if wanted.field is None:
        return ""
    if wanted.field not in PERSON_FIELDS:
        raise WrongState
    former = person_value(keyring, person, wanted.field)
    if former == wanted.value:
        raise NothingNew
    return former


def _case(db: Session, reception: Reception, now: datetime) -> Case:
    account = account_told(db, reception.person_id)
    received_at = received_at_of(reception.received_on, now)
    return Case(
        reference=new_case_reference(db),
        kind=KIND,
        space=Space.MEMBER,
        account_id=account.id if account else None,
        person_id=reception.person_id,
        opened_at=received_at,
        changed_at=now,
        sent_at=received_at,
        due_at=clock_of(received_at).due_at,
    )


def received_at_of(day: date, now: datetime) -> datetime:
    """The instant (UTC) that stands for a day in France on which something came: noon, or now for today."""
    noon = datetime.combine(day, NOON, PARIS).astimezone(UTC)
    return min(noon, now) if day == day_in_france(now) else noon


def _keep(
    db: Session, agent: Agent, keyring: Keyring, case: Case, reception: Reception, former: str, now: datetime
) -> None:
    row = DataRequest.of(case, keyring, reception.wanted, former)
    if reception.is_identity_seen and reception.channel is Channel.COUNTER:
        row.identity_checked_at, row.identity_checked_by = now, agent.account_id
    db.add(row)
    db.add(
        ReceivedRequest(
            case_id=case.id or 0,
            channel=reception.channel,
            asker=reception.asker,
            sender_encrypted=sealed_sender(keyring, reception.sender),
            recorded_at=now,
            recorded_by=agent.account_id,
        )
    )
    db.flush()
