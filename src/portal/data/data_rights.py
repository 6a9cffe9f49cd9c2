"""What a person asks of the insurer about their data, when the portal cannot serve it by itself (R-70).

A request is a case. One that corrects what the insurer holds is a draft first, which takes its proof; any other is sent
as it is written. Its clock (`data_right_rules`) runs from the first sending, also while something is asked again.
"""

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, select

from portal.data.accounts import Account
from portal.data.case_erasure import delete_draft
from portal.data.case_pieces import pieces_of
from portal.data.case_slots import Slot, filled, missing
from portal.data.case_turns import in_turn
from portal.data.cases import (
    Case,
    CaseKind,
    CaseState,
    WrongState,
    begin_case,
    cases_of,
    find_case,
    lock_case,
    move_case,
    open_case,
)
from portal.data.data_request_rows import PERSON_FIELDS, DataField, DataRequest, Wanted, person_value
from portal.data.data_request_slots import destroy_proofs, request_slots
from portal.data.data_right_rules import Clock, DataRight, clock_of
from portal.data.persons import Person
from portal.data.postal_letters import cancel_letters
from portal.data.received_requests import reception_of
from portal.data.sessions import Viewer
from portal.security import Keyring

KIND = CaseKind.DATA_RIGHT
LONGEST_TEXT = 3000


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as its author, or the desk, reads it. `former`: what the insurer held when it was asked; empty for a
    number, which is never shown. `extension`: why the answer takes longer, empty when it does not."""

    case: Case
    row: DataRequest
    text: str
    former: str
    value: str
    extension: str

    @property
    def right(self) -> DataRight:
        return DataRight(self.row.right)

    @property
    def field(self) -> DataField | None:
        return DataField(self.row.field) if self.row.field else None

    @property
    def clock(self) -> Clock | None:
        """None for a draft: nothing has been received."""
        sent_at = self.case.sent_at
        return clock_of(sent_at, is_extended=self.row.extended_at is not None) if sent_at else None

    @property
    def is_open(self) -> bool:
        return not (self.case.is_draft or self.case.is_over)


class AlreadyAsked(Exception):
    """The same is asked already; `case` is where."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        self.case = case


class NothingNew(Exception):
    """What is to be corrected is so already."""


class ProofMissing(Exception):
    """The request lacks a piece; `slot` is where it belongs."""

    def __init__(self, slot: Slot) -> None:
        super().__init__()
        self.slot = slot


def ask(db: Session, viewer: Viewer, keyring: Keyring, wanted: Wanted, now: datetime) -> Case:
    """A request of the viewer's: a draft for a correction, sent for any other right. Of two asked at once, the second
    one sees the first. Raises `AlreadyAsked`, `NothingNew`, `TooManyDrafts`."""
    in_turn(db, viewer)
    _refuse_second(db, viewer, keyring, wanted)
    former = _held(db, viewer, keyring, wanted.field) if wanted.field else ""
    if wanted.field and former == wanted.value:
        raise NothingNew
    begin = open_case if wanted.field else begin_case
    case = begin(db, viewer, KIND, now, person_id=viewer.person_id)
    db.add(DataRequest.of(case, keyring, wanted, former))
    db.flush()
    if not wanted.field:
        _send(db, viewer, case, now)
    return case


def send_request(
    db: Session, viewer: Viewer, keyring: Keyring, case_id: int, version: int, now: datetime
) -> Case | None:
    """Sends a draft, or sends again what was to be completed; None without such a request. Raises `AlreadyAsked`,
    `CaseMoved`, `ProofMissing`, `WrongState`."""
    in_turn(db, viewer)
    case = lock_case(db, viewer, case_id, version, KIND)
    if case is None:
        return None
    if not case.gives_pieces_back:
        raise WrongState
    if lacking := missing(filled(request_slots(db, case), pieces_of(db, case))):
        raise ProofMissing(lacking[0])
    if case.is_draft:
        row = db.get_one(DataRequest, case.id)
        _refuse_second(db, viewer, keyring, Wanted(DataRight(row.right), field=DataField(row.field)))
    _send(db, viewer, case, now)
    return case


def withdraw_request(db: Session, viewer: Viewer, case_id: int, now: datetime) -> list[str] | None:
    """Takes back a request that was sent, and not decided, and destroys what proved who asks: the storage names of the
    contents to remove once this is committed. None without such a request. Raises `WrongState`, also for what somebody
    else asked on the viewer's behalf."""
    case = lock_case(db, viewer, case_id, None, KIND)
    if case is None:
        return None
    if not is_own_request(db, case):
        raise WrongState
    move_case(db, case, CaseState.CANCELLED, now, by=viewer.account_id)
    cancel_letters(db, case.object, now)
    return destroy_proofs(db, case)


def is_own_request(db: Session, case: Case) -> bool:
    """Whether the account's holder asked, rather than somebody on the holder's behalf. The caller has found the
    case."""
    received = reception_of(db, case)
    return received is None or received.is_from_person


def forget_request(db: Session, case: Case) -> None:
    """Deletes a locked draft; its pieces are gone already. Raises `WrongState`."""
    if not case.is_draft:
        raise WrongState
    db.delete(db.get_one(DataRequest, case.id))
    db.flush()
    delete_draft(db, case)


def requests_of(db: Session, viewer: Viewer, keyring: Keyring) -> list[Asked]:
    """The viewer's requests: those that wait for the viewer, then drafts, then the newest."""
    return [read_request(db, keyring, case) for case in cases_of(db, viewer, KIND)]


def find_request(db: Session, viewer: Viewer, keyring: Keyring, case_id: int) -> Asked | None:
    """One of the viewer's requests, or None."""
    case = find_case(db, viewer, case_id, KIND)
    return read_request(db, keyring, case) if case else None


def read_request(db: Session, keyring: Keyring, case: Case) -> Asked:
    """A request whose case the caller has found."""
    row = db.get_one(DataRequest, case.id)
    said: dict[str, Any] = json.loads(keyring.decrypt(row.details_encrypted)) if row.details_encrypted else {}
    extension = keyring.decrypt(row.extension_encrypted) if row.extension_encrypted else ""
    return Asked(case, row, said.get("text", ""), said.get("former", ""), said.get("value", ""), extension)


def fields_of(viewer: Viewer) -> tuple[DataField, ...]:
    """What the viewer may have corrected by the insurer."""
    return PERSON_FIELDS if viewer.person_id is not None else (DataField.DISPLAY_NAME,)


def birth_date_of(db: Session, viewer: Viewer) -> date | None:
    """The birth date that the insurer holds, with which a number must agree; None for an organisation's user."""
    return db.get_one(Person, viewer.person_id).birth_date if viewer.person_id is not None else None


def held_value(db: Session, viewer: Viewer, keyring: Keyring, field: DataField) -> str:
    """What the insurer holds in a field, as a page may show it: a number never."""
    return "" if field is DataField.NIR else _held(db, viewer, keyring, field)


def _send(db: Session, viewer: Viewer, case: Case, now: datetime) -> None:
    """The clock is set first: the desk's queue takes it over with the move."""
    case.due_at = case.due_at or clock_of(case.sent_at or now).due_at
    move_case(db, case, CaseState.SENT, now, by=viewer.account_id)


def _refuse_second(db: Session, viewer: Viewer, keyring: Keyring, wanted: Wanted) -> None:
    for asked in requests_of(db, viewer, keyring):
        is_same = asked.is_open and asked.right is wanted.right and asked.field is wanted.field
        if is_same and (wanted.field or asked.text == wanted.text):
            raise AlreadyAsked(asked.case)


def _held(db: Session, viewer: Viewer, keyring: Keyring, field: DataField) -> str:
    if field is DataField.DISPLAY_NAME:
        return db.exec(select(Account.display_name).where(col(Account.id) == viewer.account_id)).one()
    return person_value(keyring, db.get_one(Person, viewer.person_id), field)
